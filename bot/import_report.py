"""What came of an import, for people and as a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.domain.errors import SettingsError, SourceError
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.flows.import_history import Report

SHOWN = 20  # of those that were left out
NAME_LIMIT, WHY_LIMIT = 200, 500


@dataclass(frozen=True, kw_only=True)
class Order:
    """How an import is done."""

    dry_run: bool = False
    report: Path | None = None  # where everything that was left out is written, one JSON object a line


def show(report: Report, error: SourceError | None, order: Order, console: Console) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    for count, what in (
        (report.new, "new"),
        (report.changed, "changed since the last import"),
        (report.unchanged, "unchanged"),
        (len(report.skipped), "left out"),
        (report.hidden, "texts in which a secret was hidden"),
    ):
        table.add_row(f"{count:,}", what)
    if order.dry_run:
        console.print("Dry run: nothing was stored. An import would give:", highlight=False)
    console.print(table, highlight=False)
    _show_left_out(report, order, console)
    if error is not None:
        stays = "" if order.dry_run else " What was stored stays: run it again to go on."
        console.print(Text(f"It broke off: {error}{stays}", style="red"), soft_wrap=True)
    elif (report.new or report.changed) and not order.dry_run:
        console.print("A running bot finds them at once by words, and by vectors once it has made them.")


def _show_left_out(report: Report, order: Order, console: Console) -> None:
    if not report.skipped:
        return
    table = Table(title="Left out", title_justify="left", box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for left in report.skipped[:SHOWN]:
        table.add_row(Text(_fit(left.name, NAME_LIMIT)), Text(_fit(left.why, WHY_LIMIT)))
    console.print(table)
    if len(report.skipped) > SHOWN:
        where = f"all are in {order.report}" if order.report else "--report FILE writes all of them"
        console.print(f"and {len(report.skipped) - SHOWN:,} more: {where}", highlight=False)


class ReportFile:
    """Opened before anything is read: a place that cannot be written to must not cost an import."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> TextIO | None:
        if self._path is not None:
            try:
                self._file = self._path.open("w", encoding="utf-8")
            except OSError as error:
                raise SettingsError(f"--report: {self._path} cannot be written: {error.strerror}.") from None
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def write(file: TextIO, source: str, report: Report, error: SourceError | None, order: Order) -> None:
    """What came of it in the first line, then one line for each that was left out."""
    summary: dict[str, Any] = {
        "source": source,
        "dry_run": order.dry_run,
        "seen": report.seen,
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "left_out": len(report.skipped),
        "hidden": report.hidden,
        "error": str(error) if error else None,
    }
    left = ({"name": _fit(one.name, NAME_LIMIT), "why": _fit(one.why, WHY_LIMIT)} for one in report.skipped)
    for line in (summary, *left):
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _fit(text: str, limit: int) -> str:
    return plain(redact(text), limit)
