"""Webhooks of a Sentry internal integration: issue alerts, metric alerts, and what becomes of issues.

https://docs.sentry.io/integrations/integration-platform/webhooks/: answered within a second, or Sentry counts it as
failed; after a thousand such in a day it stops sending.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery, Severity
from bot.domain.errors import BadSignature, UnreadablePayload
from bot.domain.moment import read_moment, settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.best_effort import unfamiliar
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, text_of, web_links
from integrations.signature import hex_hmac

SOURCE = "sentry"
SIGNATURE = "Sentry-Hook-Signature"
RESOURCE = "Sentry-Hook-Resource"

# Resources that say nothing about a condition; `error` is every single event, which alert rules are there to sift.
_IGNORED = frozenset({"installation", "comment", "error", "seer"})
_ISSUE_STATUS = {
    "created": AlertStatus.FIRING,
    "unresolved": AlertStatus.FIRING,
    "triggered": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
}
_METRIC_SEVERITY = {"critical": Severity.SEV1, "warning": Severity.SEV3, "resolved": Severity.SEV3}
_SERVICE_TAGS = ("service", "service.name", "app", "component")


@dataclass(frozen=True, kw_only=True)
class SentrySettings:
    client_secrets: tuple[str, ...] = setting(
        "SENTRY_CLIENT_SECRETS",
        default=(),
        secret=True,
        help="The internal integration's client secret; several, comma-separated, while one is being replaced.",
    )


class _Event(msgspec.Struct):
    title: str
    issue_id: str
    datetime: str | None = None
    level: str | None = None
    culprit: str | None = None
    environment: str | None = None
    event_id: str | None = None
    web_url: str | None = None
    url: str | None = None
    tags: list[list[str | None]] = []


class _EventData(msgspec.Struct):
    event: _Event
    triggered_rule: str = ""


class _MetricAlert(msgspec.Struct):
    id: str | int
    title: str | None = None
    date_started: str | None = None
    date_closed: str | None = None
    projects: list[str] = []


class _MetricData(msgspec.Struct):
    metric_alert: _MetricAlert
    description_title: str | None = None
    description_text: str | None = None
    web_url: str | None = None


class _Project(msgspec.Struct):
    slug: str | None = None
    name: str | None = None


class _Issue(msgspec.Struct):
    id: str | int
    title: str
    level: str | None = None
    priority: str | None = None
    culprit: str | None = None
    permalink: str | None = None
    web_url: str | None = None
    first_seen: str | None = msgspec.field(name="firstSeen", default=None)
    last_seen: str | None = msgspec.field(name="lastSeen", default=None)
    project: _Project | None = None


class _IssueData(msgspec.Struct):
    issue: _Issue


class _Payload(msgspec.Struct):
    action: str
    data: msgspec.Raw


_PAYLOAD = msgspec.json.Decoder(_Payload)
_EVENT = msgspec.json.Decoder(_EventData)
_METRIC = msgspec.json.Decoder(_MetricData)
_ISSUE = msgspec.json.Decoder(_IssueData)


class SentryWebhook:
    """An `AlertFormat`. `Sentry-Hook-Signature: <hex HMAC-SHA256 of the raw body with the client secret>`."""

    def __init__(self, settings: SentrySettings) -> None:
        self._secrets = settings.client_secrets

    def verify(self, request: WebhookRequest) -> None:
        stated = request.headers.get(SIGNATURE.lower(), "").strip().lower().encode()
        if not stated:
            raise BadSignature(f"{SIGNATURE} is missing: only webhooks of an internal integration are signed")
        fits = [hmac.compare_digest(stated, hex_hmac(secret, request.body).encode()) for secret in self._secrets]
        if not any(fits):
            raise BadSignature(f"{SIGNATURE} does not match: is the integration's client secret the one set up here?")

    def parse(self, request: WebhookRequest) -> Delivery:
        """Another shape than the resource's is read as well as it can be."""
        if request.headers.get(RESOURCE.lower(), "") in _IGNORED:
            return Delivery(source=SOURCE, key=_key(request), received_at=request.received_at, alerts=())
        try:
            alerts = _alerts(request)
        except UnreadablePayload as problem:
            return unfamiliar(SOURCE, request, problem)
        return Delivery(source=SOURCE, key=_key(request), received_at=request.received_at, alerts=alerts)


def _key(request: WebhookRequest) -> str:
    """Request-ID names the delivery."""
    said = request.headers.get("request-id", "").encode() or request.body
    return hashlib.sha256(said).hexdigest()


def _alerts(request: WebhookRequest) -> tuple[Alert, ...]:
    payload = decode(_PAYLOAD, request.body)
    data, resource = bytes(payload.data), request.headers.get(RESOURCE.lower(), "")
    if resource == "metric_alert":
        metric = decode(_METRIC, data, at="data")
        return (_metric_alert(metric, payload.action, request),) if payload.action in _METRIC_SEVERITY else ()
    status = _ISSUE_STATUS.get(payload.action)
    if resource in ("issue", "activity_alert"):
        issue = decode(_ISSUE, data, at="data").issue
        return (_issue_alert(issue, status, request),) if status else ()
    event = decode(_EVENT, data, at="data")
    return (_event_alert(event, request),)


def _event_alert(data: _EventData, request: WebhookRequest) -> Alert:
    event = data.event
    tags = {tag[0]: tag[1] for tag in event.tags if len(tag) == 2 and tag[0] and tag[1]}
    seen = settle(read_moment(event.datetime), request.received_at)
    service = next((tags[name] for name in _SERVICE_TAGS if tags.get(name)), _project_in(event.url))
    return Alert(
        source=SOURCE,
        fingerprint=_issue_fingerprint(event.issue_id),
        status=AlertStatus.FIRING,
        severity=_severity(event.level or tags.get("level")),
        title=text_of(event.title, TITLE_LIMIT) or f"Sentry issue {text_of(event.issue_id)}",
        started_at=seen.at,
        started_at_is_receipt=seen.is_receipt,
        service=text_of(service) or None,
        environment=text_of(event.environment or tags.get("environment")) or None,
        description=text_of(event.culprit and f"In {event.culprit}", DESCRIPTION_LIMIT),
        labels=clean_labels(_labels(tags, sentry_issue=event.issue_id, rule=data.triggered_rule)),
        links=web_links(Sentry=event.web_url),
    )


def _metric_alert(data: _MetricData, action: str, request: WebhookRequest) -> Alert:
    metric = data.metric_alert
    started = settle(read_moment(metric.date_started), request.received_at)
    over = action == "resolved"
    title = data.description_title or metric.title or ""
    return Alert(
        source=SOURCE,
        fingerprint=text_of(f"metric {metric.id}"),
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=_METRIC_SEVERITY[action],
        title=text_of(title, TITLE_LIMIT) or f"Sentry metric alert {text_of(str(metric.id))}",
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=settle(read_moment(metric.date_closed), request.received_at).at if over else None,
        service=text_of(metric.projects[0]) or None if metric.projects else None,
        description=text_of(data.description_text, DESCRIPTION_LIMIT),
        labels=clean_labels(_labels({}, sentry_metric_alert=str(metric.id), projects=", ".join(metric.projects[:10]))),
        links=web_links(Sentry=data.web_url),
    )


def _issue_alert(issue: _Issue, status: AlertStatus, request: WebhookRequest) -> Alert:
    # An issue that comes back has the first time of all as firstSeen: its present stretch began when it was last seen.
    seen = settle(read_moment(issue.last_seen or issue.first_seen), request.received_at)
    project = (issue.project.slug or issue.project.name) if issue.project else None
    return Alert(
        source=SOURCE,
        fingerprint=_issue_fingerprint(str(issue.id)),
        status=status,
        severity=_severity(issue.level),
        title=text_of(issue.title, TITLE_LIMIT) or f"Sentry issue {text_of(str(issue.id))}",
        started_at=seen.at,
        started_at_is_receipt=seen.is_receipt,
        ended_at=request.received_at if status is AlertStatus.RESOLVED else None,
        service=text_of(project) or None,
        description=text_of(issue.culprit and f"In {issue.culprit}", DESCRIPTION_LIMIT),
        labels=clean_labels(_labels({}, sentry_issue=str(issue.id), priority=issue.priority, project=project)),
        links=web_links(Sentry=issue.web_url or issue.permalink),
    )


def _issue_fingerprint(issue_id: str) -> str:
    """The same for an alert rule's notice and the issue's own, so that resolving the issue ends both."""
    if not issue_id.strip():
        raise UnreadablePayload("data: the issue's id is empty", field="data")
    return text_of(f"issue {issue_id}")


def _severity(level: str | None) -> Severity:
    return severity_from(level) or DEFAULT_SEVERITY


def _project_in(url: str | None) -> str | None:
    """The project's slug in the event's API address; the payload itself has its number only."""
    try:
        parts = urlsplit(url or "").path.split("/")
    except ValueError:
        return None
    at = parts.index("projects") if "projects" in parts else len(parts)
    return parts[at + 2] if at + 2 < len(parts) else None


def _labels(tags: Mapping[str, str | None], **own: str | None) -> dict[str, str]:
    return {name: value for name, value in {**own, **tags}.items() if value}


def _sign(body: bytes, settings: SentrySettings) -> Mapping[str, str]:
    return {SIGNATURE.lower(): hex_hmac(settings.client_secrets[0], body)}


def _example(name: str, resource: str, action: str, data: Mapping[str, Any]) -> Example:
    body = {
        "action": action,
        "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
        "data": data,
        "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
    }
    headers = {
        "content-type": "application/json",
        RESOURCE.lower(): resource,
        "sentry-hook-timestamp": "1772615563",
        "request-id": f"example-{resource}-{action}",
    }
    return Example(name=name, body=json.dumps(body).encode(), headers=headers, sign=_sign)


_ISSUE_ID = "1117540176"
_EXAMPLE_EVENT = {
    "event_id": "e4874d664c3540c1a32eab185f12c5ab",
    "title": "PaymentError: the provider answered 502",
    "culprit": "shop.checkout.pay",
    "datetime": "2026-03-04T09:12:43.951000Z",
    "level": "error",
    "environment": "production",
    "project": 1,
    "tags": [["environment", "production"], ["release", "checkout@2.41.0"], ["level", "error"]],
    "issue_id": _ISSUE_ID,
    "issue_url": f"https://sentry.example/api/0/issues/{_ISSUE_ID}/",
    "web_url": f"https://sentry.example/organizations/acme/issues/{_ISSUE_ID}/events/e4874d664c3540c1a32eab185f12c5ab/",
    "url": "https://sentry.example/api/0/projects/acme/checkout/events/e4874d664c3540c1a32eab185f12c5ab/",
}
_EXAMPLE_ISSUE = {
    "id": _ISSUE_ID,
    "shortId": "CHECKOUT-1",
    "title": "PaymentError: the provider answered 502",
    "culprit": "shop.checkout.pay",
    "level": "error",
    "status": "resolved",
    "priority": "high",
    "firstSeen": "2026-03-04T09:12:43.951000Z",
    "lastSeen": "2026-03-04T09:30:01.000000Z",
    "project": {"id": "1", "name": "Checkout", "slug": "checkout", "platform": "python"},
    "web_url": f"https://sentry.example/organizations/acme/issues/{_ISSUE_ID}/",
}


def _example_metric(title: str, closed: str | None) -> dict[str, Any]:
    return {
        "metric_alert": {
            "id": "4",
            "identifier": "1",
            "title": "Too many errors",
            "date_started": "2026-03-04T09:12:00Z",
            "date_detected": "2026-03-04T09:13:00Z",
            "date_closed": closed,
            "projects": ["checkout"],
            "alert_rule": {"id": "7", "name": "Too many errors", "aggregate": "count()", "query": "level:error"},
        },
        "description_text": "1000 events in the last 10 minutes",
        "description_title": title,
        "web_url": "https://sentry.example/organizations/acme/alerts/rules/details/7/?alert=1",
    }


EXAMPLES = (
    _example("issue alert", "event_alert", "triggered", {"event": _EXAMPLE_EVENT, "triggered_rule": "Payments fail"}),
    _example("issue resolved", "issue", "resolved", {"issue": _EXAMPLE_ISSUE}),
    _example("metric alert", "metric_alert", "critical", _example_metric("Critical: Too many errors", None)),
    _example(
        "metric alert resolved",
        "metric_alert",
        "resolved",
        _example_metric("Resolved: Too many errors", "2026-03-04T09:40:00Z"),
    ),
    _example("installed", "installation", "created", {"installation": {"status": "installed"}}),
)


def _alert_format(settings: SentrySettings) -> SentryWebhook | None:
    return SentryWebhook(settings) if settings.client_secrets else None


INTEGRATION = Integration(
    name=SOURCE,
    title="Sentry",
    settings=SentrySettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
