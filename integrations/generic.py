"""Any monitor that can post JSON: an HMAC of our own and a mapping of fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.alert import Delivery
from bot.domain.errors import BadSignature, SettingsError
from bot.domain.moment import Moment
from bot.domain.setting import setting
from bot.domain.severity import severity_from
from integrations.best_effort import alert_of, any_object, delivery_key
from integrations.descriptor import Example, Integration, WebhookRequest
from integrations.facts import Facts, read_facts, status_of_word
from integrations.signature import hex_hmac, matches_any
from integrations.timestamp import read_timestamp

SOURCE = "generic"

# What GENERIC_FIELD_MAPPING can point out; everything else is read from whatever states it.
FIELDS = (
    "title",
    "description",
    "severity",
    "service",
    "environment",
    "status",
    "fingerprint",
    "started_at",
    "ended_at",
    "url",
    "runbook",
    "query",
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
        f"fields: {', '.join(FIELDS)}.",
    )
    timestamp_window: int = setting(
        "GENERIC_TIMESTAMP_WINDOW",
        default=0,
        help="Seconds; when set, X-Timestamp (unix seconds) is required, must be this near, and "
        'the signature is over "<timestamp>.<body>".',
    )


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
        payload = any_object(request.body)
        facts = _pointed_out(read_facts(payload), payload, self._paths)
        alert = alert_of(SOURCE, payload, facts, request)
        key = delivery_key(request, Moment(at=alert.started_at, is_receipt=alert.started_at_is_receipt))
        return Delivery(source=SOURCE, key=key, received_at=request.received_at, alerts=(alert,))

    def _check_age(self, stamp: str, received_at: datetime) -> None:
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            raise BadSignature("X-Timestamp is missing or no unix time in seconds")
        if abs(received_at.timestamp() - int(stamp)) > self._window:
            raise BadSignature(
                f"X-Timestamp is more than {self._window} s away from our time: check the sender's clock"
            )


def _pointed_out(facts: Facts, payload: Mapping[str, Any], paths: Mapping[str, Sequence[str]]) -> Facts:
    """With what the operator's mapping found in the place of what was read without it."""
    found = {field: text for field, its in paths.items() if (text := _first(payload, its))}
    if not found:
        return facts
    texts = {name: found[name] for name in found.keys() & _TEXTS}
    moments = {name: read_timestamp(found[name]) for name in found.keys() & _MOMENTS}
    changed = replace(facts, **texts, **moments)  # type: ignore[arg-type]  # a key's type is its field's
    if "service" in found:
        changed = replace(changed, service_from=None)
    if "severity" in found:
        changed = replace(changed, severity=severity_from(found["severity"]))
    if "status" in found:
        changed = replace(changed, status=status_of_word(found["status"]))
    return changed


_MOMENTS = {"started_at", "ended_at"}
_TEXTS = set(FIELDS) - _MOMENTS - {"severity", "status"}


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


def _paths(mapping: str) -> dict[str, tuple[str, ...]]:
    """The default paths with the operator's in their place. Raises SettingsError."""
    name = "GENERIC_FIELD_MAPPING"
    try:
        stated = msgspec.json.decode(mapping, type=dict[str, str | list[str]]) if mapping else {}
    except msgspec.DecodeError as error:
        raise SettingsError(f'{name} takes a JSON object like {{"title": "alert.name"}}: {error}') from None
    if unknown := sorted(set(stated) - set(FIELDS)):
        raise SettingsError(f"{name}: no field {', '.join(unknown)}; there are {', '.join(FIELDS)}.")
    return {field: (paths,) if isinstance(paths, str) else tuple(paths) for field, paths in stated.items()}


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
