"""Runs, steps, requests, events and switches to JSON and back.

What is read again has the digest of what was written: a number stays the number that it was (60 is not 60.0), lists
come back as tuples. All of the JSON is ASCII, so that no character is one that a database refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from bot.domain.action import Value
from bot.domain.approval import (
    ApprovalWithdrawn,
    Escalated,
    Event,
    Executed,
    Expired,
    MessageDeleted,
    MessageEdited,
    Posted,
    Reminded,
    Request,
    RequestWithdrawn,
    Reviewed,
    Started,
)
from bot.domain.errors import NotStored
from bot.domain.kill_switch import Switch
from bot.domain.run import Run, StepRun

T = TypeVar("T")
Kept = Run | StepRun | Request | Switch

EVENTS: dict[str, type[Event]] = {
    "posted": Posted,
    "reviewed": Reviewed,
    "approval_withdrawn": ApprovalWithdrawn,
    "request_withdrawn": RequestWithdrawn,
    "expired": Expired,
    "reminded": Reminded,
    "escalated": Escalated,
    "message_edited": MessageEdited,
    "message_deleted": MessageDeleted,
    "started": Started,
    "executed": Executed,
}
_KIND_OF = {kind: name for name, kind in EVENTS.items()}


def encode(value: Kept | Event) -> str:
    """Raises NotStored for what is no JSON."""
    try:
        return json.dumps(_plain(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise NotStored(f"a {type(value).__name__} cannot be written as JSON: {error}") from error


def decode(cls: type[T], body: str) -> T:
    """Raises NotStored where it is none: nothing is done by a record that cannot be read."""
    try:
        return cast(T, _made(cls, json.loads(body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotStored(f"a stored {cls.__name__} cannot be read: {type(error).__name__}: {error}") from error


def kind_of(event: Event) -> str:
    return _KIND_OF[type(event)]


def decode_event(kind: str, body: str) -> Event:
    """Raises NotStored."""
    if kind not in EVENTS:
        raise NotStored(f"a stored event is of a kind that this version does not know: {kind}")
    return decode(EVENTS[kind], body)


# --- to JSON ---------------------------------------------------------------------------------------------------------


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {_name(name): _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return value.isoformat() if isinstance(value, datetime) else value


def _name(key: object) -> str:
    """JSON has no other keys: 1 and "1" would become the same one."""
    if not isinstance(key, str):
        raise TypeError(f"the name {key!r} is no text")
    return key


# --- and back --------------------------------------------------------------------------------------------------------


@cache
def _hints(cls: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _made(cls: type[Any], data: Mapping[str, Any]) -> Any:
    """Field by field: a field that came later takes its default, one that went is passed over."""
    hints = _hints(cls)  # type: ignore[arg-type]  # classes are hashable
    return cls(**{name: _converted(hint, data[name]) for name, hint in hints.items() if name in data})


def _converted(hint: Any, value: Any) -> Any:
    """Only what JSON has no word for is made anew; numbers and texts stay what they are."""
    if value is None:
        return None
    hint = _present(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return _made(hint, value)
    if isinstance(hint, type) and issubclass(hint, datetime):
        return hint.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return frozenset(value) if get_origin(hint) is frozenset else _value(value)


def _present(hint: Any) -> Any:
    """Of "X or nothing", X."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else hint


def _value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(map(_value, value))
    return {name: _value(item) for name, item in value.items()} if isinstance(value, dict) else value
