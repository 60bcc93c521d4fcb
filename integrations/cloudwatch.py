"""CloudWatch alarms through Amazon SNS; other messages of the same topics are read as well as they can be.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery, Severity
from bot.domain.errors import BadSignature, SettingsError, UnreadablePayload
from bot.domain.moment import settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY
from integrations.best_effort import alert_of, any_object, marked
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.facts import Facts, read_facts, severity_in
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, required_time, text_of, web_links
from integrations.sns import Fetch, SnsMessage, SnsSender, fetch_from_amazon

SOURCE = "cloudwatch"
_NO_DATA = "INSUFFICIENT_DATA"
_STATUS_BY_STATE = {
    "ALARM": AlertStatus.FIRING,
    _NO_DATA: AlertStatus.FIRING,  # the watcher is blind: that is no recovery
    "OK": AlertStatus.RESOLVED,
}
# Dimensions that name what people call the service, the nearest first; then whichever comes first.
_SERVICE_DIMENSIONS = (
    "ServiceName",
    "Service",
    "FunctionName",
    "ApiName",
    "QueueName",
    "TableName",
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "TargetGroup",
    "LoadBalancer",
    "AutoScalingGroupName",
    "ClusterName",
    "InstanceId",
)


@dataclass(frozen=True, kw_only=True)
class CloudWatchSettings:
    topics: tuple[str, ...] = setting(
        "CLOUDWATCH_SNS_TOPICS",
        default=(),
        help="ARNs of the SNS topics that may send here, comma-separated: arn:aws:sns:eu-west-1:123456789012:alarms",
    )


class _Dimension(msgspec.Struct):
    name: str
    value: str


class _Trigger(msgspec.Struct, rename="pascal"):
    metric_name: str = ""
    namespace: str = ""
    dimensions: list[_Dimension] = []
    threshold: float | None = None
    comparison_operator: str = ""


class _Alarm(msgspec.Struct, rename="pascal"):
    alarm_name: str
    new_state_value: str
    state_change_time: str
    alarm_arn: str = ""
    alarm_description: str | None = None
    new_state_reason: str = ""
    old_state_value: str = ""
    account: str = msgspec.field(name="AWSAccountId", default="")
    region: str = ""
    trigger: _Trigger = msgspec.field(default_factory=_Trigger)


_SNS = msgspec.json.Decoder(SnsMessage)
_ALARM = msgspec.json.Decoder(_Alarm)


class CloudWatchWebhook:
    """An `AlertFormat`. SNS sends JSON as text/plain; its signature is checked against Amazon's certificate."""

    def __init__(self, settings: CloudWatchSettings, fetch: Fetch) -> None:
        self._sender = SnsSender(settings.topics, fetch)

    def verify(self, request: WebhookRequest) -> Awaitable[None]:
        return self._verify(request)

    def parse(self, request: WebhookRequest) -> Delivery:
        message = decode(_SNS, request.body)
        alerts = (_read(message, request),) if message.is_notification else ()
        return Delivery(source=SOURCE, key=message.message_id, received_at=request.received_at, alerts=alerts)

    async def _verify(self, request: WebhookRequest) -> None:
        """Also confirms a topic's subscription: that is the question to which the answer is who we are."""
        try:
            message = decode(_SNS, request.body)
        except UnreadablePayload as problem:
            raise BadSignature(f"{problem} (raw message delivery must be off: raw messages are not signed)") from None
        await self._sender.verify(message, request.received_at)
        if message.type == "SubscriptionConfirmation":
            await self._sender.confirm(message)


def _read(message: SnsMessage, request: WebhookRequest) -> Alert:
    part = replace(request, body=message.message.encode("utf-8", "replace"))
    try:
        return _alert(decode(_ALARM, part.body, at="Message"), request)
    except UnreadablePayload as problem:
        return marked(_other(message, part), problem)


def _alert(alarm: _Alarm, request: WebhookRequest) -> Alert:
    status = _STATUS_BY_STATE.get(alarm.new_state_value)
    if status is None:
        stated = text_of(alarm.new_state_value, 40)
        raise UnreadablePayload(
            f"Message.NewStateValue: expected ALARM or OK, got {stated!r}", field="Message.NewStateValue"
        )
    changed = settle(required_time(alarm.state_change_time, at="Message.StateChangeTime"), request.received_at)
    dimensions = {dimension.name: dimension.value for dimension in alarm.trigger.dimensions}
    name = text_of(alarm.alarm_name, TITLE_LIMIT) or "Alarm without a name"
    return Alert(
        source=SOURCE,
        fingerprint=text_of(alarm.alarm_arn or f"{alarm.account} {alarm.region} {alarm.alarm_name}"),
        status=status,
        severity=_severity(alarm),
        title=f"{name} has no data" if alarm.new_state_value == _NO_DATA else name,
        started_at=changed.at,
        started_at_is_receipt=changed.is_receipt,
        ended_at=changed.at if status is AlertStatus.RESOLVED else None,
        service=_service(alarm, dimensions),
        description=text_of(f"{alarm.alarm_description or ''} {alarm.new_state_reason}", DESCRIPTION_LIMIT),
        labels=clean_labels(_labels(alarm, dimensions)),
        links=web_links(CloudWatch=_console(alarm)),
    )


def _severity(alarm: _Alarm) -> Severity:
    """Alarms have none: what the name or the description tells ("checkout-errors-P1", "severity: critical")."""
    names = f"{alarm.alarm_name} {alarm.alarm_description or ''}".replace("_", " ").replace("-", " ")
    return severity_in(names) or DEFAULT_SEVERITY


def _service(alarm: _Alarm, dimensions: Mapping[str, str]) -> str | None:
    named = next((dimensions[name] for name in _SERVICE_DIMENSIONS if dimensions.get(name)), None)
    first = next(filter(None, dimensions.values()), None)
    return text_of(named or first or alarm.trigger.namespace) or None


def _labels(alarm: _Alarm, dimensions: Mapping[str, str]) -> dict[str, str]:
    trigger = alarm.trigger
    own = {
        "alarm": alarm.alarm_name,
        "account": alarm.account,
        "region": _region(alarm) or alarm.region,
        "metric": trigger.metric_name,
        "namespace": trigger.namespace,
        "threshold": ""
        if trigger.threshold is None
        else f"{trigger.comparison_operator} {trigger.threshold:g}".strip(),
    }
    return {name: value for name, value in {**own, **dimensions}.items() if value}


def _region(alarm: _Alarm) -> str:
    """From the ARN: the payload's own `Region` is a name for people, "EU (Ireland)"."""
    parts = alarm.alarm_arn.split(":")
    region = parts[3] if len(parts) > 6 else ""
    return region if region.replace("-", "").isalnum() and region.isascii() else ""


def _console(alarm: _Alarm) -> str | None:
    region = _region(alarm)
    page = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/"
    return page + quote(alarm.alarm_name, safe="") if region else None


def _other(message: SnsMessage, part: WebhookRequest) -> Alert:
    """An event, a budget, a text: the subject says what it is about."""
    try:
        payload = any_object(part.body)
    except UnreadablePayload:
        payload = {}
    facts = read_facts(payload) if payload else _text_facts(message)
    alert = alert_of(SOURCE, payload, replace(facts, title=message.subject or facts.title), part)
    return replace(alert, labels={"topic": text_of(message.topic_arn), **alert.labels})


def _text_facts(message: SnsMessage) -> Facts:
    first_line = next(iter(message.message.strip().splitlines()), "")
    return Facts(title=first_line, severity=severity_in(first_line), tags={})


EXAMPLE_TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def example_alarm(state: str, changed: str) -> dict[str, Any]:
    return {
        "AlarmName": "checkout-5xx-critical",
        "AlarmDescription": "More than 5 % of checkout's requests fail.",
        "AWSAccountId": "123456789012",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 1 datapoint (8.2) was greater than the threshold (5.0).",
        "StateChangeTime": changed,
        "Region": "EU (Ireland)",
        "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:checkout-5xx-critical",
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "Trigger": {
            "MetricName": "HTTPCode_Target_5XX_Count",
            "Namespace": "AWS/ECS",
            "Dimensions": [{"value": "checkout", "name": "ServiceName"}, {"value": "shop", "name": "ClusterName"}],
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
        },
    }


def _example(name: str, state: str, changed: str) -> Example:
    """Without a signature of Amazon's, which nobody else can make: examples of the shape."""
    body = {
        "Type": "Notification",
        "MessageId": f"22b80b92-fdea-4c2c-8f9d-{changed[14:16]}f6a1dd1e2b",
        "TopicArn": EXAMPLE_TOPIC,
        "Subject": f'{state}: "checkout-5xx-critical" in EU (Ireland)',
        "Message": json.dumps(example_alarm(state, changed)),
        "Timestamp": "2026-03-04T09:13:01.110Z",
        "SignatureVersion": "2",
        "Signature": "",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    }
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    return Example(name=name, body=json.dumps(body).encode(), headers=headers)


EXAMPLES = (
    _example("alarm", "ALARM", "2026-03-04T09:12:43.951+0000"),
    _example("ok", "OK", "2026-03-04T09:40:00.120+0000"),
)


def _alert_format(settings: CloudWatchSettings) -> CloudWatchWebhook | None:
    if wrong := [arn for arn in settings.topics if not arn.startswith("arn:aws") or ":sns:" not in arn]:
        raise SettingsError(f"CLOUDWATCH_SNS_TOPICS: {wrong[0][:80]!r} is no ARN of a topic such as {EXAMPLE_TOPIC}.")
    return CloudWatchWebhook(settings, fetch_from_amazon) if settings.topics else None


INTEGRATION = Integration(
    name=SOURCE,
    title="CloudWatch (Amazon SNS)",
    settings=CloudWatchSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
