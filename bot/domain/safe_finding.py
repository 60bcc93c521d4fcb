"""A source's answer without secrets: what comes in from outside is cleaned here, before anything keeps or shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeVar

from bot.domain.evidence import Finding
from bot.domain.redact import redact

T = TypeVar("T")
_AS_THEY_ARE = (bool, int, float, NoneType, datetime, timedelta)
# The same few words (names of services, owners, sources) come again with every answer. Kept is only what holds no
# secret and is short, and of it no more than a few hundred kilobytes.
_KNOWN: set[str] = set()
MOST_KNOWN, LONGEST_KNOWN = 4096, 80  # the latter in characters
SHORTEST = 8  # characters: nothing shorter is taken for a secret, not even with the word before it
_LEFT = ("series", "chart")  # numbers, and the alert's own expression, which is asked again


def without_secrets(finding: Finding) -> Finding:
    """The same object where there was nothing to take out."""
    changes = {
        name: cleaned
        for name in _names(Finding)
        if name not in _LEFT and (cleaned := _clean(value := getattr(finding, name))) is not value
    }
    return replace(finding, **changes) if changes else finding


def _clean(value: T) -> T:
    cleaned: Any = value
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, str):
        cleaned = value if isinstance(value, Enum) or len(value) < SHORTEST else _text(value)
    elif isinstance(value, tuple):
        items = tuple(_clean(item) for item in value)
        cleaned = items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    elif isinstance(value, Mapping):
        pairs = {key: _clean(item) for key, item in value.items()}
        cleaned = pairs if any(pairs[key] is not item for key, item in value.items()) else value
    elif is_dataclass(value) and not isinstance(value, type):
        changes = {name: new for name in _names(type(value)) if (new := _clean(old := getattr(value, name))) is not old}
        cleaned = replace(value, **changes) if changes else value
    return cleaned  # type: ignore[no-any-return]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Of the fields that can be replaced."""
    return tuple(item.name for item in fields(kind) if item.init)


def _text(text: str) -> str:
    if text in _KNOWN:
        return text
    told = redact(text)
    if told != text:
        return told
    if len(text) <= LONGEST_KNOWN:
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN.add(text)
    return text
