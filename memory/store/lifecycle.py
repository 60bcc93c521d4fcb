"""How an incident changes when an alert joins it or is over: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.alert import Alert
from bot.domain.incident import GroupedAlert, Incident, IncidentStatus


def opened(incident_id: str, first: GroupedAlert) -> Incident:
    alert = first.alert
    return Incident(
        id=incident_id,
        title=alert.title,
        severity=alert.severity,
        status=IncidentStatus.TRIAGE,
        service=alert.service,
        started_at=alert.started_at,
        opened_at=first.received_at,
        alerts=(first,),
    )


def joined(incident: Incident, grouped: GroupedAlert) -> Incident:
    """The worst severity wins, a resolved incident is open again."""
    severity = grouped.alert.severity
    return replace(
        incident,
        alerts=(*incident.alerts, grouped),
        severity=severity if severity.is_worse_than(incident.severity) else incident.severity,
        status=incident.status if incident.status.is_open else IncidentStatus.INVESTIGATING,
        resolved_at=None,
        revision=incident.revision + 1,
    )


def recovered(incident: Incident, recovery: Alert, received_at: datetime) -> Incident:
    """Its episode is over; so is the incident when nothing of it fires any more."""
    episode = recovery.episode
    alerts = tuple(
        replace(g, resolved_at=received_at) if g.is_firing and g.alert.episode == episode else g
        for g in incident.alerts
    )
    after = replace(incident, alerts=alerts, revision=incident.revision + 1)
    if not incident.status.is_open or any(g.is_firing for g in alerts):
        return after
    return replace(after, status=IncidentStatus.RESOLVED, resolved_at=received_at)


def briefed(incident: Incident, at: datetime) -> Incident:
    """Only the first briefing counts."""
    status = IncidentStatus.INVESTIGATING if incident.status is IncidentStatus.TRIAGE else incident.status
    return replace(incident, status=status, briefed_at=incident.briefed_at or at)
