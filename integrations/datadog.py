"""Datadog's webhooks, whose payload is a template of ours: TEMPLATE below is pasted into the webhook's settings.

https://docs.datadoghq.com/integrations/webhooks/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery, Severity
from bot.domain.errors import UnreadablePayload
from bot.domain.moment import read_moment, settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.best_effort import unfamiliar
from integrations.credentials import Credentials
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.outline import is_said
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, text_of, web_links

SOURCE = "datadog"

# Our field -> Datadog's variable. All are texts: a number without quotes would be no JSON where it is empty.
TEMPLATE: Mapping[str, str] = {
    "alert_id": "$ALERT_ID",
    "alert_cycle_key": "$ALERT_CYCLE_KEY",
    "alert_transition": "$ALERT_TRANSITION",
    "alert_type": "$ALERT_TYPE",
    "alert_priority": "$ALERT_PRIORITY",
    "alert_scope": "$ALERT_SCOPE",
    "alert_query": "$ALERT_QUERY",
    "event_title": "$EVENT_TITLE",
    "text": "$TEXT_ONLY_MSG",
    "hostname": "$HOSTNAME",
    "tags": "$TAGS",
    "link": "$LINK",
    "snapshot": "$SNAPSHOT",
    "date": "$DATE",
    "id": "$ID",
}
_SERVICE_TAGS = ("service", "app", "application", "kube_deployment", "functionname", "host")
_MARKS = ("[triggered", "[re-triggered", "[recovered", "[warn", "[re-warn", "[no data", "[re-no data", "[renotify")
_WARNINGS = frozenset({"warn", "re-warn"})


@dataclass(frozen=True, kw_only=True)
class DatadogSettings:
    token: str | None = setting(
        "DATADOG_WEBHOOK_TOKEN",
        default=None,
        secret=True,
        help='The webhook\'s custom header: {"Authorization": "Bearer <token>"}.',
    )
    header: str | None = setting(
        "DATADOG_WEBHOOK_HEADER", default=None, help="A custom header that holds the token alone, instead."
    )
    user: str | None = setting("DATADOG_WEBHOOK_USER", default=None, help="Basic auth's user name, instead of a token.")
    password: str | None = setting("DATADOG_WEBHOOK_PASSWORD", default=None, secret=True, help="Basic auth's password.")


class _Event(msgspec.Struct):
    event_title: str
    alert_transition: str
    alert_id: str = ""
    alert_cycle_key: str = ""
    alert_type: str = ""
    alert_priority: str = ""
    alert_scope: str = ""
    alert_query: str = ""
    text: str = ""
    hostname: str = ""
    tags: str = ""
    link: str = ""
    snapshot: str = ""
    date: str = ""
    id: str = ""


_DECODER = msgspec.json.Decoder(_Event)


class DatadogWebhook:
    """An `AlertFormat`. Datadog signs nothing: a header or basic auth is what it can send."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def verify(self, request: WebhookRequest) -> None:
        self._credentials.verify(request)

    def parse(self, request: WebhookRequest) -> Delivery:
        """Another template than ours is read as well as it can be."""
        try:
            event = _cleared(decode(_DECODER, request.body))
        except UnreadablePayload as problem:
            return unfamiliar(SOURCE, request, problem)
        said = (event.alert_id, event.alert_scope, event.alert_cycle_key, event.alert_transition, event.date, event.id)
        key = hashlib.sha256("\x1f".join((*said, event.event_title)).encode()).hexdigest()
        alert = _alert(event, request)
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=(alert,))


def _cleared(event: _Event) -> _Event:
    """Without the variables that Datadog left as they were, as it does where it has nothing to put in."""
    told = {name: value for name in _Event.__struct_fields__ if is_said(value := getattr(event, name))}
    if not told.get("event_title"):
        raise UnreadablePayload("event_title: is empty", field="event_title")
    return _Event(**{"alert_transition": "", **told})


def _alert(event: _Event, request: WebhookRequest) -> Alert:
    over = event.alert_transition.strip().lower() in ("recovered", "recovery")
    stated = settle(read_moment(event.date), request.received_at)
    tags = _tags(event.tags)
    return Alert(
        source=SOURCE,
        fingerprint=_fingerprint(event),
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=_severity(event),
        title=text_of(_bare_title(event.event_title), TITLE_LIMIT),
        started_at=stated.at,
        started_at_is_receipt=stated.is_receipt,
        ended_at=stated.at if over else None,
        service=text_of(next((tags[name] for name in _SERVICE_TAGS if tags.get(name)), event.hostname)) or None,
        environment=text_of(tags.get("env")) or None,
        description=text_of(event.text, DESCRIPTION_LIMIT),
        labels=clean_labels({**tags, **_own_labels(event)}, first=("monitor_id", "transition", "service", "env")),
        links=web_links(Datadog=event.link, Graph=event.snapshot),
    )


def _fingerprint(event: _Event) -> str:
    """The monitor and the group it fired for: the cycle key is another one each time it fires."""
    if event.alert_id:
        return text_of(f"{event.alert_id} {event.alert_scope}")
    return text_of(event.alert_cycle_key) or text_of(_bare_title(event.event_title))


def _bare_title(title: str) -> str:
    """Without "[Triggered on {host:a}] ", which the status and the labels say."""
    head, closed, rest = title.strip().partition("] ")
    is_mark = head.lower().startswith(_MARKS)
    return rest if closed and is_mark and rest.strip() else title


def _severity(event: _Event) -> Severity:
    """The monitor's priority, else the event's type; a mere warning is never more than SEV3."""
    named = severity_from(event.alert_priority) or severity_from(event.alert_type) or DEFAULT_SEVERITY
    is_warning = event.alert_transition.strip().lower() in _WARNINGS
    return Severity.SEV3 if is_warning and named.is_worse_than(Severity.SEV3) else named


def _tags(tags: str) -> dict[str, str]:
    """ "env:prod, service:checkout, urgent" -> env and service; of a tag given twice the first counts."""
    pairs = (tag.strip().partition(":") for tag in reversed(tags.split(",")))
    return {name: value for name, _, value in pairs if name and value}


def _own_labels(event: _Event) -> dict[str, str]:
    own = {
        "monitor_id": event.alert_id,
        "transition": event.alert_transition,
        "scope": event.alert_scope,
        "monitor_query": event.alert_query,
        "host": event.hostname,
    }
    return {name: value for name, value in own.items() if value}


def _credentials(settings: DatadogSettings) -> Credentials:
    return Credentials(
        prefix="DATADOG_WEBHOOK",
        token=settings.token,
        user=settings.user,
        password=settings.password,
        header=settings.header,
    )


def _sign(body: bytes, settings: DatadogSettings) -> Mapping[str, str]:
    return _credentials(settings).headers()


def _example(name: str, transition: str, date: str, **changes: str) -> Example:
    filled = {
        "alert_id": "71462113",
        "alert_cycle_key": "6237180293401250901",
        "alert_transition": transition,
        "alert_type": "success" if transition == "Recovered" else "error",
        "alert_priority": "P2",
        "alert_scope": "service:checkout,env:prod",
        "alert_query": "avg(last_5m):sum:trace.http.request.errors{env:prod} by {service}.as_rate() > 5",
        "event_title": f"[{transition} on {{service:checkout}}] Error rate of checkout is high",
        "text": "More than 5 errors a second for five minutes.",
        "hostname": "$HOSTNAME",
        "tags": "env:prod,monitor,service:checkout,team:payments",
        "link": "https://app.datadoghq.example/monitors/71462113",
        "snapshot": "$SNAPSHOT",
        "date": date,
        "id": f"75093{date[-6:]}",
    }
    body = json.dumps({**filled, **changes}).encode()
    return Example(name=name, body=body, headers={"content-type": "application/json"}, sign=_sign)


EXAMPLES = (
    _example("triggered", "Triggered", "1772615563000"),
    _example("warning", "Warn", "1772615503000", alert_type="warning"),
    _example("recovered", "Recovered", "1772616700000"),
)


def _alert_format(settings: DatadogSettings) -> DatadogWebhook | None:
    credentials = _credentials(settings)
    return DatadogWebhook(credentials) if credentials else None


INTEGRATION = Integration(
    name=SOURCE,
    title="Datadog",
    settings=DatadogSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
