"""What people type after `runbook`, `stop` and `resume`."""

from __future__ import annotations

import pytest

from bot.domain.kill_switch import Scope, Stopped
from bot.slack.acting_words import RunWords, SwitchWords, read_run, read_switch


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", RunWords()),
        ("free-disk", RunWords(runbook="free-disk")),
        ("--dry-run", RunWords(is_dry=True)),
        ("free-disk --dry-run", RunWords(runbook="free-disk", is_dry=True)),
        ("free-disk \u2014dry-run", RunWords(runbook="free-disk", is_dry=True)),  # what clients make of two hyphens
        ("free-disk dry run", RunWords(runbook="free-disk", is_dry=True)),
        ("free-disk Dry-Run", RunWords(runbook="free-disk", is_dry=True)),
        ("r a=1 b=two", RunWords(runbook="r", parameters={"a": "1", "b": "two"})),
        ('r a="two words" b=x', RunWords(runbook="r", parameters={"a": "two words", "b": "x"})),
        ("r a=“two words”", RunWords(runbook="r", parameters={"a": "two words"})),
        ("r a='it is' dry run", RunWords(runbook="r", parameters={"a": "it is"}, is_dry=True)),
        ("r a=x=y", RunWords(runbook="r", parameters={"a": "x=y"})),
        ("r a= b=1", RunWords(runbook="r", parameters={"a": "", "b": "1"})),
        ("r a=1 because it leaks", RunWords(runbook="r", parameters={"a": "1"}, reason="it leaks")),
        ("r Because: of me", RunWords(runbook="r", reason="of me")),
        ('r a="just because"', RunWords(runbook="r", parameters={"a": "just because"})),
        ('r a="just because" because I say', RunWords(runbook="r", parameters={"a": "just because"}, reason="I say")),
        ("r a=$(reboot);ls", RunWords(runbook="r", parameters={"a": "$(reboot);ls"})),  # the runbook judges values
        ("r a=--kubeconfig=/x", RunWords(runbook="r", parameters={"a": "--kubeconfig=/x"})),
    ],
)
def test_an_order_is_read(typed: str, expected: RunWords) -> None:
    assert read_run(typed) == expected


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("a=1 free-disk", "name comes first"),
        ("r service checkout", "“service” is not understood"),
        ("r a=1 a=2", "a is told twice"),
        ('r a="two words', "quote of a is not closed"),
        ("r --a=1", "“--a” is no name of a parameter"),
        ("r 1a=1", "is no name"),
        ("r run", "“run” is not understood"),
    ],
)
def test_what_cannot_be_understood_is_told_and_nothing_is_started(typed: str, told: str) -> None:
    assert told in read_run(typed).trouble


@pytest.mark.parametrize(
    ("typed", "kind", "scope", "name", "why", "rest"),
    [
        ("", None, None, "", "", ""),
        ("it", None, None, "", "", "it"),
        ("ai", Stopped.AI, None, "", "", ""),
        ("ACTIONS", Stopped.ACTIONS, None, "", "", ""),
        ("everything", Stopped.ALL, None, "", "", ""),
        ("all everywhere", Stopped.ALL, Scope.GLOBAL, "", "", ""),
        ("actions globally because it is wrong", Stopped.ACTIONS, Scope.GLOBAL, "", "it is wrong", ""),
        ("actions service checkout", Stopped.ACTIONS, Scope.SERVICE, "checkout", "", ""),
        ("actions for the service checkout, because x", Stopped.ACTIONS, Scope.SERVICE, "checkout", "x", ""),
        ("actions service", Stopped.ACTIONS, Scope.SERVICE, "", "", ""),
        ("actions service because x", Stopped.ACTIONS, Scope.SERVICE, "", "x", ""),
        ("ai incident", Stopped.AI, Scope.INCIDENT, "", "", ""),
        ("ai incident inc-2026-0001", Stopped.AI, Scope.INCIDENT, "inc-2026-0001", "", ""),
        ("ai INC-2026-0001: because x", Stopped.AI, Scope.INCIDENT, "INC-2026-0001", "x", ""),
        ("ai in this incident", Stopped.AI, Scope.INCIDENT, "", "", ""),
        ("ai here", Stopped.AI, Scope.INCIDENT, "", "", ""),
        ("actions checkout", Stopped.ACTIONS, None, "", "", "checkout"),
        ("actions it makes it worse", Stopped.ACTIONS, None, "", "", "it makes it worse"),
        ("all everywhere now", Stopped.ALL, Scope.GLOBAL, "", "", "now"),
    ],
)
def test_a_switch_is_read(
    typed: str, kind: Stopped | None, scope: Scope | None, name: str, why: str, rest: str
) -> None:
    assert read_switch(typed) == SwitchWords(kind=kind, scope=scope, name=name, why=why, rest=rest)
