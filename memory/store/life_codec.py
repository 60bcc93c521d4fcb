"""Records of an incident's life to JSON and back. What is read again is equal to what was written.

All of the JSON is ASCII, so that no character is one that a database refuses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec

from bot.domain.errors import NotStored
from bot.domain.ports.kept import Keepable
from bot.shapes import known

T = TypeVar("T", bound=Keepable)


def encode(record: Keepable) -> str:
    return json.dumps(msgspec.to_builtins(record))


def decode(cls: type[T], body: str) -> T:
    """A field that came later takes its default, one that went is passed over. Raises NotStored where it is none."""
    try:
        read = msgspec.convert(json.loads(body), known(cls))
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise NotStored(f"a stored {cls.__name__} cannot be read: {type(error).__name__}: {error}") from error
    sequences = {name: tuple(getattr(read, name)) for name in _sequences(cls)}
    return replace(read, **sequences) if sequences else read  # type: ignore[type-var]  # all records are dataclasses


@cache
def _sequences(cls: type[Any]) -> tuple[str, ...]:
    """Fields that msgspec reads as lists: a frozen record holds tuples."""
    return tuple(name for name, hint in get_type_hints(cls).items() if get_origin(hint) is Sequence)
