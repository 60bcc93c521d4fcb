"""People of every kind, as apps are told of them, and what they do to the app's messages."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from sandbox.slack.errors import ControlError
from tests.sandbox.slack.conftest import World, until


def listening(world: World, *kinds: str) -> tuple[Any, list[dict[str, Any]]]:
    """An app that keeps the events of these types; before Bolt leaves out those about the bot's own messages."""
    heard: list[dict[str, Any]] = []
    app = AsyncApp(
        client=world.client, signing_secret=world.workspace.signing_secret, ignoring_self_events_enabled=False
    )

    @app.middleware
    async def keep(body: dict[str, Any], next: Any) -> None:
        if body.get("event", {}).get("type") in kinds:
            heard.append(body["event"])
        await next()

    return app, heard


async def info(world: World, who: str) -> Any:
    return (await world.client.users_info(user=world.id(who)))["user"]


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("member", {"is_restricted": False, "is_ultra_restricted": False, "is_bot": False, "is_stranger": False}),
        ("guest", {"is_restricted": True, "is_ultra_restricted": False}),
        ("single_channel_guest", {"is_restricted": True, "is_ultra_restricted": True}),
        ("stranger", {"is_stranger": True, "is_restricted": False}),
        ("app", {"is_bot": True}),
    ],
)
async def test_newcomers_are_told_as_what_they_are(world: World, kind: str, flags: dict[str, bool]) -> None:
    await world.control.person("dee", kind)
    user = await info(world, "dee")
    assert {name: user[name] for name in flags} == flags
    assert (user["team_id"] == world.workspace.team_id) is (kind != "stranger")


async def test_a_stranger_in_a_shared_channel_is_told_by_the_team_alone(world: World) -> None:
    stranger = await world.control.person("dee", "stranger")
    channel = await world.new_channel("shared", "ana")
    await world.control.invite("ana", channel, [stranger])
    user = await info(world, "dee")
    assert user["is_stranger"] is False
    assert user["team_id"] != world.workspace.team_id


async def test_newcomers_of_no_kind_and_of_a_known_name_are_refused(world: World) -> None:
    with pytest.raises(ControlError):
        await world.control.person("dee", "ghost")
    with pytest.raises(ControlError):
        await world.control.person("ana")


async def test_a_closed_account_leaves_its_groups_and_the_app_hears_of_it(world: World) -> None:
    group = await world.control.group("on-call", ["ana", "bo"])
    app, heard = listening(world, "subteam_members_changed")
    async with world.connected(app):
        await world.control.deactivate("ana")
        await until(lambda: heard)
    assert (await info(world, "ana"))["deleted"] is True
    assert (await world.client.usergroups_users_list(usergroup=group))["users"] == [world.id("bo")]
    assert heard[0]["removed_users"] == [world.id("ana")]
    await world.control.deactivate("ana", undo=True)
    assert (await info(world, "ana"))["deleted"] is False


async def test_a_group_that_is_not_there_is_refused(world: World) -> None:
    assert await world.refused(world.client.usergroups_users_list(usergroup="S0GONE")) == "no_such_subteam"


async def test_reactions_of_people_and_other_apps_reach_the_app(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    other = await world.control.person("robot", "app")
    await world.control.invite("ana", channel, [other])
    ts = await world.post(channel)
    app, heard = listening(world, "reaction_added", "reaction_removed")
    async with world.connected(app):
        await world.control.react("ana", channel, ts, "white_check_mark")
        await world.control.react("robot", channel, ts, "x")
        await world.control.react("ana", channel, ts, "white_check_mark", remove=True)
        await until(lambda: len(heard) == 3)
    assert {(event["type"], event["user"], event["reaction"]) for event in heard} == {
        ("reaction_added", world.id("ana"), "white_check_mark"),
        ("reaction_added", other, "x"),
        ("reaction_removed", world.id("ana"), "white_check_mark"),
    }
    assert {event["item"]["ts"] for event in heard} == {ts}


async def test_a_deleted_message_with_replies_is_told_as_a_change_into_a_tombstone(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    with_replies, alone = await world.post(channel, "one"), await world.post(channel, "two")
    await world.post(channel, "below", thread_ts=with_replies)
    app, heard = listening(world, "message")
    async with world.connected(app):
        for ts in (with_replies, alone):
            await world.control.delete("ana", channel, ts)
        await until(lambda: {"message_changed", "message_deleted"} <= {event.get("subtype") for event in heard})
    found = {event.get("subtype"): event for event in heard}
    changed, deleted = found["message_changed"], found["message_deleted"]
    assert (changed["message"]["subtype"], changed["message"]["ts"]) == ("tombstone", with_replies)
    assert changed["previous_message"]["text"] == "one"
    assert deleted["deleted_ts"] == alone


async def test_newcomers_come_over_http_too(world: World) -> None:
    status, answer = await world.http("POST", "/sandbox/person", {"handle": "dee", "kind": "guest", "name": "Dee"})
    assert (status, answer["person"]) == (200, world.id("dee"))
    status, _ = await world.http("POST", "/sandbox/deactivate", {"as": "dee"})
    assert (status, world.workspace.member("dee").deleted) == (200, True)


async def test_an_edit_keeps_the_metadata_unless_it_brings_its_own(world: World) -> None:
    channel = await world.new_channel("inc-1")
    mark = {"event_type": "acting", "event_payload": {"key": "request:1"}}
    ts = await world.post(channel, metadata=mark)
    await world.client.chat_update(channel=channel, ts=ts, text="again")
    history = await world.client.conversations_history(channel=channel, include_all_metadata=True)
    assert history["messages"][0]["metadata"] == mark
    other = {"event_type": "acting", "event_payload": {"key": "request:2"}}
    await world.client.chat_update(channel=channel, ts=ts, text="again", metadata=other)
    history = await world.client.conversations_history(channel=channel, include_all_metadata=True)
    assert history["messages"][0]["metadata"] == other
