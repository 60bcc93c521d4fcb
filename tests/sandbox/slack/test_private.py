"""Private channels and direct messages: who sees them, who may do what there, what the app hears of them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.errors import ControlError, SlackError
from tests.sandbox.slack.conftest import World, until
from tests.sandbox.slack.test_people import listening


async def private(world: World, *people: str) -> str:
    made = await world.client.conversations_create(name="inc-secret", is_private=True)
    channel = str(made["channel"]["id"])
    if people:
        await world.client.conversations_invite(channel=channel, users=",".join(map(world.id, people)))
    return channel


async def seen(world: World, who: str) -> list[str]:
    return [channel["name"] for channel in (await world.control.state(who))["channels"]]


def said(heard: list[dict[str, Any]], world: World) -> list[tuple[str, Any, Any]]:
    """What ana did, without Slack's own notices."""
    own = [event for event in heard if event.get("user") == world.id("ana") and "subtype" not in event]
    return [(event["type"], event.get("text"), event.get("channel_type")) for event in own]


async def test_only_members_see_a_private_channel(world: World) -> None:
    channel = await private(world, "ana")
    assert "inc-secret" in await seen(world, "ana")
    assert "inc-secret" not in await seen(world, "bo")
    for attempt in (
        lambda: world.control.messages("bo", channel),
        lambda: world.control.say("bo", channel, "hello"),
        lambda: world.control.join("bo", channel),
        lambda: world.control.command("bo", channel, "/inc", "status"),
        lambda: world.control.invite("bo", channel, ["bo"]),
    ):
        with pytest.raises(ControlError):
            await attempt()
    await world.control.invite("ana", channel, ["bo"])
    assert "inc-secret" in await seen(world, "bo")
    await world.control.leave("bo", channel)
    assert "inc-secret" not in await seen(world, "bo")


async def test_its_name_is_taken_for_everybody(world: World) -> None:
    await private(world)
    assert await world.refused(world.client.conversations_create(name="inc-secret")) == "name_taken"


async def test_what_is_private_is_told_as_such(world: World) -> None:
    channel = await private(world, "ana")
    shown: dict[str, Any] = (await world.client.conversations_info(channel=channel))["channel"]
    assert (shown["is_private"], shown["is_group"], shown["is_channel"]) == (True, True, False)
    assert (await world.client.conversations_members(channel=channel))["members"] == [
        world.workspace.bot.id,
        world.id("ana"),
    ]
    public = (await world.client.conversations_list())["channels"]
    assert "inc-secret" not in [each["name"] for each in public], "the default types are the public channels"
    assert await world.refused(world.client.conversations_join(channel=channel)) == (
        "method_not_supported_for_channel_type"
    )


async def test_the_app_neither_sees_nor_hears_a_private_channel_without_it(world: World) -> None:
    theirs = await world.control.create_channel("ana", "secret-plans", is_private=True)
    ours = await private(world, "ana")
    app, heard = listening(world, "message")
    async with world.connected(app):
        await world.control.say("ana", theirs, "not for apps")
        await world.control.say("ana", ours, "for the app")
        await until(lambda: said(heard, world))
        await world.quiet()
    assert said(heard, world) == [("message", "for the app", "group")]
    assert await world.refused(world.client.conversations_info(channel=theirs)) == "channel_not_found"
    assert await world.refused(world.client.chat_postMessage(channel=theirs, text="x")) == "channel_not_found"


async def test_a_private_channel_needs_the_scope_of_private_ones(world: World) -> None:
    world.workspace.scopes -= {"groups:write", "groups:history"}
    made = world.client.conversations_create(name="inc-secret", is_private=True)
    assert await world.refused(made) == "missing_scope"


async def test_people_talk_to_the_app_alone(world: World) -> None:
    ts = await world.post(world.id("ana"), "Will you lead?")
    place = f"@{world.workspace.bot.handle}"
    assert [message["text"] for message in await world.control.messages("ana", place)] == ["Will you lead?"]
    assert await world.control.messages("bo", place) == []
    app, heard = listening(world, "message", "reaction_added", "app_mention")
    async with world.connected(app):
        await world.control.say("ana", place, f"@{world.workspace.bot.handle} yes")
        await world.control.react("ana", place, ts, "eyes")
        await until(lambda: len(said(heard, world)) == 2)
        await world.quiet()
    mention = f"<@{world.workspace.bot.id}> yes"
    assert sorted(said(heard, world)) == [("message", mention, "im"), ("reaction_added", None, None)], (
        "a mention there is just a message"
    )
    with pytest.raises(ControlError):
        await world.control.messages("bo", world.workspace.im_with(world.id("ana")).id)


async def test_a_closed_account_does_nothing_and_is_not_written_to(world: World) -> None:
    channel = await private(world)
    await world.control.deactivate("bo")
    with pytest.raises(ControlError):
        await world.control.say("bo", "general", "still here")
    with pytest.raises(ControlError):
        await world.control.join("bo", "general")
    assert await world.refused(world.client.conversations_open(users=world.id("bo"))) == "user_disabled"
    invited = world.client.conversations_invite(channel=channel, users=world.id("bo"))
    assert await world.refused(invited) == "cant_invite"


async def test_people_of_elsewhere_are_invited_only_where_a_channel_is_shared(world: World) -> None:
    channel = await private(world, "ana")
    stranger = await world.control.person("eve", "stranger")
    refused = world.client.conversations_invite(channel=channel, users=stranger)
    assert await world.refused(refused) == "no_external_invite_permission"
    both = await world.client.conversations_invite(channel=channel, users=f"{stranger},{world.id('bo')}", force=True)
    assert [error["error"] for error in both["errors"]] == ["no_external_invite_permission"]
    assert world.id("bo") in world.workspace.channels[channel].members
    world.workspace.channels[channel].is_ext_shared = True
    await world.client.conversations_invite(channel=channel, users=stranger)
    assert stranger in world.workspace.channels[channel].members


async def test_whoever_is_told_alone_must_be_there(world: World) -> None:
    channel = await private(world, "ana")
    await world.client.chat_postEphemeral(channel=channel, user=world.id("ana"), text="for you")
    assert [message["text"] for message in await world.control.messages("ana", channel) if message["ephemeral"]] == [
        "for you"
    ]
    elsewhere = world.client.chat_postEphemeral(channel=channel, user=world.id("bo"), text="for you")
    assert await world.refused(elsewhere) == "user_not_in_channel"


@pytest.mark.parametrize("name", ["memo", "ballot_box_with_check", "bookmark", "eyes"])
async def test_anything_can_be_reacted_to_by_members(world: World, name: str) -> None:
    channel = await private(world, "ana")
    ts = await world.post(channel, "a card")
    await world.control.react("ana", channel, ts, name)
    with pytest.raises(SlackError, match="already_reacted"):
        await world.control.react("ana", channel, ts, name)
    with pytest.raises(ControlError):
        await world.control.react("bo", channel, ts, name)
