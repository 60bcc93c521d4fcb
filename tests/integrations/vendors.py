"""Every format of alerts under settings of its own, and the front door with all of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from bot.domain.alert import Alert, Delivery
from integrations import cloudevents, cloudwatch, datadog, generic, grafana, newrelic, opsgenie, sentry
from integrations.descriptor import AlertFormat, Example, WebhookRequest
from sandbox.amazon import TOPIC, Topic
from tests.front_door import NOW as DOOR_NOW
from tests.front_door import FrontDoor, front_door

NOW = DOOR_NOW
RECEIVED = datetime(2026, 3, 4, 10, tzinfo=UTC)
TOKEN, SECRET = "t" * 32, "s" * 32
SETTINGS: Mapping[str, Any] = {
    "cloudevents": cloudevents.CloudEventsSettings(secrets=(SECRET,), token=TOKEN),
    "cloudwatch": cloudwatch.CloudWatchSettings(topics=(TOPIC,)),
    "datadog": datadog.DatadogSettings(token=TOKEN),
    "generic": generic.GenericSettings(secrets=(SECRET,)),
    "grafana": grafana.GrafanaSettings(hmac_secret=SECRET),
    "newrelic": newrelic.NewRelicSettings(token=TOKEN),
    "opsgenie": opsgenie.OpsgenieSettings(token=TOKEN),
    "sentry": sentry.SentrySettings(client_secrets=("o" * 32, SECRET)),
}
MODULES = {
    module.SOURCE: module for module in (cloudevents, datadog, generic, grafana, newrelic, opsgenie, sentry, cloudwatch)
}


def made(source: str) -> AlertFormat:
    """The format as the registry makes it."""
    make = MODULES[source].INTEGRATION.alert_format
    assert make is not None
    found: AlertFormat | None = make(SETTINGS[source])
    assert found is not None
    return found


def request(body: bytes, headers: Mapping[str, str] | None = None) -> WebhookRequest:
    return WebhookRequest(headers=headers or {}, body=body, received_at=RECEIVED)


def parse(source: str, body: bytes, headers: Mapping[str, str] | None = None) -> Delivery:
    return made(source).parse(request(body, headers))


def only(source: str, body: bytes, headers: Mapping[str, str] | None = None) -> Alert:
    (alert,) = parse(source, body, headers).alerts
    return alert


def of(source: str, example: Example) -> Alert:
    return only(source, example.body, example.headers)


def changed(body: bytes, change: Callable[[Any], object]) -> bytes:
    payload = json.loads(body)
    change(payload)
    return json.dumps(payload).encode()


def signed(source: str, example: Example, body: bytes | None = None) -> dict[str, str]:
    """The headers with which the example is sent; of `body` in the place of its own."""
    assert example.sign is not None
    return {**example.headers, **example.sign(example.body if body is None else body, SETTINGS[source])}


@asynccontextmanager
async def vendor_door(topic: Topic | None = None) -> AsyncIterator[FrontDoor]:
    formats = {source: made(source) for source in MODULES}
    if topic is not None:
        formats["cloudwatch"] = cloudwatch.CloudWatchWebhook(SETTINGS["cloudwatch"], topic.fetch)
    async with front_door(formats=formats) as door:
        yield door
