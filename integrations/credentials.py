"""Shared secrets in a header: for vendors that sign nothing. A token, basic auth or a header of one's own."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import BadSignature, SettingsError
from integrations.access import check_secret
from integrations.descriptor import WebhookRequest


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the sender has to show; any one of those that are set up is enough.

    `prefix` names the variables in errors: `<prefix>_TOKEN`, `<prefix>_USER`, `<prefix>_PASSWORD`.
    """

    prefix: str
    token: str | None = None  # `Authorization: Bearer <token>`, or the whole value of `header`
    user: str | None = None
    password: str | None = None
    header: str | None = None  # a header of the operator's choice that holds the token

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password):
            missing, pair = ("PASSWORD", "USER") if self.user else ("USER", "PASSWORD")
            raise SettingsError(f"{self.prefix}_{missing} is not set: basic auth needs it beside {self.prefix}_{pair}.")
        for name, value in (("TOKEN", self.token), ("USER", self.user), ("PASSWORD", self.password)):
            check_secret(f"{self.prefix}_{name}", value)

    def __bool__(self) -> bool:
        return bool(self.token or self.user)

    def verify(self, request: WebhookRequest) -> None:
        """Raises BadSignature. Constant time: everything shown is compared with everything set up."""
        shown = self._shown(request)
        fits = [hmac.compare_digest(one, expected) for one in shown for expected in self._expected()]
        if not any(fits):
            names = f"Authorization or {self.header}" if self.header else "Authorization"
            found = "does not match" if any(shown) else "is missing"
            raise BadSignature(f"{names} {found}: have the sender send what {self.prefix}_TOKEN or _PASSWORD holds")

    def headers(self) -> Mapping[str, str]:
        """What a sender that knows them sends."""
        if self.token and self.header:
            return {self.header.lower(): self.token}
        return {"authorization": self._expected()[0].decode()}

    def _expected(self) -> tuple[bytes, ...]:
        expected = [f"bearer {self.token}".encode()] if self.token else []
        if self.user:
            expected.append(b"basic " + base64.b64encode(f"{self.user}:{self.password}".encode()))
        return tuple(expected)

    def _shown(self, request: WebhookRequest) -> tuple[bytes, ...]:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        shown = [f"{scheme.lower()} {rest.strip()}".encode()] if scheme else []
        if self.header and (value := request.headers.get(self.header.lower())):
            shown.append(f"bearer {value.strip()}".encode())
        return tuple(shown)
