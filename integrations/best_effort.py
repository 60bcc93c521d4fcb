"""An alert from JSON of unknown shape: all of it is kept, and what it most likely says stands where it belongs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery
from bot.domain.errors import UnreadablePayload
from bot.domain.moment import Moment, settle
from bot.domain.severity import DEFAULT_SEVERITY
from integrations.descriptor import WebhookRequest
from integrations.facts import Facts, Status, condition_of, read_facts
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, text_of, web_link, whole_query

RETRY_WINDOW = timedelta(minutes=5)  # the same bytes without any time of their own count as a retry within it
NO_TITLE = "Alert without a title"
SERVICE_FROM = "service_guessed_from"  # the label that marks a service which the payload does not name as such
PROBLEM = "payload_problem"  # the label that says why a vendor's payload was read this way

_FIRST_LABELS = (PROBLEM, SERVICE_FROM)
_KNOWN_TITLES = ("title", "summary", "message")
_ANY_OBJECT = msgspec.json.Decoder(dict[str, Any])


def any_object(body: bytes) -> dict[str, Any]:
    """Raises UnreadablePayload where it is no JSON object."""
    return decode(_ANY_OBJECT, body)


def unfamiliar(source: str, request: WebhookRequest, problem: UnreadablePayload) -> Delivery:
    """A vendor's payload in another shape than the vendor's: templates are edited, and an alert must not be lost.

    Raises `problem` where the body is no JSON object at all.
    """
    try:
        payload = any_object(request.body)
    except UnreadablePayload:
        raise problem from None
    alert = marked(alert_of(source, payload, read_facts(payload), request), problem)
    started = Moment(at=alert.started_at, is_receipt=alert.started_at_is_receipt)
    return Delivery(source=source, key=delivery_key(request, started), received_at=request.received_at, alerts=(alert,))


def marked(alert: Alert, problem: UnreadablePayload) -> Alert:
    """With a label that tells what was not as the vendor sends it."""
    return replace(alert, labels=clean_labels({PROBLEM: str(problem), **alert.labels}, first=_FIRST_LABELS))


def alert_of(source: str, payload: Mapping[str, Any], facts: Facts, request: WebhookRequest) -> Alert:
    """`facts` of `payload`, with those the operator's mapping knows better in their places."""
    over = facts.status is Status.OVER
    started = settle(facts.started_at, request.received_at)
    links = (web_link("Source", facts.url), web_link("Runbook", facts.runbook))
    return Alert(
        source=source,
        fingerprint=text_of(facts.fingerprint) or _identity(facts, request.body),
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=facts.severity or DEFAULT_SEVERITY,
        title=text_of(facts.title, TITLE_LIMIT) or NO_TITLE,
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=_ended(facts, started, request.received_at) if over else None,
        service=text_of(facts.service) or None,
        environment=text_of(facts.environment) or None,
        description=_description(payload, facts, request.body),
        labels=_labels(payload, facts),
        links=tuple(link for link in links if link),
        query=whole_query(facts.query),
    )


def delivery_key(request: WebhookRequest, started: Moment) -> str:
    """A sender that names its deliveries decides; else the same bytes are the same delivery.

    Bytes without a time are the same again on another day: there the time of receipt, roughly, is part of it.
    """
    if named := request.headers.get("x-delivery-id"):
        return digest("id", named)
    stamp = request.headers.get("x-timestamp", "")
    about = (
        "" if stamp or not started.is_receipt else str(request.received_at.timestamp() // RETRY_WINDOW.total_seconds())
    )
    return digest(hashlib.sha256(request.body).hexdigest(), stamp, about)


def digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _identity(facts: Facts, body: bytes) -> str:
    """Of a condition without an id: its title and service; without a title all of it, so that it hides no other."""
    about = (condition_of(facts.title), facts.service or "") if facts.title else (hashlib.sha256(body).hexdigest(),)
    return digest(*about)[:16]


def _ended(facts: Facts, started: Moment, received_at: datetime) -> datetime:
    ended = settle(facts.ended_at, received_at).at
    return max(ended, started.at)


def _description(payload: Mapping[str, Any], facts: Facts, body: bytes) -> str:
    """With the body behind it, cut, where the shape is not one that is read whole."""
    told = text_of(facts.description, DESCRIPTION_LIMIT)
    if any(isinstance(payload.get(name), str) and payload[name].strip() for name in _KNOWN_TITLES):
        return told
    whole = body[: DESCRIPTION_LIMIT * 4].decode("utf-8", "replace")
    return text_of(f"{told} {whole}" if told else whole, DESCRIPTION_LIMIT)


def _labels(payload: Mapping[str, Any], facts: Facts) -> dict[str, str]:
    """`labels` where the payload has them, else its tags and its own plain values: what people search by."""
    named = payload.get("labels")
    own = dict(_pairs(named if isinstance(named, dict) and named else payload))
    found = own if named and own else {**own, **facts.tags}
    if facts.service_from:
        found = {SERVICE_FROM: facts.service_from, **found}
    return clean_labels(found, first=_FIRST_LABELS)


def _pairs(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str | int | float):
            yield name, str(value)
