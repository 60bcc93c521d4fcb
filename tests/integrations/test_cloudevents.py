import base64
import json
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.errors import BadSignature, UnreadablePayload
from integrations.cloudevents import EXAMPLES, INTEGRATION, CloudEventsSettings, CloudEventsWebhook
from integrations.signature import hex_hmac
from tests.integrations.vendors import RECEIVED, SECRET, TOKEN, changed, of, only, parse, request

STRUCTURED, BATCH, BINARY = EXAMPLES


def event(**changes: Any) -> Any:
    return only("cloudevents", changed(STRUCTURED.body, lambda payload: payload.update(changes)))


def test_a_structured_event_is_read_whole() -> None:
    alert = of("cloudevents", STRUCTURED)
    assert alert.title == "Queue of checkout is 40,000 messages long"
    assert (alert.status, alert.severity, alert.service) == (AlertStatus.FIRING, Severity.SEV2, "checkout")
    assert alert.started_at.isoformat() == "2026-03-04T09:12:43+00:00"
    assert alert.labels["cloudevent_type"] == "com.acme.queue.alerting"
    assert alert.labels["region"] == "eu-west-1"


def test_a_batch_holds_an_alert_and_its_end() -> None:
    fire, end = parse("cloudevents", BATCH.body, BATCH.headers).alerts
    assert fire.fingerprint == end.fingerprint
    assert (end.status, end.ended_at is not None) == (AlertStatus.RESOLVED, True)


def test_binary_mode_has_its_attributes_in_headers() -> None:
    alert = of("cloudevents", BINARY)
    assert (alert.status, alert.service) == (AlertStatus.RESOLVED, "checkout")
    assert alert.fingerprint == of("cloudevents", STRUCTURED).fingerprint
    spoken = only("cloudevents", b"Disk is full", {**BINARY.headers, "content-type": "text/plain"})
    assert spoken.title == "Disk is full"


def test_the_envelope_tells_what_the_data_does_not() -> None:
    alert = event(data=None)
    assert (alert.title, alert.service) == ("com.acme.queue.alerting: checkout", "checkout")
    assert event(data=None, subject=None, time=None).started_at == RECEIVED
    assert event(data={"service": "cart"}).service == "cart"
    assert event(data={"host": "db-3"}, subject=None).service == "db-3"


@pytest.mark.parametrize("data", ["text", 7, [1, "a"], '{"title": "in a text"}', "{broken", True])
def test_data_of_any_kind_is_kept(data: Any) -> None:
    alert = event(data=data)
    assert alert.title
    assert "in a text" in event(data='{"title": "in a text"}').title


def test_data_in_base64_is_read() -> None:
    coded = base64.b64encode(b'{"title": "Disk"}').decode()
    body = changed(STRUCTURED.body, lambda payload: (payload.pop("data"), payload.update(data_base64=coded)))
    assert only("cloudevents", body).title == "Disk"


def test_source_and_id_name_the_delivery() -> None:
    def key(**changes: str) -> str:
        return parse("cloudevents", changed(STRUCTURED.body, lambda payload: payload.update(changes))).key

    assert key() == key(subject="x") != key(id="2")
    assert key() != key(source="/other")


@pytest.mark.parametrize("field", ["specversion", "id", "source", "type"])
def test_a_required_attribute_that_is_missing_is_named(field: str) -> None:
    with pytest.raises(UnreadablePayload) as refused:
        parse("cloudevents", changed(STRUCTURED.body, lambda payload: payload.pop(field)))
    assert refused.value.field == field
    if field != "specversion":
        headers = {name: value for name, value in BINARY.headers.items() if name != f"ce-{field}"}
        with pytest.raises(UnreadablePayload, match=f"ce-{field}: is missing"):
            parse("cloudevents", BINARY.body, headers)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"specversion": "0.3"}, "[1].specversion"), ({"id": ""}, "[1].id"), ({"type": 3}, "[1].type")],
)
def test_in_a_batch_the_event_is_named_too(change: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadablePayload) as refused:
        parse("cloudevents", changed(BATCH.body, lambda payload: payload[1].update(change)), BATCH.headers)
    assert refused.value.field == field


def test_data_that_is_no_base64_is_named() -> None:
    body = changed(STRUCTURED.body, lambda payload: (payload.pop("data"), payload.update(data_base64="é")))
    with pytest.raises(UnreadablePayload, match="data_base64: is no base64"):
        parse("cloudevents", body)


def test_a_signature_does_not_cover_the_headers_of_binary_mode() -> None:
    signed = {"x-signature": f"sha256={hex_hmac(SECRET, BINARY.body)}"}
    with pytest.raises(BadSignature, match="binary mode takes a bearer token"):
        CloudEventsWebhook(CloudEventsSettings(secrets=(SECRET,))).verify(
            request(BINARY.body, {**BINARY.headers, **signed})
        )
    both = CloudEventsWebhook(CloudEventsSettings(secrets=(SECRET,), token=TOKEN))
    with pytest.raises(BadSignature):
        both.verify(request(BINARY.body, {**BINARY.headers, **signed}))
    both.verify(request(BINARY.body, {**BINARY.headers, "authorization": f"Bearer {TOKEN}"}))


def test_without_a_secret_it_is_not_set_up() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    assert make(CloudEventsSettings()) is None
    assert json.loads(STRUCTURED.body)["specversion"] == "1.0"
