"""What an import asks of PagerDuty's REST API: resolved incidents with what raised them, notes, alerts. Blocking."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from bot.shapes import known
from integrations.pagerduty import records
from integrations.pagerduty.client import PAGE, PagerDutyClient
from integrations.pagerduty.records import Happened
from integrations.pagerduty.settings import PagerDutySettings
from integrations.patience import Allowance

if TYPE_CHECKING:
    from requests import Response

REQUEST_TIMEOUT = 30.0  # seconds: a page of a hundred incidents with their first events takes up to ten
DETAIL_LIMIT = 2000  # characters of what an event says of itself
_ALERT_NAME = re.compile(r"^\s*-?\s*alertname\s*=\s*(\S.*?)\s*$", re.MULTILINE)  # Alertmanager's default template
_ANNOTATION = re.compile(r"^\s*-?\s*(?:summary|description|message)\s*=\s*(\S.*?)\s*$", re.MULTILINE)
_NAME_KEYS = ("alertname", "alert_name", "alert", "rule_name", "monitor_name", "check")
_TEXT_KEYS = ("summary", "description", "message", "annotations", "details", "body", "event_message")


class CountJson(msgspec.Struct):
    all: int = 0


class ChannelJson(msgspec.Struct):
    summary: str | None = None
    description: str | None = None
    details: Any = None  # anything that the sender put there
    body: str | None = None  # of a mail


class EntryJson(msgspec.Struct):
    channel: ChannelJson | None = None


class HistoryJson(records.IncidentJson):
    alert_counts: CountJson | None = None
    first_trigger_log_entry: EntryJson | None = None
    priority: records.ReferenceJson | None = None
    teams: list[records.ReferenceJson] = msgspec.field(default_factory=list)


class AlertBodyJson(msgspec.Struct):
    details: Any = None


class AlertJson(msgspec.Struct):
    summary: str | None = None
    body: AlertBodyJson | None = None


@dataclass(frozen=True, kw_only=True)
class Raised:
    """An event as its sender worded it."""

    title: str
    names: tuple[str, ...]  # of alerts
    text: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A resolved incident."""

    happened: Happened
    raised: Raised
    alert_count: int
    priority: str
    teams: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    id: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A page; `at` is the latest creation that could be read in it."""

    items: tuple[Ended | Unreadable, ...]
    is_last: bool
    total: int | None
    at: datetime | None


class HistoryClient(PagerDutyClient):
    """`heard` is told of the limit with every answer, on the thread that asked."""

    def __init__(self, settings: PagerDutySettings, heard: Callable[[Allowance], None]) -> None:
        super().__init__(settings, deadline=REQUEST_TIMEOUT)

        def listen(response: Response, *_: object, **__: object) -> None:
            if (allowance := _allowance(response.headers)) is not None:
                heard(allowance)

        self._session.hooks["response"].append(listen)

    def resolved(
        self, *, since: datetime, until: datetime, service: str, offset: int = 0, counting: bool = False
    ) -> Batch:
        """One page, oldest first. `service` is an id; empty for all. `counting`: the total alone matters."""
        params: dict[str, Any] = {
            "statuses[]": ["resolved"],
            "include[]": ["first_trigger_log_entries"],
            "sort_by": "created_at:asc",
            "since": since.isoformat(timespec="seconds"),
            "until": until.isoformat(timespec="seconds"),
            "limit": 1 if counting else PAGE,
            "offset": offset,
            **({"total": "true"} if counting else {}),
            **({"service_ids[]": [service]} if service else {}),
        }
        answer = self._get("/incidents", params)
        told = self._member(answer, "incidents", list[Any])
        total = answer.get("total")
        items = tuple(map(_ended, told))
        moments = [item.happened.at for item in items if isinstance(item, Ended)]
        return Batch(
            items=items,
            is_last=not answer.get("more"),
            total=total if isinstance(total, int) else None,
            at=max(moments, default=None),
        )

    def raised(self, incident: str) -> tuple[Raised, ...]:
        """The first hundred alerts of an incident."""
        found = self._page(f"/incidents/{quote(incident, safe='')}/alerts", "alerts", AlertJson, {})
        return tuple(_raised(item.summary or "", item.body.details if item.body else None) for item in found.items)


def _allowance(headers: Mapping[str, str]) -> Allowance | None:
    said = [headers.get(f"ratelimit-{name}", "") for name in ("remaining", "limit", "reset")]
    if not all(value.isdecimal() and len(value) < 7 for value in said):
        return None
    left, limit, seconds = map(int, said)
    return Allowance(left=left, limit=limit, seconds=seconds)


def _ended(item: Any) -> Ended | Unreadable:
    id = str(item.get("id") or "") if isinstance(item, dict) else ""
    try:
        told = msgspec.convert(item, known(HistoryJson))
    except msgspec.ValidationError as error:
        return Unreadable(id=id, why=f"PagerDuty tells of it in a way that cannot be read: {error}")
    happened = records.happened(told)
    if happened is None:
        return Unreadable(id=id, why="it has no time of creation that can be read")
    channel = (told.first_trigger_log_entry and told.first_trigger_log_entry.channel) or ChannelJson()
    text = "\n".join(part for part in (channel.summary, channel.description, channel.body) if part)
    return Ended(
        happened=happened,
        raised=_raised(happened.title, channel.details, text),
        alert_count=told.alert_counts.all if told.alert_counts else 0,
        priority=(told.priority.summary or "") if told.priority else "",
        teams=tuple(team.summary for team in told.teams if team.summary),
    )


def _raised(title: str, details: Any, text: str = "") -> Raised:
    """`details`: a text, or an object with the sender's own fields, of which the usual ones are read."""
    if isinstance(details, dict):
        lowered = {str(name).lower(): value for name, value in details.items()}
        firing = lowered.get("firing")
        parts = [str(lowered[key]) for key in _TEXT_KEYS if isinstance(lowered.get(key), str)]
        named = [str(lowered[key]) for key in _NAME_KEYS if isinstance(lowered.get(key), str)]
    else:
        firing, parts, named = details, [details] if isinstance(details, str) else [], []
    if isinstance(firing, str):
        firing = firing[: DETAIL_LIMIT * 10]
        named += _ALERT_NAME.findall(firing)
        parts = _ANNOTATION.findall(firing) or parts
    said = dict.fromkeys(part.strip() for part in (text, *parts) if part.strip() and part.strip() != title.strip())
    return Raised(title=title, names=tuple(dict.fromkeys(named)), text="\n".join(said)[:DETAIL_LIMIT])
