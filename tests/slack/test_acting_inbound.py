"""Which of Slack's events and clicks are about what we do, told from the payload alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.approval import Decision
from bot.domain.ports.deciding import Order
from bot.slack import acting_ids as ids
from bot.slack.acting_inbound import (
    Ordered,
    Pressed,
    Reacted,
    Tampered,
    click_id,
    is_own_echo,
    order_body,
    recordable,
)
from bot.slack.inbound import RUN_COMMAND, Ignored, Noted, event_intent, slash_intent

OWN, OWN_BOT = "U0BOT", "B0BOT"
AT = datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC)
REACTION = {
    "type": "reaction_added",
    "user": "U1",
    "reaction": "white_check_mark",
    "item": {"type": "message", "channel": "C1", "ts": "5.5"},
    "item_user": OWN,
    "event_ts": "1700000000.5",
}
OURS = {"user": OWN, "bot_id": OWN_BOT, "ts": "5.5", "text": "Approve?"}
CHANGED = {
    "type": "message",
    "subtype": "message_changed",
    "channel": "C1",
    "channel_type": "channel",
    "event_ts": "1700000000.5",
    "message": {**OURS, "edited": {"user": "U2", "ts": "6.6"}},
    "previous_message": OURS,
}
DELETED = {
    "type": "message",
    "subtype": "message_deleted",
    "channel": "C1",
    "channel_type": "channel",
    "event_ts": "1700000000.5",
    "deleted_ts": "5.5",
    "previous_message": OURS,
}


def envelope(event: dict[str, Any], *, own: str = OWN) -> dict[str, Any]:
    known = [{"user_id": own, "is_bot": True}] if own else []
    return {"type": "event_callback", "event_id": "Ev1", "event": event, "authorizations": known}


@pytest.mark.parametrize("own", [OWN, ""], ids=["we are known", "we are not known"])
def test_a_reaction_is_read_with_its_own_time_and_the_events_id(own: str) -> None:
    assert event_intent(envelope(REACTION, own=own)) == Reacted(
        id="Ev1", at=AT, user="U1", channel="C1", ts="5.5", decision=Decision.APPROVE, removed=False
    )


def test_a_pushpin_still_goes_on_the_timeline() -> None:
    assert isinstance(event_intent(envelope({**REACTION, "reaction": "pushpin", "item_user": "U9"})), Noted)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"user": OWN}, "the bot's own reaction"),
        ({"item_user": "U2"}, "somebody else's message"),
        ({"reaction": "+1"}, "without a meaning"),
        ({"item": {"type": "file", "file": "F1"}}, "without a meaning"),
        ({"type": "reaction_removed", "reaction": "x"}, "a denial stands"),
        ({"event_ts": "soon"}, "unreadable"),
        ({"event_ts": None}, "unreadable"),
        ({"item": {"type": "message", "channel": "C1"}}, "unreadable"),
    ],
)
def test_reactions_that_decide_nothing(change: dict[str, Any], why: str) -> None:
    intent = event_intent(envelope({**REACTION, **change}))
    assert isinstance(intent, Ignored)
    assert why in intent.why


def test_an_edit_and_a_deletion_by_somebody_else_are_read() -> None:
    assert event_intent(envelope(CHANGED)) == Tampered(id="Ev1", at=AT, channel="C1", ts="5.5", deleted=False)
    assert event_intent(envelope(DELETED)) == Tampered(id="Ev1", at=AT, channel="C1", ts="5.5", deleted=True)


UNTOUCHED = [
    {"message": {**OURS, "edited": {"user": OWN, "ts": "6.6"}}},  # our own edit
    {"message": {**OURS, "edited": {"user": OWN_BOT, "ts": "6.6"}}},  # the same, with the bot's id
    {"message": {**OURS, "attachments": [{}]}},  # a link's preview
    {
        "message": {**OURS, "edited": {"user": "U2", "ts": "6.6"}},
        "previous_message": CHANGED["message"],
    },  # edited before
]


@pytest.mark.parametrize("change", UNTOUCHED, ids=["own edit", "own edit by bot id", "preview", "edited before"])
def test_what_changes_our_messages_without_an_edit_by_somebody_is_no_edit(change: dict[str, Any]) -> None:
    body = envelope({**CHANGED, **change})
    assert isinstance(event_intent(body), Ignored)
    assert is_own_echo(body, OWN, OWN_BOT), "nor is it recorded"


@pytest.mark.parametrize("event", [CHANGED, DELETED, {**REACTION, "user": "U1"}], ids=lambda e: str(e.get("subtype")))
def test_what_others_do_to_our_messages_is_no_echo(event: dict[str, Any]) -> None:
    assert not is_own_echo(envelope(event), OWN, OWN_BOT)


@pytest.mark.parametrize(
    ("event", "is_echo"),
    [
        ({**REACTION, "user": OWN}, True),
        ({"type": "message", "user": OWN, "text": "hi"}, True),
        ({"type": "message", "subtype": "bot_message", "bot_id": OWN_BOT}, True),
        ({"type": "message", "bot_id": "B0OTHER", "user": "U0OTHER"}, False),
        ({"type": "pin_added", "user": OWN}, True),
        ({"type": "user_change", "user": {"id": OWN}}, True),
        ({"type": "message", "subtype": "message_replied", "message": OURS}, True),
        ({"type": "member_joined_channel", "user": OWN}, False),
        ({"type": "message", "user": "U1", "text": "hi"}, False),
        ({**CHANGED, "message": None}, False),
        ({**CHANGED, "message": {"user": "U1"}, "previous_message": {"user": "U1"}}, False),
    ],
)
def test_an_echo_is_what_the_bot_did_itself(event: dict[str, Any], is_echo: bool) -> None:
    assert is_own_echo(envelope(event), OWN, OWN_BOT) is is_echo
    assert not is_own_echo(envelope(event), None, None)


CLICK = {
    "type": "block_actions",
    "user": {"id": "U1", "name": "ana", "team_id": "T2"},
    "team": {"id": "T1", "domain": "x"},
    "container": {
        "type": "message",
        "message_ts": "5.5",
        "channel_id": "C1",
        "thread_ts": "4.4",
        "is_ephemeral": False,
    },
    "channel": {"id": "C1"},
    "message": OURS,
    "response_url": "https://hooks.example.com/actions/1",
    "trigger_id": "1.2.abc",
    "actions": [{"action_id": ids.APPROVE, "value": "A-1:d", "action_ts": "1700000000.5", "type": "button"}],
}


def test_of_a_click_what_is_needed_is_kept_and_read_again() -> None:
    kept = recordable(CLICK)
    assert kept is not None
    assert not {"response_url", "trigger_id", "message"} & set(kept)
    assert event_intent(kept) == Pressed(
        id=click_id(kept),
        at=AT,
        user="U1",
        team="T2",
        channel="C1",
        ts="5.5",
        thread="4.4",
        action=ids.APPROVE,
        value="A-1:d",
    )
    later = recordable({**CLICK, "actions": [{**CLICK["actions"][0], "action_ts": "1700000001.5"}]})  # type: ignore[index]
    assert later is not None
    assert click_id(later) != click_id(kept)


@pytest.mark.parametrize(
    "body",
    [
        {**CLICK, "actions": [{"action_id": ids.RUN_RUNBOOK, "value": "INC-1:x", "action_ts": "1.1"}]},
        {**CLICK, "actions": [{"action_id": "something_else"}]},
        {**CLICK, "actions": []},
        {**CLICK, "container": {"type": "view", "view_id": "V1"}},
        {**CLICK, "type": "view_submission"},
        {"type": "event_callback"},
    ],
)
def test_other_clicks_are_not_kept(body: dict[str, Any]) -> None:
    assert recordable(body) is None


def test_an_order_that_was_kept_is_the_same_when_it_is_read() -> None:
    order = Order(id="form:1", incident="INC-1", runbook="r", parameters={"a": "1"}, requester="U1", is_dry=True)
    assert event_intent(order_body(order)) == Ordered(order=order)
    assert isinstance(event_intent({"type": "order", "order": {"id": "x"}}), Ignored)


def test_the_command_of_its_own_says_runbook() -> None:
    body = {"user_id": "U1", "channel_id": "C1", "trigger_id": "t1", "command": RUN_COMMAND, "text": " free-disk a=1? "}
    command = slash_intent(body).command
    assert (command.name, command.argument) == ("runbook", "free-disk a=1?")
