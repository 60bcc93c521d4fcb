"""Which service is the cause, and since when: the ranking on recorded faults, beside what others would say.

The method and what the figures mean: docs/ranking.md.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench import onsets
from bench.recorded_faults import BOUTIQUE, PET_SHOP, RecordedFault, folder, load
from bench.result import Result
from bench.scorers import SCORERS, alike, chance
from bot.domain import onset
from bot.domain.conclude import SAME_TIME
from bot.domain.confidence import Confidence
from bot.domain.ranking import DEFAULT, Suspect, Tuning, rank

PLACES = (1, 3, 5)
GOALS = {BOUTIQUE: (0.65, 0.85, 0.92), PET_SHOP: (0.67, 0.86, 1.0)}  # shares to two digits, and compared as such
CERTAIN = {Confidence.HIGH: 0.8, Confidence.MEDIUM: 0.5}  # least share of right first places that a band promises
MILLISECONDS_GOAL = 300.0
FACTORS = (0.5, 2.0)  # what each constant is multiplied by in the sensitivity check

_console = Console(width=160, stderr=True)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One case, ranked: the place of the true service (from 1), and what was said with it."""

    fault: RecordedFault
    place: int
    confidence: Confidence
    milliseconds: float


async def run() -> list[Result]:
    faults = load(folder())
    results: list[Result] = []
    for dataset in (BOUTIQUE, PET_SHOP):
        results += _dataset(dataset, [fault for fault in faults if fault.dataset == dataset])
    judged = [_judge(fault) for fault in faults]
    results += _calibration(judged)
    results += onsets.measure(faults, _console)
    slowest = max(one.milliseconds for one in judged)
    middle = statistics.median(one.milliseconds for one in judged)
    results.append(
        Result(
            name="root cause: slowest ranking, CPU time",
            value=slowest,
            unit="ms",
            runs=len(judged),
            goal=MILLISECONDS_GOAL,
            low=middle,
            high=slowest,
        )
    )
    _sensitivity(faults)
    return results


def _dataset(dataset: str, faults: Sequence[RecordedFault]) -> list[Result]:
    judged = [_judge(fault) for fault in faults]
    places = [one.place for one in judged]
    blind = [_judge(fault, with_calls=False).place for fault in faults]
    others = {name: [_place(scorer(fault), fault) for fault in faults] for name, scorer in SCORERS.items()}
    if all(fault.target for fault in faults):
        others["same kind as the alert, by correlation"] = [_place(alike(fault), fault) for fault in faults]
    table = _table(f"{dataset}: the true service among the first k, {len(faults)} cases", "method")
    guesses = [statistics.fmean(chance(fault, place) for fault in faults) for place in (1, 2, 3, 4, 5)]
    table.add_row("chance", *_digits([guesses[0], guesses[2], guesses[4], statistics.fmean(guesses)]))
    for name, found in others.items():
        table.add_row(name, *_row(found))
    table.add_row("this ranking, call graph unknown", *_row(blind))
    table.add_row("this ranking, onset found, not given", *_row([_unaided(fault) for fault in faults]))
    table.add_row("this ranking", *_row(places))
    table.add_row("goal", *_digits(GOALS[dataset]), "")
    _console.print(table)
    _by_fault(dataset, judged)
    best = {place: max(_share(found, place) for found in others.values()) for place in PLACES}
    return [
        _share_result(f"{dataset}: cause among the first {place}", round(_share(places, place), 2), len(faults), goal)
        for place, goal in zip(PLACES, GOALS[dataset], strict=True)
    ] + [
        Result(
            name=f"{dataset}: first place, call graph unknown",
            value=_share(blind, 1),
            unit="of cases",
            runs=len(faults),
            baseline=best[1],
            baseline_name="best baseline",
        )
    ]


def _by_fault(dataset: str, judged: Sequence[Judged]) -> None:
    table = _table(f"{dataset}: by kind of fault", "fault", "cases")
    for kind in sorted({one.fault.fault for one in judged}):
        places = [one.place for one in judged if one.fault.fault == kind]
        table.add_row(kind, str(len(places)), *_row(places))
    _console.print(table)


def _calibration(judged: Sequence[Judged]) -> list[Result]:
    table = Table(title="calibration of the confidence in the first place")
    for heading in ("said", "of", "cases", "right", "share", "promised"):
        table.add_column(heading)
    results = []
    for band in Confidence:
        for dataset in (BOUTIQUE, PET_SHOP, "both"):
            said = [one for one in judged if one.confidence is band and dataset in (one.fault.dataset, "both")]
            right = sum(one.place == 1 for one in said)
            share = f"{right / len(said):.2f}" if said else "-"
            promised = f">= {CERTAIN[band]}" if band in CERTAIN else ""
            table.add_row(band.value, dataset, str(len(said)), str(right), share, promised)
        if band in CERTAIN and said:
            share_right = right / len(said)
            results.append(_share_result(f"root cause: right when {band.value}", share_right, len(said), CERTAIN[band]))
    _console.print(table)
    return results


def _sensitivity(faults: Sequence[RecordedFault]) -> None:
    names = [field.name for field in dataclasses.fields(Tuning)]
    columns = [(dataset, factor) for dataset in (BOUTIQUE, PET_SHOP) for factor in FACTORS]
    places: dict[tuple[str, str, float], list[int]] = {}
    for fault in faults:
        situation = fault.situation()
        for name, factor in itertools.product(names, FACTORS):
            place = _place_of(fault.root, rank(situation, _varied(name, factor)))
            places.setdefault((name, fault.dataset, factor), []).append(place)
    table = Table(title="one constant halved or doubled: AC@1 / @3 / @5")
    for heading in ("constant", *(f"{dataset} x{factor:g}" for dataset, factor in columns)):
        table.add_column(heading)
    for name in names:
        cells = [[_share(places[name, *column], place) for place in PLACES] for column in columns]
        table.add_row(name, *(" / ".join(_digits(shares)) for shares in cells))
    _console.print(table)


def _varied(name: str, factor: float) -> Tuning:
    value = getattr(DEFAULT, name)
    varied = max(1, round(value * factor)) if isinstance(value, int) else value * factor
    if name in ("explained", "decay"):
        varied = min(1.0, varied)  # shares of one
    return dataclasses.replace(DEFAULT, **{name: varied})


def _judge(fault: RecordedFault, *, with_calls: bool = True) -> Judged:
    situation = fault.situation(with_calls=with_calls)
    began = time.process_time()  # a shared machine's other work is not counted
    suspects = rank(situation)
    milliseconds = (time.process_time() - began) * 1000.0
    place = _place_of(fault.root, suspects)
    return Judged(fault=fault, place=place, confidence=suspects[0].confidence, milliseconds=milliseconds)


def _unaided(fault: RecordedFault) -> int:
    situation = fault.situation()
    found = onset.find(situation.series)
    began = found.at if found else fault.anomalous[-1][0]  # else the alert's time is all there is
    # As the product does: the cause itself may have moved a sample before most others did.
    return _place_of(fault.root, rank(dataclasses.replace(situation, onset=began - max(fault.step, SAME_TIME))))


def _place_of(root: str, suspects: Sequence[Suspect]) -> int:
    """A tie is no find: the true service takes the last place among those with its score."""
    score = next(suspect.score for suspect in suspects if suspect.service == root)
    return sum(suspect.score >= score for suspect in suspects)


def _place(order: Sequence[str], fault: RecordedFault) -> int:
    return order.index(fault.root) + 1


def _share(places: Sequence[int], place: int) -> float:
    return statistics.fmean(one <= place for one in places)


def _row(places: Sequence[int]) -> list[str]:
    average = statistics.fmean(_share(places, place) for place in (1, 2, 3, 4, 5))
    return _digits([*(_share(places, place) for place in PLACES), average])


def _digits(shares: Iterable[float]) -> list[str]:
    return [f"{share:.3f}" for share in shares]


def _table(title: str, *first: str) -> Table:
    table = Table(title=title)
    for heading in (*first, "AC@1", "AC@3", "AC@5", "Avg@5"):
        table.add_column(heading)
    return table


def _share_result(name: str, share: float, cases: int, goal: float) -> Result:
    return Result(name=name, value=share, unit="of cases", runs=cases, goal=goal, at_least=True)
