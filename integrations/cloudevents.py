"""CloudEvents 1.0 over HTTP: structured, batched and binary mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import msgspec

from bot.domain.alert import Alert, Delivery
from bot.domain.errors import BadSignature, UnreadablePayload
from bot.domain.moment import read_moment
from bot.domain.setting import setting
from integrations.best_effort import alert_of, any_object, digest
from integrations.credentials import Credentials
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.facts import Status, read_facts, status_of_word
from integrations.payload import decode, text_of
from integrations.signature import hex_hmac, matches_any

SOURCE = "cloudevents"
EVENTS_LIMIT = 1_000  # of one batch
_BATCH = "application/cloudevents-batch+json"
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time")
_JSON = ("application/json", "text/json")


@dataclass(frozen=True, kw_only=True)
class CloudEventsSettings:
    secrets: tuple[str, ...] = setting(
        "CLOUDEVENTS_SECRETS",
        default=(),
        secret=True,
        help="Shared secrets of X-Signature (sha256=<hex HMAC of the body>), comma-separated.",
    )
    token: str | None = setting(
        "CLOUDEVENTS_TOKEN", default=None, secret=True, help="A bearer token, for senders that cannot sign."
    )


class _Event(msgspec.Struct):
    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: str | None = None


_ONE = msgspec.json.Decoder(_Event)
_MANY = msgspec.json.Decoder(list[_Event])
_ANY = msgspec.json.Decoder(Any)


class CloudEventsWebhook:
    """An `AlertFormat`. In binary mode the attributes are headers, which a signature of the body leaves open: there
    only the token counts.
    """

    def __init__(self, settings: CloudEventsSettings) -> None:
        self._secrets = settings.secrets
        self._credentials = Credentials(prefix="CLOUDEVENTS", token=settings.token)

    def verify(self, request: WebhookRequest) -> None:
        header = request.headers.get("x-signature")
        if "ce-specversion" in request.headers and not self._credentials:
            raise BadSignature("ce-specversion: binary mode takes a bearer token, or send in structured mode, signed")
        if header and self._secrets and "ce-specversion" not in request.headers:
            if not matches_any(header, scheme="sha256", secrets=self._secrets, message=request.body):
                raise BadSignature("X-Signature does not match: sha256=<hex HMAC-SHA256 of the body as sent>")
        elif self._credentials:
            self._credentials.verify(request)
        else:
            raise BadSignature("X-Signature is missing: send sha256=<hex HMAC-SHA256 of the body>")

    def parse(self, request: WebhookRequest) -> Delivery:
        events = _events(request)
        alerts = tuple(_alert(event, request) for event in events[:EVENTS_LIMIT])
        said = sorted(f"{event.source}\x1f{event.id}" for event in events)
        key = hashlib.sha256("\x1e".join(said).encode()).hexdigest()
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=alerts)


def _events(request: WebhookRequest) -> list[_Event]:
    if "ce-specversion" in request.headers:
        return [_checked(_binary(request), "")]
    if request.headers.get("content-type", "").lower().startswith(_BATCH):
        batch: list[_Event] = decode(_MANY, request.body)
        return [_checked(event, f"[{i}].") for i, event in enumerate(batch)]
    return [_checked(decode(_ONE, request.body), "")]


def _binary(request: WebhookRequest) -> _Event:
    """The attributes are headers, percent-encoded; the body is the data alone."""
    stated = {
        name.removeprefix("ce-"): unquote(value) for name, value in request.headers.items() if name.startswith("ce-")
    }
    for name in ("id", "source", "type"):
        if name not in stated:
            raise UnreadablePayload(f"ce-{name}: is missing", field=f"ce-{name}")
    known = {name: stated[name] for name in _ATTRIBUTES if name in stated}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind in _JSON or kind.endswith("+json") or not kind
    data = request.body.strip() if is_json else json.dumps(_as_text(request.body)).encode()
    return _Event(**known, data=msgspec.Raw(data))


def _as_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _checked(event: _Event, at: str) -> _Event:
    if not event.specversion.startswith("1."):
        stated = text_of(event.specversion, 20)
        raise UnreadablePayload(f"{at}specversion: expected '1.0', got {stated!r}", field=f"{at}specversion")
    for name in ("id", "source", "type"):
        if not getattr(event, name).strip():
            raise UnreadablePayload(f"{at}{name}: is empty", field=f"{at}{name}")
    return event


def _alert(event: _Event, request: WebhookRequest) -> Alert:
    """What the data says counts; the envelope tells the rest."""
    data = _data(event)
    facts = read_facts(data)
    named = facts.service if facts.service_from is None else None
    about = f"{event.type}: {event.subject}" if event.subject else event.type
    status = facts.status or status_of_word(event.type.rpartition(".")[2])
    facts = replace(
        facts,
        title=facts.title or about,
        status=status,
        service=named or event.subject or facts.service,
        service_from=None if named or event.subject else facts.service_from,
        fingerprint=facts.fingerprint or _condition(event),
        started_at=facts.started_at or read_moment(event.time),
        ended_at=facts.ended_at or (read_moment(event.time) if status is Status.OVER else None),
    )
    alert = alert_of(SOURCE, data, facts, replace(request, body=bytes(event.data)))
    own = {"cloudevent_type": event.type, "cloudevent_source": event.source, "cloudevent_id": event.id}
    return replace(alert, labels={name: text_of(value) for name, value in own.items()} | dict(alert.labels))


def _data(event: _Event) -> dict[str, Any]:
    """As an object, whatever it is: a text or a number stands under `data`."""
    data: Any = decode(_ANY, bytes(event.data), at="data") if bytes(event.data) else None
    if data is None and event.data_base64 is not None:
        try:
            data = _as_text(base64.b64decode(event.data_base64, validate=True))
        except ValueError:
            raise UnreadablePayload("data_base64: is no base64", field="data_base64") from None
    if isinstance(data, str) and data.lstrip().startswith("{"):
        try:
            data = any_object(data.encode())
        except (UnreadablePayload, UnicodeEncodeError):
            pass  # a text that only looks like an object is a text
    if isinstance(data, dict):
        return data
    return {} if data is None else {"data": data}


def _condition(event: _Event) -> str:
    """The same for what begins and what ends: a last part of the type that tells the status is left out."""
    head, _, last = event.type.rpartition(".")
    kind = head if head and status_of_word(last) else event.type
    return digest(event.source, event.subject or "", kind)[:16]


def _sign(body: bytes, settings: CloudEventsSettings) -> Mapping[str, str]:
    if settings.secrets:
        return {"x-signature": f"sha256={hex_hmac(settings.secrets[0], body)}"}
    return _show_token(body, settings)


def _show_token(body: bytes, settings: CloudEventsSettings) -> Mapping[str, str]:
    return Credentials(prefix="CLOUDEVENTS", token=settings.token).headers()


_EXAMPLE_DATA = {"summary": "Queue of checkout is 40,000 messages long", "severity": "major", "region": "eu-west-1"}


def _example_event(kind: str, id: str, time: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": f"com.acme.queue.{kind}",
        "source": "/monitoring/queues",
        "subject": "checkout",
        "id": id,
        "time": time,
        "datacontenttype": "application/json",
        "data": _EXAMPLE_DATA,
    }


_FIRING = _example_event("alerting", "A234-1234-1234", "2026-03-04T09:12:43Z")
_OVER = _example_event("resolved", "A234-1234-1299", "2026-03-04T09:40:00Z")
EXAMPLES = (
    Example(
        name="structured",
        body=json.dumps(_FIRING).encode(),
        headers={"content-type": "application/cloudevents+json"},
        sign=_sign,
    ),
    Example(
        name="batch",
        body=json.dumps([_FIRING, _OVER]).encode(),
        headers={"content-type": _BATCH},
        sign=_sign,
    ),
    Example(
        name="binary",
        body=json.dumps(_EXAMPLE_DATA).encode(),
        headers={
            "content-type": "application/json",
            **{f"ce-{name}": str(_OVER[name]) for name in ("specversion", "type", "source", "subject", "id", "time")},
        },
        sign=_show_token,
    ),
)


def _alert_format(settings: CloudEventsSettings) -> CloudEventsWebhook | None:
    return CloudEventsWebhook(settings) if settings.secrets or settings.token else None


INTEGRATION = Integration(
    name=SOURCE,
    title="CloudEvents",
    settings=CloudEventsSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
