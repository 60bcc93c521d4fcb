"""Recorded faults whose true service is known, read from a folder that is not part of the project.

`rca/nezha.jsonl.gz`: Online Boutique, from IntelligentDDS/Nezha (MIT). `rca/petshop.jsonl.gz` and
`rca/petshop_normal_*.json.gz`: from amazon-science/petshop-root-cause-analysis (data CC-BY-4.0).
"""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from bot.domain.ranking import ObservedSeries, Signal, Situation, Target

DAY = 86400.0
BOUTIQUE, PET_SHOP = "Online Boutique", "pet shop"

# Online Boutique's architecture as its README shows it; the recordings hold no traces to read it from.
BOUTIQUE_CALLS = frozenset(
    (caller, f"{callee}service")
    for caller, callees in {
        "frontend": ("ad", "cart", "checkout", "currency", "productcatalog", "recommendation", "shipping"),
        "checkoutservice": ("cart", "currency", "email", "payment", "productcatalog", "shipping"),
        "recommendationservice": ("productcatalog",),
    }.items()
    for callee in callees
)

Row = Sequence[float]  # one sample of all columns; NaN where there is none


@dataclass(frozen=True, kw_only=True)
class RecordedFault:
    id: str
    dataset: str
    fault: str  # its kind
    root: str  # the service that is the cause
    injected: float  # unix seconds
    step: float  # seconds between samples
    columns: tuple[tuple[str, str], ...]  # (service, metric)
    normal: tuple[tuple[float, Row], ...]  # fault-free samples; ordered by the time they stand for
    anomalous: tuple[tuple[float, Row], ...]  # the samples around and after the injection
    calls: frozenset[tuple[str, str]]
    target: Target | None

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(sorted({service for service, _ in self.columns}))

    def situation(self, *, with_calls: bool = True) -> Situation:
        rows = (*self.normal, *self.anomalous)
        return Situation(
            series=tuple(
                ObservedSeries(service=service, metric=metric, points=tuple((at, row[index]) for at, row in rows))
                for index, (service, metric) in enumerate(self.columns)
            ),
            onset=self.injected,
            step=self.step,
            calls=self.calls if with_calls else frozenset(),
            target=self.target,
        )


def folder() -> Path:
    """Raises SystemExit with the remedy where the data is missing: a benchmark never passes without its data."""
    stated = os.environ.get("BENCH_DATA")
    if not stated:
        raise SystemExit("root_cause: name the folder of recorded data with --data DIR or BENCH_DATA")
    found = Path(stated) / "rca"
    wanted = ("nezha.jsonl.gz", "petshop.jsonl.gz")
    if missing := [name for name in wanted if not (found / name).is_file()]:
        raise SystemExit(f"root_cause: {found / missing[0]} is missing; --data DIR must hold rca/{missing[0]}")
    return found


def load(data: Path) -> list[RecordedFault]:
    boutique = [_boutique(row) for row in _lines(data / "nezha.jsonl.gz")]
    return boutique + [_pet_shop(row, data) for row in _lines(data / "petshop.jsonl.gz")]


def _boutique(row: Mapping[str, Any]) -> RecordedFault:
    normal = list(zip(row["normal_t"], map(_numbers, row["normal"]), strict=True))
    calls = BOUTIQUE_CALLS if row["system"] == "OnlineBoutique" else frozenset(map(tuple, row.get("edges") or ()))
    return _fault(row, BOUTIQUE, normal, calls, None)


def _pet_shop(row: Mapping[str, Any], data: Path) -> RecordedFault:
    with gzip.open(data / f"petshop_normal_{row['system']}.json.gz", "rt") as file:
        recorded = json.load(file)
    place = {column: index for index, column in enumerate(recorded["columns"])}
    places = [place.get(column) for column in row["columns"]]
    rows = [[math.nan if at is None else sample[at] for at in places] for sample in map(_numbers, recorded["rows"])]
    target = Target(service=row["target"]["node"], signal=Signal(row["target"]["metric"]))
    calls = frozenset((caller, callee) for caller, callee in row["edges"])
    return _fault(row, PET_SHOP, list(zip(recorded["t"], rows, strict=True)), calls, target)


def _fault(
    row: Mapping[str, Any],
    dataset: str,
    normal: Sequence[tuple[float, Row]],
    calls: frozenset[tuple[str, str]],
    target: Target | None,
) -> RecordedFault:
    anomalous = list(zip(row["anomal_t"], map(_numbers, row["anomal"]), strict=True))
    columns = [column.rpartition("|") for column in row["columns"]]
    times = row["anomal_t"]
    return RecordedFault(
        id=row["id"],
        dataset=dataset,
        fault=row["fault"],
        root=row["root"],
        injected=float(row["inject"]),
        step=float(median(later - earlier for earlier, later in pairwise(times))),
        columns=tuple((service, metric) for service, _, metric in columns),
        normal=tuple(_before(normal, anomalous[0][0])),
        anomalous=tuple(anomalous),
        calls=calls,
        target=target,
    )


def _before(normal: Sequence[tuple[float, Row]], first: float) -> list[tuple[float, Row]]:
    """Some fault-free samples were recorded after the fault: those are moved back by whole days, as if they were of
    the days before, which is all that one has when it happens."""
    days = math.ceil(max(0.0, max(at for at, _ in normal) - first) / DAY + 1.0)
    return sorted(((at - days * DAY if at >= first else at, row) for at, row in normal), key=lambda pair: pair[0])


def _numbers(row: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else float(value) for value in row]


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]
