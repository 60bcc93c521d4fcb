"""Alertmanager's webhook, payload version 4.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery, Link
from bot.domain.errors import BadSignature, SettingsError, UnreadablePayload
from bot.domain.moment import settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.payload import (
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    URL_LIMIT,
    clean_labels,
    decode,
    required_time,
    text_of,
    web_link,
    whole_query,
)

SOURCE = "alertmanager"
VERSION = "4"
ALERTS_LIMIT = 1_000  # of one group; the worst are kept. A receiver's `max_alerts` is the proper place for a limit
RULES = 1_024  # whose expressions are remembered; with links of at most URL_LIMIT characters that is a few MB
NOT_ENDED = "0001-01-01T00:00:00Z"  # Go's zero time: still firing

_ENVIRONMENT_LABELS = ("environment", "env")
_FIRST_LABELS = ("alertname", "severity", "service", "instance", *_ENVIRONMENT_LABELS)


@dataclass(frozen=True, kw_only=True)
class AlertmanagerSettings:
    token: str | None = setting(
        "ALERTMANAGER_TOKEN",
        default=None,
        secret=True,
        help="The receiver's http_config.authorization.credentials (Bearer).",
    )
    user: str | None = setting(
        "ALERTMANAGER_USER", default=None, help="The receiver's http_config.basic_auth.username, instead of a token."
    )
    password: str | None = setting(
        "ALERTMANAGER_PASSWORD", default=None, secret=True, help="The receiver's http_config.basic_auth.password."
    )
    service_labels: tuple[str, ...] = setting(
        "ALERTMANAGER_SERVICE_LABELS",
        default=("service", "job", "app", "namespace"),
        help="Labels that name the service, the first one present counts: service,job,app,namespace",
    )


class _Alert(msgspec.Struct, rename="camel"):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: str
    fingerprint: str
    annotations: dict[str, str] = {}
    ends_at: str = NOT_ENDED
    generator_url: str = msgspec.field(name="generatorURL", default="")


class _Group(msgspec.Struct, rename="camel"):
    version: str
    group_key: str
    alerts: list[_Alert]
    external_url: str = msgspec.field(name="externalURL", default="")
    truncated_alerts: int = 0


_DECODER = msgspec.json.Decoder(_Group)


class AlertmanagerWebhook:
    """An `AlertFormat`. Alertmanager signs nothing: a shared secret in `Authorization` is what it can send."""

    def __init__(self, settings: AlertmanagerSettings) -> None:
        self._expected = _authorizations(settings)
        self._service_labels = settings.service_labels

    def verify(self, request: WebhookRequest) -> None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        stated = f"{scheme.lower()} {credentials.strip()}".encode()
        fits = [hmac.compare_digest(stated, expected) for expected in self._expected]
        if not any(fits):
            found = "does not match" if scheme else "is missing"
            raise BadSignature(f"Authorization {found}: set the receiver's http_config to the credentials set up here")

    def parse(self, request: WebhookRequest) -> Delivery:
        group = decode(_DECODER, request.body)
        if group.version != VERSION:
            stated = text_of(group.version, 20)
            raise UnreadablePayload(
                f"version: expected {VERSION!r}, got {stated!r}; leave the receiver's `payload` unset", field="version"
            )
        kept, cut = _worst(group.alerts)
        alerts = [self._alert(alert, group, f"alerts[{i}]", request.received_at) for i, alert in kept]
        if alerts and cut + group.truncated_alerts > 0:
            alerts[0] = _with_cut_noted(alerts[0], cut + group.truncated_alerts)
        return Delivery(source=SOURCE, key=_key(group), received_at=request.received_at, alerts=tuple(alerts))

    def _alert(self, alert: _Alert, group: _Group, at: str, received_at: datetime) -> Alert:
        labels, notes = alert.labels, alert.annotations
        if not alert.fingerprint.strip():
            raise UnreadablePayload(f"{at}.fingerprint: is empty", field=f"{at}.fingerprint")
        started = settle(required_time(alert.starts_at, at=f"{at}.startsAt"), received_at)
        resolved = alert.status == "resolved"
        return Alert(
            source=SOURCE,
            fingerprint=text_of(alert.fingerprint),
            status=AlertStatus(alert.status),
            severity=severity_from(labels.get("severity")) or DEFAULT_SEVERITY,
            title=text_of(notes.get("summary") or labels.get("alertname"), TITLE_LIMIT) or "Alert without a name",
            started_at=started.at,
            started_at_is_receipt=started.is_receipt,
            ended_at=_ended(alert, at, received_at) if resolved else None,
            service=_first(labels, self._service_labels),
            environment=_first(labels, _ENVIRONMENT_LABELS),
            description=text_of(notes.get("description") or notes.get("message"), DESCRIPTION_LIMIT),
            labels=clean_labels(labels, first=_FIRST_LABELS),
            links=_links(alert, group),
            query=expression_of(alert.generator_url),
        )


def expression_of(generator_url: str) -> str | None:
    """The PromQL in `<external>/graph?g0.expr=...`; None for other rulers' links. Its path is of no account."""
    if "g0.expr=" not in generator_url:
        return None
    return _known_expression(generator_url) if len(generator_url) <= URL_LIMIT else _read_expression(generator_url)


@lru_cache(maxsize=RULES)
def _known_expression(generator_url: str) -> str | None:
    """All alerts of a rule carry the same link: in a storm there are thousands."""
    return _read_expression(generator_url)


def _read_expression(generator_url: str) -> str | None:
    try:
        found = parse_qs(urlsplit(generator_url).query, max_num_fields=50).get("g0.expr", [""])
    except ValueError:
        return None
    return whole_query(found[0])


def _authorizations(settings: AlertmanagerSettings) -> tuple[bytes, ...]:
    if bool(settings.user) != bool(settings.password):
        missing = "ALERTMANAGER_PASSWORD" if settings.user else "ALERTMANAGER_USER"
        raise SettingsError(f"{missing} is not set: basic auth needs both ALERTMANAGER_USER and ALERTMANAGER_PASSWORD.")
    expected = [f"bearer {settings.token}".encode()] if settings.token else []
    if settings.user:
        pair = f"{settings.user}:{settings.password}".encode()
        expected.append(b"basic " + base64.b64encode(pair))
    return tuple(expected)


def _worst(alerts: list[_Alert]) -> tuple[list[tuple[int, _Alert]], int]:
    """The alerts with their places in the payload, at most ALERTS_LIMIT: firing before resolved, worst first."""
    numbered = list(enumerate(alerts))
    if len(numbered) <= ALERTS_LIMIT:
        return numbered, 0

    def badness(item: tuple[int, _Alert]) -> tuple[bool, int]:
        severity = severity_from(item[1].labels.get("severity")) or DEFAULT_SEVERITY
        return item[1].status == "resolved", severity.rank

    return sorted(numbered, key=badness)[:ALERTS_LIMIT], len(numbered) - ALERTS_LIMIT


def _with_cut_noted(alert: Alert, cut: int) -> Alert:
    note = f"({cut} more alerts of this group were cut from the notification)"
    return replace(alert, description=f"{alert.description} {note}".strip())


def _key(group: _Group) -> str:
    """Peers of one cluster may both send a group: what was said counts, not who said it or in which order."""
    said = sorted(f"{a.fingerprint}\x1f{a.starts_at}\x1f{a.status}" for a in group.alerts)
    return hashlib.sha256("\x1e".join([group.group_key, *said]).encode()).hexdigest()


def _ended(alert: _Alert, at: str, received_at: datetime) -> datetime:
    if alert.ends_at in ("", NOT_ENDED):
        return received_at
    return settle(required_time(alert.ends_at, at=f"{at}.endsAt"), received_at).at


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((text_of(labels[name]) for name in names if labels.get(name, "").strip()), None)


def _links(alert: _Alert, group: _Group) -> tuple[Link, ...]:
    notes = alert.annotations
    links = (
        web_link("Runbook", notes.get("runbook_url") or notes.get("runbook")),
        web_link("Dashboard", notes.get("dashboard_url") or notes.get("dashboard")),
        web_link("Rule", alert.generator_url),
        web_link("Alertmanager", group.external_url),
    )
    return tuple(link for link in links if link)


def _sign(body: bytes, settings: AlertmanagerSettings) -> Mapping[str, str]:
    return {"authorization": _authorizations(settings)[0].decode()}


def _example(name: str, alerts: list[dict[str, Any]], *, truncated: int = 0) -> Example:
    shared = {"alertname": alerts[0]["labels"]["alertname"]}
    body = {
        "receiver": "first-responder",
        "status": "firing" if any(a["status"] == "firing" for a in alerts) else "resolved",
        "alerts": alerts,
        "groupLabels": shared,
        "commonLabels": shared,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "version": VERSION,
        "groupKey": f'{{}}:{{alertname="{shared["alertname"]}"}}',
        "truncatedAlerts": truncated,
    }
    return Example(name=name, body=json.dumps(body).encode(), headers={"content-type": "application/json"}, sign=_sign)


def _example_alert(service: str, fingerprint: str, *, ended: str | None = None) -> dict[str, Any]:
    return {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": "HighErrorRatio", "job": service, "service": service, "severity": "critical"},
        "annotations": {
            "summary": f"{service} answers 8.2 % of its requests with errors",
            "description": "More than 2 % of requests failed for 5 minutes.",
            "runbook_url": "https://runbooks.example/high-error-ratio",
        },
        "startsAt": "2026-03-04T09:12:43.214157921Z",
        "endsAt": ended or NOT_ENDED,
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=sum%28rate%28http_requests_total%7B"
        f"code%3D~%225..%22%2Cjob%3D%22{service}%22%7D%5B5m%5D%29%29+%3E+0.02&g0.tab=1",
        "fingerprint": fingerprint,
    }


EXAMPLES = (
    _example("firing", [_example_alert("checkout", "5ef77f1f8a3ecfcd")]),
    _example("resolved", [_example_alert("checkout", "5ef77f1f8a3ecfcd", ended="2026-03-04T09:31:13.214157921Z")]),
    _example(
        "a group that was cut",
        [_example_alert("checkout", "5ef77f1f8a3ecfcd"), _example_alert("cart", "8d1b0a7c55e2f391")],
        truncated=3,
    ),
)


def _alert_format(settings: AlertmanagerSettings) -> AlertmanagerWebhook | None:
    return AlertmanagerWebhook(settings) if _authorizations(settings) else None


INTEGRATION = Integration(
    name=SOURCE,
    title="Alertmanager",
    settings=AlertmanagerSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
