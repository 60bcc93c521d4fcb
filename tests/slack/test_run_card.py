"""A run as people see it, and what it says and asks in its thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.run import Part, RunState, StepRun, StepState
from bot.domain.runbook import RunbookStep
from bot.slack.acting_ids import CANCEL_RUN, HAPPENED, NOT_HAPPENED, UNDO, read_step_key
from bot.slack.blocks import person_asked
from bot.slack.blocks.run_card import RunView, output, output_file, render
from sandbox.slack.blocks import Surface, problems, rendered_length
from sandbox.slack.pings import targets
from tests.slack.acting_cases import ANA, BO, NOW, run, runbook, step


def view(steps: Sequence[StepRun] = (), **changes: Any) -> RunView:
    links = changes.pop("links", {})
    book = changes.pop("runbook", None) or runbook()
    return RunView(run=run(**changes), runbook=book, steps=steps, incident="INC-2026-0042", links=links)


def lines(made: RunView) -> list[str]:
    """Of the steps."""
    sections = [block["text"]["text"] for block in render(made).blocks if block["type"] == "section"]
    return str(next(text for text in sections if "Which versions" in text or "1." in text)).split("\n")


def action_ids(blocks: Sequence[Any]) -> dict[str, str]:
    actions = [block for block in blocks if block["type"] == "actions"]
    return {element["action_id"]: element["value"] for block in actions for element in block["elements"]}


def accepted(message: Any) -> None:
    assert problems(message.blocks, Surface.MESSAGE) == []
    assert rendered_length(message.blocks) < 13_000
    assert 0 < len(message.text) <= 4000


def test_each_step_has_a_sign_a_word_how_long_it_took_and_what_came_of_it() -> None:
    look = step("look", StepState.SUCCEEDED, started_at=NOW, ended_at=NOW + timedelta(seconds=1.34), summary="2 found.")
    undo = step(
        "roll-back",
        StepState.VERIFY_FAILED,
        started_at=NOW,
        ended_at=NOW + timedelta(minutes=7),
        summary="rolled back.",
        verified="Errors are still at 17 %.",
    )
    made = view([look, undo])
    accepted(render(made))
    assert [line.strip() for line in lines(made)] == [
        ":white_check_mark: 1. *Which versions are there*: done, 1.3 s",
        "2 found",
        ":warning: 2. *Roll back to the version before*: done, but it did not help, 7 min",
        "rolled back. Errors are still at 17 %",
        ":white_circle: 3. *Tell the shop team*",
    ]


@pytest.mark.parametrize("state", list(StepState))
def test_every_state_of_a_step_has_words(state: StepState) -> None:
    line = lines(view([step("look", state)]))[0]
    assert line.startswith(":")
    assert line.split("*: ")[1]


@pytest.mark.parametrize("state", list(RunState))
def test_it_can_be_cancelled_only_while_it_is_not_over(state: RunState) -> None:
    message = render(view(state=state))
    accepted(message)
    assert action_ids(message.blocks) == ({} if state.is_over else {CANCEL_RUN: "R-7K3QF2"})


def test_a_run_that_somebody_wants_to_end_says_who() -> None:
    message = render(view(cancelled_by=BO))
    assert action_ids(message.blocks) == {}
    assert f"<@{BO}> wants it to end" in json.dumps(message.blocks)


def test_what_waits_says_for_what_and_where() -> None:
    waiting = step("roll-back", StepState.WAITING, request="A-1")
    link = "https://acme.slack.com/archives/C1/p1"
    assert f"waiting for <{link}|an approval>" in lines(view([waiting], links={"A-1": link}))[1]
    assert "waiting for an approval" in lines(view([waiting]))[1]
    assert "waiting for a person to do it" in lines(view([step("roll-back", StepState.WAITING)]))[1]


def test_a_dry_run_says_so_everywhere() -> None:
    made = view([step("look", StepState.SUCCEEDED), step("roll-back", StepState.PLANNED)], is_dry=True)
    message = render(made)
    assert message.blocks[0]["text"]["text"].endswith("Dry run: Roll back a bad deployment")
    assert message.text.startswith("Dry run: ")
    assert [line.rpartition(": ")[2] for line in lines(made)[:2]] == ["checked", "would be done"]


def test_elements_and_undoings_have_their_own_lines() -> None:
    steps = [
        step("roll-back", StepState.SUCCEEDED, item=1),
        step("roll-back", StepState.FAILED, item=0),
        step("roll-back", StepState.STARTED, item=0, part=Part.ROLLBACK),
    ]
    told = lines(view(steps))
    assert told[1:4] == [
        ":x: 2. *Roll back to the version before* (1): failed",
        ":arrows_counterclockwise: Undo of 2. *Roll back to the version before* (1): running",
        ":white_check_mark: 2. *Roll back to the version before* (2): done",
    ]


def test_in_a_long_run_what_is_open_or_failed_is_shown_first() -> None:
    book = runbook(steps=tuple(RunbookStep(id=f"s{n}", title=f"Step {n} " + "x" * 60) for n in range(90)))
    done = [step(f"s{n}", StepState.SUCCEEDED, summary="y" * 100) for n in range(80)]
    steps = [*done, step("s80", StepState.FAILED), step("s81", StepState.STARTED)]
    made = view(steps, runbook=book)
    accepted(render(made))
    told = lines(made)
    assert told[0].startswith(":x: 81.")
    assert told[1].startswith(":arrows_counterclockwise: 82.")
    assert "more, not shown here" in told[-1]


def test_how_it_ended_is_said_once() -> None:
    message = render(view(state=RunState.FAILED, why="It did not help", ended_at=NOW + timedelta(minutes=7)))
    told = json.dumps(message.blocks)
    assert "*Failed:* It did not help" in told
    assert "took 7 min" in told
    assert "It did not help" in message.text


HOSTILE = "<!channel> <@U0EVIL00000> @here *b* `c` <https://evil.example|ok> \u202egpj"


def test_nothing_in_it_pings_or_hides() -> None:
    book = runbook(title=HOSTILE, steps=(RunbookStep(id=HOSTILE, title=HOSTILE),))
    steps = [step(HOSTILE, StepState.FAILED, summary=HOSTILE, verified=HOSTILE), step("gone", StepState.UNKNOWN)]
    made = view(steps, runbook=book, reason=HOSTILE, why=HOSTILE, parameters={HOSTILE: HOSTILE}, cancelled_by=HOSTILE)
    message = render(made)
    accepted(message)
    assert set(targets(message.text, message.blocks, [])) == {ANA}
    assert "\u202e" not in json.dumps(message.blocks, ensure_ascii=False)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=3000), st.lists(st.sampled_from(StepState), max_size=60), st.sampled_from(RunState))
def test_whatever_it_holds_slack_takes_it(text: str, states: list[StepState], state: RunState) -> None:
    steps = [step("look", of, item=n, summary=text, verified=text) for n, of in enumerate(states)]
    parameters = {f"p{n}": text for n in range(30)}
    accepted(render(view(steps, state=state, why=text, reason=text, parameters=parameters)))
    for one in steps[:3]:
        accepted(output(replace(one, output=text), text)[0])
        accepted(person_asked.render(run(), one, text, text))


# --- in its thread ---------------------------------------------------------------------------------------------------


def test_an_output_is_shown_as_it_is_and_a_long_one_goes_into_a_file() -> None:
    short = step("look", StepState.SUCCEEDED, summary="Two pods.", output="NAME READY\n<!here> *1*")
    message, is_longer = output(short, "Look")
    accepted(message)
    assert not is_longer
    assert message.blocks[1]["elements"][0]["elements"][0]["text"] == short.output
    assert not targets(message.text, message.blocks, [])
    long = replace(short, output="\n".join(f"line {n}" for n in range(500)), is_cut=True)
    message, is_longer = output(long, "Look")
    accepted(message)
    assert is_longer
    assert output_file(long).strip() == long.output
    assert "the rest was not kept" in json.dumps(message.blocks)


@pytest.mark.parametrize(
    ("state", "ids"),
    [
        (StepState.WAITING, {HAPPENED, NOT_HAPPENED}),
        (StepState.UNKNOWN, {HAPPENED, NOT_HAPPENED}),
        (StepState.VERIFY_FAILED, {UNDO}),
    ],
)
def test_people_are_asked_with_buttons_that_name_the_step(state: StepState, ids: set[str]) -> None:
    asked = step("roll-back", state, item=2, part=Part.ROLLBACK)
    message = person_asked.render(run(), asked, "Roll back", "Look at the deployment.")
    accepted(message)
    found = action_ids(message.blocks)
    assert set(found) == ids
    assert {read_step_key(value) for value in found.values()} == {asked.key}
    answered = person_asked.render(run(), asked, "Roll back", "Look at the deployment.", is_open=False)
    assert action_ids(answered.blocks) == {}
