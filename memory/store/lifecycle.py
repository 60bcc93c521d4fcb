"""How an incident changes when an alert joins it or is over: pure.

Its alerts are counted, not listed: in a storm there are thousands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.alert import Alert, Severity
from bot.domain.incident import Incident, IncidentStatus


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


def recovered(incident: Incident, alerts: int, received_at: datetime) -> Incident:
    """So many alerts are over; so is the incident when nothing of it fires any more."""
    firing = incident.firing_left_out - alerts
    after = replace(incident, firing_left_out=firing, revision=incident.revision + 1)
    if not incident.status.is_open or firing > 0:
        return after
    return replace(after, status=IncidentStatus.RESOLVED, resolved_at=received_at)


def briefed(incident: Incident, at: datetime) -> Incident:
    """Only the first briefing counts."""
    status = IncidentStatus.INVESTIGATING if incident.status is IncidentStatus.TRIAGE else incident.status
    return replace(incident, status=status, briefed_at=incident.briefed_at or at)
