"""JSON of any shape, laid out flat: one entry for each thing that is said, by the name it is said under."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

ENTRIES_LIMIT = 1_000  # what is deeper or later is no statement about the alert but its data; bounds the work to 0.1 s
DEPTH_LIMIT = 12
ITEMS_LIMIT = 50  # of one array
TEXT_LIMIT = 16_384  # characters of a text that is searched for what it holds

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_PLACEHOLDER = re.compile(
    r"\$[A-Za-z_][\w.]*|\$?\{\{?[^{}]*\}?\}|%[A-Z_]+%|\*?<?insert [^*>]*[*>]?|<[A-Za-z_ ]+>"
    r"|n/?a|null|none|undefined|-+",
    re.IGNORECASE,
)
_TAG_HOLDERS = frozenset(
    {"tags", "tag", "labels", "label", "dimensions", "scope", "scopes", "attributes", "meta_labels", "alert_tags"}
)
_TAG = re.compile(r"\s*([A-Za-z_][\w./-]{0,60})\s*[:=]\s*([^,;]{1,200}?)\s*")
_LINE = re.compile(r"^[^\w\n]{0,8}([A-Z][A-Za-z ]{1,30}?) {0,4}[:=][ \t]{0,4}(\S[^\n]{0,300})$", re.MULTILINE)
_PAIR_NAMES = ("key", "name", "label", "tag")
_PAIR_VALUES = ("value", "values", "val")
# Wrappers of one value: OpenTelemetry's AnyValue, select fields of forms.
_WRAPPED = frozenset(["value", "label", "stringvalue", "intvalue", "doublevalue", "boolvalue", "name", "id", "display"])

Plain = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One plain value and where it stands."""

    name: str  # of its own, in snake case: "alert_name" for AlertName, "service_name" for service.name
    holders: tuple[str, ...]  # names of what it stands in, outermost first
    value: Plain
    place: int  # how many entries stand before it, in an outer object or earlier in the same
    later: bool = False  # in an array, but not in its first element
    is_tag: bool = False  # one of a set of names and values that people chose

    @property
    def depth(self) -> int:
        return len(self.holders)

    @property
    def text(self) -> str:
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value).strip()

    @property
    def path(self) -> str:
        return ".".join((*self.holders, self.name))


def snake(name: str) -> str:
    """`"AlarmName"`, `"alarm.name"`, `"@alarm-name"` -> `"alarm_name"`."""
    return _NO_WORD.sub("_", _CAMEL.sub("_", name[:100]).lower()).strip("_")


def is_said(value: Plain) -> bool:
    """Whether it says anything: a blank or a variable that nobody filled in does not."""
    if not isinstance(value, str):
        return True
    text = value.strip()
    return bool(text) and not (len(text) <= 100 and _PLACEHOLDER.fullmatch(text))


def outline(payload: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Outer entries before inner ones. JSON within texts and tags ("name:value") are laid out like the rest."""
    entries: list[Entry] = []
    waiting: deque[_Node] = deque([_Node(value=payload, name="", holders=())])
    while waiting and len(entries) < ENTRIES_LIMIT:
        node = waiting.popleft()
        for child in islice(_children(node), ENTRIES_LIMIT):
            if isinstance(child.value, str | int | float):
                if is_said(child.value):
                    entries.append(child.entry(len(entries)))
                waiting.extend(_within(child))
            elif len(child.holders) < DEPTH_LIMIT:
                waiting.append(child)
    return tuple(entries)


@dataclass(frozen=True, kw_only=True)
class _Node:
    value: Any
    name: str
    holders: tuple[str, ...]
    later: bool = False
    is_tag: bool = False

    @property
    def inside(self) -> tuple[str, ...]:
        return (*self.holders, self.name) if self.name else self.holders

    def entry(self, place: int) -> Entry:
        return Entry(
            name=self.name,
            holders=self.holders,
            value=self.value,
            place=place,
            later=self.later,
            is_tag=self.is_tag,
        )


def _children(node: _Node) -> Iterator[_Node]:
    if isinstance(node.value, dict):
        tags = node.name in _TAG_HOLDERS or node.name.endswith("_labels")
        for key, value in node.value.items():
            yield _child(node, snake(key), _unwrapped(value), is_tag=tags)
    elif isinstance(node.value, list):
        for number, item in enumerate(node.value[:ITEMS_LIMIT]):
            yield from _item(node, item, later=number > 0)


def _item(node: _Node, item: Any, *, later: bool) -> Iterator[_Node]:
    """One element of an array: a pair of name and value, a tag, or whatever it is, under the array's own name."""
    if pair := _pair(item):
        name, value = pair
        yield _child(node, snake(name), _unwrapped(value), is_tag=True)
    elif isinstance(item, str):
        tag = _TAG.fullmatch(item[:300]) if node.name in _TAG_HOLDERS else None
        named = _Node(value=item, name=node.name, holders=node.holders, later=later)
        yield _child(node, snake(tag[1]), tag[2], is_tag=True) if tag else named
    elif item is not None:
        # An array is no level of its own: what stands in its elements stands in it.
        yield _Node(value=item, name=node.name, holders=node.holders, later=node.later or later)


def _child(node: _Node, name: str, value: Any, *, is_tag: bool = False) -> _Node:
    return _Node(value=value, name=name, holders=node.inside, later=node.later, is_tag=is_tag)


def _pair(item: Any) -> tuple[str, Any] | None:
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
        return item[0], item[1]
    if isinstance(item, dict) and len(item) <= 4:
        lower = {key.lower(): value for key, value in item.items()}
        name = next((lower[key] for key in _PAIR_NAMES if isinstance(lower.get(key), str)), None)
        value = next((lower[key] for key in _PAIR_VALUES if key in lower), None)
        return (name, value) if name and value is not None else None
    return None


def _unwrapped(value: Any) -> Any:
    if not isinstance(value, dict) or not 0 < len(value) <= 3:
        return value
    names = [key.replace("_", "").lower() for key in value]
    if not set(names) <= _WRAPPED or not any("value" in name for name in names):
        return value
    inner = next(item for key, item in value.items() if "value" in key.lower())
    return inner if isinstance(inner, str | int | float) else value


def _within(node: _Node) -> Iterator[_Node]:
    """What a text holds: JSON, or a list of tags."""
    text = node.value.strip() if isinstance(node.value, str) else ""
    if not 2 < len(text) <= TEXT_LIMIT or len(node.holders) >= DEPTH_LIMIT:
        return
    if text[0] in "{[":
        try:
            yield _Node(value=msgspec.json.decode(text), name=node.name, holders=node.holders, later=node.later)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
    elif node.name in _TAG_HOLDERS:
        tags = {tag[1]: tag[2] for part in text.split(",") if (tag := _TAG.fullmatch(part[:300]))}
        if tags:
            yield _Node(value=tags, name=node.name, holders=node.holders)


def lines(text: str) -> Iterator[tuple[str, str]]:
    """The `Name: value` lines of a text, names in snake case."""
    for line in _LINE.finditer(text[:TEXT_LIMIT]):
        yield snake(line[1]), line[2].strip()
