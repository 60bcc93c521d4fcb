"""Runs the tests of the table and reads what became of each fault."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.chaos.fault import Fault

ROOT = Path(__file__).parent.parent.parent
FIGURE = "report"  # the property under which tests record theirs


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What became of one test function, with all its parameters."""

    passed: int = 0
    failed: int = 0
    skipped: tuple[str, ...] = ()  # why
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    fault: Fault
    missing: tuple[str, ...]  # node ids that are there no more, or did not run
    ran: tuple[Ran, ...]

    @property
    def held(self) -> bool:
        """Each of its tests ran and none failed. Some may be skipped on this machine, not all of one fault."""
        is_shown = any(one.passed for one in self.ran)
        return not self.missing and is_shown and not any(one.failed for one in self.ran)

    @property
    def says(self) -> str:
        if self.missing:
            return f"no: {', '.join(self.missing)} did not run"
        if failed := sum(one.failed for one in self.ran):
            return f"no: {failed} failed"
        return "yes" if self.held else f"not shown: {'; '.join(why for one in self.ran for why in one.skipped)}"

    @property
    def figure(self) -> str:
        skipped = [why for one in self.ran for why in one.skipped]
        figures = [figure for one in self.ran for figure in one.figures]
        count = sum(one.passed for one in self.ran)
        told = figures or [f"{count} cases" if count > 1 else "1 case"]
        return "; ".join([*told, *(f"skipped: {why}" for why in skipped)])


@cache
def functions(file: str) -> frozenset[str]:
    """The test functions of a file of this repository; none where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def is_there(node: str) -> bool:
    file, _, function = node.partition("::")
    return function in functions(file)


def run(nodes: Iterable[str], arguments: Sequence[str]) -> Mapping[str, Ran]:
    """By node id. What pytest says goes to our own output."""
    with tempfile.TemporaryDirectory(prefix="first-responder-chaos-") as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "-p", "no:cacheprovider", f"--junitxml={report}", "-o", "junit_family=xunit1")
        there = sorted({node for node in nodes if is_there(node)})
        subprocess.run([sys.executable, "-m", "pytest", *options, *arguments, *there], cwd=ROOT, check=False)
        return read(report.read_text()) if report.exists() else {}


def read(document: str) -> Mapping[str, Ran]:
    """pytest's JUnit XML."""
    found: dict[str, Ran] = {}
    for case in ElementTree.fromstring(document).iter("testcase"):
        node = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        found[node] = _with(found.get(node, Ran()), case)
    return found


def _with(before: Ran, case: ElementTree.Element) -> Ran:
    has_failed = any(case.find(name) is not None for name in ("failure", "error"))
    skipped = case.find("skipped")
    figures = [str(one.get("value")) for one in case.iter("property") if one.get("name") == FIGURE]
    return Ran(
        passed=before.passed + (not has_failed and skipped is None),
        failed=before.failed + has_failed,
        skipped=(*before.skipped, *([str(skipped.get("message"))] if skipped is not None else [])),
        figures=(*before.figures, *map(shown, figures)),
    )


def shown(figure: str) -> str:
    """A report as people read it: those of several figures are dicts."""
    try:
        value = ast.literal_eval(figure)
    except (ValueError, SyntaxError):
        return figure
    if not isinstance(value, dict):
        return figure
    return ", ".join(f"{name} {_short(one)}" for name, one in value.items() if name != "seed")


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "/".join(f"{name} {one}" for name, one in value.items()) or "0"
    if isinstance(value, list):
        return f"{min(value)} to {max(value)}" if value else "0"
    return str(value)


def outcomes(faults: Sequence[Fault], ran: Mapping[str, Ran]) -> Sequence[Outcome]:
    return [
        Outcome(
            fault=fault,
            missing=tuple(node for node in fault.tests if node not in ran),
            ran=tuple(ran[node] for node in fault.tests if node in ran),
        )
        for fault in faults
    ]
