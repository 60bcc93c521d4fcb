"""Single values of a runbook's file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date

import yaml

from bot.domain.action import Value
from bot.domain.runbook.values import RESERVED
from memory.operator_file import Entry

_SPAN = re.compile(r"(\d{1,6})\s*(s|m|min|h)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_CEL_WORDS = frozenset({"true", "false", "null", "in"})
_DEEPEST = 6  # of lists and mappings within parameters: more is a document, not a parameter
_DEEPEST_NODE = 20
_MOST_NODES = 20_000  # of a file: fifty steps of a hundred values are a quarter of that
_MOST = 200  # elements of one list or mapping


def runbook_id(entry: Entry) -> str:
    text = entry.as_text()
    if not _ID.fullmatch(text):
        raise entry.error(f"{text!r} is no id; write letters, digits, - . and _, 80 at most, as in full-disk")
    return text


def name(entry: Entry) -> str:
    """Of a parameter, a step or an output: what expressions can say."""
    return checked_name(entry, entry.as_text())


def checked_name(entry: Entry, text: str) -> str:
    if not _NAME.fullmatch(text) or text in _CEL_WORDS:
        raise entry.error(f"{text!r} is no name; write small letters, digits and _, 40 at most, as in long_queries")
    return text


def own_name(entry: Entry, text: str) -> str:
    """Of a value beside those that every step has."""
    if checked_name(entry, text) in RESERVED:
        raise entry.error(f"every step has a value called {text} already; choose another name")
    return text


def seconds(entry: Entry, *, least: float, most: float) -> float:
    found = _SPAN.fullmatch(entry.as_text())
    plain = entry.value if isinstance(entry.value, int) and not isinstance(entry.value, bool) else None
    if found is None and plain is None:
        raise entry.error(f"{entry.as_text()!r} is no length of time; write it as 90s, 5m or 1h")
    span = float(int(found[1]) * _SECONDS[found[2]]) if found else float(plain or 0)
    if not least <= span <= most:
        raise entry.error(f"must be between {_said(least)} and {_said(most)}, not {_said(span)}")
    return span


def _said(span: float) -> str:
    whole = int(span)
    for unit, size in (("h", 3600), ("m", 60)):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def whole(entry: Entry, *, least: int, most: int) -> int:
    if not isinstance(entry.value, int) or isinstance(entry.value, bool) or not least <= entry.value <= most:
        raise entry.error(f"a whole number from {least} to {most} is expected, not {entry.value!r}")
    return entry.value


def switch(entry: Entry | None, default: bool = False) -> bool:
    if entry is None:
        return default
    if not isinstance(entry.value, bool):
        raise entry.error(f"true or false is expected, not {entry.value!r}")
    return entry.value


def refuse_endless(entry: Entry) -> None:
    """Aliases can make a small file a huge one, or one without end."""
    left, waiting = _MOST_NODES, [(entry.node, 0)]
    while waiting:
        node, depth = waiting.pop()
        left -= 1
        if depth > _DEEPEST_NODE or left < 0:
            raise entry.error("is nested too deep, too long or refers to itself; write aliases (*name) out")
        if isinstance(node, yaml.SequenceNode):
            waiting += [(part, depth + 1) for part in node.value]
        elif isinstance(node, yaml.MappingNode):
            waiting += [(part, depth + 1) for pair in node.value for part in pair]


def written(entry: Entry, depth: int = 0) -> Value:
    """As it stands, spaces and all."""
    if depth > _DEEPEST:
        raise entry.error(f"is nested deeper than {_DEEPEST} levels; make it simpler")
    if isinstance(entry.node, yaml.MappingNode):
        return {item: written(child, depth + 1) for item, child in entry.members().items()}
    if isinstance(entry.node, yaml.SequenceNode):
        return tuple(written(child, depth + 1) for child in elements(entry))
    value = entry.value
    if value is None:
        raise entry.error('is empty; write a value, or "" for an empty text')
    if isinstance(value, float) and not math.isfinite(value):
        raise entry.error(f"{value} is no number that can be used")
    if isinstance(value, str | bool | int | float):
        return value
    kind = "a date" if isinstance(value, date) else f"a {type(value).__name__}"
    raise entry.error(f'YAML reads this as {kind}; write "{entry.node.value}" with quotes')


def elements(entry: Entry) -> Iterator[Entry]:
    if not isinstance(entry.node, yaml.SequenceNode):
        raise entry.error("a list is expected here, as in `[one, two]`")
    if len(entry.node.value) > _MOST:
        raise entry.error(f"has {len(entry.node.value)} elements; {_MOST} are allowed")
    for at, (node, value) in enumerate(zip(entry.node.value, entry.value, strict=True)):
        yield Entry(file=entry.file, place=f"{entry.place}[{at}]", node=node, value=value)
