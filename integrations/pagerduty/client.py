"""PagerDuty's REST API as values. Blocking: runs on the source threads."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.shapes import known
from integrations.capped import capped
from integrations.failure import REQUEST_SHARE, Vendor, message_of, seconds_of
from integrations.pagerduty import records
from integrations.pagerduty.records import Changed, Duty, Happened, Known, Noted, Standing
from integrations.pagerduty.settings import PagerDutySettings

if TYPE_CHECKING:
    from requests import Response

T = TypeVar("T")

VENDOR = Vendor(
    title="PagerDuty",
    address="PAGERDUTY_URL",
    credentials="PAGERDUTY_API_KEY",
    permission="read access to services, incidents, change events, escalation policies, schedules and users",
)
PAGE = 100  # PagerDuty's largest page; an escalation policy has at most twenty levels
FEW = 5  # past incidents: its own default
# How a plan's limits are worded where the status is 403 and not 402, or the code of its abilities is given.
_OF_THE_PLAN = re.compile(
    r"\b(plans?|upgrade|subscription|abilit(y|ies)|entitle\w*|not (enabled|available) (for|on) (this|your) account)\b",
    re.IGNORECASE,
)


class NotThere(SourceError):
    """404: there is no such thing, or no such feature."""


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    is_all: bool  # False: there are more than were read


class Clients:
    """The clients of one incident: each is used by one thread at a time, and again by the next that asks."""

    def __init__(self, settings: PagerDutySettings, *, deadline: float) -> None:
        self._settings, self._deadline = settings, deadline
        self._idle: list[PagerDutyClient] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def call(self, ask: Callable[[PagerDutyClient], T]) -> T:
        """Blocks. Raises what `ask` raises."""
        with self._lock:
            client = self._idle.pop() if self._idle else None
        client = client or PagerDutyClient(self._settings, deadline=self._deadline)
        try:
            return ask(client)
        finally:
            with self._lock:
                is_kept = not self._is_closed
                if is_kept:
                    self._idle.append(client)
            if not is_kept:
                client.close()

    def close(self) -> None:
        """What is still asking closes when it is answered."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for client in idle:
            client.close()


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
        self._session.hooks["response"].append(capped(VENDOR, self._timeout))
        # It would retry a dead network six times, and 429 for ever, asleep in between: here each fails at once.
        self._session.max_network_attempts = 0
        self._session.max_http_attempts = -1
        self._session.retry = {429: 1}

    def __enter__(self) -> PagerDutyClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    # --- services ----------------------------------------------------------------------------------------------------

    def service(self, id: str) -> Known:
        """Raises NotThere where PagerDuty has no service of that id."""
        answer = self._get(f"/services/{quote(id, safe='')}", {})
        return records.known(self._member(answer, "service", records.ServiceJson))

    def services_named(self, name: str) -> Page[Known]:
        """Those whose name contains `name`."""
        found = self._page("/services", "services", records.ServiceJson, {"query": name})
        return Page(items=tuple(records.known(item) for item in found.items), is_all=found.is_all)

    # --- people ------------------------------------------------------------------------------------------------------

    def on_call(self, policy: str, *, since: datetime, until: datetime) -> tuple[Duty, ...]:
        """By level: each person's first turn there between `since` and `until`, 90 days at the most."""
        params = {
            "escalation_policy_ids[]": [policy],
            "include[]": ["users"],
            "earliest": "true",
            "since": since.isoformat(timespec="seconds"),
            "until": until.isoformat(timespec="seconds"),
        }
        found = self._page("/oncalls", "oncalls", records.OnCallJson, params)
        return tuple(sorted(map(records.duty, found.items), key=lambda duty: (duty.level, duty.person)))

    # --- incidents ---------------------------------------------------------------------------------------------------

    def incidents(self, service: str, *, since: datetime, until: datetime) -> Page[Happened]:
        """Of one service; newest first."""
        return self._incidents({
            "service_ids[]": [service],
            "since": since.isoformat(timespec="seconds"),
            "until": until.isoformat(timespec="seconds"),
        })  # fmt: skip

    def open_incidents(self, services: Sequence[str]) -> Page[Happened]:
        """However old; newest first. Without services those of the whole account."""
        params: dict[str, Any] = {"statuses[]": ["triggered", "acknowledged"], "date_range": "all"}
        return self._incidents(params | ({"service_ids[]": [*services]} if services else {}))

    def past_incidents(self, incident: str) -> tuple[Happened, ...]:
        """Those of the last six months that PagerDuty thinks alike. Needs its AIOps."""
        path = f"/incidents/{quote(incident, safe='')}/past_incidents"
        found = self._page(path, "past_incidents", records.PastJson, {"limit": FEW})
        return _readable(records.happened(item.incident) for item in found.items)

    def notes(self, incident: str) -> tuple[Noted, ...]:
        """Newest first."""
        found = self._page(f"/incidents/{quote(incident, safe='')}/notes", "notes", records.NoteJson, {})
        told = [records.noted(item) for item in found.items]
        return tuple(sorted(told, key=lambda note: note.at.timestamp() if note.at else 0.0, reverse=True))

    def _incidents(self, params: Mapping[str, Any]) -> Page[Happened]:
        found = self._page("/incidents", "incidents", records.IncidentJson, {"sort_by": "created_at:desc", **params})
        return Page(items=_readable(map(records.happened, found.items)), is_all=found.is_all)

    # --- changes -----------------------------------------------------------------------------------------------------

    def changes(self, service: str, *, since: datetime, until: datetime) -> Page[Changed]:
        """Change events of one service; of the whole account where `service` is empty."""
        path = f"/services/{quote(service, safe='')}/change_events" if service else "/change_events"
        params = {"since": since.isoformat(timespec="seconds"), "until": until.isoformat(timespec="seconds")}
        found = self._page(path, "change_events", records.ChangeJson, params)
        return Page(items=_readable(map(records.changed, found.items)), is_all=found.is_all)

    # --- the account -------------------------------------------------------------------------------------------------

    def abilities(self) -> Sequence[str]:
        """What the account's plan offers: the cheapest call that needs a key."""
        return self._member(self._get("/abilities", {}), "abilities", list[str])

    # --- changes by us -----------------------------------------------------------------------------------------------

    def incident(self, id: str) -> Standing:
        """By id or number. Raises NotThere."""
        answer = self._get(f"/incidents/{quote(id, safe='')}", {})
        return records.standing(self._member(answer, "incident", records.StandingJson))

    def with_key(self, key: str) -> tuple[Standing, ...]:
        """Incidents that were made with this key."""
        params = {"incident_key": key, "date_range": "all"}
        return tuple(map(records.standing, self._page("/incidents", "incidents", records.StandingJson, params).items))

    def change(self, id: str, **changes: Any) -> Standing:
        body = {"incident": {"type": "incident_reference", **changes}}
        answer = self._send("PUT", f"/incidents/{quote(id, safe='')}", body)
        return records.standing(self._member(answer, "incident", records.StandingJson))

    def add_note(self, id: str, text: str) -> None:
        self._send("POST", f"/incidents/{quote(id, safe='')}/notes", {"note": {"content": text}})

    def open(self, service: str, title: str, *, key: str, urgency: str = "high") -> Standing:
        """An incident, which pages whoever is on call for the service. Refused where one with the key is open."""
        reference = {"id": service, "type": "service_reference"}
        made = {"type": "incident", "title": title, "service": reference, "urgency": urgency, "incident_key": key}
        answer = self._send("POST", "/incidents", {"incident": made})
        return records.standing(self._member(answer, "incident", records.StandingJson))

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _page(self, path: str, name: str, kind: type[T], params: Mapping[str, Any]) -> Page[T]:
        answer = self._get(path, {"limit": PAGE, **params})
        found: list[T] = self._member(answer, name, list[kind])  # type: ignore[valid-type]
        return Page(items=tuple(found), is_all=not answer.get("more"))

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        return self._call(lambda: self._session.jget(path, params=params))

    def _send(self, verb: str, path: str, body: Mapping[str, Any]) -> Any:
        """Never a second time by itself."""
        send = self._session.jput if verb == "PUT" else self._session.jpost
        return self._call(lambda: send(path, json=body))

    def _call(self, ask: Callable[[], Any]) -> Any:
        from pdpyras import PDClientError, PDHTTPError
        from requests import RequestException

        try:
            return ask()
        except PDHTTPError as error:
            raise _refusal(error.response) from None
        except PDClientError as error:
            if isinstance(error.__cause__, RequestException):
                raise VENDOR.requests_error(error.__cause__, self._timeout) from None
            raise VENDOR.unreachable("the connection failed") from None

    def _member(self, answer: Any, name: str, kind: type[T]) -> T:
        if not isinstance(answer, dict) or name not in answer:
            raise VENDOR.nonsense(f"without {name}")
        try:
            return msgspec.convert(answer[name], known(kind))
        except msgspec.ValidationError as error:
            raise VENDOR.nonsense(str(error)) from None


def _refusal(response: Response) -> SourceError:
    status, said = response.status_code, message_of(response.content)
    if status < 400:
        return VENDOR.nonsense("another shape, or not JSON")
    if status == 429:
        wait = seconds_of(response.headers.get("ratelimit-reset") or response.headers.get("Retry-After"))
        remedy = f"it may be asked again in {wait:g} s" if wait is not None else ""
        what = "limits how often it may be asked (429)"
        return VENDOR.failed(FailureReason.RATE_LIMITED, what, remedy, retry_after=wait)
    if status == 402 or (status == 403 and _OF_THE_PLAN.search(said)):
        return VENDOR.status(402, said)
    error = VENDOR.status(status, said)
    return NotThere(error.reason, error.detail) if status == 404 else error


def _readable(items: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(item for item in items if item is not None)
