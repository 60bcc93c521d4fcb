import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Delivery, RemarkKind, Severity
from bot.domain.errors import BadSignature, UnreadablePayload
from integrations.descriptor import WebhookRequest
from integrations.pagerduty.mark import stamp
from integrations.pagerduty.webhook import PagerDutyWebhook, examples, sign
from integrations.signature import hex_hmac

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
SECRET, OLD = "s" * 32, "o" * 32
FORMAT = PagerDutyWebhook((OLD, SECRET))
EXAMPLES = {example.name: example for example in examples(lambda body, secret: sign(body, secret))}


def request(body: bytes, **headers: str) -> WebhookRequest:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=sent, body=body, received_at=NOW)


def parse(example: str = "triggered", *, event: dict[str, Any] | None = None, **data: Any) -> Delivery:
    payload = json.loads(EXAMPLES[example].body)
    payload["event"] |= event or {}
    payload["event"]["data"] |= data
    return FORMAT.parse(request(json.dumps(payload).encode(), x_webhook_id="w1"))


def test_a_triggered_incident_is_read_whole() -> None:
    (alert,) = parse().alerts
    assert alert.fingerprint == "PGR0VU2"
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.SEV1
    assert alert.title == "Checkout answers with errors"
    assert alert.service == "checkout"
    assert alert.started_at == datetime(2026, 3, 4, 9, 13, 1, tzinfo=UTC)
    assert alert.links[0].url == "https://acme.pagerduty.example/incidents/PGR0VU2"
    assert alert.labels == {
        "pagerduty_incident": "PGR0VU2",
        "pagerduty_number": "2",
        "pagerduty_service": "PF9KMXH",
        "escalation_policy": "PUS0KTE",
        "urgency": "high",
        "priority": "P1",
    }


def test_triggered_and_resolved_are_the_same_episode() -> None:
    (fire,), (end,) = parse("triggered").alerts, parse("resolved").alerts
    assert fire.episode == end.episode
    assert end.ended_at == datetime(2026, 3, 4, 9, 41, 37, tzinfo=UTC)


def test_a_reopened_incident_is_an_episode_of_its_own() -> None:
    (alert,) = parse(event={"event_type": "incident.reopened", "occurred_at": "2026-03-04T09:50:00Z"}).alerts
    assert alert.status is AlertStatus.FIRING
    assert alert.started_at == datetime(2026, 3, 4, 9, 50, tzinfo=UTC)


def test_what_says_nothing_about_the_condition_changes_nothing() -> None:
    assert parse("ping").is_empty


@pytest.mark.parametrize(
    ("name", "kind", "text", "severity"),
    [
        ("acknowledged", RemarkKind.ACKNOWLEDGED, "Acknowledged in PagerDuty by Ana Ruiz", None),
        (
            "annotated",
            RemarkKind.ANNOTATED,
            "Note in PagerDuty by Ana Ruiz: The new release is being taken back.",
            None,
        ),
        (
            "priority_updated",
            RemarkKind.REGRADED,
            "Severity set to SEV1: priority P1 in PagerDuty by Ana Ruiz",
            Severity.SEV1,
        ),
    ],
)
def test_what_a_person_did_there_is_a_remark(name: str, kind: RemarkKind, text: str, severity: Severity | None) -> None:
    delivery = parse(name, event={"agent": {"id": "PTUXL6G", "type": "user_reference", "summary": "Ana Ruiz"}})
    (remark,) = delivery.remarks
    assert delivery.alerts == ()
    assert (remark.kind, remark.source, remark.fingerprint) == (kind, "pagerduty", "PGR0VU2")
    assert (remark.text, remark.severity) == (text, severity)
    assert remark.at.date().isoformat() == "2026-03-04"


@pytest.mark.parametrize("agent", [None, {}, {"summary": None}, {"summary": 7}, "somebody", []])
def test_who_did_it_may_be_untold(agent: Any) -> None:
    (remark,) = parse("acknowledged", event={"agent": agent}).remarks
    assert remark.text == "Acknowledged in PagerDuty"


def test_our_own_notes_are_no_remarks() -> None:
    assert parse("annotated", content=f"Rolled back\n\n({stamp('run-1')})").is_empty
    assert parse("annotated", content=" ").is_empty


@pytest.mark.parametrize("event", ["incident.acknowledged", "incident.annotated", "incident.priority_updated"])
def test_a_remark_that_cannot_be_read_names_its_field(event: str) -> None:
    body = {"event": {"id": "1", "event_type": event, "occurred_at": "2026-03-04T09:50:00Z", "data": {"id": 4}}}
    with pytest.raises(UnreadablePayload, match=r"event\.data"):
        FORMAT.parse(request(json.dumps(body).encode()))


def test_an_event_of_a_kind_we_never_heard_of_is_accepted_whatever_it_holds() -> None:
    body = b'{"event": {"id": "1", "event_type": "task.exploded", "data": [1, 2]}}'
    assert FORMAT.parse(request(body)).alerts == ()


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ("P2", "low", Severity.SEV2),
        ("SEV3", "high", Severity.SEV3),
        ("Whatever", "high", Severity.SEV2),
        ("Whatever", "low", Severity.SEV4),
        (None, "high", Severity.SEV2),
        (None, None, Severity.SEV3),
    ],
)
def test_the_priority_wins_over_the_urgency(priority: str | None, urgency: str | None, severity: Severity) -> None:
    named = {"id": "PSO75BM", "summary": priority} if priority else None
    assert parse(priority=named, urgency=urgency).alerts[0].severity is severity


def test_what_pagerduty_may_leave_out_may_be_missing() -> None:
    (alert,) = parse(
        service=None, priority=None, escalation_policy=None, urgency=None, html_url=None, number=None
    ).alerts
    assert alert.service is None
    assert alert.links == ()
    assert alert.labels == {"pagerduty_incident": "PGR0VU2"}


def test_the_deliverys_id_and_the_events_id_are_its_identity() -> None:
    assert parse().key == parse(title="other words").key
    assert parse().key != parse(event={"id": "other"}).key
    body = EXAMPLES["triggered"].body
    assert FORMAT.parse(request(body, x_webhook_id="a")).key != FORMAT.parse(request(body, x_webhook_id="b")).key


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_is_accepted(example: Any) -> None:
    headers = {**example.headers, **example.sign(example.body, SECRET)}
    sent = WebhookRequest(headers=headers, body=example.body, received_at=NOW)
    FORMAT.verify(sent)
    FORMAT.parse(sent)


def good(secret: str, body: bytes = b"{}") -> str:
    return f"v1={hex_hmac(secret, body)}"


@pytest.mark.parametrize(
    "header",
    [
        good(SECRET),
        good(OLD),
        good("x" * 32) + "," + good(SECRET),
        good(SECRET) + ", v2=abc, v1=",
        "v1=" + hex_hmac(SECRET, b"{}").upper(),
    ],
    ids=["secret", "other secret", "second of two", "first of three", "upper case"],
)
def test_any_signature_of_any_secret_is_enough(header: str) -> None:
    FORMAT.verify(request(b"{}", x_pagerduty_signature=header))


@pytest.mark.parametrize(
    "header",
    ["", "v1=", good("x" * 32), good(SECRET)[:-1], good(SECRET, b"{ }"), hex_hmac(SECRET, b"{}"), "v1=ü", ",,,,"],
    ids=["none", "empty", "unknown secret", "truncated", "other body", "no scheme", "not ASCII", "commas"],
)
def test_everything_else_is_refused(header: str) -> None:
    with pytest.raises(BadSignature, match="X-PagerDuty-Signature"):
        FORMAT.verify(request(b"{}", x_pagerduty_signature=header))


def test_without_secrets_nothing_passes() -> None:
    with pytest.raises(BadSignature):
        PagerDutyWebhook(()).verify(request(b"{}", x_pagerduty_signature=good("")))


@pytest.mark.parametrize(
    ("event", "data", "field"),
    [
        ({"occurred_at": "soon"}, {}, "event.occurred_at"),
        ({}, {"created_at": "soon"}, "event.data.created_at"),
        ({}, {"created_at": None}, "event.data.created_at"),
        ({}, {"id": " "}, "event.data.id"),
        ({}, {"title": 3}, "event.data.title"),
        ({}, {"service": {"summary": "no id"}}, "event.data.service.id"),
        ({}, {"number": "two"}, "event.data.number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_field_is_named(event: dict[str, Any], data: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadablePayload) as refused:
        parse(event=event, **data)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


def test_a_clock_that_runs_ahead_is_noticed() -> None:
    (alert,) = parse(created_at=(NOW + timedelta(hours=2)).isoformat()).alerts
    assert (alert.started_at, alert.started_at_is_receipt) == (NOW, True)
