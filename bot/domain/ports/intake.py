"""From an accepted webhook to its incident: what intake and triage need of the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.alert import Alert, Delivery
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.storm import Rush

T = TypeVar("T")


class Acceptance(StrEnum):
    STORED = "stored"
    REPEAT = "repeat"  # this very delivery is already stored


class Inbox(Protocol):
    """Where webhooks land."""

    async def accept(self, delivery: Delivery) -> Acceptance:
        """Returns once the delivery is on disk (fsync). Raises NotStored."""
        ...


@dataclass(frozen=True, kw_only=True)
class PendingDelivery:
    row: int
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What is known of one stretch of a condition firing."""

    incident_id: str | None  # None: only its recovery was ever seen
    resolved: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """A person's word on an incident. `key`: the same when it comes twice."""

    key: str
    text: str
    at: datetime
    who: str  # Slack's user id


class TriageTransaction(Protocol):
    """One write transaction of triage. Synchronous: it runs on the store's only writing thread."""

    def pending(self, limit: int) -> Iterable[PendingDelivery]:
        """Stored deliveries that were not triaged yet, oldest first; each is read when it is asked for."""
        ...

    def done(self, row: int) -> None: ...

    def episode(self, episode: str) -> Episode | None: ...

    def hold(self, row: int, why: str) -> None:
        """Triaged as far as it may be now; it is pending again after `release`."""
        ...

    def release(self) -> None:
        """All that is held is pending again."""
        ...

    def candidates(self, alert: Alert, closed_since: datetime, services: Collection[str] = ()) -> Sequence[Incident]:
        """Incidents open, or resolved since then, that share the alert's fingerprint or service or burn in one of these
        services; newest first.

        Of a large incident only the alerts that the decision rests on: all of the same condition, the newest of these
        services in each environment, and the newest of all.
        """
        ...

    def open_incident(self, alert: Alert, reason: GroupingReason, received_at: datetime) -> Incident:
        """A new incident with the next number of its year, holding this alert."""
        ...

    def join(self, incident_id: str, alert: Alert, reason: GroupingReason, received_at: datetime) -> None:
        """Add an alert; the worst severity wins, a resolved incident is open again, the revision goes up."""
        ...

    def recover(
        self,
        incident_id: str,
        alert: Alert,
        received_at: datetime,
        *,
        leads_to: IncidentStatus = IncidentStatus.RESOLVED,
    ) -> None:
        """Mark its episode as over; an open incident `leads_to` this status when no alert of it fires. The revision
        goes up.
        """
        ...

    def steer(self, incident_id: str, decide: Callable[[Incident], Incident], said: Said) -> Incident:
        """What a person decides about it: as `decide` makes of the incident (without its alerts) as it is now. Where
        that is a change, it is kept, and `said` stands on the timeline. Raises FirstResponderError where there is none.
        """
        ...

    def tell(self, incident_id: str, said: Said) -> None:
        """A note on the timeline, once for its key; the incident itself stays as it is."""
        ...

    def merge(self, incident_id: str, into: str, said: Said) -> tuple[Incident, Incident]:
        """The first goes on in the second: its alerts are the other's, in order of arrival, and what comes later goes
        there. It is cancelled; the other has the worst severity and the earlier beginning. Both as they are now,
        without their alerts; a word that came before changes nothing. Raises FirstResponderError with a sentence that
        says why not: the same one, unknown, over or merged before, one private and one not.
        """
        ...

    def split(self, incident_id: str, positions: Sequence[int], said: Said) -> Incident | None:
        """These alerts (positions from 0, in order of arrival) become an incident of their own, which their conditions
        belong to from now on; those that stay are counted anew from 0. It is as private as the other. None where the
        word came before. Raises FirstResponderError with a sentence that says why not: unknown, over, no such alert,
        or none would stay.
        """
        ...

    def revise(self, incident_id: str, decide: Callable[[Incident], Incident]) -> None:
        """As `decide` makes of the incident (without its alerts); nothing is told of it."""
        ...

    def services(self, incident_id: str) -> int:
        """How many services its alerts are of."""
        ...

    def alert_services(self, incident_id: str) -> Sequence[str]:
        """Of each of its alerts, in order of arrival; "" for those without one."""
        ...

    def rush(self, alerts: int, incidents: int) -> Rush:
        """What came in last, of so many alerts and incidents at the most; and the storm that is open, none private."""
        ...

    def quiet(self, since: datetime) -> Sequence[str]:
        """Incidents in MONITORING that were told of as flapping, of which nothing fires and no alert came to its end
        since then.
        """
        ...

    def remember_recovery(self, alert: Alert, received_at: datetime) -> None:
        """Keep a recovery that came before its firing notice."""
        ...


class TriageDesk(Protocol):
    """Runs a piece of triage as one transaction."""

    async def transact(self, work: Callable[[TriageTransaction], T]) -> T:
        """All of it or nothing of it. Raises NotStored."""
        ...
