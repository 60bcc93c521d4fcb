"""Log templates: whether lines are grouped as people group them, how fast, in how much memory, and what is new.

Grouping accuracy is the share of lines whose cluster has exactly the lines of their true template (Zhu et al.,
ICSE-SEIP 2019). One configuration for all systems. The method and what the figures mean: docs/sources/elasticsearch.md.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import log_onset
from bench.log_baselines import INTERPRETER, Grouped, drain3, masks_alone
from bench.log_made import LabelledLog, made
from bench.log_recorded import recorded
from bench.result import Result
from bot.domain.logpattern import TemplateMiner

ACCURACY_GOAL = 0.86
SPEED_GOAL = 50_000.0
MEMORY_GOAL = 100.0  # MB, over a million lines
ONSET_GOAL = 0.95
LINES = 2_000  # of each system, as in LogHub
SPEED_LINES = 12_000  # of each system
STREAM = 1_000_000
STREAM_NEW = 0.05  # share of lines that nobody has ever seen before
ONSET_CASES = 200

_console = Console(width=160, stderr=True)


async def run() -> list[Result]:
    logs = recorded()
    results = _accuracy("recorded systems (LogHub)", logs) if logs else []
    if not logs:
        _console.print("no recorded systems: DATA/loghub has no *_2k.log_structured.csv; made ones alone are measured")
    results += _accuracy("made systems", made(LINES))
    results += _speed(made(SPEED_LINES, seed=11))
    results.append(_memory())
    found = log_onset.share(ONSET_CASES)
    results.append(
        Result(
            name=f"log templates: what is new since the onset is among the first {log_onset.SHOWN}, made cases",
            value=found,
            unit="share",
            runs=ONSET_CASES,
            goal=ONSET_GOAL,
            at_least=True,
        )
    )
    return results


def accuracy(truth: Sequence[str], found: Sequence[str]) -> float:
    """Share of lines whose cluster has exactly the lines of their true template."""
    sizes = Counter(truth)
    clusters: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for true, cluster in zip(truth, found, strict=True):
        clusters[cluster][true] += 1
    right = 0
    for members in clusters.values():
        ((true, count),) = members.most_common(1)
        if len(members) == 1 and count == sizes[true]:
            right += count
    return right / len(truth)


def _accuracy(name: str, logs: Sequence[LabelledLog]) -> list[Result]:
    others = drain3([log.lines for log in logs])
    if others is None:
        _console.print(f"drain3 is not installed here: its column is empty ({INTERPRETER} may name a Python with it)")
    table = Table(title=f"{name}: grouping accuracy, one configuration, {len(logs)} systems")
    for heading in ("system", "templates", "masks alone", "drain3", "ours"):
        table.add_column(heading)
    columns: dict[str, list[float]] = {"masks alone": [], "drain3": [], "ours": []}
    for index, log in enumerate(logs):
        measured = {
            "masks alone": accuracy(log.truth, [masks_alone(line) for line in log.lines]),
            "drain3": accuracy(log.truth, others[index].found) if others else None,
            "ours": accuracy(log.truth, _mined(log.lines).found),
        }
        for column, value in measured.items():
            columns[column] += [] if value is None else [value]
        table.add_row(
            log.system, str(len(set(log.truth))), *("" if v is None else f"{v:.3f}" for v in measured.values())
        )
    table.add_row("mean", "", *(f"{statistics.fmean(found):.3f}" if found else "" for found in columns.values()))
    _console.print(table)
    return [_share(name, columns["ours"], ACCURACY_GOAL)] + [
        _share(f"{name}, {other}", columns[other]) for other in ("drain3", "masks alone") if columns[other]
    ]


def _share(name: str, values: Sequence[float], goal: float | None = None) -> Result:
    return Result(
        name=f"log templates: grouping accuracy, {name}",
        value=statistics.fmean(values),
        unit="share",
        runs=len(values),
        goal=goal,
        at_least=True,
        low=min(values),
        high=max(values),
    )


def _mined(lines: Sequence[str]) -> Grouped:
    miner = TemplateMiner()
    started = time.perf_counter()
    found = [miner.add(line) for line in lines]
    clusters = [template.final() for template in found]
    seconds = time.perf_counter() - started
    return Grouped(found=tuple(str(id(cluster)) for cluster in clusters), seconds=seconds)


def _speed(logs: Sequence[LabelledLog]) -> list[Result]:
    """Of all three in turn, so that a busy machine is busy for each."""
    count = sum(len(log.lines) for log in logs)
    ours = [_mined(log.lines).seconds for log in logs]
    others = drain3([log.lines for log in logs])
    alone = _seconds(lambda: [masks_alone(line) for log in logs for line in log.lines])
    speeds = [len(log.lines) / seconds for log, seconds in zip(logs, ours, strict=True)]
    named = {"": sum(ours), ", masks alone": alone}
    if others:
        named[", drain3"] = sum(one.seconds for one in others)
    return [
        Result(
            name=f"log templates: lines a second, made systems{name}",
            value=count / seconds,
            unit="1/s",
            runs=len(logs),
            goal=None if name else SPEED_GOAL,
            at_least=True,
            low=None if name else min(speeds),
            high=None if name else max(speeds),
        )
        for name, seconds in named.items()
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _memory() -> Result:
    """What the process grew by while one miner read a million lines, 50,000 of them like no other."""
    pool = [line for log in made(SPEED_LINES // 4, seed=13) for line in log.lines]
    rng = random.Random(13)
    miner = TemplateMiner()
    gc.collect()
    before = peak = _resident()
    for number in range(STREAM):
        line = _unheard(rng) if rng.random() < STREAM_NEW else pool[number % len(pool)]
        miner.add(line)
        if number % 10_000 == 0:
            peak = max(peak, _resident())
    return Result(
        name=f"log templates: memory grown by, {STREAM:,} lines, {STREAM_NEW:.0%} of them unheard of",
        value=(peak - before) / 1e6,
        unit="MB",
        runs=1,
        goal=MEMORY_GOAL,
    )


def _unheard(rng: random.Random) -> str:
    return " ".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(rng.randint(3, 14)))


def _resident() -> int:
    """Bytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
