"""Grafana Alerting's webhook contact point, payload version "1".

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery
from bot.domain.errors import BadSignature, UnreadablePayload
from bot.domain.moment import settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.best_effort import alert_of, any_object, marked, unfamiliar
from integrations.credentials import Credentials
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.facts import read_facts
from integrations.payload import (
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    clean_labels,
    decode,
    required_time,
    text_of,
    web_links,
)
from integrations.signature import hex_hmac

SOURCE = "grafana"
ALERTS_LIMIT = 1_000  # of one group; the contact point's own "Max alerts" is the proper place for a limit
NOT_ENDED = "0001-01-01T00:00:00Z"  # Go's zero time: still firing
TIMESTAMP_WINDOW = 300  # seconds; what was recorded cannot be sent again after that

_SERVICE_LABELS = ("service", "service_name", "app", "job", "namespace")
_ENVIRONMENT_LABELS = ("environment", "env")
_FIRST_LABELS = ("alertname", "severity", "service", "instance", *_ENVIRONMENT_LABELS)


@dataclass(frozen=True, kw_only=True)
class GrafanaSettings:
    hmac_secret: str | None = setting(
        "GRAFANA_HMAC_SECRET", default=None, secret=True, help="The contact point's HMAC secret (Grafana 12 and later)."
    )
    hmac_header: str = setting(
        "GRAFANA_HMAC_HEADER",
        default="X-Grafana-Alerting-Signature",
        help="The contact point's HMAC header, where it is another than Grafana's own.",
    )
    hmac_timestamp_header: str | None = setting(
        "GRAFANA_HMAC_TIMESTAMP_HEADER",
        default=None,
        help="The contact point's HMAC timestamp header; when set, a message must be less than 5 minutes old.",
    )
    token: str | None = setting(
        "GRAFANA_WEBHOOK_TOKEN",
        default=None,
        secret=True,
        help="The contact point's authorization credentials (scheme Bearer).",
    )
    user: str | None = setting("GRAFANA_WEBHOOK_USER", default=None, help="The contact point's basic auth user name.")
    password: str | None = setting(
        "GRAFANA_WEBHOOK_PASSWORD", default=None, secret=True, help="The contact point's basic auth password."
    )


class _Alert(msgspec.Struct, rename="camel"):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: str
    fingerprint: str
    annotations: dict[str, str] = {}
    ends_at: str = NOT_ENDED
    value_string: str = ""
    values: dict[str, float | None] | None = None
    generator_url: str = msgspec.field(name="generatorURL", default="")
    dashboard_url: str = msgspec.field(name="dashboardURL", default="")
    panel_url: str = msgspec.field(name="panelURL", default="")
    silence_url: str = msgspec.field(name="silenceURL", default="")


class _Group(msgspec.Struct, rename="camel"):
    group_key: str
    alerts: list[msgspec.Raw]
    external_url: str = msgspec.field(name="externalURL", default="")
    truncated_alerts: int = 0


_GROUP = msgspec.json.Decoder(_Group)
_ALERT = msgspec.json.Decoder(_Alert)


class GrafanaWebhook:
    """An `AlertFormat`. All that is set up has to be shown: the HMAC, and the token or the password."""

    def __init__(self, settings: GrafanaSettings) -> None:
        self._settings = settings
        self._credentials = _credentials(settings)

    def verify(self, request: WebhookRequest) -> None:
        if self._settings.hmac_secret:
            self._verify_hmac(request, self._settings.hmac_secret)
        if self._credentials:
            self._credentials.verify(request)

    def parse(self, request: WebhookRequest) -> Delivery:
        """A custom payload, or an alert in it that has another shape, is read as well as it can be."""
        try:
            group = decode(_GROUP, request.body)
        except UnreadablePayload as problem:
            return unfamiliar(SOURCE, request, problem)
        read = [_read(raw, f"alerts[{i}]", request) for i, raw in enumerate(group.alerts[:ALERTS_LIMIT])]
        alerts = [replace(alert, links=alert.links + _home(group)) for alert in read]
        cut = len(group.alerts) - len(alerts) + max(0, group.truncated_alerts)
        if alerts and cut:
            note = f"({cut} more alerts of this group were cut from the notification)"
            alerts[0] = replace(alerts[0], description=f"{alerts[0].description} {note}".strip())
        said = sorted(alert.dedup_key for alert in alerts)
        key = hashlib.sha256("\x1e".join([group.group_key, *said]).encode()).hexdigest()
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=tuple(alerts))

    def _verify_hmac(self, request: WebhookRequest, secret: str) -> None:
        name, stamp_name = self._settings.hmac_header, self._settings.hmac_timestamp_header
        signature = request.headers.get(name.lower())
        if not signature:
            raise BadSignature(f"{name} is missing: set the contact point's HMAC signature to the secret set up here")
        message = request.body
        if stamp_name:
            stamp = request.headers.get(stamp_name.lower(), "")
            _check_age(stamp_name, stamp, request.received_at.timestamp())
            message = f"{stamp}:".encode() + message
        if not hmac.compare_digest(signature.strip().lower().encode(), hex_hmac(secret, message).encode()):
            raise BadSignature(f"{name} does not match: is the contact point's secret the one set up here?")


def _check_age(name: str, stamp: str, now: float) -> None:
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise BadSignature(f"{name} is missing or no unix time in seconds")
    if abs(now - int(stamp)) > TIMESTAMP_WINDOW:
        raise BadSignature(f"{name} is more than {TIMESTAMP_WINDOW} s away from our time: check both clocks")


def _credentials(settings: GrafanaSettings) -> Credentials:
    return Credentials(prefix="GRAFANA_WEBHOOK", token=settings.token, user=settings.user, password=settings.password)


def _read(raw: msgspec.Raw, at: str, request: WebhookRequest) -> Alert:
    try:
        return _alert(decode(_ALERT, bytes(raw), at=at), at, request)
    except UnreadablePayload as problem:
        part = replace(request, body=bytes(raw))
        try:
            payload = any_object(part.body)
        except UnreadablePayload:
            raise problem from None
        return marked(alert_of(SOURCE, payload, read_facts(payload), part), problem)


def _alert(alert: _Alert, at: str, request: WebhookRequest) -> Alert:
    labels, notes = alert.labels, alert.annotations
    if not alert.fingerprint.strip():
        raise UnreadablePayload(f"{at}.fingerprint: is empty", field=f"{at}.fingerprint")
    started = settle(required_time(alert.starts_at, at=f"{at}.startsAt"), request.received_at)
    resolved = alert.status == "resolved"
    ended = request.received_at
    if resolved and alert.ends_at not in ("", NOT_ENDED):
        ended = settle(required_time(alert.ends_at, at=f"{at}.endsAt"), request.received_at).at
    return Alert(
        source=SOURCE,
        fingerprint=text_of(alert.fingerprint),
        status=AlertStatus(alert.status),
        severity=severity_from(labels.get("severity") or labels.get("priority")) or DEFAULT_SEVERITY,
        title=text_of(notes.get("summary") or _rule(labels), TITLE_LIMIT) or "Alert without a name",
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=ended if resolved else None,
        service=_first(labels, _SERVICE_LABELS),
        environment=_first(labels, _ENVIRONMENT_LABELS),
        description=_description(alert),
        labels=clean_labels({**labels, **_values(alert)}, first=_FIRST_LABELS),
        links=web_links(
            Runbook=notes.get("runbook_url"),
            Dashboard=alert.dashboard_url,
            Panel=alert.panel_url,
            Rule=alert.generator_url,
            Silence=alert.silence_url,
        ),
    )


def _rule(labels: Mapping[str, str]) -> str | None:
    """DatasourceNoData and DatasourceError stand in the name's place; the rule's own name is beside them."""
    name, rule = labels.get("alertname"), labels.get("rulename")
    return f"{rule}: {name}" if rule and name and rule != name else name or rule


def _description(alert: _Alert) -> str:
    told = alert.annotations.get("description") or alert.annotations.get("message")
    return text_of(told or alert.value_string, DESCRIPTION_LIMIT)


def _values(alert: _Alert) -> dict[str, str]:
    """What the rule's expressions were at that moment, by their reference: "value_B": "12.4"."""
    return {f"value_{name}": f"{value:g}" for name, value in (alert.values or {}).items() if value is not None}


def _home(group: _Group) -> tuple[Any, ...]:
    return web_links(Grafana=group.external_url)


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((text_of(labels[name]) for name in names if labels.get(name, "").strip()), None)


def sign(body: bytes, settings: GrafanaSettings) -> Mapping[str, str]:
    """The headers Grafana would add, without a timestamp."""
    credentials = _credentials(settings)
    headers = dict(credentials.headers()) if credentials else {}
    if settings.hmac_secret:
        headers[settings.hmac_header.lower()] = hex_hmac(settings.hmac_secret, body)
    return headers


def _example(name: str, *, ended: str | None = None) -> Example:
    status = "resolved" if ended else "firing"
    alert = {
        "status": status,
        "labels": {
            "alertname": "Checkout latency",
            "grafana_folder": "Shop",
            "service": "checkout",
            "severity": "critical",
        },
        "annotations": {"summary": "checkout answers in 2.4 s", "runbook_url": "https://runbooks.example/latency"},
        "startsAt": "2026-03-04T09:12:40Z",
        "endsAt": ended or NOT_ENDED,
        "generatorURL": "https://grafana.example/alerting/grafana/cdeqmlhvflz40f/view?orgId=1",
        "fingerprint": "57c6d9296de2ad39",
        "silenceURL": "https://grafana.example/alerting/silence/new?alertmanager=grafana",
        "dashboardURL": "https://grafana.example/d/shop?orgId=1",
        "panelURL": "https://grafana.example/d/shop?orgId=1&viewPanel=4",
        "values": {"B": 2.4, "C": 1},
        "valueString": "[ var='B' labels={service=checkout} value=2.4 ]",
        "orgId": 1,
    }
    body = {
        "receiver": "first-responder",
        "status": status,
        "alerts": [alert],
        "groupLabels": {"alertname": "Checkout latency"},
        "commonLabels": alert["labels"],
        "commonAnnotations": alert["annotations"],
        "externalURL": "https://grafana.example/",
        "version": "1",
        "groupKey": '{}:{alertname="Checkout latency"}',
        "truncatedAlerts": 0,
        "orgId": 1,
        "title": f"[{status.upper()}:1] Checkout latency",
        "state": "ok" if ended else "alerting",
        "message": "",
    }
    return Example(name=name, body=json.dumps(body).encode(), headers={"content-type": "application/json"}, sign=sign)


EXAMPLES = (_example("firing"), _example("resolved", ended="2026-03-04T09:31:10Z"))


def _alert_format(settings: GrafanaSettings) -> GrafanaWebhook | None:
    return GrafanaWebhook(settings) if settings.hmac_secret or _credentials(settings) else None


INTEGRATION = Integration(
    name=SOURCE,
    title="Grafana",
    settings=GrafanaSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
