"""Opsgenie's and Jira Service Management's outgoing webhooks: one body shape for both.

https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery
from bot.domain.errors import UnreadablePayload
from bot.domain.moment import read_moment, settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.best_effort import unfamiliar
from integrations.credentials import Credentials
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, text_of

SOURCE = "opsgenie"

# What an action says about the condition. Escalations repeat that it burns, in case the first word was lost; all
# others (Acknowledge, AddNote, Snooze ...) say nothing about it.
_STATUS_BY_ACTION = {
    "Create": AlertStatus.FIRING,
    "Escalate": AlertStatus.FIRING,
    "EscalateNext": AlertStatus.FIRING,
    "Close": AlertStatus.RESOLVED,
    "Delete": AlertStatus.RESOLVED,
}
_SERVICE_KEYS = ("service", "application", "app", "component")


@dataclass(frozen=True, kw_only=True)
class OpsgenieSettings:
    token: str | None = setting(
        "OPSGENIE_WEBHOOK_TOKEN",
        default=None,
        secret=True,
        help="The integration's custom header: Authorization, Bearer <token>.",
    )
    header: str | None = setting(
        "OPSGENIE_WEBHOOK_HEADER", default=None, help="A custom header that holds the token alone, instead."
    )
    user: str | None = setting("OPSGENIE_WEBHOOK_USER", default=None, help="Basic auth's user name, instead.")
    password: str | None = setting(
        "OPSGENIE_WEBHOOK_PASSWORD", default=None, secret=True, help="Basic auth's password."
    )


class _Alert(msgspec.Struct, rename="camel"):
    alert_id: str
    message: str
    alias: str = ""
    priority: str = ""
    entity: str = ""
    description: str = ""
    source: str = ""
    tiny_id: str = ""
    tags: list[str] = []
    details: dict[str, Any] = {}
    created_at: int | str | None = None
    updated_at: int | str | None = None


class _Notice(msgspec.Struct, rename="camel"):
    action: str
    alert: _Alert


_DECODER = msgspec.json.Decoder(_Notice)


class OpsgenieWebhook:
    """An `AlertFormat`. Nothing is signed: a custom header is what can be sent."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def verify(self, request: WebhookRequest) -> None:
        self._credentials.verify(request)

    def parse(self, request: WebhookRequest) -> Delivery:
        try:
            notice = decode(_DECODER, request.body)
            if not notice.alert.alert_id.strip():
                raise UnreadablePayload("alert.alertId: is empty", field="alert.alertId")
        except UnreadablePayload as problem:
            return unfamiliar(SOURCE, request, problem)
        alert = notice.alert
        said = (alert.alert_id, notice.action, str(alert.updated_at), str(alert.created_at))
        key = hashlib.sha256("\x1f".join(said).encode()).hexdigest()
        status = _STATUS_BY_ACTION.get(notice.action)
        alerts = (_alert(alert, status, request),) if status else ()
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=alerts)


def _alert(alert: _Alert, status: AlertStatus, request: WebhookRequest) -> Alert:
    started = settle(read_moment(alert.created_at), request.received_at)
    over = status is AlertStatus.RESOLVED
    told = {name: str(value) for name, value in alert.details.items() if isinstance(value, str | int | float)}
    told |= _tags(alert.tags)
    service = next((told[name] for name in _SERVICE_KEYS if told.get(name)), alert.entity)
    return Alert(
        source=SOURCE,
        fingerprint=text_of(alert.alias) or text_of(alert.alert_id),
        status=status,
        severity=severity_from(alert.priority) or DEFAULT_SEVERITY,
        title=text_of(alert.message, TITLE_LIMIT) or f"Opsgenie alert {text_of(alert.alert_id)}",
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=settle(read_moment(alert.updated_at), request.received_at).at if over else None,
        service=text_of(service) or None,
        environment=text_of(told.get("environment") or told.get("env")) or None,
        description=text_of(alert.description, DESCRIPTION_LIMIT),
        labels=clean_labels({**_own_labels(alert), **told}, first=("opsgenie_alert", "priority", "entity")),
    )


def _tags(tags: list[str]) -> dict[str, str]:
    """ "service:checkout" and "env=prod"; others have no name to be found by."""
    parts = (tag.partition(":") if ":" in tag else tag.partition("=") for tag in tags)
    return {name.strip(): value.strip() for name, _, value in parts if name.strip() and value.strip()}


def _own_labels(alert: _Alert) -> dict[str, str]:
    bare = [tag for tag in alert.tags if ":" not in tag and "=" not in tag]
    own = {
        "opsgenie_alert": alert.alert_id,
        "opsgenie_number": alert.tiny_id,
        "priority": alert.priority,
        "entity": alert.entity,
        "monitor": alert.source,
        "tags": ", ".join(bare[:20]),
    }
    return {name: value for name, value in own.items() if value}


def _credentials(settings: OpsgenieSettings) -> Credentials:
    return Credentials(
        prefix="OPSGENIE_WEBHOOK",
        token=settings.token,
        user=settings.user,
        password=settings.password,
        header=settings.header,
    )


def _sign(body: bytes, settings: OpsgenieSettings) -> Mapping[str, str]:
    return _credentials(settings).headers()


def _example(action: str, updated_at: int) -> Example:
    body = {
        "action": action,
        "alert": {
            "alertId": "052652ac-5d1c-464a-812a-7dd18bbfba8c",
            "message": "Payments of checkout fail",
            "tags": ["service:checkout", "env:prod", "shop"],
            "tinyId": "1023",
            "entity": "checkout",
            "alias": "checkout-payments-failing",
            "createdAt": 1772615563000,
            "updatedAt": updated_at,
            "username": "ana@acme.example",
            "description": "More than 2 % of payments failed for 5 minutes.",
            "details": {"region": "eu-west-1"},
            "priority": "P1",
            "source": "prometheus",
            "teams": ["payments"],
        },
        "source": {"name": "", "type": "API"},
        "integrationName": "First Responder",
        "integrationId": "c8d6b8e5-26dd-4c4a-9c7f-5d4e8a3f2b10",
        "integrationType": "Webhook",
    }
    headers = {"content-type": "application/json"}
    return Example(name=action.lower(), body=json.dumps(body).encode(), headers=headers, sign=_sign)


EXAMPLES = (
    _example("Create", 1772615563000000000),
    _example("Acknowledge", 1772615690000000000),
    _example("Close", 1772616700000000000),
)


def _alert_format(settings: OpsgenieSettings) -> OpsgenieWebhook | None:
    credentials = _credentials(settings)
    return OpsgenieWebhook(credentials) if credentials else None


INTEGRATION = Integration(
    name=SOURCE,
    title="Opsgenie / Jira Service Management",
    settings=OpsgenieSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
