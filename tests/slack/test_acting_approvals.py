"""Reactions, buttons, edits and deletions reach the request they are about, once, at their own time, and no other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.approval import ReviewReason, ReviewVerdict, TakingBack
from bot.domain.errors import ChatError, NotStored
from bot.domain.incident import PlaceKind
from bot.domain.ports import Acceptance
from bot.domain.run import StepKey
from bot.slack import acting_ids as ids
from bot.slack import event_worker
from sandbox.slack import messages
from tests.scene import PATIENCE
from tests.slack.acting import DIGEST, Acting, acting, button
from tests.slack.office import connected

KEY = StepKey(run="R-1", step="restart", item=2)
REFUSED = ReviewVerdict(reason=ReviewReason.GUEST, sentence="Guests of this workspace cannot approve.")


@pytest.fixture(params=["socket", "http"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path, mode=request.param) as made:
        yield made


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path) as made:
        yield made


@pytest.fixture
async def unconnected(tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path, connect=False) as made:
        yield made


async def test_a_reaction_on_the_request_decides_and_is_not_answered_where_it_counts(here: Acting) -> None:
    incident = await here.incident()
    message = await here.request(incident)
    before = datetime.now(UTC)
    for name in ("white_check_mark", "heavy_check_mark", "x", "negative_squared_cross_mark"):
        await here.react("bo", message, name)
    bo = here.id("bo")
    assert here.events == [("approve", bo, None), ("approve", bo, None), ("deny", bo, None), ("deny", bo, None)]
    assert all(abs(event[2] - before) < timedelta(seconds=10) for event in here.approvals.events.values())
    assert await here.private("bo", incident) == []


async def test_it_counts_at_the_time_at_which_it_was_made_not_at_that_of_its_delivery(unconnected: Acting) -> None:
    incident = await unconnected.incident()
    message = await unconnected.request(incident)
    event = {
        "type": "reaction_added",
        "user": unconnected.id("bo"),
        "reaction": "white_check_mark",
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "event_ts": "1700000000.250000",
    }
    body = json.dumps({"type": "event_callback", "event_id": "Ev7", "event": event}).encode()
    for _ in range(3):
        await unconnected.here.store.slack_events.record("Ev7", body)
    await unconnected.here.worker.run_once()
    assert unconnected.approvals.lookups == 1
    ((id, (_, _, at, _)),) = unconnected.approvals.events.items()
    assert (id, at) == ("Ev7", datetime(2023, 11, 14, 22, 13, 20, 250000, tzinfo=UTC))


async def test_another_reaction_on_the_request_is_not_looked_up(here: Acting) -> None:
    message = await here.request(await here.incident())
    for reaction in ("tada", "+1", "white_check_mark::skin-tone-2", "ballot_box_with_check", "heavy_plus_sign"):
        event = {
            "type": "reaction_added",
            "user": here.id("bo"),
            "reaction": reaction,
            "item": {"type": "message", "channel": message.channel, "ts": message.ts},
            "item_user": here.here.workspace.bot.id,
        }
        here.here.workspace.publish("reaction_added", event)
    await here.here.quiet()
    assert here.approvals.lookups == 0


async def test_reactions_on_other_messages_are_ignored_with_at_most_one_lookup(here: Acting) -> None:
    incident = await here.incident()
    await here.request(incident)
    said = await here.here.control.say("ana", here.name(incident), "done")
    ours = await here.post(incident, "a briefing", [])
    await here.here.control.react("bo", here.name(incident), said, "white_check_mark")
    await here.here.quiet()
    assert here.approvals.lookups == 0, "the event tells that it is somebody else's message"
    await here.react("bo", ours, "white_check_mark")
    await here.react("bo", ours, "white_check_mark", remove=True)
    assert here.approvals.lookups == 2
    assert here.events == []
    assert await here.private("bo", incident) == []


async def test_the_bots_own_reactions_decide_nothing_and_are_not_even_recorded(here: Acting) -> None:
    message = await here.request(await here.incident())
    recorded = len(here.here.outcomes)
    await here.here.api.call("reactions.add", channel=message.channel, timestamp=message.ts, name="white_check_mark")
    await here.here.api.call("reactions.remove", channel=message.channel, timestamp=message.ts, name="white_check_mark")
    await here.here.quiet()
    assert (here.approvals.lookups, len(here.here.outcomes)) == (0, recorded)


async def test_what_is_not_counted_is_told_to_that_person_alone(both: Acting) -> None:
    incident = await both.incident()
    guest = await both.guest("gil", incident, is_restricted=True)
    message = await both.request(incident)
    both.approvals.verdict = REFUSED
    await both.react(guest, message, "white_check_mark")
    assert await both.private(guest, incident) == ["Guests of this workspace cannot approve."]
    assert await both.private("ana", incident) == []
    both.approvals.verdict = replace(REFUSED, sentence="Only members of sre can decide this.")
    await both.click(guest, ids.DENY, message)
    assert (await both.private(guest, incident))[1:] == ["Only members of sre can decide this."]


async def test_in_a_thread_it_is_told_there(here: Acting) -> None:
    incident = await here.incident(PlaceKind.THREAD)
    assert incident.card is not None
    message = await here.request(incident, incident.card.ts)
    here.approvals.verdict = REFUSED
    await here.react("bo", message, "x")
    await here.click("bo", ids.APPROVE, message)
    assert await here.private("bo", incident, incident.card.ts) == [REFUSED.sentence] * 2


async def test_removing_the_check_mark_takes_the_approval_back(here: Acting) -> None:
    incident = await here.incident()
    message = await here.request(incident)
    await here.react("bo", message, "white_check_mark")
    await here.react("bo", message, "white_check_mark", remove=True)
    assert [event[0] for event in here.events] == ["approve", "take back"]
    assert await here.private("bo", incident) == ["Your approval is taken back."]
    here.approvals.back = TakingBack.NOTHING
    await here.react("bo", message, "heavy_check_mark")
    await here.react("bo", message, "heavy_check_mark", remove=True)
    assert len(await here.private("bo", incident)) == 1, "where there was nothing to take back nothing is said"


async def test_removing_a_cross_takes_back_neither_the_denial_nor_an_approval(here: Acting) -> None:
    message = await here.request(await here.incident())
    await here.react("bo", message, "x")
    await here.react("bo", message, "x", remove=True)
    assert [event[0] for event in here.events] == ["deny"]


async def test_buttons_carry_the_digest_that_was_shown(both: Acting) -> None:
    incident = await both.incident()
    message = await both.request(incident)
    assert (await both.click("bo", ids.APPROVE, message)).ok
    assert (await both.click("ana", ids.DENY, message)).ok
    assert both.events == [("approve", both.id("bo"), DIGEST), ("deny", both.id("ana"), DIGEST)]
    assert await both.private("bo", incident) == []


async def test_the_request_can_be_taken_back_as_a_whole(here: Acting) -> None:
    incident = await here.incident()
    message = await here.request(incident)
    await here.click("ana", ids.WITHDRAW, message)
    assert here.events == [("withdraw", "A-1", here.id("ana"))]
    assert await here.private("ana", incident) == ["The request is taken back."]


async def test_a_button_of_a_message_that_is_no_request_says_so(here: Acting) -> None:
    incident = await here.incident()
    message = await here.post(incident, "old", [button(ids.APPROVE, f"A-0:{DIGEST}"), button(ids.DENY, "nonsense")])
    await here.click("bo", ids.APPROVE, message)
    assert await here.private("bo", incident) == ["This is no request any more."]
    await here.click("bo", ids.DENY, message)
    assert here.here.outcomes[-1] == "ignored: a button without a request"


# --- edited and deleted ----------------------------------------------------------------------------------------------


async def test_the_bots_own_edits_of_the_request_are_nothing(here: Acting) -> None:
    message = await here.request(await here.incident())
    recorded = len(here.here.outcomes)
    for text in ("1 of 2", "Approved by Bo"):
        await here.here.api.call("chat.update", channel=message.channel, ts=message.ts, text=text)
    await here.here.quiet()
    assert (here.events, here.approvals.lookups, len(here.here.outcomes)) == ([], 0, recorded)


async def test_an_edit_by_somebody_else_is_told_to_the_request(here: Acting) -> None:
    message = await here.request(await here.incident())
    workspace = here.here.workspace
    channel = workspace.channels[message.channel]
    shown = channel.messages[message.ts]
    messages.edit(workspace, channel, shown, here.id("bo"), replace(shown, text="Approve: nothing bad"))
    await here.here.quiet()
    assert here.events == [("edited",)]


async def test_a_preview_of_a_link_is_no_edit(here: Acting) -> None:
    message = await here.request(await here.incident())
    channel = here.here.workspace.channels[message.channel]
    shown = channel.messages[message.ts]
    messages.tell_changed(here.here.workspace, channel, replace(shown, attachments=[{"text": "a page"}]), {})
    await here.here.quiet()
    assert here.events == []


@pytest.mark.parametrize("with_replies", [False, True], ids=["alone", "with replies"])
async def test_a_deletion_is_told_to_the_request(here: Acting, with_replies: bool) -> None:
    message = await here.request(await here.incident())
    workspace = here.here.workspace
    channel = workspace.channels[message.channel]
    if with_replies:
        await here.here.control.say("ana", channel.id, "why?", message.ts)
    messages.delete(workspace, channel, channel.messages[message.ts])
    await here.here.quiet()
    assert here.events == [("deleted",)]


async def test_a_tombstone_that_comes_as_a_change_is_a_deletion(here: Acting) -> None:
    message = await here.request(await here.incident())
    event = {
        "type": "message",
        "subtype": "message_changed",
        "message": {"subtype": "tombstone", "user": "USLACKBOT", "ts": message.ts},
        "previous_message": {"user": here.here.workspace.bot.id, "ts": message.ts},
        "channel": message.channel,
        "channel_type": "channel",
    }
    here.here.workspace.publish("message.channels", event)
    await here.here.quiet()
    assert here.events == [("deleted",)]


async def test_what_people_do_to_their_own_messages_is_not_looked_up(here: Acting) -> None:
    incident = await here.incident()
    await here.request(incident)
    said = await here.here.control.say("ana", here.name(incident), "done")
    await here.here.control.edit("ana", here.name(incident), said, "not done")
    await here.here.control.delete("ana", here.name(incident), said)
    await here.here.quiet()
    assert here.approvals.lookups == 0


# --- buttons of runs -------------------------------------------------------------------------------------------------


async def test_people_say_of_a_step_whether_it_happened_undo_it_and_cancel_the_run(here: Acting) -> None:
    incident = await here.incident()
    text = KEY.text
    buttons = [button(a, text) for a in (ids.HAPPENED, ids.NOT_HAPPENED, ids.UNDO)]
    message = await here.post(incident, "Did it happen?", [*buttons, button(ids.CANCEL_RUN, "R-1")])
    for action in (ids.HAPPENED, ids.NOT_HAPPENED, ids.UNDO, ids.CANCEL_RUN):
        assert (await here.click("bo", action, message)).ok
    bo = here.id("bo")
    settled, not_settled, undone, cancelled = here.runs.said
    assert (settled, not_settled) == (("settle", KEY, bo, True), ("settle", KEY, bo, False))
    assert undone[:3] == ("undo", KEY, bo)
    assert undone[3].startswith("click:")
    assert cancelled == ("cancel", "R-1", bo)
    assert await here.private("bo", incident) == [
        "Noted: it happened.",
        "Noted: it did not happen.",
        "The rollback waits for approval.",
        "R-1 ends before its next step, says Bo Chen.",
    ]


async def test_a_button_of_no_step_says_so(here: Acting) -> None:
    incident = await here.incident()
    values = (" ", "R-1", "R-1:restart:x:act", "R-1:restart:0:elsewhere", "R-1:restart:-1:act")
    for value in values:
        await here.click("bo", ids.UNDO, await here.post(incident, "?", [button(ids.UNDO, value)]))
    assert here.runs.said == []
    told = await here.private("bo", incident)
    assert told == ["This button belongs to no step that I know."] * len(values)


@pytest.mark.parametrize(
    ("flags", "who"),
    [({"is_restricted": True}, "Guests of this workspace"), ({"is_stranger": True}, "People of other organisations")],
    ids=["guest", "stranger"],
)
async def test_who_is_no_full_member_settles_and_undoes_nothing(here: Acting, flags: dict[str, bool], who: str) -> None:
    incident = await here.incident()
    guest = await here.guest("gil", incident, **flags)
    message = await here.post(incident, "?", [button(ids.HAPPENED, KEY.text), button(ids.UNDO, KEY.text)])
    for action in (ids.HAPPENED, ids.UNDO):
        await here.click(guest, action, message)
    assert here.runs.said == []
    told = await here.private(guest, incident)
    assert [text.startswith(who) for text in told] == [True, True]


async def test_a_guest_may_cancel_and_a_stranger_may_not(here: Acting) -> None:
    incident = await here.incident()
    await here.guest("gil", incident, is_restricted=True)
    await here.guest("sam", incident, is_stranger=True)
    message = await here.post(incident, "R-1", [button(ids.CANCEL_RUN, "R-1")])
    for who in ("gil", "sam"):
        await here.click(who, ids.CANCEL_RUN, message)
    assert here.runs.said == [("cancel", "R-1", here.id("gil"))]
    assert (await here.private("sam", incident))[0].startswith("People of other organisations cannot cancel runs")


# --- nothing lost, nothing twice -------------------------------------------------------------------------------------


async def test_a_click_is_on_disk_before_it_is_acknowledged_and_keeps_nothing_that_acts_for_us(
    here: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await here.request(await here.incident())
    kept: list[str] = []
    record = here.here.store.slack_events.record

    async def refusing(event_id: str, body: bytes) -> Acceptance:
        if not event_id.startswith("click:"):
            return await record(event_id, body)
        kept.append(body.decode())
        if len(kept) == 1:
            raise NotStored("the disk is full")
        return await record(event_id, body)

    monkeypatch.setattr(here.here.store.slack_events, "record", refusing)
    here.here.workspace.delivery.ack_seconds = 0.5
    assert not (await here.click("bo", ids.APPROVE, message)).ok
    assert here.events == []
    here.here.workspace.delivery.ack_seconds = PATIENCE
    assert (await here.click("bo", ids.APPROVE, message)).ok
    assert len(here.events) == 1
    assert "response" not in kept[1]
    assert "trigger" not in kept[1]


async def test_what_was_recorded_before_a_crash_is_done_after_it(unconnected: Acting) -> None:
    incident = await unconnected.incident()
    message = await unconnected.request(incident)
    click = {
        "type": "block_actions",
        "user": {"id": unconnected.id("bo")},
        "container": {"channel_id": message.channel, "message_ts": message.ts},
        "actions": [{"action_id": ids.APPROVE, "value": f"A-1:{DIGEST}", "action_ts": "1700000000.5"}],
    }
    await unconnected.here.store.slack_events.record("click:1", json.dumps(click).encode())
    async with connected(unconnected.here):
        await unconnected.here.quiet()
    assert unconnected.events == [("approve", unconnected.id("bo"), DIGEST)]


async def test_while_slack_cannot_be_asked_decisions_wait_in_order(
    here: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_worker, "AFTER_FAILURE", 0.02)
    message = await here.request(await here.incident())
    here.approvals.failing = [ChatError("unreachable", is_final=False), NotStored("busy")]
    await here.here.control.react("bo", message.channel, message.ts, "white_check_mark")
    await here.here.control.react("bo", message.channel, message.ts, "white_check_mark", remove=True)
    await here.here.quiet()
    assert [event[0] for event in here.events] == ["approve", "take back"]


async def test_an_answer_that_slack_does_not_take_holds_up_nothing(here: Acting) -> None:
    incident = await here.incident()
    message = await here.request(incident)
    here.approvals.verdict = REFUSED
    await here.here.control.fault("error", "chat.postEphemeral", error="user_not_in_channel", times=1)
    await here.react("bo", message, "white_check_mark")
    await here.react("ana", message, "white_check_mark")
    assert len(here.events) == 2
    assert await here.private("ana", incident) == [REFUSED.sentence]
    assert await here.private("bo", incident) == []


async def test_a_person_is_told_once_though_the_event_is_worked_off_again(here: Acting) -> None:
    incident = await here.incident()
    message = await here.request(incident)
    here.approvals.verdict = REFUSED
    intents = []
    handle = here.here.desk.handle

    async def twice(intent: object) -> str:
        intents.append(intent)
        await handle(intent)  # type: ignore[arg-type]
        return await handle(intent)  # type: ignore[arg-type]

    here.here.desk.handle = twice  # type: ignore[method-assign]
    await here.react("bo", message, "white_check_mark")
    assert len(here.events) == 1
    assert await here.private("bo", incident) == [REFUSED.sentence]


async def test_a_changed_user_group_makes_what_was_known_of_people_void(here: Acting) -> None:
    here.here.workspace.publish("subteam_members_changed", {"type": "subteam_members_changed", "subteam_id": "S1"})
    await here.here.quiet()
    assert here.group_changes == [1]
