"""Injects every fault of the table and says what held: `python -m tests.chaos [--write] [--only 4,13] [-- PYTEST...]`.

CHAOS=5 in the environment makes it five times as long. Ends with 1 where a fault did not hold, was not shown, or where
one of its tests is gone.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.chaos.faults import FAULTS
from tests.chaos.outcomes import Outcome, outcomes, run
from tests.chaos.page import FIGURES, PAGE, TABLE, figures, part, replaced, table
from tests.chaos.rounds import FACTOR

WORKERS = ("-n", "2", "--dist", "worksteal")  # most of it waits


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="put the table and the figures of this run into docs/reliability.md"
    )
    parser.add_argument("--only", default="", help="numbers of faults, comma-separated")
    parser.add_argument("pytest", nargs="*", help="what pytest is told besides; in place of two workers")
    asked = parser.parse_args()
    wanted = {int(number) for number in asked.only.split(",") if number}
    faults = [fault for fault in FAULTS if not wanted or fault.number in wanted]
    found = outcomes(faults, run((node for fault in faults for node in fault.tests), asked.pytest or WORKERS))
    print(shown(found))
    if asked.write and any(one.ran for one in found):
        text = PAGE.read_text()
        PAGE.write_text(replaced(text, {TABLE: table(), FIGURES: figures(found, about(), part(text, FIGURES))}))
    return 0 if all(one.held for one in found) else 1


def about() -> str:
    day = datetime.now(UTC).date()
    return f"{day}, `CHAOS={FACTOR:g}`, {os.cpu_count()} cores"


def shown(found: Sequence[Outcome]) -> str:
    lines = [""]
    for one in found:
        fault = one.fault
        lines += [
            f"{fault.number:>2}  {fault.what}",
            f"    injected   {fault.injected}",
            f"    must hold  {fault.holds}",
            f"    held       {one.says}",
            f"    figure     {one.figure}",
        ]
    held = sum(one.held for one in found)
    return "\n".join([*lines, "", f"{held} of {len(found)} faults held."])


if __name__ == "__main__":
    raise SystemExit(main())
