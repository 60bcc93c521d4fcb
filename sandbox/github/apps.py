"""A GitHub App: checks its signatures, knows where it is installed, hands out tokens.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TOKEN_LASTS = 3600.0  # seconds
MOST_SIGNED = 600  # seconds that a signature may hold


class BadSignature(Exception):
    """The text is GitHub's own for it."""


@dataclass(frozen=True, kw_only=True)
class RegisteredApp:
    id: str
    public_key: str  # PEM
    installations: Mapping[str, int]  # by account, in lower case
    name: str = "First Responder"
    permissions: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys(
            ("actions", "contents", "deployments", "metadata", "pull_requests"), "read"
        )
    )


class AppDesk:
    """`clock` is the server's, by which tokens expire; signatures go by the true time, as clients sign them."""

    def __init__(self, app: RegisteredApp, clock: Callable[[], float]) -> None:
        self.app = app
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}  # (account, until) by token

    def owner_of(self, token: str) -> str | None:
        """The account that a token opens, in lower case; None where it is none of ours, or is over."""
        owner, until = self._tokens.get(token, (None, 0.0))
        return owner if self._clock() < until else None

    def issue(self, installation: int) -> tuple[str, float] | None:
        """(token, until); None where the App is not installed so."""
        owner = next((name for name, number in self.app.installations.items() if number == installation), None)
        if owner is None:
            return None
        token, until = f"installation-{installation}-{len(self._tokens) + 1}", self._clock() + TOKEN_LASTS
        self._tokens[token] = (owner, until)
        return token, until

    def check(self, authorization: str) -> None:
        """Raises BadSignature."""
        import jwt

        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or given.count(".") != 2:
            raise BadSignature("A JSON web token could not be decoded")
        try:
            claims = jwt.decode(given, self.app.public_key, algorithms=["RS256"], options={"verify_iat": False})
        except jwt.ExpiredSignatureError:
            raise BadSignature("'Expiration time' claim ('exp') must be a numeric value in the future") from None
        except jwt.PyJWTError:
            raise BadSignature("A JSON web token could not be decoded") from None
        if str(claims.get("iss")) != self.app.id:
            raise BadSignature("'Issuer' claim ('iss') must be an Integer")
        if claims.get("iat", 0) > time.time():
            raise BadSignature("'Issued at' claim ('iat') must be an Integer representing a time in the past")
        if claims.get("exp", 0) > time.time() + MOST_SIGNED:
            raise BadSignature("'Expiration time' claim ('exp') is too far in the future")
