import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.domain.alert import AlertStatus, Severity
from bot.domain.errors import BadSignature, NotStored, SettingsError
from integrations.best_effort import PROBLEM
from integrations.cloudwatch import (
    EXAMPLES,
    INTEGRATION,
    CloudWatchSettings,
    CloudWatchWebhook,
    example_alarm,
)
from integrations.sns import FETCH_CAP, fetch_from_amazon
from sandbox.amazon import CERTIFICATE_URL, SUBSCRIBE_URL, TOPIC, Topic
from sandbox.serve import serving
from tests.front_door import FrontDoor
from tests.integrations.vendors import request, vendor_door

SETTINGS = CloudWatchSettings(topics=(TOPIC,))
SHARED = Topic()  # one key for all of them
ALARM = json.dumps(example_alarm("ALARM", "2026-03-04T09:12:43.951+0000"))
REGION = "sns.eu-west-1.amazonaws.com"


@pytest.fixture
def topic() -> Topic:
    SHARED.asked.clear()
    return SHARED


@pytest.fixture
async def door(topic: Topic) -> AsyncIterator[FrontDoor]:
    async with vendor_door(topic) as opened:
        yield opened


async def verify(body: bytes, topic: Topic, **headers: str) -> None:
    await CloudWatchWebhook(SETTINGS, topic.fetch).verify(request(body, headers))


def parse(message: Any, subject: str | None = None) -> Any:
    text = message if isinstance(message, str) else json.dumps(message)
    (alert,) = CloudWatchWebhook(SETTINGS, SHARED.fetch).parse(request(SHARED.message(text, Subject=subject))).alerts
    return alert


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_versions_of_the_signature_are_accepted(topic: Topic, version: str) -> None:
    await verify(topic.message(ALARM, version=version), topic)
    await verify(topic.message(ALARM, version=version, Subject="ALARM"), topic)
    assert set(topic.asked) == {CERTIFICATE_URL}


async def test_the_certificate_is_fetched_once(topic: Topic) -> None:
    webhook = CloudWatchWebhook(SETTINGS, topic.fetch)
    for number in range(5):
        await webhook.verify(request(topic.message(ALARM, MessageId=str(number))))
    assert topic.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize("field", ["Message", "MessageId", "Timestamp", "TopicArn", "Type", "Subject"])
async def test_a_message_that_was_changed_is_refused(topic: Topic, field: str) -> None:
    payload = json.loads(topic.message(ALARM, Subject="ALARM"))
    payload[field] = TOPIC if field == "TopicArn" else payload[field] + "x"
    webhook = CloudWatchWebhook(CloudWatchSettings(topics=(TOPIC, TOPIC + "x")), topic.fetch)
    if field == "TopicArn":
        payload[field] += "x"
    with pytest.raises(BadSignature, match="Signature does not match"):
        await webhook.verify(request(json.dumps(payload).encode()))


@pytest.mark.parametrize("signature", ["", "x", "AAAA", "é"])
async def test_other_signatures_are_refused(topic: Topic, signature: str) -> None:
    payload = {**json.loads(topic.message(ALARM)), "Signature": signature}
    with pytest.raises(BadSignature, match="Signature does not match"):
        await verify(json.dumps(payload).encode(), topic)


async def test_a_topic_that_is_not_set_up_is_refused_before_anything_is_asked(topic: Topic) -> None:
    with pytest.raises(BadSignature, match="TopicArn: this topic is not among those set up here"):
        await verify(topic.message(ALARM, TopicArn="arn:aws:sns:eu-west-1:999999999999:alarms"), topic)
    assert topic.asked == []


ELSEWHERE = [
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
    "https://evil.example/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem",
    "https://evil.example#sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://evil.example\\.sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.s3.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.s3-eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com/other.pem",
    "https://sns.eu-west-1.amazonaws.com/a/../SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?x=1",
    "https://169.254.169.254/SimpleNotificationService-1.pem",
    "https://[::1]/SimpleNotificationService-1.pem",
    "https://[broken",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_a_certificate_is_asked_for_nowhere_else(topic: Topic, url: str) -> None:
    topic.answers[url] = topic.certificate()
    with pytest.raises(BadSignature, match="SigningCertURL"):
        await verify(topic.message(ALARM, SigningCertURL=url), topic)
    assert topic.asked == []
    del topic.answers[url]


async def test_a_certificate_out_of_its_time_is_refused(topic: Topic) -> None:
    url = f"https://{REGION}/SimpleNotificationService-old.pem"
    topic.answers[url] = topic.certificate(starts=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(BadSignature, match="not valid at this time"):
        await verify(topic.message(ALARM, SigningCertURL=url), topic)


async def test_what_is_no_certificate_is_refused(topic: Topic) -> None:
    url = f"https://{REGION}/SimpleNotificationService-html.pem"
    topic.answers[url] = b"<html>"
    with pytest.raises(BadSignature, match="is no certificate"):
        await verify(topic.message(ALARM, SigningCertURL=url), topic)


async def test_a_certificate_that_cannot_be_had_now_is_tried_again(topic: Topic) -> None:
    unknown = f"https://{REGION}/SimpleNotificationService-2.pem"
    with pytest.raises(NotStored, match=f"could not be fetched from {REGION}"):
        await verify(topic.message(ALARM, SigningCertURL=unknown), topic)


async def test_a_subscription_is_confirmed_where_amazon_says_so(topic: Topic) -> None:
    await verify(topic.confirmation(), topic)
    assert topic.asked == [CERTIFICATE_URL, SUBSCRIBE_URL]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription&TopicArn=" + TOPIC,
        "http://169.254.169.254/latest/meta-data/",
        f"https://{REGION}/?Action=DeleteTopic&TopicArn={TOPIC}",
        f"https://{REGION}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:999999999999:other",
        f"https://{REGION}/",
        "",
        None,
    ],
)
async def test_no_other_address_is_visited_though_it_be_signed(topic: Topic, url: str | None) -> None:
    with pytest.raises(BadSignature, match="SubscribeURL"):
        await verify(topic.confirmation(url), topic)
    assert topic.asked == [CERTIFICATE_URL]


async def test_a_confirmation_that_is_not_signed_visits_nothing(topic: Topic) -> None:
    payload = {**json.loads(topic.confirmation()), "Signature": "AAAA"}
    with pytest.raises(BadSignature):
        await verify(json.dumps(payload).encode(), topic)
    assert SUBSCRIBE_URL not in topic.asked


async def test_raw_message_delivery_is_told_to_be_off(topic: Topic) -> None:
    with pytest.raises(BadSignature, match="raw message delivery must be off"):
        await verify(ALARM.encode(), topic)


def test_an_alarm_is_read_whole() -> None:
    alert = parse(ALARM)
    assert alert.fingerprint == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:checkout-5xx-critical"
    assert (alert.status, alert.severity, alert.service) == (AlertStatus.FIRING, Severity.SEV1, "checkout")
    assert alert.title == "checkout-5xx-critical"
    assert alert.started_at == datetime(2026, 3, 4, 9, 12, 43, 951000, tzinfo=UTC)
    assert "More than 5 %" in alert.description
    assert "Threshold Crossed" in alert.description
    assert alert.labels["region"] == "eu-west-1"
    assert alert.links[0].url.endswith("region=eu-west-1#alarmsV2:alarm/checkout-5xx-critical")


def test_ok_ends_it() -> None:
    alert = parse(example_alarm("OK", "2026-03-04T09:40:00.120+0000"))
    assert alert.status is AlertStatus.RESOLVED
    assert alert.fingerprint == parse(ALARM).fingerprint
    assert alert.ended_at == datetime(2026, 3, 4, 9, 40, 0, 120000, tzinfo=UTC)


def test_no_data_is_no_recovery() -> None:
    alert = parse(example_alarm("INSUFFICIENT_DATA", "2026-03-04T09:40:00.120+0000"))
    assert (alert.status, alert.title) == (AlertStatus.FIRING, "checkout-5xx-critical has no data")


@pytest.mark.parametrize(
    ("name", "severity"),
    [("orders-P2-latency", Severity.SEV2), ("orders_warning", Severity.SEV3), ("orders", Severity.SEV3)],
)
def test_the_name_tells_the_severity(name: str, severity: Severity) -> None:
    alarm = {**example_alarm("ALARM", "2026-03-04T09:12:43.951+0000"), "AlarmName": name}
    assert parse(alarm).severity is severity


def test_without_a_dimension_people_know_the_first_one_counts_then_the_namespace() -> None:
    alarm = example_alarm("ALARM", "2026-03-04T09:12:43.951+0000")
    alarm["Trigger"]["Dimensions"] = [{"name": "Custom", "value": "blue"}]
    assert parse(alarm).service == "blue"
    alarm["Trigger"]["Dimensions"] = []
    assert parse(alarm).service == "AWS/ECS"


def test_another_event_is_kept_with_its_body() -> None:
    alert = parse({"detail-type": "EC2 Spot interruption", "detail": {"instance-id": "i-1"}}, subject="Spot is going")
    assert alert.title == "Spot is going"
    assert "instance-id" in alert.description
    assert alert.labels["topic"] == TOPIC
    assert PROBLEM in alert.labels


def test_a_text_is_kept_too() -> None:
    alert = parse("Budget of shop is used up\nAsk Ana.")
    assert alert.title == "Budget of shop is used up"
    assert "Ask Ana." in alert.description


async def test_through_the_front_door_as_text(door: FrontDoor, topic: Topic) -> None:
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    replies = [await door.post("cloudwatch", topic.message(ALARM), headers) for _ in range(2)]
    assert [reply.body.get("status") for reply in replies] == ["stored", "repeat"]
    assert door.inbox.alerts[0].service == "checkout"


async def test_a_confirmation_is_accepted_and_is_no_alert(door: FrontDoor, topic: Topic) -> None:
    reply = await door.post("cloudwatch", topic.confirmation())
    assert (reply.status, reply.body["status"]) == (202, "ignored")
    assert SUBSCRIBE_URL in topic.asked


async def test_strangers_are_refused_at_the_front_door(door: FrontDoor, topic: Topic) -> None:
    for body in (b"", b"{}", b"[]", ALARM.encode(), topic.message(ALARM, TopicArn="arn:aws:sns:x:1:y")):
        reply = await door.post("cloudwatch", body)
        assert reply.status == 401, reply.text
    assert not door.inbox.deliveries
    assert topic.asked == []


async def test_without_the_certificate_amazon_is_told_to_try_again(door: FrontDoor, topic: Topic) -> None:
    body = topic.message(ALARM, SigningCertURL=f"https://{REGION}/SimpleNotificationService-3.pem")
    reply = await door.post("cloudwatch", body)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


def test_the_examples_have_the_shape() -> None:
    made = INTEGRATION.alert_format
    assert made is not None
    assert made(CloudWatchSettings()) is None
    webhook = made(SETTINGS)
    assert webhook is not None
    statuses = [webhook.parse(request(example.body)).alerts[0].status for example in EXAMPLES]
    assert statuses == [AlertStatus.FIRING, AlertStatus.RESOLVED]


def test_an_entry_that_is_no_arn_is_named_at_start() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    with pytest.raises(SettingsError, match="CLOUDWATCH_SNS_TOPICS: 'alarms' is no ARN"):
        make(CloudWatchSettings(topics=("alarms",)))


async def test_a_storm_asks_for_the_certificate_once(topic: Topic) -> None:
    webhook = CloudWatchWebhook(SETTINGS, topic.fetch)
    bodies = [topic.message(ALARM, MessageId=str(number)) for number in range(20)]
    await asyncio.gather(*(webhook.verify(request(body)) for body in bodies))
    assert topic.asked == [CERTIFICATE_URL]


async def test_fetching_follows_no_redirect_and_reads_no_more_than_a_certificate() -> None:
    async def page(asked: Request) -> Response:
        if asked.url.path == "/moved":
            return RedirectResponse("/large")
        return PlainTextResponse("x" * (FETCH_CAP + 1 if asked.url.path == "/large" else 2_000))

    async with serving(Starlette(routes=[Route("/{path}", page)])) as address:
        assert await fetch_from_amazon(f"{address}/certificate") == b"x" * 2_000
        for path, says in (("/moved", "answered 307"), ("/large", "answered 200, ")):
            with pytest.raises(OSError, match=says):
                await fetch_from_amazon(address + path)
    with pytest.raises(OSError, match="connect"):
        await fetch_from_amazon(f"{address}/certificate")
