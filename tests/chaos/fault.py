"""One row of the table of faults, and the folders in which the tests are that show it."""

from __future__ import annotations

from dataclasses import dataclass

STORE = "tests/memory/store"
ACTING = "tests/flows/acting"
CHAOS = "tests/chaos"
SLACK = "tests/slack"
PROGRAMS = "tests/integrations/programs"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`tests`: node ids, without parameters. Figures are what they record under the name "report"."""

    number: int
    what: str
    injected: str
    holds: str
    tests: tuple[str, ...]
