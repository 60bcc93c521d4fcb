"""Where an alert belongs: the decision, without doing anything about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.causes.words import clock
from bot.domain.incident import GroupedAlert, GroupingReason, Incident
from bot.domain.ports import Episode

# One fault's symptoms show within minutes of each other, plus a rule's `for` (often 15 m) and group_interval (5 m).
WINDOW = timedelta(minutes=30)
# A fault reaches the services around it in the time of a few scrapes and a rule's `for`; later it is a guess.
NEAR = timedelta(minutes=10)
# The label under which an alert is kept with the sentence that says why it stands where it stands.
BECAUSE = "grouped_because"
BY_HAND = "slack"  # the source of what a person declared: it has the place that the person asked for

# Name of a condition for comparing incidents: what the alert is called, and of which service.
Named = tuple[str, str]


def named(alert: Alert) -> Named:
    return alert.labels.get("alertname") or alert.title, alert.service or ""


class DecisionKind(StrEnum):
    NEW = "new"  # open an incident
    JOIN = "join"  # add it to an incident; a worse severity raises the incident's, a resolved one is open again
    RECOVER = "recover"  # it ends episodes of an incident
    REMEMBER = "remember"  # a recovery of something never seen firing: its firing notice may still come
    IGNORE = "ignore"  # nothing new is said


@dataclass(frozen=True, kw_only=True)
class Decision:
    kind: DecisionKind
    reason: GroupingReason
    incident_id: str | None = None
    ends: tuple[Alert, ...] = ()  # RECOVER only: the recovery, once for each episode it ends, under that episode's name
    remember: bool = False  # RECOVER only: the firing notice of its own episode was never seen and may still come
    because: str = ""  # what the reason rests on: "depends on payments, burning since 14:02 UTC in INC-2026-0042"
    beside: str | None = None  # NEW only: an incident that it may belong to, which is told on both


@dataclass(frozen=True, kw_only=True)
class Around:
    """What is known of the surroundings of one alert's service."""

    # By service, the nearest first: "depends on payments", "is needed by shop through cart".
    services: Mapping[str, str] = field(default_factory=dict)
    # By condition, the most frequent first: "fired together with HighLatency of cart in 4 of 20 incidents".
    conditions: Mapping[Named, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Of services whose incidents may take the alert."""
        return frozenset({*self.services, *(service for _, service in self.conditions if service)})


NOTHING_AROUND = Around()


@dataclass(frozen=True, kw_only=True)
class _Fit:
    incident: Incident
    reason: GroupingReason
    because: str = ""


def decide(
    alert: Alert,
    episode: Episode | None,
    candidates: Sequence[Incident],
    now: datetime,
    *,
    window: timedelta = WINDOW,
    around: Around = NOTHING_AROUND,
) -> Decision:
    """What to do with an alert.

    `episode` is what is known of this stretch of firing; `candidates` are incidents that share the alert's condition or
    service or burn in a service `around`, open or resolved within `window`, newest first; `now` is when the alert was
    received.
    """
    if alert.status is AlertStatus.RESOLVED:
        return _recovery(alert, episode, candidates)
    if episode is not None:
        seen_firing = episode.incident_id is not None
        reason = GroupingReason.REPEAT if seen_firing else GroupingReason.LATE_FIRING
        return Decision(kind=DecisionKind.IGNORE, reason=reason, incident_id=episode.incident_id)
    return _same_condition(alert, candidates, now - window) or _fitting(
        alert,
        (
            *_same_service(alert, candidates, now - window),
            *_near(alert, candidates, now - NEAR, around),
            *_together(alert, candidates, now - NEAR, around),
        ),
    )


def _fitting(alert: Alert, fits: Sequence[_Fit]) -> Decision:
    """The first that fits; what is critical and new is never put where people look at something else."""
    taken = next((fit for fit in fits if _may_take(alert, fit)), None)
    if taken is not None:
        join, reason, because = DecisionKind.JOIN, taken.reason, taken.because
        return Decision(kind=join, reason=reason, incident_id=taken.incident.id, because=because)
    if fits:
        because = fits[0].because or f"{alert.service} is burning in {fits[0].incident.id} as well"
        new, reason = DecisionKind.NEW, GroupingReason.UNSEEN_CRITICAL
        return Decision(kind=new, reason=reason, because=because, beside=fits[0].incident.id)
    return Decision(kind=DecisionKind.NEW, reason=GroupingReason.NEW_CONDITION)


def _may_take(alert: Alert, fit: _Fit) -> bool:
    """An unseen critical alert joins the incident of its very service, which it raises, and no other."""
    is_its_own = fit.reason is GroupingReason.SAME_SERVICE and fit.incident.service == alert.service
    return alert.severity is not Severity.SEV1 or is_its_own


def _recovery(alert: Alert, episode: Episode | None, candidates: Sequence[Incident]) -> Decision:
    """A recovery ends its own episode and every earlier one of its condition, whose own notice was lost.

    The second also covers PagerDuty, where an incident that was reopened is resolved under its first start.
    """
    for incident in _open_first(candidates):
        ended = [g.alert for g in _of_condition(alert, incident) if g.is_firing and _ends(alert, g.alert)]
        if ended:
            ends = tuple(replace(alert, started_at=a.started_at) for a in ended)
            unseen = (
                episode is None and not alert.started_at_is_receipt and alert.episode not in {e.episode for e in ends}
            )
            return _recover(incident.id, ends, remember=unseen)
    if episode is None:
        return Decision(kind=DecisionKind.REMEMBER, reason=GroupingReason.UNKNOWN_RECOVERY)
    if episode.resolved or episode.incident_id is None:
        return Decision(kind=DecisionKind.IGNORE, reason=GroupingReason.REPEAT, incident_id=episode.incident_id)
    return _recover(episode.incident_id, (alert,))


def _recover(incident_id: str, ends: tuple[Alert, ...], *, remember: bool = False) -> Decision:
    kind, reason = DecisionKind.RECOVER, GroupingReason.RECOVERED
    return Decision(kind=kind, reason=reason, incident_id=incident_id, ends=ends, remember=remember)


def _ends(recovery: Alert, firing: Alert) -> bool:
    if recovery.started_at == firing.started_at or firing.started_at_is_receipt:
        return True  # without a time of its own an episode cannot be told from another
    return recovery.ended_at is not None and firing.started_at <= recovery.ended_at


def _same_condition(alert: Alert, candidates: Sequence[Incident], since: datetime) -> Decision | None:
    for incident in _open_first(candidates):
        known = tuple(_of_condition(alert, incident))
        if not known or not _is_recent(incident, since):
            continue
        firing = tuple(g.alert for g in known if g.is_firing)
        ignored = _nothing_new(alert, known, firing, is_over=not incident.status.is_open)
        if ignored is not None:
            return Decision(kind=DecisionKind.IGNORE, reason=ignored, incident_id=incident.id)
        is_worked_on = firing and incident.status.is_open
        reason = GroupingReason.SAME_FINGERPRINT if is_worked_on else GroupingReason.RECURRED
        return Decision(kind=DecisionKind.JOIN, reason=reason, incident_id=incident.id)
    return None


def _nothing_new(
    alert: Alert, known: Sequence[GroupedAlert], firing: Sequence[Alert], *, is_over: bool
) -> GroupingReason | None:
    """Statements that name no known episode and yet say nothing new.

    `is_over`: a person said so, perhaps while alerts fire. Then only an episode that began later opens it again.
    """
    if alert.started_at_is_receipt:
        # Without a time of its own each repeat would look like a new episode.
        louder = firing and all(alert.severity.is_worse_than(a.severity) for a in firing)
        return GroupingReason.REPEAT if firing and not louder else None
    # A condition has one episode at a time: where a later one is over, so is this one.
    timed = (g for g in known if (is_over or not g.is_firing) and not g.alert.started_at_is_receipt)
    outlived = any(g.alert.started_at > alert.started_at for g in timed)
    return GroupingReason.LATE_FIRING if outlived and (is_over or not firing) else None


def _same_service(alert: Alert, candidates: Sequence[Incident], since: datetime) -> Iterator[_Fit]:
    if alert.service is None:
        return
    for incident in candidates:
        if incident.status.is_open and _burns_here(alert, incident) and _last_heard(incident) >= since:
            yield _Fit(incident=incident, reason=GroupingReason.SAME_SERVICE)


def _near(alert: Alert, candidates: Sequence[Incident], since: datetime, around: Around) -> Iterator[_Fit]:
    """Incidents that burn in a service around it, those of the nearest service first."""
    for service, words in around.services.items():
        for incident in _shared(alert, candidates):
            burning = [a for a in _burning(alert, incident, since) if a.service == service]
            if burning:
                began = min(a.started_at for a in burning)
                because = f"{words}, burning since {clock(began)} in {incident.id}"
                yield _Fit(incident=incident, reason=GroupingReason.DEPENDENCY, because=because)


def _together(alert: Alert, candidates: Sequence[Incident], since: datetime, around: Around) -> Iterator[_Fit]:
    for condition, words in around.conditions.items():
        for incident in _shared(alert, candidates):
            if any(named(a) == condition for a in _burning(alert, incident, since)):
                yield _Fit(incident=incident, reason=GroupingReason.TOGETHER, because=words)


def _shared(alert: Alert, candidates: Sequence[Incident]) -> Iterator[Incident]:
    """Those that what is merely near may join. What people keep among themselves is not one of them."""
    if alert.source != BY_HAND:
        yield from (incident for incident in candidates if incident.status.is_open and not incident.is_private)


def _burning(alert: Alert, incident: Incident, since: datetime) -> Iterator[Alert]:
    """Alerts that fire there, came since then, and are not of another environment."""
    for grouped in incident.alerts:
        other = grouped.alert
        is_elsewhere = None not in (alert.environment, other.environment) and alert.environment != other.environment
        if grouped.is_firing and grouped.received_at >= since and not is_elsewhere:
            yield other


def _burns_here(alert: Alert, incident: Incident) -> bool:
    """The same service, and not in another environment."""
    members = [g.alert for g in incident.alerts if g.alert.service == alert.service]
    if not members:
        return False
    places = {a.environment for a in members} - {None}
    return alert.environment is None or not places or alert.environment in places


def _last_heard(incident: Incident) -> datetime:
    return max(g.received_at for g in incident.alerts)


def _is_recent(incident: Incident, since: datetime) -> bool:
    return incident.status.is_open or (incident.resolved_at is not None and incident.resolved_at >= since)


def _of_condition(alert: Alert, incident: Incident) -> Iterable[GroupedAlert]:
    same = (alert.source, alert.fingerprint)
    return (g for g in incident.alerts if (g.alert.source, g.alert.fingerprint) == same)


def _open_first(candidates: Sequence[Incident]) -> list[Incident]:
    return sorted(candidates, key=lambda incident: not incident.status.is_open)
