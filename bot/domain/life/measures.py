"""How long things took and how they ended: pure, from what is kept of incidents. What is unknown is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import TypeVar

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentStatus

NO_SERVICE = "no service"
_ZERO = timedelta()

K = TypeVar("K")


class Measure(StrEnum):
    """The first two are counted from when the alert reached us, the others from the onset, which is what users feel."""

    ACKNOWLEDGE = "acknowledge"
    BRIEFING = "first briefing"
    IDENTIFY = "identify"
    MITIGATE = "mitigate"
    RESOLVE = "resolve"


def durations(incident: Incident) -> Mapping[Measure, timedelta]:
    """Those that are known; none is negative. What was cancelled was no incident: only how fast we answered counts."""
    reached = incident.opened_at
    onset = min(incident.started_at, reached)  # a monitor's clock may run ahead of ours
    ends: dict[Measure, tuple[datetime, datetime | None]] = {
        Measure.ACKNOWLEDGE: (reached, incident.acknowledged_at),
        Measure.BRIEFING: (reached, incident.briefed_at),
    }
    if incident.status is not IncidentStatus.CANCELLED:
        ends |= {
            Measure.IDENTIFY: (onset, incident.identified_at),
            Measure.MITIGATE: (onset, incident.mitigated_at),
            Measure.RESOLVE: (onset, incident.resolved_at),
        }
    return {measure: max(end - start, _ZERO) for measure, (start, end) in ends.items() if end is not None}


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of `count` incidents. `p90` is by nearest rank: one of the durations, and no estimate."""

    count: int
    median: timedelta
    p90: timedelta


def spread(values: Sequence[timedelta]) -> Spread | None:
    if not values:
        return None
    ordered = sorted(values)
    rank = math.ceil(0.9 * len(ordered))
    seconds = median(value.total_seconds() for value in ordered)
    return Spread(count=len(ordered), median=timedelta(seconds=seconds), p90=ordered[rank - 1])


@dataclass(frozen=True, kw_only=True)
class Group:
    """Incidents that share a severity, a service or a week."""

    count: int
    spreads: Mapping[Measure, Spread] = field(default_factory=dict)

    def median(self, measure: Measure) -> timedelta | None:
        found = self.spreads.get(measure)
        return found.median if found else None


def group(incidents: Sequence[Incident]) -> Group:
    known = [durations(incident) for incident in incidents]
    spreads = {measure: spread([one[measure] for one in known if measure in one]) for measure in Measure}
    return Group(count=len(incidents), spreads={measure: one for measure, one in spreads.items() if one is not None})


def by_severity(incidents: Iterable[Incident]) -> Mapping[Severity, Group]:
    """The worst first."""
    found = _grouped(incidents, lambda incident: incident.severity)
    return dict(sorted(found.items(), key=lambda pair: pair[0].rank))


def by_service(incidents: Iterable[Incident]) -> Mapping[str, Group]:
    """The most hit first."""
    found = _grouped(incidents, lambda incident: incident.service or NO_SERVICE)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].count, pair[0])))


def _grouped(incidents: Iterable[Incident], key: Callable[[Incident], K]) -> dict[K, Group]:
    found: dict[K, list[Incident]] = {}
    for incident in incidents:
        found.setdefault(key(incident), []).append(incident)
    return {name: group(those) for name, those in found.items()}


# --- weeks -----------------------------------------------------------------------------------------------------------


def monday_of(at: datetime) -> date:
    """In UTC, as ISO weeks begin."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, kw_only=True)
class Week:
    monday: date
    counts: Mapping[Severity, int]
    group: Group

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def weeks(incidents: Iterable[Incident], since: datetime, until: datetime) -> tuple[Week, ...]:
    """By when they were opened; each week of the span, those without any too, the oldest first."""
    found: dict[date, list[Incident]] = {}
    for incident in incidents:
        found.setdefault(monday_of(incident.opened_at), []).append(incident)
    last = monday_of(max(since, until - timedelta(microseconds=1)))
    mondays = []
    monday = monday_of(since)
    while monday <= last:
        mondays.append(monday)
        monday += timedelta(days=7)
    return tuple(_week(monday, found.get(monday, [])) for monday in mondays)


def _week(monday: date, incidents: Sequence[Incident]) -> Week:
    counts = {severity: sum(one.severity is severity for one in incidents) for severity in Severity}
    return Week(monday=monday, counts=counts, group=group(incidents))


# --- outcomes --------------------------------------------------------------------------------------------------------


def counted(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Those that are told to everybody: what is private is nobody else's, what was merged is told once."""
    return tuple(one for one in incidents if not one.is_private and one.merged_into is None)


@dataclass(frozen=True, kw_only=True)
class Share:
    """`part` of `whole`; its `rate` is None where there was nothing."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        return self.part / self.whole if self.whole else None


def reopened(incidents: Sequence[Incident], again: frozenset[str]) -> Share:
    """`again`: ids of incidents that were opened once more after they were over."""
    ended = [one for one in incidents if one.id in again or one.status is IncidentStatus.RESOLVED]
    return Share(part=sum(one.id in again for one in ended), whole=len(ended))
