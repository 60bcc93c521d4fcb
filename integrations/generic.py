"""Any monitor that can post JSON: an HMAC of our own and a mapping of fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.domain.alert import Alert, AlertStatus, Delivery
from bot.domain.errors import BadSignature, SettingsError
from bot.domain.moment import Moment, read_moment, settle
from bot.domain.setting import setting
from bot.domain.severity import DEFAULT_SEVERITY, severity_from
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.payload import DESCRIPTION_LIMIT, TITLE_LIMIT, clean_labels, decode, text_of, web_link, whole_query
from integrations.signature import hex_hmac, matches_any

SOURCE = "generic"
RETRY_WINDOW = timedelta(minutes=5)  # the same bytes without any time of their own count as a retry within it

# Our field -> where it is looked for; the first path that holds a plain value counts.
DEFAULT_PATHS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "summary", "message"),
    "description": ("description", "details", "body"),
    "severity": ("severity", "priority", "level"),
    "service": ("service", "application", "app"),
    "environment": ("environment", "env"),
    "status": ("status", "state"),
    "fingerprint": ("fingerprint", "dedup_key", "id"),
    "started_at": ("started_at", "startsAt", "timestamp", "time"),
    "ended_at": ("ended_at", "endsAt"),
    "url": ("url", "link"),
    "runbook": ("runbook_url", "runbook"),
    "query": ("query", "expr"),
}
_OVER = frozenset(
    (
        "resolved",
        "resolve",
        "ok",
        "okay",
        "closed",
        "close",
        "recovered",
        "recovery",
        "cleared",
        "up",
        "normal",
        "inactive",
    )
)


@dataclass(frozen=True, kw_only=True)
class GenericSettings:
    secrets: tuple[str, ...] = setting(
        "GENERIC_WEBHOOK_SECRETS",
        default=(),
        secret=True,
        help="Shared secrets of X-Signature, comma-separated; several while one is being replaced.",
    )
    field_mapping: str = setting(
        "GENERIC_FIELD_MAPPING",
        default="",
        help='JSON object of our field to a dotted path or a list of them, for example {"title": "alert.name"}; '
        f"fields: {', '.join(DEFAULT_PATHS)}.",
    )
    timestamp_window: int = setting(
        "GENERIC_TIMESTAMP_WINDOW",
        default=0,
        help="Seconds; when set, X-Timestamp (unix seconds) is required, must be this near, and "
        'the signature is over "<timestamp>.<body>".',
    )


_DECODER = msgspec.json.Decoder(dict[str, Any])


class GenericWebhook:
    """An `AlertFormat`. `X-Signature: sha256=<hex HMAC-SHA256 of the raw body>`."""

    def __init__(self, settings: GenericSettings) -> None:
        self._secrets = settings.secrets
        self._window = settings.timestamp_window
        self._paths = _paths(settings.field_mapping)

    def verify(self, request: WebhookRequest) -> None:
        header = request.headers.get("x-signature")
        if not header:
            raise BadSignature("X-Signature is missing: send sha256=<hex HMAC-SHA256 of the body>")
        message = request.body
        if self._window:
            stamp = request.headers.get("x-timestamp", "")
            self._check_age(stamp, request.received_at)
            message = stamp.encode() + b"." + message
        if not matches_any(header, scheme="sha256", secrets=self._secrets, message=message):
            signed = '"<X-Timestamp>.<body>"' if self._window else "the body as sent"
            raise BadSignature(f"X-Signature does not match: sha256=<hex HMAC-SHA256 of {signed}>, check the secret")

    def parse(self, request: WebhookRequest) -> Delivery:
        payload = decode(_DECODER, request.body)
        fields = {name: _first(payload, paths) for name, paths in self._paths.items()}
        started = settle(read_moment(fields["started_at"]), request.received_at)
        alert = _alert(payload, fields, started, request)
        key = _key(request, started)
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=(alert,))

    def _check_age(self, stamp: str, received_at: datetime) -> None:
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            raise BadSignature("X-Timestamp is missing or no unix time in seconds")
        if abs(received_at.timestamp() - int(stamp)) > self._window:
            raise BadSignature(
                f"X-Timestamp is more than {self._window} s away from our time: check the sender's clock"
            )


def _alert(
    payload: Mapping[str, Any], fields: Mapping[str, str | None], started: Moment, request: WebhookRequest
) -> Alert:
    title = text_of(fields["title"] or _any_text(payload), TITLE_LIMIT) or "Alert without a title"
    service = text_of(fields["service"]) or None
    over = (fields["status"] or "").strip().lower() in _OVER
    links = (web_link("Source", fields["url"]), web_link("Runbook", fields["runbook"]))
    return Alert(
        source=SOURCE,
        fingerprint=text_of(fields["fingerprint"]) or _identity(fields, request.body),
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=severity_from(fields["severity"]) or DEFAULT_SEVERITY,
        title=title,
        started_at=started.at,
        started_at_is_receipt=started.is_receipt,
        ended_at=settle(read_moment(fields["ended_at"]), request.received_at).at if over else None,
        service=service,
        environment=text_of(fields["environment"]) or None,
        description=text_of(fields["description"], DESCRIPTION_LIMIT),
        labels=_labels(payload),
        links=tuple(link for link in links if link),
        query=whole_query(fields["query"]),
    )


def _first(payload: Mapping[str, Any], paths: Sequence[str]) -> str | None:
    return next((text for path in paths if (text := _plain(_at(payload, path)))), None)


def _at(value: Any, path: str) -> Any:
    """`"alerts.0.name"`: names of objects and indexes of arrays; a name that holds dots itself wins."""
    if isinstance(value, dict) and path in value:
        return value[path]
    step, _, rest = path.partition(".")
    if isinstance(value, dict):
        value = value.get(step)
    elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        value = value[int(step)]
    else:
        return None
    return _at(value, rest) if rest else value


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    return None


def _identity(fields: Mapping[str, str | None], body: bytes) -> str:
    """Of a condition without an id: its title and service; without a title all of it, so that it hides no other."""
    about = (fields["title"], fields["service"] or "") if fields["title"] else (hashlib.sha256(body).hexdigest(),)
    return _digest(*about)[:16]


def _any_text(payload: Mapping[str, Any]) -> str | None:
    """The first text, an outer one before an inner one."""
    level: list[Any] = [payload]
    while level:
        values = [value for holder in level for value in (holder.values() if isinstance(holder, dict) else holder)]
        if text := next((value for value in values if isinstance(value, str) and value.strip()), None):
            return text
        level = [value for value in values if isinstance(value, dict | list)]
    return None


def _labels(payload: Mapping[str, Any]) -> dict[str, str]:
    """`labels` where the payload has them, else its own plain values: what people search by."""
    named = payload.get("labels")
    found = named if isinstance(named, dict) and named else payload
    return clean_labels(dict(_pairs(found)))


def _pairs(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if (text := _plain(value)) is not None:
            yield name, text


def _key(request: WebhookRequest, started: Moment) -> str:
    """A sender that names its deliveries decides; else the same bytes are the same delivery.

    Bytes without a time are the same again on another day: there the time of receipt, roughly, is part of it.
    """
    if named := request.headers.get("x-delivery-id"):
        return _digest("id", named)
    stamp = request.headers.get("x-timestamp", "")
    about = (
        "" if stamp or not started.is_receipt else str(request.received_at.timestamp() // RETRY_WINDOW.total_seconds())
    )
    return _digest(hashlib.sha256(request.body).hexdigest(), stamp, about)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _paths(mapping: str) -> dict[str, tuple[str, ...]]:
    """The default paths with the operator's in their place. Raises SettingsError."""
    name = "GENERIC_FIELD_MAPPING"
    try:
        stated = msgspec.json.decode(mapping, type=dict[str, str | list[str]]) if mapping else {}
    except msgspec.DecodeError as error:
        raise SettingsError(f'{name} takes a JSON object like {{"title": "alert.name"}}: {error}') from None
    if unknown := sorted(set(stated) - set(DEFAULT_PATHS)):
        raise SettingsError(f"{name}: no field {', '.join(unknown)}; there are {', '.join(DEFAULT_PATHS)}.")
    own = {field: (paths,) if isinstance(paths, str) else tuple(paths) for field, paths in stated.items()}
    return {**DEFAULT_PATHS, **own}


def _sign(body: bytes, settings: GenericSettings) -> Mapping[str, str]:
    return {"x-signature": f"sha256={hex_hmac(settings.secrets[0], body)}"}


def _example(name: str, **payload: object) -> Example:
    body = json.dumps(payload).encode()
    return Example(name=name, body=body, headers={"content-type": "application/json"}, sign=_sign)


EXAMPLES = (
    _example(
        "firing",
        id="disk-db-3",
        title="Disk of db-3 is 96 % full",
        severity="critical",
        service="orders-db",
        status="firing",
        started_at="2026-03-04T09:12:43Z",
        url="https://monitor.example/checks/disk-db-3",
        labels={"host": "db-3", "mount": "/var/lib/postgresql"},
    ),
    _example(
        "resolved",
        id="disk-db-3",
        title="Disk of db-3 is 96 % full",
        severity="critical",
        service="orders-db",
        status="resolved",
        started_at="2026-03-04T09:12:43Z",
        ended_at="2026-03-04T09:40:00Z",
    ),
    _example("the least", message="Nightly export failed"),
)


def _alert_format(settings: GenericSettings) -> GenericWebhook | None:
    return GenericWebhook(settings) if settings.secrets else None


INTEGRATION = Integration(
    name=SOURCE,
    title="Generic webhook",
    settings=GenericSettings,
    alert_format=_alert_format,
    examples=EXAMPLES,
)
