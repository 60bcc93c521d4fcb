"""What was asked before a kill and answered just before it has no buttons after it."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.domain.run import StepState
from bot.slack.acting_ids import HAPPENED
from tests.slack.acting_cases import run, runbook, step
from tests.slack.test_run_board import Room, room

__all__ = ["room"]
UNKNOWN = step("roll-back", StepState.UNKNOWN)


async def _asked(room: Room) -> None:
    before = room.board()
    await before.show_run(run(), runbook(), (), room.incident)
    await before.ask_person(run(), UNKNOWN, "Roll back", "Look whether it happened.")


async def test_a_question_that_was_answered_just_before_a_kill_loses_its_buttons_after_it(room: Room) -> None:
    await _asked(room)
    settled = replace(UNKNOWN, state=StepState.SUCCEEDED)
    await room.board().show_run(run(version=2), runbook(), [settled], room.incident)
    shown = json.dumps(room.messages()[1]["blocks"])
    assert HAPPENED not in shown
    assert "Look whether it happened." in shown
    assert "This was answered" in shown


async def test_a_question_that_waits_for_its_answer_keeps_its_buttons(room: Room) -> None:
    await _asked(room)
    await room.board().show_run(run(version=2), runbook(), [UNKNOWN], room.incident)
    assert HAPPENED in json.dumps(room.messages()[1]["blocks"])
