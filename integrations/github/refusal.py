"""Why GitHub could not be asked, in one sentence. https://docs.github.com/en/rest/using-the-rest-api"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from integrations.failure import Vendor
from integrations.github.settings import GitHubSettings

PERMISSION = "read access to contents, deployments, actions and pull requests"
SECONDARY_WAIT = 60.0  # seconds to wait where a limit comes without a time: GitHub asks for a minute at least
LONGEST_WAIT = 3600.0  # seconds: GitHub counts by the hour, so a longer wait is a wrong clock or a wrong header


class NotVisible(SourceError):
    """404: there is no such thing, or it is private and the key may not see it; GitHub does not say which."""


class NoRepository(NotVisible):
    """The same of a whole repository."""


class Limited(SourceError):
    """No more requests for now."""


def vendor(settings: GitHubSettings) -> Vendor:
    return Vendor(
        title="GitHub",
        address="GITHUB_URL",
        credentials=settings.credentials,
        permission=PERMISSION,
        remedies={404: f"check GITHUB_URL, the names in the catalog, and what {settings.credentials} may see"},
    )


def no_repository(settings: GitHubSettings, *names: str) -> NoRepository:
    them = "it" if len(names) == 1 else "them"
    what = f"GitHub has no repository {', '.join(names)}, or {settings.credentials} may not see {them} (404)"
    return NoRepository(FailureReason.REFUSED, f"{what}: check the name in the catalog, and what the key may read.")


def limited(why: str, until: float) -> Limited:
    """Without `retry_after`: the budget keeps to it, for all that this process asks."""
    moment = datetime.fromtimestamp(until, UTC)
    return Limited(FailureReason.RATE_LIMITED, f"GitHub takes no more requests until {moment:%H:%M:%S} UTC ({why}).")


def reserved(remaining: int, limit: int, until: float) -> Limited:
    moment = datetime.fromtimestamp(until, UTC)
    what = f"GitHub is asked about the burning service alone until {moment:%H:%M:%S} UTC"
    return Limited(FailureReason.RATE_LIMITED, f"{what} ({remaining:,} of {limit:,} requests are left this hour).")


def wait_asked_for(status: int, headers: Mapping[str, str], message: str) -> float | None:
    """Seconds that a secondary limit asks to wait; None where the refusal is something else.

    It answers 403 or 429, with Retry-After or only with words.
    """
    if status not in (403, 429) or is_used_up(headers):
        return None
    after = _number(headers.get("retry-after", ""))
    if status == 403 and after is None and "rate limit" not in message.lower():
        return None
    return min(max(after or 0.0, 1.0), LONGEST_WAIT) if after is not None else SECONDARY_WAIT


def is_used_up(headers: Mapping[str, str]) -> bool:
    """Of a refusal: the hour's requests are spent."""
    return _number(headers.get("x-ratelimit-remaining", "")) == 0


def refused(title: Vendor, status: int, headers: Mapping[str, str], said: str) -> SourceError:
    """Of any refusal but a limit. `headers` have their names in lower case; `said` is GitHub's own message."""
    if status == 401 and "claim" in said:
        remedy = "an App's signature holds for minutes: is the clock of this machine right?"
        return title.failed(FailureReason.UNAUTHORISED, "does not accept the credentials (401)", remedy)
    if status == 403 and "required" in headers.get("x-github-sso", ""):
        remedy = f"authorise {title.credentials} for the organisation, on GitHub's page of the token"
        what = "wants the organisation's single sign-on for this key (403)"
        return title.failed(FailureReason.FORBIDDEN, what, remedy)
    told = title.status(status, said)
    return NotVisible(told.reason, told.detail) if status == 404 else told


def needing(title: Vendor, permission: str) -> Vendor:
    """The same vendor, where one question needs one permission."""
    return replace(title, permission=f"read access to {permission}")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
