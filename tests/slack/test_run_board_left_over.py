"""What was asked before a kill and answered just before it has no buttons after it."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.domain.run import Part, RunState, StepState
from bot.slack.acting_ids import HAPPENED, UNDO
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


DID_NOT_HELP = step("roll-back", StepState.VERIFY_FAILED)


async def _offered(room: Room) -> None:
    before = room.board()
    await before.show_run(run(), runbook(), (), room.incident)
    await before.ask_person(run(), DID_NOT_HELP, "Roll back", "It can be undone.")
    assert UNDO in json.dumps(room.messages()[1]["blocks"])


async def test_an_offer_to_undo_that_was_taken_up_just_before_a_kill_loses_its_button_after_it(room: Room) -> None:
    await _offered(room)
    undo = replace(DID_NOT_HELP, key=replace(DID_NOT_HELP.key, part=Part.ROLLBACK), state=StepState.WAITING)
    await room.board().show_run(run(version=2), runbook(), [DID_NOT_HELP, undo], room.incident)
    assert UNDO not in json.dumps(room.messages()[1]["blocks"])


async def test_one_that_nobody_took_up_keeps_it_while_the_run_goes_on(room: Room) -> None:
    await _offered(room)
    planned = replace(DID_NOT_HELP, key=replace(DID_NOT_HELP.key, part=Part.ROLLBACK), state=StepState.PLANNED)
    await room.board().show_run(run(version=2), runbook(), [DID_NOT_HELP, planned], room.incident)
    assert UNDO in json.dumps(room.messages()[1]["blocks"])


async def test_nothing_is_offered_once_the_run_is_over(room: Room) -> None:
    board = room.board()
    await board.show_run(run(), runbook(), (), room.incident)
    await board.ask_person(run(), DID_NOT_HELP, "Roll back", "It can be undone.")
    await board.show_run(run(version=2, state=RunState.FAILED), runbook(), [DID_NOT_HELP], room.incident)
    assert UNDO not in json.dumps(room.messages()[1]["blocks"])


async def test_nor_after_a_kill_at_its_end(room: Room) -> None:
    await _offered(room)
    await room.board().show_run(run(version=2, state=RunState.FAILED), runbook(), [DID_NOT_HELP], room.incident)
    assert UNDO not in json.dumps(room.messages()[1]["blocks"])
