"""What comes back from a database, bounded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.action import Value
from bot.domain.plaintext import visible
from bot.domain.redact import redact

MOST_ROWS = 200
MOST_BYTES = 64 * 1024  # of all cells
MOST_CELL = 500  # characters
_SHOWN_CELL = 80  # characters in the table that people read
_WHOLE = 2**53  # beyond it JSON's readers lose digits


@dataclass(frozen=True, kw_only=True)
class Rows:
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    is_cut: bool = False

    @property
    def mappings(self) -> tuple[Mapping[str, Value], ...]:
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)

    @property
    def table(self) -> str:
        shown = [self.columns, *(tuple(map(_shown, row)) for row in self.rows)]
        widths = [max(len(row[place]) for row in shown) for place in range(len(self.columns))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown]
        return "\n".join(line.rstrip() for line in lines)


def rows_of(columns: Sequence[str], found: Iterable[Sequence[object]]) -> Rows:
    """Columns of one name get a number behind it."""
    names: list[str] = []
    for name in columns:
        clean = redact(visible(name))[:MOST_CELL]
        names.append(clean if clean not in names else f"{clean}_{len(names) + 1}")
    kept: list[tuple[Value, ...]] = []
    left = MOST_BYTES
    for row in found:
        cells = tuple(map(_cell, row))
        left -= sum(len(cell) if isinstance(cell, str) else 8 for cell in cells)
        if len(kept) >= MOST_ROWS or left < 0:
            return Rows(columns=tuple(names), rows=tuple(kept), is_cut=True)
        kept.append(cells)
    return Rows(columns=tuple(names), rows=tuple(kept))


def _cell(value: object) -> Value:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _WHOLE:
        return value
    if isinstance(value, float | Decimal):
        number = float(value)
        return number if math.isfinite(number) else str(value)
    if isinstance(value, bytes | memoryview):
        return f"{len(bytes(value))} bytes"
    text = redact(visible(str(value)))
    return text if len(text) <= MOST_CELL else f"{text[: MOST_CELL - 1]}…"


def _shown(value: Value) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CELL else f"{text[: _SHOWN_CELL - 1]}…"
