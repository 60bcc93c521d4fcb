"""The table of faults says what is there: every test that it names exists, and the page shows this very table."""

from __future__ import annotations

import pytest

from tests.chaos.fault import Fault
from tests.chaos.faults import FAULTS
from tests.chaos.outcomes import Outcome, Ran, is_there, outcomes, read
from tests.chaos.page import FIGURES, PAGE, TABLE, figures, part, replaced, table

AT_LEAST = 30


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"fault {fault.number}")
def test_every_test_that_shows_it_is_there(fault: Fault) -> None:
    assert fault.tests
    assert [node for node in fault.tests if not is_there(node)] == [], "renamed or gone: name them anew in faults_*.py"


def test_there_are_enough_of_them_each_with_a_number_of_its_own() -> None:
    numbers = [fault.number for fault in FAULTS]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= AT_LEAST


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert not is_there("tests/chaos/test_table.py::test_of_nothing")
    assert not is_there("tests/chaos/test_nothing.py::test_of_nothing")


def test_the_page_shows_this_table() -> None:
    assert part(PAGE.read_text(), TABLE) == table(), "`python -m tests.chaos --write` writes it anew"


def test_the_page_tells_figures_of_faults_that_held() -> None:
    rows = [
        line for line in part(PAGE.read_text(), FIGURES).splitlines() if line.startswith("| ") and line[2].isdigit()
    ]
    shown = [tuple(row.removeprefix("| ").split(" | ")[:3]) for row in rows]
    known = {(str(fault.number), fault.what, "yes") for fault in FAULTS}
    assert [row for row in shown if row not in known] == [], "measure them: make chaos"
    assert len(shown) >= AT_LEAST


def test_what_is_measured_anew_takes_the_place_of_what_was() -> None:
    first, second = FAULTS[:2]
    ran = Ran(passed=1, figures=("new",))
    anew = [Outcome(fault=second, missing=(), ran=(ran,))]
    before = f"| 1 | {first.what} | yes | old | then |\n| 2 | {second.what} | yes | old | then |"
    lines = figures(anew, "now", before).splitlines()
    assert lines[2:] == [f"| 1 | {first.what} | yes | old | then |", f"| 2 | {second.what} | yes | new | now |"]


REPORT = """<testsuites><testsuite>
<testcase classname="tests.a.test_x" name="test_one[1]">
<properties><property name="report" value="{'seed': 1, 'kills': 3}"/></properties></testcase>
<testcase classname="tests.a.test_x" name="test_one[2]"/>
<testcase classname="tests.a.test_x" name="test_two"><failure message="no"/></testcase>
<testcase classname="tests.a.test_x" name="test_three"><skipped message="no strace"/></testcase>
</testsuite></testsuites>"""


def test_what_became_of_each_is_read_from_the_report() -> None:
    ran = read(REPORT)
    assert ran["tests/a/test_x.py::test_one"] == Ran(passed=2, figures=("kills 3",))

    def became(*names: str) -> tuple[bool, str, str]:
        tests = tuple(f"tests/a/test_x.py::{name}" for name in names)
        (one,) = outcomes([Fault(number=1, what="", injected="", holds="", tests=tests)], ran)
        return one.held, one.says, one.figure

    assert became("test_one") == (True, "yes", "kills 3")
    assert became("test_one", "test_three") == (True, "yes", "kills 3; skipped: no strace")
    assert became("test_one", "test_two")[:2] == (False, "no: 1 failed")
    assert became("test_three")[:2] == (False, "not shown: no strace")
    assert became("test_gone")[:2] == (False, "no: tests/a/test_x.py::test_gone did not run")


def test_the_page_is_written_between_its_marks_alone() -> None:
    text = f"before\n{TABLE[0]}\nold\n{TABLE[1]}\nafter\n"
    assert replaced(text, {TABLE: "new"}) == f"before\n{TABLE[0]}\nnew\n{TABLE[1]}\nafter\n"
    with pytest.raises(ValueError, match="lost its marks"):
        replaced("nothing", {TABLE: "new"})
