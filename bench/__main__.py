"""Runs the benchmarks: `python -m bench [NAME ...] [--data DIR] [--json FILE]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    briefing,
    cases,
    first_token,
    ingest,
    injection,
    logs,
    own_time,
    pages,
    payloads,
    redaction,
    rendering,
    retrieval,
    root_cause,
    startup,
    storm,
)
from bench.result import Result

BENCHMARKS: dict[str, Callable[[], Coroutine[None, None, list[Result]]]] = {
    "startup": startup.run,
    "briefing": briefing.run,
    "own_time": own_time.run,
    "ingest": ingest.run,
    "storm": storm.run,
    "storm_short": storm.run_short,
    "rendering": rendering.run,
    "redaction": redaction.run,
    "first_token": first_token.run,
}
RECORDED: dict[str, Callable[[], Coroutine[None, None, list[Result]]]] = {
    "root_cause": root_cause.run,
    "payloads": payloads.run,
    "logs": logs.run,
    "cases": cases.run,
    "pages": pages.run,
    "retrieval": retrieval.run,
    "injection": injection.run,
}

ON_DEMAND = frozenset({"storm"})  # too long for the run of all; its short form is in it


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = BENCHMARKS | RECORDED
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(known)}; all where none is named")
    parser.add_argument("--json", type=Path, help="write the results to this file as well")
    parser.add_argument("--data", type=Path, help="the folder of recorded data (or BENCH_DATA)")
    arguments = parser.parse_args()
    if arguments.data:
        os.environ["BENCH_DATA"] = str(arguments.data)
    if unknown := [name for name in arguments.names if name not in known]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are: {', '.join(known)}")
    results: list[Result] = []
    for name in arguments.names or _possible():
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        results += asyncio.run(known[name]())
    _show(results)
    document = json.dumps({"machine": _machine(), "results": [result.as_json() for result in results]}, indent=2)
    if arguments.json:
        arguments.json.write_text(document + "\n")
    else:
        print(document)
    return 0 if all(result.reached is not False for result in results) else 1


def _possible() -> list[str]:
    if os.environ.get("BENCH_DATA"):
        return [name for name in (*BENCHMARKS, *RECORDED) if name not in ON_DEMAND]
    left_out = ", ".join(RECORDED)
    print(f"left out, since they need recorded data (--data DIR or BENCH_DATA): {left_out}", file=sys.stderr)
    return [name for name in BENCHMARKS if name not in ON_DEMAND]


def _show(results: list[Result]) -> None:
    table = Table(title="median of the runs; ratios hold better than seconds on a noisy machine")
    for heading in ("benchmark", "measured", "baseline", "ratio", "goal", "reached"):
        table.add_column(heading)
    for result in results:
        table.add_row(*result.as_row())
    Console(width=160).print(table)


def _machine() -> dict[str, str]:
    return {"python": platform.python_version(), "system": platform.platform(), "cores": str(_cores())}


def _cores() -> int:
    return os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
