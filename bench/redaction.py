"""Redaction: secrets of known and of unknown shapes in many places, ordinary lines that must stay, and speed."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import redaction_baselines, redaction_held_out
from bench.redaction_made import BARE_PLACES, LINES, NAMED, PLACES, TELLING, Planted, bare, lines, planted
from bench.redaction_ordinary import recorded, structured
from bench.result import Result
from bot.domain.redact import redact

SEED = 20_260_304
EACH = 300  # structured lines of each template
LONG = 1_000_000  # characters of one line
TOLD_BY_PLACE = {"token": "{alnum:24}", "password": "{pw:14}"}
SPEED_LINES = 20_000
WAYS: dict[str, Callable[[str], str]] = {
    "redact": redact,
    "eight expressions": redaction_baselines.eight,
    "six expressions": redaction_baselines.six,
}


async def run() -> list[Result]:
    sets = _sets()
    _show(sets)
    held_out = [case for name, cases in sets.items() if name.startswith("held out") for case in cases]
    known = [case for name, cases in sets.items() if name.startswith("known") for case in cases]
    tokens = [case for case in known if "JWT" in case.format]
    log = structured(EACH, SEED)
    return [
        _recall("known shapes and places", known, 0.95),
        _recall("shapes or places held out", held_out, 0.9),
        _recall("JSON web tokens", tokens, 1.0),
        _altered("structured log lines altered", log, 0.1),
        *_recorded(),
        _speed(log),
        *_long_lines(),
    ]


def _sets() -> dict[str, list[Planted]]:
    new = redaction_held_out
    return {
        "known shapes, named": planted(TELLING, NAMED, PLACES, SEED),
        "known shapes, no name": bare(TELLING, BARE_PLACES, SEED),
        "known places": lines(LINES, SEED),
        "held out shapes, named": planted(new.TELLING, new.NAMED, PLACES, SEED),
        "held out shapes, no name": bare(new.TELLING, BARE_PLACES, SEED),
        "held out places": planted(TELLING, NAMED, new.PLACES, SEED),
        "held out shapes and places": planted(new.TELLING, new.NAMED, new.PLACES, SEED),
        "held out places that tell": planted(
            {"token": "{alnum:24}"}, {"password": "{pw:14}"}, new.SPEAKING_PLACES, SEED
        ),
    }


def _read(case: Planted, way: Callable[[str], str]) -> bool:
    """Some part of the secret can still be read."""
    shown = way(case.text)
    return any(part in shown for part in case.parts)


def _share(cases: Sequence[Planted], way: Callable[[str], str]) -> float:
    return 1 - sum(_read(case, way) for case in cases) / len(cases)


def _recall(name: str, cases: Sequence[Planted], goal: float) -> Result:
    assert all(case.parts for case in cases), "a case without a secret would count as hidden"
    return Result(
        name=f"redaction: {name}, hidden (goal {goal:g})",
        value=_share(cases, redact),
        unit="share",
        runs=len(cases),
        goal=goal,
        at_least=True,
    )


def _altered(name: str, ordinary: Sequence[str], goal: float) -> Result:
    altered = [line for line in ordinary if redact(line) != line]
    for line in altered[:20]:
        print(f"altered: {redact(line)[:200]}")
    per_thousand = 1000 * len(altered) / len(ordinary)
    before = 1000 * sum(redaction_baselines.eight(line) != line for line in ordinary) / len(ordinary)
    print(f"{name}: {per_thousand:.2f} per 1,000; by the eight expressions {before:.2f}")
    return Result(name=f"redaction: {name}", value=per_thousand, unit="per 1,000", runs=len(ordinary), goal=goal)


def _recorded() -> list[Result]:
    given = os.environ.get("BENCH_DATA")
    return [_altered("recorded lines altered", recorded(Path(given)), 0.5)] if given else []


def _speed(log: Sequence[str]) -> Result:
    """Half of the lines full of identifiers, half plain ones, as logs are at most."""
    plain = [
        f"2026-03-04T10:00:{index % 60:02} INFO orders handled request {index} in 12.5 ms" for index in range(len(log))
    ]
    texts = [line for pair in zip(log, plain, strict=True) for line in pair][:SPEED_LINES]
    begun = time.process_time()
    for text in texts:
        redact(text)
    seconds = time.process_time() - begun
    return Result(
        name="redaction: speed", value=len(texts) / seconds, unit="lines/s", runs=len(texts), goal=20_000, at_least=True
    )


def _long_lines() -> list[Result]:
    pieces = {
        "one letter": "a",
        "a log without line ends": "10:00:00 trace=4bf92f3577b34da6a3ce929d0e0e4736 key=7 token bucket empty ",
        "secrets": "password=aB3dE6gH9jK2 user=app ",
    }
    results = []
    for name, piece in pieces.items():
        text = (piece * (LONG // len(piece) + 1))[:LONG]
        begun = time.process_time()
        redact(text)
        seconds = time.process_time() - begun
        results.append(Result(name=f"redaction: 1 MB of {name}", value=seconds, unit="s", runs=1, goal=1))
    return results


def _show(sets: dict[str, list[Planted]]) -> None:
    table = Table(title="share of secrets that cannot be read any more")
    for heading in ("set", "secrets", *WAYS):
        table.add_column(heading)
    for name, cases in sets.items():
        table.add_row(name, str(len(cases)), *(f"{_share(cases, way):.3f}" for way in WAYS.values()))
    console = Console(width=160)
    console.print(table)
    for name, cases in sets.items():
        missed = Counter(f"{case.format} in {case.place}" for case in cases if _read(case, redact))
        if missed:
            console.print(f"{name}, missed: {', '.join(list(missed)[:12])}", markup=False, highlight=False)
