"""Headers of a request: none that steers the connection, none with a secret in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.domain.action import ActionRefused, Refusal, Value
from bot.domain.redact import redact
from integrations.http_action.address import WebAddress
from integrations.http_action.settings import Secret
from integrations.programs.argument import bad, check_text, shown

MOST = 16
LONGEST = 1000  # characters of a value
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
# They say where a request goes, where it ends, or who asks.
_STEERING = frozenset(
    {
        "connection", "content-length", "content-type", "expect", "forwarded", "host", "idempotency-key", "keep-alive",
        "te", "trailer", "transfer-encoding", "upgrade", "via", "user-agent", "x-http-method-override",
        "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url", "x-real-ip",
    }
)  # fmt: skip
_STEERING_PREFIXES = ("proxy-", "sec-", "x-forwarded-")
_SECRET = re.compile(r"authori[sz]ation|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)


def plain_headers(given: Mapping[str, Value]) -> Mapping[str, str]:
    """Raises ActionRefused."""
    found: dict[str, str] = {}
    for name, value in _mapping(given, "headers").items():
        _check_name(name, "headers", found)
        text = check_text(value, f"headers.{name}")
        if len(text) > LONGEST:
            raise bad(f"headers.{name}", f"it has {len(text)} characters; {LONGEST} are allowed.")
        if _SECRET.search(name) or redact(f"{name}: {text}") != f"{name}: {text}":
            raise bad(f"headers.{name}", "it would hold a secret, and plans are shown: name one in secret_headers.")
        found[name] = text.strip()
    return found


def secret_headers(given: Mapping[str, Value], address: WebAddress, secrets: Mapping[str, Secret]) -> Mapping[str, str]:
    """Names of secrets by header; each goes to its own host alone. Raises ActionRefused."""
    found: dict[str, str] = {}
    for name, value in _mapping(given, "secret_headers").items():
        _check_name(name, "secret_headers", {**found, **_mapping(given, "headers")})
        place = f"secret_headers.{name}"
        if not isinstance(value, str) or value not in secrets:
            known = ", ".join(sorted(secrets)) or "none"
            raise ActionRefused(
                Refusal.NOT_ALLOWED, f"{place}: HTTP_ACTION_SECRETS has no {shown(value)}; there are: {known}.",
                parameter=place,
            )  # fmt: skip
        if not secrets[value].host.fits(address):
            detail = f"{place}: the secret {value} is for another host than {address.place}."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail, parameter=place)
        found[name] = value
    return found


def _check_name(name: str, parameter: str, known: Mapping[str, object]) -> None:
    if not _NAME.fullmatch(name):
        raise bad(parameter, f"{shown(name)} is no name of a header.")
    low = name.lower()
    if low in _STEERING or low.startswith(_STEERING_PREFIXES):
        raise bad(f"{parameter}.{name}", "this header is not for steps: it steers the connection, or says who asks.")
    if low in {other.lower() for other in known}:
        raise bad(f"{parameter}.{name}", "it is there twice.")


def _mapping(given: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    value = given.get(name, {})
    if not isinstance(value, Mapping) or len(value) > MOST:
        raise bad(name, f"at most {MOST} headers with their values are needed.")
    return value
