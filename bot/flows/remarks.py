"""What people do about an incident in the tool that told of it becomes known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.domain.alert import Alert, AlertStatus, Remark, RemarkKind, Severity
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Said, TriageTransaction
from bot.domain.redact import redact

TEXT_LIMIT = 500  # characters of a note that the timeline keeps


def hear(transaction: TriageTransaction, remark: Remark, closed_since: datetime) -> str | None:
    """The incident that is changed by it, None where nothing changed. What we did over there changes nothing here."""
    incident = _about(transaction, remark, closed_since)
    if incident is None:
        return None
    said = Said(
        key=f"{remark.source}/{remark.key}",
        text=plain(redact(remark.text), TEXT_LIMIT),
        at=max(remark.at, incident.opened_at),
        who=remark.source,
    )
    decide = _decision(remark, incident, said.at)
    if decide is None:
        transaction.tell(incident.id, said)
        return None
    after = transaction.steer(incident.id, decide, said)
    return after.id if after.revision != incident.revision else None


def _about(transaction: TriageTransaction, remark: Remark, closed_since: datetime) -> Incident | None:
    """The newest incident that the condition belongs to, an open one first."""
    condition = Alert(
        source=remark.source,
        fingerprint=remark.fingerprint,
        status=AlertStatus.FIRING,
        severity=Severity.SEV4,
        title="",
        started_at=remark.at,
    )
    found = [one for one in transaction.candidates(condition, closed_since) if _count(one, remark)]
    return next((one for one in found if one.status.is_open), found[0] if found else None)


def _count(incident: Incident, remark: Remark) -> int:
    named = (remark.source, remark.fingerprint)
    return sum(1 for grouped in incident.alerts if (grouped.alert.source, grouped.alert.fingerprint) == named)


def _decision(remark: Remark, known: Incident, at: datetime) -> Callable[[Incident], Incident] | None:
    """None: it is only told."""

    def acknowledged(before: Incident) -> Incident:
        if before.acknowledged_at is not None or not before.status.is_open:
            return before
        return replace(before, acknowledged_at=at, revision=before.revision + 1)

    def regraded(before: Incident) -> Incident:
        severity = remark.severity
        if severity is None or severity is before.severity or not before.status.is_open:
            return before
        is_all = _count(known, remark) == known.alert_count
        if not is_all and before.severity.is_worse_than(severity):
            return before  # other alerts of it are not told about
        return replace(before, severity=severity, revision=before.revision + 1)

    match remark.kind:
        case RemarkKind.ACKNOWLEDGED:
            return acknowledged
        case RemarkKind.REGRADED:
            return regraded
        case RemarkKind.ANNOTATED:
            return None
