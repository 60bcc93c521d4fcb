"""Values to JSON and back. What is read again is equal to what was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar, get_type_hints

import msgspec

from bot import shapes
from bot.domain.alert import Alert, Delivery
from bot.domain.briefing import Briefing
from bot.domain.evidence import (
    AlertFact,
    ChangeFact,
    ConditionFact,
    EventFact,
    Evidence,
    Fact,
    Finding,
    ForecastFact,
    LogFact,
    MetricFact,
    NextOnCallFact,
    NoteFact,
    OnCallFact,
    OnsetFact,
    PastIncidentFact,
    PodFact,
    ProbeFact,
    ProviderFact,
    RecentIncidentFact,
    RecurrenceFact,
    RunbookFact,
    ServiceFact,
    SuspectFact,
)
from memory.store.schema import storable

T = TypeVar("T")

KINDS: dict[str, type[Fact]] = {
    "metric": MetricFact,
    "forecast": ForecastFact,
    "suspect": SuspectFact,
    "onset": OnsetFact,
    "log": LogFact,
    "change": ChangeFact,
    "on_call": OnCallFact,
    "next_on_call": NextOnCallFact,
    "recent_incident": RecentIncidentFact,
    "recurrence": RecurrenceFact,
    "note": NoteFact,
    "past_incident": PastIncidentFact,
    "runbook": RunbookFact,
    "service": ServiceFact,
    "alert": AlertFact,
    "event": EventFact,
    "pod": PodFact,
    "condition": ConditionFact,
    "provider": ProviderFact,
    "probe": ProbeFact,
}
_KIND_OF = {kind: name for name, kind in KINDS.items()}
_HINTS: dict[type[Any], dict[str, Any]] = {}


class Undecodable(ValueError):
    """Stored JSON that is not what it should be; the text says where."""


def _as_dict(value: object) -> dict[Any, Any]:
    """Labels may be any mapping, a read-only view for example."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_as_dict)
_delivery = msgspec.json.Decoder(Delivery)
_alert = msgspec.json.Decoder(Alert)


def encode(value: Alert | Delivery) -> str:
    try:
        return _encoder.encode(value).decode()
    except UnicodeEncodeError:  # lone surrogates have no UTF-8
        return json.dumps(_storable(msgspec.to_builtins(value, enc_hook=_as_dict)))


def decode_delivery(body: str) -> Delivery:
    """Raises Undecodable."""
    return _decode(body, _delivery)


def decode_alert(body: str) -> Alert:
    """Raises Undecodable."""
    return _decode(body, _alert)


def _decode(body: str, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error


# --- findings: their facts are told apart by a kind; their numbers may be NaN, which `msgspec.json` makes null --------


def encode_findings(findings: Sequence[Finding]) -> str:
    return json.dumps([_plain_finding(finding) for finding in findings])


def decode_findings(body: str) -> tuple[Finding, ...]:
    """Raises Undecodable."""
    return _reading(lambda: tuple(_finding(item) for item in json.loads(body)))


def encode_briefing(briefing: Briefing) -> str:
    plain = {item.name: msgspec.to_builtins(getattr(briefing, item.name)) for item in fields(briefing)}
    return json.dumps(plain | {"findings": [_plain_finding(finding) for finding in briefing.findings]})


def decode_briefing(body: str) -> Briefing:
    """Raises Undecodable."""

    def read() -> Briefing:
        data = json.loads(body)
        return _make(Briefing, data, findings=tuple(_finding(item) for item in data["findings"]))

    return _reading(read)


def _plain_finding(finding: Finding) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(replace(finding, series=()))
    for item, evidence in zip(plain["evidence"], finding.evidence, strict=True):
        item["fact"]["kind_of_fact"] = _KIND_OF[type(evidence.fact)]
    return plain


def _finding(data: dict[str, Any]) -> Finding:
    return _make(Finding, data, evidence=tuple(_evidence(item) for item in data["evidence"]))


def _evidence(data: dict[str, Any]) -> Evidence:
    fact = dict(data["fact"])
    return _make(Evidence, data, fact=msgspec.convert(fact, shapes.known(KINDS[fact.pop("kind_of_fact")])))


def _make(cls: type[T], data: dict[str, Any], **known: Any) -> T:
    """Field by field: a field that came later takes its default, one that went is passed over."""
    present = data.keys() - known
    values = {
        name: msgspec.convert(data[name], shapes.known(hint)) for name, hint in _hints(cls).items() if name in present
    }
    return cls(**values, **known)


def _hints(cls: type[Any]) -> dict[str, Any]:
    """Kept: to read them takes longer than to convert what they are for."""
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls)
    return _HINTS[cls]


def _reading(read: Callable[[], T]) -> T:
    try:
        return read()
    except (msgspec.ValidationError, ValueError, KeyError, TypeError) as error:
        raise Undecodable(f"{type(error).__name__}: {error}") from error


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list | tuple) else value
