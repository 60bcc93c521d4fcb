"""A storm: so much comes in at once that places of their own would hide what matters. Pure.

What comes in is counted over a sliding window. A storm begins where too many incidents were opened within it, or where
there are several and too many alerts; it goes on while either holds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.causes.words import clock
from bot.domain.incident import GroupingReason, Incident

_TITLE = "Storm: "


@dataclass(frozen=True, kw_only=True)
class StormLimits:
    alerts: int = 20  # more than one fault of one service tells of itself within the window
    incidents: int = 4  # as many as a person on call can open and read before the next ones come in
    within: timedelta = timedelta(minutes=2)
    # The many alerts of one fault are no storm yet: so many incidents must have been opened beside it.
    least_incidents: int = 2


class Weather(StrEnum):
    CALM = "calm"
    BEGINS = "begins"  # what comes now opens the storm's incident
    GOES_ON = "goes_on"  # what comes now joins it


@dataclass(frozen=True, kw_only=True)
class OpenStorm:
    incident_id: str
    heard_at: datetime  # when its newest alert was received


@dataclass(frozen=True, kw_only=True)
class Rush:
    """What came in last, the newest first and no more of it than the limits need."""

    alerts: tuple[datetime, ...] = ()  # when each was received
    opened: tuple[datetime, ...] = ()  # when incidents were opened
    storm: OpenStorm | None = None  # the newest that is open

    def heard(self, at: datetime, limits: StormLimits, *, opens: bool) -> Rush:
        """With one more alert."""
        opened = ((at, *self.opened) if opens else self.opened)[: limits.incidents]
        return replace(self, alerts=(at, *self.alerts)[: limits.alerts], opened=opened)

    def stormy(self, incident_id: str, at: datetime) -> Rush:
        """The storm's incident took one more."""
        return replace(self, storm=OpenStorm(incident_id=incident_id, heard_at=at))

    def weather(self, now: datetime, limits: StormLimits) -> Weather:
        """For one that would open an incident now."""
        since = now - limits.within
        opened = sum(at >= since for at in self.opened)
        many_alerts = sum(at >= since for at in self.alerts) >= limits.alerts
        if self.storm is not None and self.storm.heard_at >= since and (many_alerts or opened >= limits.incidents):
            return Weather.GOES_ON
        if opened >= limits.incidents or (many_alerts and opened >= limits.least_incidents):
            return Weather.BEGINS
        return Weather.CALM


def storm_title(alerts: int, services: int, since: datetime) -> str:
    """ "Storm: 143 alerts of 37 services since 14:02 UTC"."""
    return f"{_TITLE}{_counted(alerts, 'alert')} of {_counted(services, 'service')} since {clock(since)}"


def entitled(incident: Incident, services: int, *, is_new: bool) -> Incident:
    """The storm's incident by its counts. It is of no single service, and a name that people gave it stays."""
    if not is_new and not incident.title.startswith(_TITLE):
        return incident
    return replace(incident, title=storm_title(incident.alert_count, services, incident.opened_at), service=None)


def is_storm(incident: Incident) -> bool:
    """`incident` with its first alert at least."""
    return bool(incident.alerts) and incident.alerts[0].reason is GroupingReason.STORM


@dataclass(frozen=True, kw_only=True)
class StormTally:
    services: tuple[tuple[str, int], ...]  # how many alerts of each, the most first; "" for those without one
    new: tuple[str, ...]  # services that were first heard of within the window before the newest alert, newest first
    left_out: int  # alerts that are not among those that were counted


def tally(incident: Incident, within: timedelta = StormLimits.within) -> StormTally:
    """Of the alerts that the incident holds."""
    counts = Counter(grouped.alert.service or "" for grouped in incident.alerts)
    first: dict[str, datetime] = {}
    for grouped in incident.alerts:
        service = grouped.alert.service or ""
        first[service] = min(grouped.received_at, first.get(service, grouped.received_at))
    newest = max((grouped.received_at for grouped in incident.alerts), default=incident.opened_at)
    oldest = min(first.values(), default=newest)
    new = [name for name, at in first.items() if at > newest - within and at > oldest and name]
    return StormTally(
        services=tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        new=tuple(reversed(new)),
        left_out=incident.alerts_left_out,
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
