"""Slack's payloads become intents; what cannot be read is ignored with its reason, never raised."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.grammar import Command
from bot.slack.inbound import (
    READERS,
    Asked,
    HomeOpened,
    Ignored,
    Judged,
    Noted,
    Spoke,
    Stopped,
    declaration,
    event_intent,
    judge_intent,
    slash_intent,
    stop_intent,
)


def envelope(**event: Any) -> dict[str, Any]:
    return {"type": "event_callback", "event_id": "Ev1", "event": event}


def test_a_mention_is_a_command_answered_in_its_thread() -> None:
    body = envelope(type="app_mention", user="U1", channel="C1", ts="10.1", text="<@UBOT> status INC-2026-0001")
    assert event_intent(body) == Asked(
        id="C1:10.1",
        command=Command(name="status", argument="INC-2026-0001", typed="status"),
        user="U1",
        channel="C1",
        thread="10.1",
        text="status INC-2026-0001",
    )


def test_a_mention_within_a_thread_is_answered_there() -> None:
    body = envelope(type="app_mention", user="U1", channel="C1", ts="10.2", thread_ts="10.1", text="<@UBOT|bot> help")
    intent = event_intent(body)
    assert isinstance(intent, Asked)
    assert intent.thread == "10.1"


def test_a_direct_message_is_a_command_and_others_are_not() -> None:
    spoken = {"type": "message", "user": "U1", "channel": "D1", "ts": "1.1", "text": "list"}
    assert isinstance(event_intent(envelope(**spoken, channel_type="im")), Asked)
    assert isinstance(event_intent(envelope(**spoken, channel_type="channel")), Ignored)
    assert isinstance(event_intent(envelope(**spoken, channel_type="im", subtype="message_changed")), Ignored)


SAID = {"type": "message", "user": "U1", "channel": "C1", "channel_type": "channel", "ts": "10.2", "thread_ts": "10.1"}


def test_a_message_in_a_thread_may_be_meant_for_the_bot() -> None:
    heard = event_intent(envelope(**SAID, text="and payments?", team="T1"))
    assert heard == Spoke(id="C1:10.2", user="U1", channel="C1", thread="10.1", text="and payments?", team="T1")


def test_a_mention_and_the_message_of_the_same_post_have_one_key_and_one_of_them_asks() -> None:
    post = {**SAID, "text": "<@UBOT> and payments?"}
    asked = event_intent(envelope(**{**post, "type": "app_mention"}))
    assert isinstance(asked, Asked)
    assert asked.id == "C1:10.2"
    assert isinstance(event_intent(envelope(**post)), Ignored)


@pytest.mark.parametrize(
    "change",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"bot_id": "B1"},
        {"edited": {"user": "U1", "ts": "11.0"}},
        {"thread_ts": None},
        {"thread_ts": "10.2"},
        {"text": "<@U2> look"},
        {"text": "<!subteam^S1|@sre> look"},
        {"text": "<!here> look"},
        {"user": "UBOT"},
    ],
    ids=str,
)
def test_what_is_no_word_to_the_bot_is_left_alone(change: dict[str, Any]) -> None:
    body = envelope(**{**SAID, "text": "and payments?", **change})
    body["authorizations"] = [{"user_id": "UBOT", "is_bot": True}]
    assert isinstance(event_intent(body), Ignored)


def test_an_edited_mention_asks_nothing_again() -> None:
    edited = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@UBOT> why?", "edited": {}}
    assert isinstance(event_intent(envelope(**{**edited, "edited": {"user": "U1", "ts": "2.0"}})), Ignored)


def test_a_direct_message_in_a_thread_is_answered_there() -> None:
    spoken = {"type": "message", "user": "U1", "channel": "D1", "channel_type": "im", "ts": "1.2", "thread_ts": "1.1"}
    intent = event_intent(envelope(**spoken, text="payments too", user_team="T2", team="T1"))
    assert isinstance(intent, Asked)
    assert (intent.thread, intent.text, intent.team) == ("1.1", "payments too", "T2")


def test_buttons_tell_who_pressed_what() -> None:
    body = {
        "user": {"id": "U1", "team_id": "T2"},
        "team": {"id": "T1"},
        "channel": {"id": "C1"},
        "actions": [{"value": "a7"}],
    }
    assert judge_intent(body, helped=True) == Judged(answer="a7", user="U1", team="T2", channel="C1", helped=True)
    assert stop_intent({**body, "user": {"id": "U1"}}) == Stopped(key="a7", user="U1", team="T1")


@pytest.mark.parametrize(("kind", "removed"), [("reaction_added", False), ("reaction_removed", True)])
def test_a_pushpin_notes_a_message(kind: str, removed: bool) -> None:
    item = {"type": "message", "channel": "C1", "ts": "5.5"}
    intent = event_intent(envelope(type=kind, user="U1", reaction="pushpin", item=item))
    assert intent == Noted(user="U1", channel="C1", ts="5.5", removed=removed)


def test_other_reactions_mean_nothing() -> None:
    item = {"type": "message", "channel": "C1", "ts": "5.5"}
    assert isinstance(event_intent(envelope(type="reaction_added", user="U1", reaction="tada", item=item)), Ignored)


def test_a_native_pin_notes_a_message_with_its_text() -> None:
    message = {"ts": "5.5", "text": "rolled back", "user": "U2"}
    body = envelope(type="pin_added", user="U1", channel_id="C1", item={"type": "message", "message": message})
    assert event_intent(body) == Noted(user="U1", channel="C1", ts="5.5", text="rolled back", author="U2")


def test_only_the_home_tab_is_drawn() -> None:
    assert event_intent(envelope(type="app_home_opened", user="U1", tab="home")) == HomeOpened(user="U1")
    assert isinstance(event_intent(envelope(type="app_home_opened", user="U1", tab="messages")), Ignored)


@pytest.mark.parametrize("kind", [*READERS, "something_new", "None"])
def test_an_event_without_its_fields_is_ignored_with_a_reason(kind: str) -> None:
    intent = event_intent(envelope(type=kind))
    assert isinstance(intent, Ignored)
    assert intent.why


def test_a_slash_command_without_words_asks_for_help() -> None:
    intent = slash_intent({"user_id": "U1", "channel_id": "C1", "trigger_id": "t1", "text": ""})
    assert intent.command.name == "help"


def test_the_declare_form_is_read_with_optional_fields_empty() -> None:
    values = {
        "title": {"value": {"type": "plain_text_input", "value": " checkout is down "}},
        "severity": {"value": {"type": "static_select", "selected_option": {"value": "SEV2"}}},
        "service": {"value": {"type": "plain_text_input", "value": None}},
        "description": {"value": {"type": "plain_text_input", "value": None}},
    }
    declared = declaration({"user": {"id": "U1"}, "view": {"id": "V1", "state": {"values": values}}})
    assert (declared.title, declared.severity, declared.service, declared.description) == (
        "checkout is down",
        "SEV2",
        None,
        "",
    )
