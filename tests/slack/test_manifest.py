"""manifest.yaml and the listeners are held together: neither asks for what the other does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.slack.check import NEEDED
from bot.slack.grammar import WORDS
from bot.slack.inbound import ADD_TO_TIMELINE, DECLARE_FORM, READERS, RUN_COMMAND
from bot.slack.life_ids import ASK_ABOUT, CREATE_FOLLOW_UP
from bot.slack.settings import SlackSettings

MANIFEST = Path(__file__).parent.parent.parent / "manifest.yaml"

# The scope without which Slack does not send the event (docs.slack.dev, each event's page).
EVENT_SCOPES = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "channel_archive": "channels:read",
    "channel_rename": "channels:read",
    "channel_unarchive": "channels:read",
    "member_joined_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "subteam_members_changed": "usergroups:read",
}


@pytest.fixture(scope="module")
def manifest() -> Any:
    return yaml.safe_load(MANIFEST.read_text())


def test_every_event_it_subscribes_to_is_read_and_the_other_way_round(manifest: Any) -> None:
    subscribed = {name.partition(".")[0] for name in manifest["settings"]["event_subscriptions"]["bot_events"]}
    assert subscribed == set(READERS)


def test_every_event_has_the_scope_it_needs(manifest: Any) -> None:
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert [event for event in events if EVENT_SCOPES[event] not in scopes | {None}] == []


def test_it_asks_for_every_scope_the_bot_checks_for(manifest: Any) -> None:
    assert set(manifest["oauth_config"]["scopes"]["bot"]) >= NEEDED


def test_its_commands_and_shortcuts_are_those_with_listeners(manifest: Any) -> None:
    command = SlackSettings(bot_token="t", app_token="a").command
    assert [c["command"] for c in manifest["features"]["slash_commands"]] == [command, RUN_COMMAND]
    shortcuts = {s["callback_id"] for s in manifest["features"]["shortcuts"]}
    assert shortcuts == {DECLARE_FORM, ADD_TO_TIMELINE, CREATE_FOLLOW_UP, ASK_ABOUT}


def test_the_hint_of_the_command_names_words_that_are_understood(manifest: Any) -> None:
    hint = manifest["features"]["slash_commands"][0]["usage_hint"]
    assert {word.strip() for word in hint.split("|")} == {word.name for word in WORDS}


def test_lengths_are_within_slacks_limits(manifest: Any) -> None:
    # docs.slack.dev/reference/app-manifest: name 35, description 140, shortcut name 24, agent description 300.
    shown = manifest["display_information"]
    features = manifest["features"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert all(len(shortcut["name"]) <= 24 for shortcut in features["shortcuts"])
    assert all(len(shortcut["description"]) <= 150 for shortcut in features["shortcuts"])
    assert all(len(command["usage_hint"]) <= 1000 for command in features["slash_commands"])
    assert len(features["agent_view"]["agent_description"]) <= 300
