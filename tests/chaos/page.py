"""The table of faults in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.fault import Fault
from tests.chaos.faults import FAULTS, LEFT_OUT
from tests.chaos.outcomes import ROOT, Outcome

PAGE = ROOT / "docs" / "reliability.md"
TABLE = ("<!-- faults: begin -->", "<!-- faults: end -->")
FIGURES = ("<!-- figures: begin -->", "<!-- figures: end -->")


def table(faults: Sequence[Fault] = FAULTS) -> str:
    lines = ["| # | fault | injected how | what must hold | shown by |", "|---|---|---|---|---|"]
    for fault in faults:
        cells = (str(fault.number), fault.what, fault.injected, fault.holds, _files(fault))
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    left_out = [f"- {what}: {why}." for what, why in LEFT_OUT.items()]
    return "\n".join([*lines, "", "Not injected:", "", *left_out])


def _files(fault: Fault) -> str:
    files = dict.fromkeys(node.partition("::")[0] for node in fault.tests)
    return ", ".join(f"[{Path(file).stem}](../{file})" for file in files)


def figures(outcomes: Sequence[Outcome], about: str, before: str = "") -> str:
    """`about`: when and where they were measured. `before`: the figures so far; what is not measured anew stays."""
    rows = {int(line.split(" | ")[0].removeprefix("| ")): line for line in before.splitlines() if _is_row(line)}
    for one in outcomes:
        cells = (str(one.fault.number), one.fault.what, one.says, one.figure, about)
        rows[one.fault.number] = f"| {' | '.join(map(_cell, cells))} |"
    heads = ("| # | fault | held | figure | measured |", "|---|---|---|---|---|")
    return "\n".join([*heads, *(rows[number] for number in sorted(rows))])


def _is_row(line: str) -> bool:
    return line.startswith("| ") and line[2].isdigit()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def part(text: str, marks: tuple[str, str]) -> str:
    """What stands between the marks. Raises ValueError where one is missing."""
    _, begin, rest = text.partition(marks[0])
    inside, end, _ = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has lost its marks {marks[0]} and {marks[1]}")
    return inside.strip("\n")


def replaced(text: str, parts: Mapping[tuple[str, str], str]) -> str:
    for marks, inside in parts.items():
        part(text, marks)
        before, begin, rest = text.partition(marks[0])
        _, end, after = rest.partition(marks[1])
        text = f"{before}{begin}\n{inside}\n{end}{after}"
    return text
