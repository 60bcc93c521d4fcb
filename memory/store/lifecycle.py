"""How an incident changes when an alert joins it or is over, when two become one, when one becomes two: pure.

Its alerts are counted, not listed: in a storm there are thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.alert import Alert, Severity
from bot.domain.incident import GroupedAlert, Incident, IncidentStatus

DECLARED, PRIVATE = "slack", "private"  # the source and the label of what a person declared as private


def opened(incident_id: str, alert: Alert, received_at: datetime) -> Incident:
    return Incident(
        id=incident_id,
        title=alert.title,
        severity=alert.severity,
        status=IncidentStatus.TRIAGE,
        service=alert.service,
        started_at=alert.started_at,
        opened_at=received_at,
        alerts_left_out=1,
        firing_left_out=1,
        is_private=alert.source == DECLARED and alert.labels.get(PRIVATE) == "true",
    )


def joined(incident: Incident, severity: Severity) -> Incident:
    """The worst severity wins, a resolved incident is open again."""
    return replace(
        incident,
        severity=severity if severity.is_worse_than(incident.severity) else incident.severity,
        status=incident.status if incident.status.is_open else IncidentStatus.INVESTIGATING,
        resolved_at=None,
        revision=incident.revision + 1,
        alerts_left_out=incident.alerts_left_out + 1,
        firing_left_out=incident.firing_left_out + 1,
    )


def recovered(
    incident: Incident,
    alerts: int,
    received_at: datetime,
    leads_to: IncidentStatus = IncidentStatus.RESOLVED,
) -> Incident:
    """So many alerts are over; when nothing of it fires any more so is the incident, or it is watched."""
    firing = incident.firing_left_out - alerts
    after = replace(incident, firing_left_out=firing, revision=incident.revision + 1)
    if not incident.status.is_open or firing > 0:
        return after
    mitigated_at = incident.mitigated_at or received_at
    resolved_at = None if leads_to.is_open else received_at
    return replace(after, status=leads_to, resolved_at=resolved_at, mitigated_at=mitigated_at)


def merged(incident: Incident, into: Incident, at: datetime) -> tuple[Incident, Incident]:
    """Both as they are once the first goes on in the second."""
    gone = replace(
        incident,
        status=IncidentStatus.CANCELLED,
        resolved_at=at,
        merged_into=into.id,
        revision=incident.revision + 1,
        alerts_left_out=0,
        firing_left_out=0,
    )
    taken_on = [time for time in (incident.acknowledged_at, into.acknowledged_at) if time is not None]
    stays = replace(
        into,
        severity=_worst((incident.severity, into.severity)),
        service=into.service or incident.service,
        started_at=min(incident.started_at, into.started_at),
        acknowledged_at=min(taken_on, default=None),
        revision=into.revision + 1,
        alerts_left_out=into.alerts_left_out + incident.alerts_left_out,
        firing_left_out=into.firing_left_out + incident.firing_left_out,
    )
    return gone, stays


def split_off(incident_id: str, source: Incident, leaving: Sequence[GroupedAlert], at: datetime) -> Incident:
    """A new incident of these alerts."""
    return replace(
        opened(incident_id, leaving[0].alert, at),
        severity=_worst(tuple(grouped.alert.severity for grouped in leaving)),
        started_at=min(grouped.alert.started_at for grouped in leaving),
        is_private=source.is_private,
        alerts_left_out=len(leaving),
        firing_left_out=sum(1 for grouped in leaving if grouped.is_firing),
    )


def left_behind(incident: Incident, leaving: Sequence[GroupedAlert], was_first: Alert, first: Alert) -> Incident:
    """Without those that leave. Where the first one leaves, the name, service and beginning that it gave leave too."""
    after = replace(
        incident,
        revision=incident.revision + 1,
        alerts_left_out=incident.alerts_left_out - len(leaving),
        firing_left_out=incident.firing_left_out - sum(1 for grouped in leaving if grouped.is_firing),
    )
    if first == was_first:
        return after
    return replace(
        after,
        title=first.title if incident.title == was_first.title else incident.title,
        service=first.service if incident.service == was_first.service else incident.service,
        started_at=first.started_at if incident.started_at == was_first.started_at else incident.started_at,
    )


def _worst(severities: Sequence[Severity]) -> Severity:
    return min(severities, key=lambda severity: severity.rank)


def briefed(incident: Incident, at: datetime) -> Incident:
    """Only the first briefing counts."""
    status = IncidentStatus.INVESTIGATING if incident.status is IncidentStatus.TRIAGE else incident.status
    return replace(incident, status=status, briefed_at=incident.briefed_at or at)
