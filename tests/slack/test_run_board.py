"""Runs and requests on the wire: posted once whatever crashes, edited in order, decided for everybody to see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.approval import Message, State
from bot.domain.errors import ChatError
from bot.domain.evidence import Evidence, Finding, Outcome, ServiceFact
from bot.domain.incident import Card, Incident, Place, PlaceKind
from bot.domain.run import Part, RunState, StepState
from bot.slack.acting_ids import APPROVE, HAPPENED, UNDO
from bot.slack.run_board import SlackRunBoard
from bot.slack.web_api import WebApi
from memory.store import Store
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.scene import until
from tests.slack import acting_cases as cases
from tests.slack.acting_cases import NOW, plan, request, run, runbook, standing, step
from tests.slack.office import hurried

BO = cases.BO


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Room:
    """An incident's channel and boards of it; a second board is what a restart makes."""

    workspace: Workspace
    control: Control
    api: WebApi
    store: Store
    incident: Incident

    def board(self) -> SlackRunBoard:
        return SlackRunBoard(self.api, self.store.effects, self.store.briefings)

    def messages(self) -> list[Mapping[str, Any]]:
        """The bot's own, the oldest first."""
        own = self.workspace.bot.id
        return [
            message
            for message in self.workspace.all_messages()
            if message.get("user") == own and message.get("subtype") in (None, "file_share")
        ]

    def message(self, at: Message) -> Mapping[str, Any]:
        return next(message for message in self.messages() if message["ts"] == at.ts)

    def text_of(self, at: Message) -> str:
        return json.dumps(self.message(at)["blocks"], ensure_ascii=False)

    def files(self) -> list[bytes]:
        return [file.content for file in self.workspace.files.values()]

    async def called(self, method: str) -> int:
        return sum(call.method == method for call in await self.control.calls())


@pytest.fixture
async def room(workspace: Workspace, api: WebApi, tmp_path: Path) -> AsyncIterator[Room]:
    channel = str((await api.call("conversations.create", name="inc-checkout"))["channel"]["id"])
    await Control(workspace).join("ana", channel)
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield Room(workspace, Control(workspace), api, store, cases.incident(channel))
    await store.close()


@pytest.fixture
async def thread(room: Room) -> Incident:
    """A small incident: worked on in the thread under its card."""
    channel = room.incident.card.channel if room.incident.card else ""
    sent = await room.api.call("chat.postMessage", channel=channel, text="card")
    place = Place(kind=PlaceKind.THREAD, channel=channel, name="incident-triage")
    return replace(room.incident, place=place, card=Card(channel=channel, ts=sent["ts"]))


LONG = request(plan=plan(lines=tuple(f"line {number}" for number in range(500)), argv=()))
LOOKED = step("look", StepState.SUCCEEDED, summary="Two found.", output="NAME READY")


# --- runs ------------------------------------------------------------------------------------------------------------


async def test_a_run_has_one_card_that_is_edited(room: Room) -> None:
    board = room.board()
    card = await board.show_run(run(), runbook(), (), room.incident)
    assert not room.message(card).get("edited"), "what was posted just now needs no edit"
    again = await board.show_run(run(card=card, version=2), runbook(), [LOOKED], room.incident)
    over = run(card=card, version=3, state=RunState.SUCCEEDED, why="All is well.")
    assert await board.show_run(over, runbook(), [LOOKED], room.incident) == again == card
    assert "All is well." in room.text_of(card)
    assert len(room.messages()) == 1


async def test_edits_that_follow_each_other_closely_become_one(room: Room) -> None:
    board = room.board()
    card = await board.show_run(run(), runbook(), (), room.incident)
    for version in range(2, 30):
        told = replace(LOOKED, summary=f"Look number {version}.")
        await board.show_run(run(version=version), runbook(), [told], room.incident)
    await until(lambda: "Look number 29" in room.text_of(card))
    assert await room.called("chat.update") <= 2


async def test_an_older_version_of_a_run_does_not_overwrite_a_newer_one(room: Room) -> None:
    board = room.board()
    card = await board.show_run(run(), runbook(), (), room.incident)
    await board.show_run(run(version=9, state=RunState.FAILED, why="Broken."), runbook(), (), room.incident)
    await board.show_run(run(version=8, state=RunState.SUCCEEDED, why="Fine."), runbook(), (), room.incident)
    assert "Broken." in room.text_of(card)


async def test_after_a_restart_the_same_card_is_edited(room: Room) -> None:
    card = await room.board().show_run(run(), runbook(), (), room.incident)
    over = run(version=2, state=RunState.FAILED, why="The bot was restarted.")
    assert await room.board().show_run(over, runbook(), (), room.incident) == card
    assert "The bot was restarted." in room.text_of(card)
    assert len(room.messages()) == 1


async def test_the_last_word_on_a_run_is_not_lost(room: Room) -> None:
    board = room.board()
    await board.show_run(run(), runbook(), (), room.incident)
    await room.control.fault(kind="error", method="chat.update", error="internal_error", times=1)
    over = run(version=2, state=RunState.FAILED, why="Broken.")
    with pytest.raises(ChatError):
        await board.show_run(over, runbook(), (), room.incident)
    card = await board.show_run(over, runbook(), (), room.incident)
    assert "Broken." in room.text_of(card)


async def test_a_card_that_somebody_deleted_costs_nothing(room: Room) -> None:
    board = room.board()
    card = await board.show_run(run(), runbook(), (), room.incident)
    await room.control.delete("ana", card.channel, card.ts)
    over = run(version=2, state=RunState.SUCCEEDED)
    assert await board.show_run(over, runbook(), (), room.incident) == card


async def test_without_a_place_it_is_tried_again_later(room: Room) -> None:
    with pytest.raises(ChatError) as refused:
        await room.board().show_run(run(), runbook(), (), replace(room.incident, place=None))
    assert not refused.value.is_final
    assert room.messages() == []


async def test_outputs_stand_in_the_cards_thread_once_for_each_step(room: Room) -> None:
    card = await room.board().show_run(run(), runbook(), (), room.incident)
    long = step("roll-back", StepState.SUCCEEDED, output="\n".join(f"pod {n}" for n in range(400)))
    for _ in range(2):
        for one in (LOOKED, replace(LOOKED, key=replace(LOOKED.key, item=1)), long):
            await room.board().show_output(run(card=card), one, "Look")
    replies = room.messages()[1:]
    assert [message["thread_ts"] for message in replies] == [card.ts] * 4
    assert [bool(message.get("files")) for message in replies] == [False, False, False, True]
    assert room.files() == [long.output.encode() + b"\n"]


async def test_in_a_small_incident_all_of_it_stands_under_the_incidents_card(room: Room, thread: Incident) -> None:
    board = room.board()
    card = await board.show_run(run(), runbook(), (), thread)
    await room.board().show_output(run(card=card), LOOKED, "Look")
    asked = await board.ask(LONG, thread)
    await room.board().say(LONG, "2 min left to decide.", key="reminder-1")
    assert thread.card is not None
    replies = [message for message in room.messages() if message["ts"] != thread.card.ts]
    assert {message["thread_ts"] for message in replies} == {thread.card.ts}
    assert len(replies) == 5
    assert room.message(asked)["thread_ts"] == thread.card.ts


async def test_a_step_that_waits_links_to_its_request(room: Room) -> None:
    board = room.board()
    asked = await board.ask(request(), room.incident)
    waiting = step("roll-back", StepState.WAITING, request=request().id)
    card = await board.show_run(run(state=RunState.WAITING), runbook(), [waiting], room.incident)
    link = (await room.api.call("chat.getPermalink", channel=asked.channel, message_ts=asked.ts))["permalink"]
    assert f"waiting for <{link}|an approval>" in room.text_of(card)


# --- people asked ----------------------------------------------------------------------------------------------------


async def test_a_person_is_asked_once_for_each_state_and_the_buttons_go_when_it_is_settled(room: Room) -> None:
    board = room.board()
    await board.show_run(run(), runbook(), (), room.incident)
    unknown = step("roll-back", StepState.UNKNOWN)
    for _ in range(3):
        await board.ask_person(run(), unknown, "Roll back", "Look whether it happened.")
    (asked,) = room.messages()[1:]
    assert HAPPENED in json.dumps(asked["blocks"])
    settled = replace(unknown, state=StepState.SUCCEEDED)
    await board.show_run(run(version=2), runbook(), [settled], room.incident)
    assert HAPPENED not in json.dumps(room.messages()[1]["blocks"])


@pytest.mark.parametrize("state", [StepState.VERIFY_FAILED, StepState.FAILED, StepState.TIMED_OUT])
async def test_the_offer_to_undo_goes_when_it_is_taken_up(room: Room, state: StepState) -> None:
    board = room.board()
    await board.show_run(run(), runbook(), (), room.incident)
    failed = step("roll-back", state)
    await board.ask_person(run(), failed, "Roll back", "It did not help.")
    shown = step("roll-back", StepState.PLANNED, part=Part.ROLLBACK)
    await board.show_run(run(version=2), runbook(), [failed, shown], room.incident)
    assert UNDO in json.dumps(room.messages()[1]["blocks"])
    undoing = step("roll-back", StepState.STARTED, part=Part.ROLLBACK)
    await board.show_run(run(version=3), runbook(), [failed, undoing], room.incident)
    assert UNDO not in json.dumps(room.messages()[1]["blocks"])


# --- requests --------------------------------------------------------------------------------------------------------


async def test_a_request_is_posted_once_and_shows_who_decided(room: Room) -> None:
    board = room.board()
    asked = await board.ask(request(), room.incident, "6 pods", "undo it")
    assert await room.board().ask(request(), room.incident, "6 pods", "undo it") == asked
    assert APPROVE in room.text_of(asked)
    one = standing(State.WAITING, needed=2, approvals=(cases.review(message=asked),))
    await room.board().show_request(replace(request(), needed=2), one)
    for part in ("*1 of 2*", "6 pods", "undo it", APPROVE, "High error ratio"):
        assert part in room.text_of(asked), f"{part}: after a restart all of it is still there"
    denied = standing(State.DENIED, by=BO, at=NOW + timedelta(minutes=1))
    await room.board().show_request(request(), denied, "Denied.")
    assert APPROVE not in room.text_of(asked)
    assert f"Denied by <@{BO}>" in room.text_of(asked)
    assert len(room.messages()) == 1


async def test_what_is_too_long_is_in_the_thread_before_anybody_can_press_a_button(room: Room) -> None:
    seen: list[tuple[bool, int]] = []
    edit = room.api.call

    async def watching(method: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await edit(method, **arguments)
        if method in ("chat.postMessage", "chat.update"):
            seen.append((APPROVE in json.dumps(arguments["blocks"]), len(room.files())))
        return answer

    room.api.call = watching  # type: ignore[method-assign]
    asked = await room.board().ask(LONG, room.incident)
    assert seen == [(False, 0), (True, 1)]
    (content,) = room.files()
    assert all(line in content.decode() for line in LONG.plan.lines)
    assert room.messages()[1]["thread_ts"] == asked.ts


async def test_evidence_is_shown_with_its_words_and_links(room: Room) -> None:
    opened = await room.store.desk.transact(_opened)
    fact = ServiceFact(service="checkout", owner="shop", tier=1, depends_on=(), dependants=(), known=True)
    found = Finding(
        source="prometheus",
        outcome=Outcome.FOUND,
        seconds=0.1,
        evidence=(Evidence(source="p", id="E3", text="5xx at 18 %", link="https://prom.example/g", fact=fact),),
    )
    await room.store.briefings.save_findings(opened, [found])
    asked = await room.board().ask(request(incident=opened, evidence=("E3", "E9")), room.incident)
    assert "<https://prom.example/g|[E3]> 5xx at 18 %\\n[E9]" in room.text_of(asked)


def _opened(desk: Any) -> str:
    from bot.domain.incident import GroupingReason
    from bot.testing import make_alert

    return str(desk.open_incident(make_alert(), GroupingReason.NEW_CONDITION, NOW).id)


async def test_reminders_stand_in_its_thread_once_for_a_key(room: Room) -> None:
    asked = await room.board().ask(request(), room.incident)
    for key in ("r1", "r1", "r2"):
        await room.board().say(request(), "2 min left to decide: <!here>", key=key)
    replies = room.messages()[1:]
    assert [(message["thread_ts"], message["text"]) for message in replies] == [
        (asked.ts, "2 min left to decide: &lt;!here&gt;")
    ] * 2
    assert not [ping for ping in room.workspace.pings if "here" in ping.target]


async def test_what_was_never_posted_is_not_edited(room: Room) -> None:
    await room.board().show_request(request(), standing(State.EXPIRED, at=NOW))
    with pytest.raises(ChatError):
        await room.board().say(request(), "Wait.", key="r1")
    assert room.messages() == []


async def test_a_request_that_somebody_deleted_can_still_be_decided(room: Room) -> None:
    asked = await room.board().ask(request(), room.incident)
    await room.control.delete("ana", asked.channel, asked.ts)
    await room.board().show_request(request(), standing(State.MESSAGE_DELETED, at=NOW))


# --- crashes ---------------------------------------------------------------------------------------------------------

Doing = Callable[[SlackRunBoard, Room, str], Awaitable[object]]


async def _run(board: SlackRunBoard, room: Room, id: str) -> None:
    made = run(id=f"R-{id}")
    looked, lost = (
        replace(one, key=replace(one.key, run=made.id)) for one in (LOOKED, step("roll-back", StepState.UNKNOWN))
    )
    card = await board.show_run(made, runbook(), (), room.incident)
    await board.show_output(replace(made, card=card), looked, "Look")
    await board.ask_person(replace(made, card=card), lost, "Roll back", "Look.")


async def _request(board: SlackRunBoard, room: Room, id: str) -> None:
    made = replace(LONG, id=f"A-{id}")
    await board.ask(made, room.incident)
    await board.say(made, "5 min left.", key="r1")


class Dying(WebApi):
    """The process ends at one call, before it or before its answer is written down."""

    def __init__(self, api: WebApi, point: int, *, is_before: bool) -> None:
        super().__init__(api.client, pacing=hurried())
        self._left = point
        self._is_before = is_before

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        self._left -= 1
        if self._left == 0 and self._is_before:
            raise Killed
        answer = await super().call(method, **arguments)
        if self._left == 0:
            raise Killed
        return answer


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("doing", [_run, _request])
async def test_wherever_it_is_killed_everything_is_posted_once(room: Room, doing: Doing, is_before: bool) -> None:
    """At each call of Slack's in turn, before it or right after it; then it is begun again."""
    for point in range(1, 10):
        was_killed = False
        before = len(room.messages())
        dying = SlackRunBoard(Dying(room.api, point, is_before=is_before), room.store.effects, room.store.briefings)
        try:
            await doing(dying, room, str(point))
        except Killed:
            was_killed = True
            await doing(room.board(), room, str(point))
        assert len(room.messages()) - before == 3, f"killed at call {point}"
        if not was_killed:
            break
    assert point > 3, "it was killed at every call"


async def test_an_answer_that_is_lost_on_its_way_posts_nothing_twice(room: Room) -> None:
    """Slack took the message, and the connection broke before it said so."""
    call = room.api.call

    async def lossy(method: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await call(method, **arguments)
        if method == "chat.postMessage" and not lost:
            lost.append(method)
            raise ChatError("unreachable", "it broke", is_final=False)
        return answer

    lost: list[str] = []
    room.api.call = lossy  # type: ignore[method-assign]
    board = room.board()
    with pytest.raises(ChatError):
        await board.ask(request(), room.incident)
    await board.ask(request(), room.incident)
    assert len(room.messages()) == 1


async def test_asked_twice_at_the_same_time_it_is_posted_once(room: Room) -> None:
    board = room.board()
    found = await asyncio.gather(*(board.ask(request(), room.incident) for _ in range(5)))
    assert len(set(found)) == 1
    assert len(room.messages()) == 1


async def test_decisions_that_follow_each_other_closely_are_shown_in_their_order(room: Room) -> None:
    board = room.board()
    asked = await board.ask(request(), room.incident)
    states = [standing(State.WAITING), standing(State.APPROVED), standing(State.CONSUMED, at=NOW)] * 3
    await asyncio.gather(*(board.show_request(request(), one) for one in states))
    assert "The approval is used up" in room.text_of(asked)


async def test_people_are_named_where_a_sentence_holds_their_ids_and_nobody_is_notified(room: Room) -> None:
    bo = room.workspace.member("bo").id
    board = room.board()
    over = run(state=RunState.REFUSED, why=f"Denied by {bo}, not by U0NOBODY000 or UNAVAILABLE.", requester="")
    card = await board.show_run(over, runbook(), (), room.incident)
    assert "Denied by Bo Chen, not by U0NOBODY000 or UNAVAILABLE." in room.text_of(card)
    await board.show_run(replace(over, version=2), runbook(), (), room.incident)
    assert await room.called("users.info") == 2
    assert bo not in [ping.target for ping in room.workspace.pings if ping.by == room.workspace.bot.id]


async def test_only_who_asked_and_who_decided_is_mentioned(room: Room) -> None:
    ana, bo = (room.workspace.member(who).id for who in ("ana", "bo"))
    board = room.board()
    asked = request(requester=ana)
    message = await board.ask(asked, room.incident)
    await board.show_run(run(requester=ana), runbook(), [LOOKED], room.incident)
    await board.show_output(run(), LOOKED, "Look")
    before: Sequence[str] = [ping.target for ping in room.workspace.pings if ping.by == room.workspace.bot.id]
    assert set(before) - {room.workspace.bot.id} == {ana}
    decided = standing(State.DENIED, by=bo, at=NOW)
    await board.show_request(asked, decided)
    assert f"<@{bo}>" in room.text_of(message)
