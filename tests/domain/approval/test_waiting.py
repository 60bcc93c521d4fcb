"""Reminders and escalation while people have not decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.approval import (
    Escalated,
    Escalation,
    EscalationReason,
    Event,
    Reminded,
    Reminder,
    Request,
    escalation,
    next_reminder,
    state,
)
from bot.domain.policy import Escalating
from tests.domain.approval.situations import ANA, BEN, EVERYBODY, ONE, TWO, at, denies, posted, says

BEFORE = (timedelta(minutes=5), timedelta(minutes=2))
RULE = Escalating()


def reminder(minute: float, *events: Event, request: Request = TWO) -> Reminder | None:
    told = (posted(request), *events)
    standing = state(request, told, at(minute), EVERYBODY)
    return next_reminder(request, standing, told, at(minute), BEFORE)


def escalated(minute: float, *events: Event, request: Request = TWO) -> Escalation:
    told = (posted(request), *events)
    return escalation(request, state(request, told, at(minute), EVERYBODY), told, at(minute), RULE)


def reminded(minute: float) -> Reminded:
    return Reminded(id=f"r{minute}", at=at(minute))


def test_the_next_reminder_is_known_beforehand() -> None:
    assert reminder(1) == Reminder(at=at(5), sentence="5 min left to decide: 0 of 2 approvals.")
    assert reminder(6, reminded(5)) == Reminder(at=at(8), sentence="2 min left to decide: 0 of 2 approvals.")


def test_none_after_the_last_one() -> None:
    assert reminder(9, reminded(5), reminded(8)) is None


def test_of_several_that_were_missed_the_last_is_given() -> None:
    late = reminder(9)
    assert late == Reminder(at=at(8), sentence="60 s left to decide: 0 of 2 approvals.")
    assert reminder(9.2, reminded(9)) is None


def test_it_tells_how_many_have_approved() -> None:
    found = reminder(7, says(ANA, 1, TWO))
    assert found is not None
    assert found.sentence == "3 min left to decide: 1 of 2 approvals."


def test_nobody_is_reminded_of_what_is_decided() -> None:
    assert reminder(2, says(ANA), request=ONE) is None
    assert reminder(2, denies(ANA, 1, TWO)) is None
    assert reminder(11) is None


def test_a_short_life_has_only_the_reminders_that_fit() -> None:
    short = replace(TWO, expires_at=at(3))
    assert reminder(0.5, request=short) == Reminder(at=at(1), sentence="2 min left to decide: 0 of 2 approvals.")


@pytest.mark.parametrize(
    ("name", "found", "expected", "minute"),
    [
        ("too early", escalated(2), EscalationReason.NOT_YET, 3),
        ("nobody answers", escalated(3), EscalationReason.DUE, 3),
        ("one of two has answered", escalated(3, says(ANA, 1, TWO)), EscalationReason.NOT_YET, 4),
        ("the second does not answer", escalated(5, says(ANA, 1, TWO)), EscalationReason.DUE, 4),
        ("already done", escalated(5, Escalated(id="x", at=at(3))), EscalationReason.DONE, None),
        ("enough have", escalated(5, says(ANA, 1, TWO), says(BEN, 1, TWO)), EscalationReason.OVER, None),
        ("denied", escalated(5, denies(ANA, 1, TWO)), EscalationReason.OVER, None),
        ("expired", escalated(10), EscalationReason.OVER, None),
        ("not severe", escalated(5, request=replace(TWO, severity=Severity.SEV2)), EscalationReason.NOT_SEVERE, None),
        ("no incident", escalated(5, request=replace(TWO, severity=None)), EscalationReason.NOT_SEVERE, None),
    ],
)
def test_the_next_one_on_call_is_asked_when_nobody_answers(
    name: str, found: Escalation, expected: EscalationReason, minute: float | None
) -> None:
    assert found.reason is expected, name
    assert found.at == (None if minute is None else at(minute))


def test_the_escalation_says_what_waits() -> None:
    assert escalated(3).sentence == (
        "Nobody has answered for 3 min: deployment shop/checkout waits, with 0 of 2 approvals."
    )
