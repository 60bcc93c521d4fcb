"""The log lines as one data stream: documents, their columns, and what of them may be seen now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import numpy as np

from sandbox.elasticsearch.columns import Column, Mask, NumberColumn, dynamic_column, text_column
from sandbox.elasticsearch.dates import iso
from sandbox.scenario.model import LogLine

DATA_STREAM = "logs-app-default"
TIME_FIELD = "@timestamp"
TEXT_FIELDS = frozenset({"message", "error.message"})  # match_only_text in ECS; every other string is a keyword
_CONSTANTS = {
    "data_stream.dataset": "app",
    "data_stream.namespace": "default",
    "data_stream.type": "logs",
    "ecs.version": "8.17.0",
    "event.dataset": "app",
}


@dataclass(frozen=True, eq=False)
class Index:
    """All documents, ascending by time; rows are numbered in that order."""

    name: str  # of the backing index
    lines: tuple[LogLine, ...]
    millis: Column
    columns: Mapping[str, Column]

    @property
    def size(self) -> int:
        return len(self.lines)

    def visible(self, now: int) -> int:
        """How many documents are not later than `now` (epoch milliseconds)."""
        assert isinstance(self.millis, NumberColumn)
        return int(np.searchsorted(self.millis.values, now, side="right"))

    def document_id(self, row: int) -> str:
        return sha1(f"{self.name} {row}".encode()).hexdigest()[:20]

    def flat(self, row: int) -> dict[str, Any]:
        """The document's fields by dotted name."""
        return _flat(self.lines[row])

    def fields_like(self, pattern: str) -> list[str]:
        """Mapped fields that a pattern with stars names."""
        if "*" not in pattern:
            return [pattern] if pattern in self.columns else []
        return [name for name in sorted(self.columns) if like(pattern, name)]


@dataclass(frozen=True, eq=False)
class View:
    """An index as it is at one moment."""

    index: Index
    now: int  # epoch milliseconds
    lost: float = 0.0  # share of the documents that lie on shards that do not answer

    @property
    def seen(self) -> Mask:
        mask: Mask = np.zeros(self.index.size, dtype=np.bool_)
        mask[: self.index.visible(self.now)] = True
        if self.lost:
            rows = np.arange(self.index.size)
            mask &= np.floor(rows * self.lost) == np.floor((rows + 1) * self.lost)
        return mask

    def column(self, field: str) -> Column | None:
        return self.index.columns.get(field)


def like(pattern: str, name: str) -> bool:
    """Whether a pattern, in which `*` stands for any characters, fits the whole name."""
    head, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    if not name.startswith(head):
        return False
    place = len(head)
    for part in rest[:-1]:
        found = name.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return name.endswith(rest[-1]) and len(name) - len(rest[-1]) >= place


def build(lines: Sequence[LogLine]) -> Index:
    """`lines` ascending by time."""
    millis = NumberColumn("date", np.array([_millis(line.at) for line in lines], dtype=np.float64))
    day = datetime.fromtimestamp(lines[0].at if lines else 0, UTC)
    columns: dict[str, Column] = {
        name: text_column("match_only_text", [None if v is None else str(v) for v in values])
        if name in TEXT_FIELDS
        else dynamic_column(values)
        for name, values in _by_field(lines).items()
    }
    columns[TIME_FIELD] = millis
    return Index(f".ds-{DATA_STREAM}-{day:%Y.%m.%d}-000001", tuple(lines), millis, columns)


def _by_field(lines: Sequence[LogLine]) -> dict[str, list[Any]]:
    """Each field's values, one for each line; None where a line lacks it."""
    size = len(lines)
    found: dict[str, list[Any]] = {
        "message": [line.message for line in lines],
        "log.level": [line.level for line in lines],
        "service.name": [line.service for line in lines],
        "host.name": [line.host for line in lines],
        **{name: [value] * size for name, value in _CONSTANTS.items()},
    }
    for row, line in enumerate(lines):
        for name, value in line.fields.items():
            if name not in found:
                found[name] = [None] * size
            found[name][row] = value
    found.pop(TIME_FIELD, None)
    return found


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """{"log.level": "error"} as {"log": {"level": "error"}}."""
    root: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        place = root
        for part in path:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                inner = place[part] = {}
            place = inner
        place[last] = value
    return root


def _flat(line: LogLine) -> dict[str, Any]:
    return {
        TIME_FIELD: iso(_millis(line.at)),
        "message": line.message,
        "log.level": line.level,
        "service.name": line.service,
        "host.name": line.host,
        **_CONSTANTS,
        **line.fields,
    }


def _millis(at: float) -> int:
    return round(at * 1000)
