"""Regular expressions that operators write: refused where a hostile text could keep them busy for hours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

PATTERN_LIMIT = 500  # characters


class PatternError(Exception):
    """The text is one sentence for people."""


def compiled(pattern: str) -> re.Pattern[str]:
    """`\\d` and `\\w` are of ASCII alone, or a digit of another script would pass for one. Raises PatternError."""
    if len(pattern) > PATTERN_LIMIT:
        raise PatternError(f"is {len(pattern)} characters long; {PATTERN_LIMIT} are allowed")
    try:
        found = re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(f"{pattern!r} is no regular expression: {error}") from None
    if any(_is_repeated_repetition(node) for node in _nodes(_parsed(pattern))):
        raise PatternError(f"{pattern!r} repeats a repetition, which may take for ever; write (a+)+ as a+")
    if sum(_is_anything(node) for node in _nodes(_parsed(pattern))) > _MOST_ANYTHING:
        raise PatternError(f"{pattern!r} has more than two of .*, which takes long; say what stands there, as in \\S+")
    return found


def _parsed(pattern: str) -> Any:
    return re._parser.parse(pattern)  # type: ignore[attr-defined]  # the only reader of Python's own dialect


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    for operation, argument in tree:
        yield operation, argument
        for inner in _inner(argument):
            yield from _nodes(inner)


def _inner(argument: Any) -> Iterator[Any]:
    """Sequences within an argument, whatever the operation keeps them in."""
    if hasattr(argument, "data"):
        yield argument
    elif isinstance(argument, tuple | list):
        for part in argument:
            yield from _inner(part)


def _is_repeated_repetition(node: tuple[Any, Any]) -> bool:
    return _is_loop(node) and any(_is_loop(inner) for part in _inner(node[1]) for inner in _nodes(part))


def _is_loop(node: tuple[Any, Any]) -> bool:
    operation, argument = node
    return str(operation) in ("MAX_REPEAT", "MIN_REPEAT") and int(argument[1]) > _FEW


def _is_anything(node: tuple[Any, Any]) -> bool:
    return _is_loop(node) and [str(operation) for operation, _ in node[1][2]] == ["ANY"]


_MOST_ANYTHING = 2  # 30 ms for a line of 500 characters (measured); each one more takes a hundred times as long
_FEW = 20  # so many repetitions of something that is repeated are soon gone through
