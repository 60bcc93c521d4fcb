"""LogHub's labelled samples: 2,000 lines of each of 16 systems (Zhu et al., ISSRE 2023; github.com/logpai/loghub)."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from bench.log_made import LabelledLog

FOLDER = "loghub"  # of the data folder
FILES = "*_2k.log_structured.csv"  # with the columns Content and EventId


def recorded() -> tuple[LabelledLog, ...]:
    """Empty where the data folder has none of them."""
    given = os.environ.get("BENCH_DATA")
    files = sorted((Path(given) / FOLDER).rglob(FILES)) if given else []
    return tuple(_read(file) for file in files)


def _read(file: Path) -> LabelledLog:
    csv.field_size_limit(10_000_000)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(row["Content"], row["EventId"]) for row in csv.DictReader(lines)]
    if not rows:
        raise SystemExit(f"{file} has no lines")
    return LabelledLog(
        system=file.name.partition("_2k")[0],
        lines=tuple(content for content, _ in rows),
        truth=tuple(event for _, event in rows),
    )
