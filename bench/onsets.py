"""Since when: the onset found from all series of recorded faults, beside a plain threshold and chance."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.recorded_faults import BOUTIQUE, PET_SHOP, RecordedFault
from bench.result import Result
from bot.domain import onset

GOAL, WITHIN = 0.8, 2  # share of cases; samples


def measure(faults: Sequence[RecordedFault], console: Console) -> list[Result]:
    table = Table(title=f"onset within {WITHIN} samples of the injection")
    for heading in ("data", "cases", "found", "first sample beyond three standard deviations", "chance"):
        table.add_column(heading)
    results = []
    for dataset in (BOUTIQUE, PET_SHOP, "both"):
        some = [fault for fault in faults if dataset in (fault.dataset, "both")]
        found = statistics.fmean(_is_near(_found(fault), fault) for fault in some)
        naive = statistics.fmean(_is_near(_first_beyond(fault), fault) for fault in some)
        blind = statistics.fmean(_near_by_chance(fault) for fault in some)
        table.add_row(dataset, str(len(some)), *(f"{share:.3f}" for share in (found, naive, blind)))
        if dataset == "both":
            results.append(
                Result(
                    name="onset within two samples",
                    value=found,
                    unit="of cases",
                    runs=len(some),
                    goal=GOAL,
                    at_least=True,
                )
            )
    console.print(table)
    return results


def _found(fault: RecordedFault) -> float | None:
    found = onset.find(fault.situation().series)
    return found.at if found else None


def _first_beyond(fault: RecordedFault) -> float | None:
    """What a plain alert rule would say: the first of the searched samples at which any series leaves mean +- 3 sd."""
    columns = list(zip(*(row for _, row in fault.normal), strict=True))
    rows = _searched(fault)
    ranges = [_range([value for value in column if value == value]) for column in columns]
    for at, row in rows:
        if any(low is not None and not low <= value <= high for value, (low, high) in zip(row, ranges, strict=True)):
            return at
    return None


def _range(values: Sequence[float]) -> tuple[float, float] | tuple[None, float]:
    if len(values) < 2:
        return None, 0.0
    middle, spread = statistics.fmean(values), statistics.pstdev(values)
    return middle - 3 * spread, middle + 3 * spread


def _searched(fault: RecordedFault) -> list[tuple[float, Sequence[float]]]:
    rows = [*fault.normal, *fault.anomalous]
    recent = sum(at > rows[-1][0] - onset.SEARCHED for at, _ in rows)
    return rows[-max(recent, onset.FEWEST_SEARCHED) :]


def _is_near(at: float | None, fault: RecordedFault) -> bool:
    return at is not None and abs(at - fault.injected) <= WITHIN * fault.step


def _near_by_chance(fault: RecordedFault) -> float:
    return statistics.fmean(_is_near(at, fault) for at, _ in _searched(fault))
