"""Which token opens which repository: the one of the settings, or those of a GitHub App's installations.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from bot.domain.evidence import FailureReason
from bot.domain.ports import Clock
from integrations.failure import Vendor
from integrations.github.budget import Budget
from integrations.github.refusal import PERMISSION, NotVisible
from integrations.github.settings import GitHubSettings

RENEW_BEFORE = 300.0  # seconds: an installation's token lasts an hour, and the clocks may differ
KEPT_AT_LEAST = 60.0  # seconds
_BY_TOKEN = 0  # in the place of an installation's id

# Asks as the App itself: (verb, path, what the answer is read as). Raises SourceError.
AsApp = Callable[[str, str, type[Any]], Any]


class InstallationJson(msgspec.Struct):
    id: int


class TokenJson(msgspec.Struct):
    token: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Pass:
    token: str = field(repr=False)
    installation: int
    budget: Budget
    renew_at: float = float("inf")  # unix seconds


class Login:
    """Thread-safe, for the whole process: tokens of installations are asked for once in an hour."""

    def __init__(self, settings: GitHubSettings, vendor: Vendor, clock: Clock, *, patience: float) -> None:
        self._settings, self._vendor, self._clock, self._patience = settings, vendor, clock, patience
        self._installations: dict[str, int] = {}  # by account: an App is installed for an owner, not a repository
        self._passes: dict[int, Pass] = {}
        self._budgets: dict[int, Budget] = {}
        self._lock = threading.Lock()

    def enter(self, repository: str, ask: AsApp) -> Pass:
        """For "owner/name". Raises SourceError."""
        if not self._settings.is_app:
            return Pass(token=self._settings.token or "", installation=_BY_TOKEN, budget=self._budget(_BY_TOKEN))
        with self._locked():
            installation = self._installation(repository, ask)
            known = self._passes.get(installation)
            if known is None or self._clock.now().timestamp() >= known.renew_at:
                known = self._passes[installation] = self._renewed(installation, ask)
            return known

    def forget(self, used: Pass) -> None:
        """It is not accepted any more: the App may have been installed anew."""
        with self._locked():
            if self._passes.get(used.installation) is used:
                del self._passes[used.installation]
                self._installations.clear()

    def private_key(self) -> str:
        """Reads a file, so that a new key needs no restart. Raises SourceError."""
        if not self._settings.app_key_file:
            return self._settings.key_text(self._settings.app_key or "")
        try:
            return self._settings.key_text(Path(self._settings.app_key_file).read_text(encoding="ascii"))
        except (OSError, UnicodeError):
            what, remedy = "cannot be asked as an App", "GITHUB_APP_KEY_FILE cannot be read, or holds no key"
            raise self._vendor.failed(FailureReason.UNAUTHORISED, what, remedy) from None

    def prove(self, sign: Callable[[], str]) -> None:
        """Raises SourceError where the key signs nothing; never shows it."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from jwt import PyJWTError

        try:
            sign()
        except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError):
            what = f"cannot be asked as an App: {self._settings.credentials} holds no private key of an App (RSA, PEM)"
            raise self._vendor.failed(FailureReason.UNAUTHORISED, what) from None

    def _installation(self, repository: str, ask: AsApp) -> int:
        if self._settings.installation:
            return self._settings.installation
        owner = repository.partition("/")[0].lower()
        if owner not in self._installations:
            try:
                found = ask("GET", f"/repos/{repository}/installation", InstallationJson)
            except NotVisible:
                remedy = f"install it there with {PERMISSION}, and check the name in the catalog"
                what = f"has no repository {repository} with this App installed (404)"
                raise self._vendor.failed(FailureReason.REFUSED, what, remedy) from None
            self._installations[owner] = found.id
        return self._installations[owner]

    def _renewed(self, installation: int, ask: AsApp) -> Pass:
        try:
            told = ask("POST", f"/app/installations/{installation}/access_tokens", TokenJson)
        except NotVisible:
            self._installations.clear()
            what, remedy = f"knows no installation {installation} of this App (404)", "check GITHUB_INSTALLATION_ID"
            raise self._vendor.failed(FailureReason.UNAUTHORISED, what, remedy) from None
        # However wrong the clock is, not for every request.
        soonest = self._clock.now().timestamp() + KEPT_AT_LEAST
        renew_at = max(soonest, told.expires_at.timestamp() - RENEW_BEFORE)
        return Pass(token=told.token, installation=installation, budget=self._budget(installation), renew_at=renew_at)

    def _budget(self, installation: int) -> Budget:
        return self._budgets.setdefault(installation, Budget(self._clock))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._patience):
            raise self._vendor.too_slow(self._patience)
        try:
            yield
        finally:
            self._lock.release()
