"""A source's answer without secrets: what comes in from outside is cleaned here, before anything keeps or shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from bot.domain.evidence import Finding
from bot.domain.redact import redact

T = TypeVar("T")
SHORTEST = 8  # characters: nothing shorter is taken for a secret, not even with the word before it
_LEFT = ("series", "chart")  # numbers, and the alert's own expression, which is asked again


def without_secrets(finding: Finding) -> Finding:
    """The same object where there was nothing to take out."""
    changes = {
        item.name: cleaned
        for item in fields(finding)
        if item.name not in _LEFT and (cleaned := _clean(value := getattr(finding, item.name))) is not value
    }
    return replace(finding, **changes) if changes else finding


def _clean(value: T) -> T:
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = value if isinstance(value, Enum) or len(value) < SHORTEST else _text(value)
    elif isinstance(value, tuple):
        items = tuple(_clean(item) for item in value)
        cleaned = items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    elif isinstance(value, Mapping):
        pairs = {key: _clean(item) for key, item in value.items()}
        cleaned = pairs if any(pairs[key] is not item for key, item in value.items()) else value
    elif is_dataclass(value) and not isinstance(value, type):
        changes = {
            item.name: new
            for item in fields(value)
            if item.init and (new := _clean(old := getattr(value, item.name))) is not old
        }
        cleaned = replace(value, **changes) if changes else value
    return cleaned  # type: ignore[no-any-return]


def _text(text: str) -> str:
    told = redact(text)
    return text if told == text else told
