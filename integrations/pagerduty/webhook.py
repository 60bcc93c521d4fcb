"""PagerDuty's v3 webhooks.

https://developer.pagerduty.com/docs/webhooks-overview: one event a delivery, signed, sent again for up to 48 h with the
same X-Webhook-Id; the order is kept per incident.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery, Remark, RemarkKind, Severity
from bot.domain.errors import BadSignature, UnreadablePayload
from bot.domain.moment import settle
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.descriptor import Example, WebhookRequest
from integrations.pagerduty.mark import is_ours
from integrations.payload import TITLE_LIMIT, clean_labels, decode, required_time, text_of, web_link
from integrations.signature import hex_hmac, matches_any

SOURCE = "pagerduty"
SIGNATURE = "X-PagerDuty-Signature"

# What an event says about the condition; all others say nothing about it.
_STATUS_BY_EVENT = {
    "incident.triggered": AlertStatus.FIRING,
    "incident.reopened": AlertStatus.FIRING,
    "incident.resolved": AlertStatus.RESOLVED,
}
# What somebody did about it.
_REMARK_BY_EVENT = {
    "incident.acknowledged": RemarkKind.ACKNOWLEDGED,
    "incident.annotated": RemarkKind.ANNOTATED,
    "incident.priority_updated": RemarkKind.REGRADED,
}
NAME_LIMIT = 80  # characters of who did it
NOTE_LIMIT = 2000  # characters: PagerDuty's own limit of a note
_SEVERITY_BY_URGENCY = {"high": Severity.SEV2, "low": Severity.SEV4}


class _Event(msgspec.Struct):
    id: str
    event_type: str
    data: msgspec.Raw
    occurred_at: str = ""
    agent: Any = None  # null, or a reference to the person or the service that did it


class _Payload(msgspec.Struct):
    event: _Event


class _Reference(msgspec.Struct):
    id: str
    summary: str | None = None


class _Incident(msgspec.Struct):
    id: str
    title: str
    created_at: str
    number: int | None = None
    html_url: str | None = None
    urgency: str | None = None
    service: _Reference | None = None
    priority: _Reference | None = None
    escalation_policy: _Reference | None = None


class _Note(msgspec.Struct):
    incident: _Reference
    content: str = ""


_PAYLOAD = msgspec.json.Decoder(_Payload)
_INCIDENT = msgspec.json.Decoder(_Incident)
_NOTE = msgspec.json.Decoder(_Note)


class PagerDutyWebhook:
    """An `AlertFormat`. `secrets`: of every subscription that sends here; each is shown once, when it is created."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secrets)

    def verify(self, request: WebhookRequest) -> None:
        header = request.headers.get(SIGNATURE.lower())
        if not header:
            raise BadSignature(f"{SIGNATURE} is missing: only v3 webhook subscriptions sign what they send")
        if not matches_any(header, scheme="v1", secrets=self._secrets, message=request.body):
            raise BadSignature(f"{SIGNATURE} does not match: is this subscription's secret among those set up here?")

    def parse(self, request: WebhookRequest) -> Delivery:
        event = decode(_PAYLOAD, request.body).event
        status = _STATUS_BY_EVENT.get(event.event_type)
        alerts = () if status is None else (_alert(event, status, request.received_at),)
        said = f"{request.headers.get('x-webhook-id', '')}\x1f{event.id}"
        key = hashlib.sha256(said.encode()).hexdigest()
        remarks = _remarks(event, request.received_at)
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=alerts, remarks=remarks)


def _remarks(event: _Event, received_at: datetime) -> tuple[Remark, ...]:
    """What we wrote there ourselves is none: it stands here already."""
    kind = _REMARK_BY_EVENT.get(event.event_type)
    if kind is None:
        return ()
    who, severity = _who(event.agent), None
    if kind is RemarkKind.ANNOTATED:
        note = decode(_NOTE, bytes(event.data), at="event.data")
        about, text = note.incident.id, f"Note in PagerDuty{who}: {text_of(note.content, NOTE_LIMIT)}"
        if is_ours(note.content) or not note.content.strip():
            return ()
    else:
        incident = decode(_INCIDENT, bytes(event.data), at="event.data")
        about, severity = incident.id, _severity(incident)
        priority = text_of(incident.priority.summary or "", NAME_LIMIT) if incident.priority else "none"
        named = {
            RemarkKind.ACKNOWLEDGED: f"Acknowledged in PagerDuty{who}",
            RemarkKind.REGRADED: f"Severity set to {severity}: priority {priority} in PagerDuty{who}",
        }
        text = named[kind]
    occurred = settle(required_time(event.occurred_at, at="event.occurred_at"), received_at)
    regraded = severity if kind is RemarkKind.REGRADED else None
    remark = Remark(
        kind=kind, source=SOURCE, fingerprint=text_of(about), key=event.id, at=occurred.at, text=text, severity=regraded
    )
    return (remark,)


def _who(agent: object) -> str:
    """ " by Ana Ruiz"; "" where it is not told."""
    name = agent.get("summary") if isinstance(agent, Mapping) else None
    shown = text_of(name, NAME_LIMIT) if isinstance(name, str) else ""
    return f" by {shown}" if shown else ""


def _alert(event: _Event, status: AlertStatus, received_at: datetime) -> Alert:
    incident = decode(_INCIDENT, bytes(event.data), at="event.data")
    if not incident.id.strip():
        raise UnreadablePayload("event.data.id: is empty", field="event.data.id")
    occurred = settle(required_time(event.occurred_at, at="event.occurred_at"), received_at)
    started = settle(required_time(incident.created_at, at="event.data.created_at"), received_at)
    if event.event_type == "incident.reopened":
        started = occurred  # the same incident, burning anew
    link = web_link("PagerDuty", incident.html_url)
    return Alert(
        source=SOURCE,
        fingerprint=text_of(incident.id),
        status=status,
        severity=_severity(incident),
        title=text_of(incident.title, TITLE_LIMIT) or f"PagerDuty incident {text_of(incident.id)}",
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=occurred.at if status is AlertStatus.RESOLVED else None,
        service=text_of(incident.service.summary) or None if incident.service else None,
        labels=_labels(incident),
        links=(link,) if link else (),
    )


def _severity(incident: _Incident) -> Severity:
    """The priority where it is one we know (priorities are named freely), else the urgency."""
    named = severity_from(incident.priority.summary) if incident.priority else None
    return named or _SEVERITY_BY_URGENCY.get(incident.urgency or "", DEFAULT_SEVERITY)


def _labels(incident: _Incident) -> dict[str, str]:
    """PagerDuty's ids, for asking its REST API about them."""
    stated = {
        "pagerduty_incident": incident.id,
        "pagerduty_number": "" if incident.number is None else str(incident.number),
        "pagerduty_service": incident.service.id if incident.service else "",
        "escalation_policy": incident.escalation_policy.id if incident.escalation_policy else "",
        "urgency": incident.urgency or "",
        "priority": (incident.priority.summary if incident.priority else None) or "",
    }
    return clean_labels({name: value for name, value in stated.items() if value})


def sign(body: bytes, secret: str) -> Mapping[str, str]:
    """The headers PagerDuty would add."""
    return {SIGNATURE.lower(): f"v1={hex_hmac(secret, body)}"}


def examples(signer: Callable[[bytes, Any], Mapping[str, str]]) -> tuple[Example, ...]:
    """Payloads as PagerDuty sends them; `signer` takes the body and the vendor's settings."""
    triggered = _example_event("incident.triggered", "2026-03-04T09:13:02Z", _example_incident("triggered"))
    acknowledged = _example_event("incident.acknowledged", "2026-03-04T09:14:20Z", _example_incident("acknowledged"))
    resolved = _example_event("incident.resolved", "2026-03-04T09:41:37Z", _example_incident("resolved"))
    note = {
        "id": "P2LA89X",
        "type": "incident_note",
        "content": "The new release is being taken back.",
        "trimmed": False,
        "incident": {"id": "PGR0VU2", "type": "incident_reference", "summary": "Checkout answers with errors"},
    }
    annotated = _example_event("incident.annotated", "2026-03-04T09:20:11Z", note)
    regraded = _example_event("incident.priority_updated", "2026-03-04T09:22:45Z", _example_incident("acknowledged"))
    ping = _example_event(
        "pagey.ping", "2026-03-04T09:00:00Z", {"message": "Hello from your friend Pagey!", "type": "ping"}
    )
    named = {
        "triggered": triggered,
        "acknowledged": acknowledged,
        "annotated": annotated,
        "priority_updated": regraded,
        "resolved": resolved,
        "ping": ping,
    }
    return tuple(
        Example(name=name, body=json.dumps(event).encode(), headers=_example_headers(name), sign=signer)
        for name, event in named.items()
    )


def _example_headers(name: str) -> Mapping[str, str]:
    return {
        "content-type": "application/json",
        "x-webhook-id": f"example-{name}",
        "user-agent": "PagerDuty-Webhook/V3.0",
    }


def _example_event(event_type: str, occurred_at: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event": {
            "id": f"01E{hashlib.sha256(event_type.encode()).hexdigest()[:23].upper()}",
            "event_type": event_type,
            "resource_type": event_type.partition(".")[0],
            "occurred_at": occurred_at,
            "agent": None,
            "client": None,
            "data": data,
        }
    }


def _example_incident(status: str) -> dict[str, Any]:
    def reference(kind: str, id: str, summary: str) -> dict[str, str]:
        page = f"https://acme.pagerduty.example/{kind}/{id}"
        return {"id": id, "summary": summary, "type": f"{kind}_reference", "html_url": page}

    return {
        "id": "PGR0VU2",
        "type": "incident",
        "self": "https://api.pagerduty.example/incidents/PGR0VU2",
        "html_url": "https://acme.pagerduty.example/incidents/PGR0VU2",
        "number": 2,
        "status": status,
        "incident_key": "d3640fbd41094207a1c11e58e46b1662",
        "created_at": "2026-03-04T09:13:01Z",
        "title": "Checkout answers with errors",
        "service": reference("service", "PF9KMXH", "checkout"),
        "assignees": [reference("user", "PTUXL6G", "Ana Ruiz")],
        "escalation_policy": reference("escalation_policy", "PUS0KTE", "Payments on call"),
        "teams": [],
        "priority": reference("priority", "PSO75BM", "P1"),
        "urgency": "high",
        "conference_bridge": None,
        "resolve_reason": None,
    }
