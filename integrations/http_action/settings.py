"""Which hosts runbooks may call, and the secrets that go with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.errors import SettingsError
from bot.domain.setting import setting
from integrations.http_action.address import DEFAULT_PORTS, BadAddress, WebAddress, parse_host

_HOSTS = "HTTP_ACTION_HOSTS"
_SECRETS = "HTTP_ACTION_SECRETS"
_PLACE = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>\d{1,5}))?")
_SECRET = re.compile(r"(?P<name>[a-z0-9][a-z0-9_-]{0,62})@(?P<place>[^=]+)=(?P<value>.+)")


@dataclass(frozen=True, kw_only=True)
class AllowedHost:
    host: str
    port: int | None  # None: the two of the web
    is_own: bool  # it may have a private address, or be this machine

    def fits(self, address: WebAddress) -> bool:
        ports = DEFAULT_PORTS.values() if self.port is None else (self.port,)
        return address.host == self.host and address.port in ports


@dataclass(frozen=True, kw_only=True)
class Secret:
    host: AllowedHost  # it is sent nowhere else
    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class HttpActionSettings:
    hosts: tuple[str, ...] = setting(
        _HOSTS,
        default=(),
        help="Hosts that runbooks may call: api.example, status.example:8443, 10.0.0.7:8080=private; =private allows "
        "private addresses and this machine. Without it there are no such actions.",
    )
    secrets: tuple[str, ...] = setting(
        _SECRETS,
        default=(),
        secret=True,
        help="Values of headers that steps name and never see, each name@host=value: deploy-key@api.example=Bearer ...",
    )
    ca_certs: str | None = setting(
        "HTTP_ACTION_CA_CERTS", default=None, help="File with a further certificate authority, where private."
    )

    def __post_init__(self) -> None:
        self.allowed()
        self.named_secrets()

    def allowed(self) -> tuple[AllowedHost, ...]:
        found: list[AllowedHost] = []
        for entry in self.hosts:
            place, sign, word = (part.strip() for part in entry.partition("="))
            if sign and word != "private":
                raise SettingsError(f"{_HOSTS}: only =private can stand behind a host, not {word!r}.")
            found.append(_host(_HOSTS, place, is_own=bool(sign)))
        return tuple(found)

    def named_secrets(self) -> Mapping[str, Secret]:
        found: dict[str, Secret] = {}
        for place, entry in enumerate(self.secrets, start=1):
            parts = _SECRET.fullmatch(entry)  # never shown: it holds the secret
            if parts is None or not (parts["value"].isascii() and parts["value"].isprintable()):
                raise SettingsError(f"{_SECRETS}: entry {place} is not name@host=value in printable ASCII.")
            if parts["name"] in found:
                raise SettingsError(f"{_SECRETS} names {parts['name']} twice: leave one of them out.")
            host = _host(_SECRETS, parts["place"].strip(), is_own=False)
            if not any((host.host, host.port) == (known.host, known.port) for known in self.allowed()):
                raise SettingsError(f"{_SECRETS}: the host of {parts['name']} is not in {_HOSTS}, with the same port.")
            found[parts["name"]] = Secret(host=host, value=parts["value"].strip())
        return found


def _host(env: str, text: str, *, is_own: bool) -> AllowedHost:
    parts = _PLACE.fullmatch(text)
    port = int(parts["port"]) if parts and parts["port"] else None
    if parts is None or (port is not None and not 0 < port < 65_536):
        raise SettingsError(f"{env} takes hosts such as api.example or api.example:8443; {text!r} is none.")
    try:
        return AllowedHost(host=parse_host(parts["host"]), port=port, is_own=is_own)
    except BadAddress as error:
        raise SettingsError(f"{env}: {text!r} is no host: {error}.") from None
