"""New Relic's workflow webhooks, in the shape of its default template.

https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery
from bot.domain.errors import UnreadablePayload
from bot.domain.moment import read_moment, settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.best_effort import unfamiliar
from integrations.credentials import Credentials
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, text_of, web_links

SOURCE = "newrelic"

# Of an issue; what is acknowledged is known already and says nothing new about the condition.
_STATUS_BY_STATE = {
    "created": AlertStatus.FIRING,
    "activated": AlertStatus.FIRING,
    "closed": AlertStatus.RESOLVED,
}
_IGNORED_STATES = frozenset({"acknowledged", "deactivated"})


@dataclass(frozen=True, kw_only=True)
class NewRelicSettings:
    token: str | None = setting(
        "NEWRELIC_WEBHOOK_TOKEN",
        default=None,
        secret=True,
        help="The destination's bearer token.",
    )
    header: str | None = setting(
        "NEWRELIC_WEBHOOK_HEADER", default=None, help="A custom header of the template that holds the token, instead."
    )
    user: str | None = setting("NEWRELIC_WEBHOOK_USER", default=None, help="The destination's basic auth user name.")
    password: str | None = setting(
        "NEWRELIC_WEBHOOK_PASSWORD", default=None, secret=True, help="The destination's basic auth password."
    )


class _Issue(msgspec.Struct, rename="camel"):
    id: str
    title: str
    state: str
    priority: str = ""
    created_at: int | str | None = None
    updated_at: int | str | None = None
    issue_url: str = ""
    impacted_entities: list[str] = []
    total_incidents: int | str = 0
    trigger: str = ""
    sources: list[str] = []
    alert_policy_names: list[str] = []
    alert_condition_names: list[str] = []
    workflow_name: str = ""


_DECODER = msgspec.json.Decoder(_Issue)


class NewRelicWebhook:
    """An `AlertFormat`. New Relic signs nothing."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def verify(self, request: WebhookRequest) -> None:
        self._credentials.verify(request)

    def parse(self, request: WebhookRequest) -> Delivery:
        """Another template than the default is read as well as it can be."""
        try:
            issue = _checked(decode(_DECODER, request.body))
        except UnreadablePayload as problem:
            return unfamiliar(SOURCE, request, problem)
        said = (issue.id, issue.state, issue.priority, str(issue.updated_at), issue.trigger)
        key = hashlib.sha256("\x1f".join(said).encode()).hexdigest()
        status = _STATUS_BY_STATE.get(issue.state.lower())
        alerts = (_alert(issue, status, request),) if status else ()
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=alerts)


def _checked(issue: _Issue) -> _Issue:
    if not issue.id.strip():
        raise UnreadablePayload("id: is empty", field="id")
    if issue.state.lower() not in _STATUS_BY_STATE.keys() | _IGNORED_STATES:
        stated = text_of(issue.state, 40)
        raise UnreadablePayload(f"state: expected CREATED, ACTIVATED or CLOSED, got {stated!r}", field="state")
    return issue


def _alert(issue: _Issue, status: AlertStatus, request: WebhookRequest) -> Alert:
    started = settle(read_moment(issue.created_at), request.received_at)
    over = status is AlertStatus.RESOLVED
    entities = [name for name in map(text_of, issue.impacted_entities) if name]
    return Alert(
        source=SOURCE,
        fingerprint=text_of(issue.id),
        status=status,
        severity=severity_from(issue.priority) or DEFAULT_SEVERITY,
        title=text_of(issue.title, TITLE_LIMIT) or f"New Relic issue {text_of(issue.id)}",
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=settle(read_moment(issue.updated_at), request.received_at).at if over else None,
        service=entities[0] if entities else None,
        description=_description(issue, entities),
        labels=clean_labels(_labels(issue, entities)),
        links=web_links(**{"New Relic": issue.issue_url}),
    )


def _description(issue: _Issue, entities: list[str]) -> str:
    told = []
    if issue.alert_condition_names:
        told.append(f"Conditions: {', '.join(issue.alert_condition_names[:10])}.")
    if len(entities) > 1:
        told.append(f"Impacted: {', '.join(entities[:20])}.")
    return text_of(" ".join(told), DESCRIPTION_LIMIT)


def _labels(issue: _Issue, entities: list[str]) -> dict[str, str]:
    stated = {
        "newrelic_issue": issue.id,
        "priority": issue.priority,
        "policy": ", ".join(issue.alert_policy_names[:5]),
        "condition": ", ".join(issue.alert_condition_names[:5]),
        "entity": entities[0] if entities else "",
        "total_incidents": str(issue.total_incidents or ""),
        "workflow": issue.workflow_name,
    }
    return {name: value for name, value in stated.items() if value}


def _credentials(settings: NewRelicSettings) -> Credentials:
    return Credentials(
        prefix="NEWRELIC_WEBHOOK",
        token=settings.token,
        user=settings.user,
        password=settings.password,
        header=settings.header,
    )


def _sign(body: bytes, settings: NewRelicSettings) -> Mapping[str, str]:
    return _credentials(settings).headers()


def _example(name: str, state: str, updated_at: int) -> Example:
    body = {
        "id": "b9a1c8de-5b0e-4f7e-9d4f-2f1f3b9a6c11",
        "issueUrl": "https://radar-api.service.newrelic.example/accounts/1/issues/b9a1c8de",
        "title": "checkout query result is > 5.0 for 5 minutes on 'Error percentage'",
        "priority": "CRITICAL",
        "impactedEntities": ["checkout", "cart"],
        "totalIncidents": 1,
        "state": state,
        "trigger": "STATE_CHANGE",
        "isCorrelated": False,
        "createdAt": 1772615563000,
        "updatedAt": updated_at,
        "sources": ["newrelic"],
        "alertPolicyNames": ["Golden signals"],
        "alertConditionNames": ["Error percentage"],
        "workflowName": "First responder",
    }
    return Example(name=name, body=json.dumps(body).encode(), headers={"content-type": "application/json"}, sign=_sign)


EXAMPLES = (
    _example("activated", "ACTIVATED", 1772615563000),
    _example("acknowledged", "ACKNOWLEDGED", 1772615690000),
    _example("closed", "CLOSED", 1772616700000),
)


def _alert_format(settings: NewRelicSettings) -> NewRelicWebhook | None:
    credentials = _credentials(settings)
    return NewRelicWebhook(credentials) if credentials else None


INTEGRATION = Integration(
    name=SOURCE,
    title="New Relic",
    settings=NewRelicSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
