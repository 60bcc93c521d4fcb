"""PagerDuty's REST API as values. Blocking: runs on the source threads."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from bot.domain.moment import read_moment
from integrations.failure import REQUEST_SHARE, Vendor, message_of
from integrations.pagerduty.settings import PagerDutySettings

T = TypeVar("T")

VENDOR = Vendor(
    title="PagerDuty",
    address="PAGERDUTY_URL",
    credentials="PAGERDUTY_API_KEY",
    permission="read access to escalation policies, schedules and users",
)
PAGE = 100  # PagerDuty's largest page; an escalation policy has at most twenty levels


class _User(msgspec.Struct):
    id: str = ""
    name: str | None = None
    summary: str | None = None
    email: str | None = None
    html_url: str | None = None


class _Policy(msgspec.Struct):
    id: str = ""
    summary: str | None = None
    html_url: str | None = None


class _OnCall(msgspec.Struct):
    user: _User
    escalation_policy: _Policy
    escalation_level: int
    start: str | None = None
    end: str | None = None


class _Service(msgspec.Struct):
    escalation_policy: _Policy


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Who is on call. Without `start` and `end` it is permanent."""

    person: str
    email: str
    level: int
    policy: str
    start: datetime | None
    end: datetime | None
    link: str | None


class PagerDutyClient:
    """All methods raise SourceError. `deadline` in seconds is the caller's; a request takes less."""

    def __init__(self, settings: PagerDutySettings, *, deadline: float) -> None:
        with warnings.catch_warnings():
            # It says at import that it will get no more releases: known, and nothing for people at run time.
            warnings.filterwarnings("ignore", message=".*pdpyras.*deprecated.*")
            from pdpyras import APISession

        self._timeout = max(0.1, deadline * REQUEST_SHARE)
        self._session = APISession(settings.api_key, default_from=settings.sender)
        self._session.url = settings.url.rstrip("/")
        self._session.timeout = self._timeout
        # It would retry a dead network six times, and 429 for ever, asleep in between: here each fails at once.
        self._session.max_network_attempts = 0
        self._session.max_http_attempts = -1
        self._session.retry = {429: 1}

    def __enter__(self) -> PagerDutyClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def policy_of(self, service_id: str) -> str:
        """The id of the service's escalation policy."""
        return self._shape(self._get(f"/services/{service_id}", {}), _Service).escalation_policy.id

    def on_call(self, policy: str) -> tuple[Duty, ...]:
        """By level; whoever is, or will first be, on call there."""
        params = {"escalation_policy_ids[]": [policy], "include[]": ["users"], "earliest": "true", "limit": PAGE}
        found = self._shape(self._get("/oncalls", params), list[_OnCall])
        return tuple(sorted((_duty(item) for item in found), key=lambda duty: (duty.level, duty.person)))

    def abilities(self) -> Sequence[str]:
        """What the account's plan offers: the cheapest call that needs a key."""
        return self._shape(self._get("/abilities", {}), list[str])

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        from pdpyras import PDClientError, PDHTTPError
        from requests import RequestException

        try:
            return self._session.rget(path, params=params)
        except PDHTTPError as error:
            status = error.response.status_code
            if status < 400:
                raise VENDOR.nonsense("another shape, or not JSON") from None
            raise VENDOR.status(status, message_of(error.response.content)) from None
        except PDClientError as error:
            if isinstance(error.__cause__, RequestException):
                raise VENDOR.requests_error(error.__cause__, self._timeout) from None
            raise VENDOR.unreachable("the connection failed") from None

    def _shape(self, answer: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(answer, kind)
        except msgspec.ValidationError as error:
            raise VENDOR.nonsense(str(error)) from None


def _duty(item: _OnCall) -> Duty:
    return Duty(
        person=item.user.name or item.user.summary or item.user.id,
        email=item.user.email or "",
        level=item.escalation_level,
        policy=item.escalation_policy.summary or item.escalation_policy.id,
        start=read_moment(item.start),
        end=read_moment(item.end),
        link=item.escalation_policy.html_url,
    )
