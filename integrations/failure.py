"""Why a vendor could not be asked, in one plain sentence: what happened, what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.descriptor import CheckResult, CheckState

if TYPE_CHECKING:
    from requests import RequestException

LONGEST_HEADER = 6  # digits: more seconds than eleven days are no wait
SAID_LIMIT = 160  # characters of a vendor's own message that are passed on
# The share of the caller's deadline that one request may take: the rest is for telling why it failed.
REQUEST_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """What sentences about a vendor need to name."""

    title: str  # "Prometheus"
    address: str  # the variable that holds its address
    credentials: str  # the variables that hold the key, for people: "GITHUB_TOKEN"
    permission: str  # what the key must be allowed to: "read access to ..."
    remedies: Mapping[int, str] = field(default_factory=dict)  # per HTTP status, where there is more to say

    def failed(
        self, reason: FailureReason, what: str, remedy: str = "", *, retry_after: float | None = None
    ) -> SourceError:
        return SourceError(reason, f"{self.title} {what}{': ' + remedy if remedy else ''}.", retry_after=retry_after)

    def unreachable(self, why: str) -> SourceError:
        remedy = f"check {self.address} and that this machine may reach it"
        return self.failed(FailureReason.UNREACHABLE, f"cannot be reached ({why})", remedy)

    def too_slow(self, seconds: float) -> SourceError:
        return self.failed(FailureReason.TOO_SLOW, f"did not answer within {seconds:.2g} s")

    def nonsense(self, what: str) -> SourceError:
        remedy = f"does {self.address} point at its API, and not at a login page or another program?"
        return self.failed(FailureReason.NONSENSE, f"gave an answer that is not what its API says ({what})", remedy)

    def status(self, status: int, said: str = "", *, wait: str | None = None) -> SourceError:
        """`said` is the vendor's own message, and `wait` its Retry-After header, as they came."""
        reason, what, remedy = self._told(status)
        seconds = seconds_of(wait) if reason is FailureReason.RATE_LIMITED else None
        if seconds is not None:
            remedy = f"it wants to be asked again in {seconds:g} s"
        words = plain(redact(said), SAID_LIMIT)
        quoted = f", saying “{words}”" if words and status not in (401, 429) else ""
        remedy = self.remedies.get(status, remedy)
        return self.failed(reason, f"{what} ({status}{quoted})", remedy, retry_after=seconds)

    def _told(self, status: int) -> tuple[FailureReason, str, str]:
        if status == 401:
            return FailureReason.UNAUTHORISED, "does not accept the credentials", f"check {self.credentials}"
        if status == 402:
            return FailureReason.NOT_ON_PLAN, "does not offer this on the account's plan", ""
        if status == 403:
            remedy = f"the key in {self.credentials} needs {self.permission}"
            return FailureReason.FORBIDDEN, "does not allow this key to look", remedy
        if status == 404:
            return FailureReason.REFUSED, "does not know what was asked for", f"check {self.address}"
        if status == 429:
            return FailureReason.RATE_LIMITED, "limits how often it may be asked", "it will be asked again later"
        if status in (408, 504):
            return FailureReason.TOO_SLOW, "took too long", ""
        if status >= 500:
            return FailureReason.UNREACHABLE, "has a failure of its own", "see its own status and logs"
        return FailureReason.REFUSED, "refused the request", ""

    def requests_error(self, error: RequestException, seconds: float) -> SourceError:
        """Errors of the `requests` library, which three of the clients are built on."""
        import requests.exceptions as known

        if isinstance(error, known.JSONDecodeError | known.ContentDecodingError):
            return self.nonsense("not JSON")
        if isinstance(error, known.Timeout):
            return self.too_slow(seconds)
        if isinstance(error, known.TooManyRedirects | known.ChunkedEncodingError):
            return self.nonsense("redirects in a circle" if isinstance(error, known.TooManyRedirects) else "cut off")
        if isinstance(error, known.SSLError):
            return self.unreachable("its TLS certificate is not accepted")
        text = str(error)
        if "timed out" in text.lower():
            return self.too_slow(seconds)
        return self.unreachable(_why(text))


def seconds_of(header: str | None) -> float | None:
    """Of Retry-After and its kin; its other form, a date, is not used by those who limit requests."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_HEADER else None


def _why(text: str) -> str:
    for sign, why in (
        ("refused", "connection refused"),
        ("reset", "connection reset"),
        ("RemoteDisconnected", "connection closed without an answer"),
        ("BadStatusLine", "it does not speak HTTP"),
        ("resolve", "its name is not known here"),
        ("Name or service not known", "its name is not known here"),
        ("No route to host", "no route to it"),
        ("unreachable", "network unreachable"),
    ):
        if sign in text:
            return why
    return "the connection failed"


def message_of(body: bytes | str) -> str:
    """The vendor's own words in an error's body: `error`, `message` or `errors[]` of JSON, as all of them write it."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    error = told.get("error", told)
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    words = [error.get("reason") or error.get("message") or ""]
    if isinstance(errors := error.get("errors"), list):
        words += [item for item in errors if isinstance(item, str)]
    return "; ".join(word for word in words if isinstance(word, str) and word)


def as_check(subject: str, error: SourceError) -> CheckResult:
    """A failure as a line of `first-responder check`."""
    found, _, remedy = error.detail.partition(": ")
    remedy = remedy or "try again; if it stays, see the vendor's own status page and logs"
    return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=found, remedy=remedy)
