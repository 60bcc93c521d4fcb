"""What a command would do, by its worst part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.remembered import CommandRisk
from memory.commands import risk_of
from memory.commands.sql import sql_risk
from tests.memory.commands import judged


def commands(told: str) -> list[str]:
    """One a line; a here-document goes on until its end."""
    found: list[str] = []
    for line in told.strip("\n").split("\n"):
        if found and "<<SQL" in found[-1] and not found[-1].endswith("\nSQL"):
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


@pytest.mark.parametrize("command", commands(judged.MUTATING))
def test_what_changes_something_is_said_to(command: str) -> None:
    assert risk_of(command) is CommandRisk.MUTATING


@pytest.mark.parametrize("command", commands(judged.READING))
def test_what_only_looks_is_said_to(command: str) -> None:
    assert risk_of(command) is CommandRisk.READ


@pytest.mark.parametrize("command", commands(judged.UNKNOWN))
def test_what_cannot_be_told_is_unknown(command: str) -> None:
    assert risk_of(command) is CommandRisk.UNKNOWN


def test_there_are_enough_of_them() -> None:
    assert len(commands(judged.MUTATING)) >= 120
    assert len(commands(judged.READING)) >= 80


MUTATING_ONES = [command for command in commands(judged.MUTATING) if "\n" not in command and "&" not in command[-1]]
READING_ONES = [command for command in commands(judged.READING) if "\n" not in command]


@given(st.sampled_from(MUTATING_ONES), st.sampled_from(READING_ONES), st.sampled_from(["; ", " && ", " || ", "\n"]))
def test_the_worst_part_decides(bad: str, good: str, between: str) -> None:
    assert risk_of(f"{good}{between}{bad}") is CommandRisk.MUTATING
    assert risk_of(f"{bad}{between}{good}") is CommandRisk.MUTATING


@given(st.sampled_from(MUTATING_ONES), st.sampled_from(["sudo {}", "echo $({})", "( {} )", "while true; do {}; done"]))
def test_whatever_is_wrapped_around_it(bad: str, wrapping: str) -> None:
    assert risk_of(wrapping.format(bad)) is not CommandRisk.READ


@given(st.text(max_size=200))
def test_any_text_has_a_risk(text: str) -> None:
    assert risk_of(text) in CommandRisk
    assert sql_risk(text) in CommandRisk


@pytest.mark.parametrize(
    ("statement", "risk"),
    [
        ("select 1; drop table a", CommandRisk.MUTATING),
        ("-- drop table a\nselect 1", CommandRisk.READ),
        ("select 'drop table a; delete from b'", CommandRisk.READ),
        ("select * from orders for update", CommandRisk.MUTATING),
        ("select * into backup from orders", CommandRisk.MUTATING),
        ("set statement_timeout = 0; select 1", CommandRisk.READ),
        ("alter system set work_mem = '1GB'", CommandRisk.MUTATING),
        ("vacuum full orders", CommandRisk.MUTATING),
        ("\\d+ orders", CommandRisk.READ),
        ("\\copy orders to '/tmp/a'", CommandRisk.MUTATING),
        ("frobnicate the table", CommandRisk.UNKNOWN),
    ],
)
def test_a_statement_of_sql(statement: str, risk: CommandRisk) -> None:
    assert risk_of(statement, "sql") is risk


@pytest.mark.parametrize(
    ("code", "risk"),
    [
        ("user.update!(state: 'blocked')", CommandRisk.MUTATING),
        ("Project.find(1).destroy", CommandRisk.MUTATING),
        ("Feature.enable(:fast)", CommandRisk.MUTATING),
        ("User.find_by(username: 'a')", CommandRisk.UNKNOWN),
    ],
)
def test_a_line_for_a_console_is_never_called_read_only(code: str, risk: CommandRisk) -> None:
    assert risk_of(code, "ruby") is risk
