"""conversations.*: channels and who is in them."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.conftest import World


async def test_the_app_joins_a_channel_before_it_writes_there(world: World) -> None:
    general = world.channel("general")
    assert await world.refused(world.client.conversations_history(channel=general)) == "not_in_channel"
    await world.client.conversations_join(channel=general)
    assert (await world.client.chat_postMessage(channel=general, text="hi"))["ok"]
    again = await world.client.conversations_join(channel=general)
    assert again["warning"] == "already_in_channel"


async def test_with_its_scope_the_app_writes_in_public_channels_it_is_not_in(world: World) -> None:
    world.workspace.scopes |= {"chat:write.public"}
    assert (await world.client.chat_postMessage(channel="#general", text="hi"))["channel"] == world.channel("general")


BAD_NAMES = [
    ("", "invalid_name_required"),
    ("x" * 81, "invalid_name_maxlength"),
    ("---", "invalid_name_punctuation"),
    ("Inc-1", "invalid_name_specials"),
    ("inc 1", "invalid_name_specials"),
    ("inc.1", "invalid_name_specials"),
    ("general", "name_taken"),
]


async def test_bad_names_are_refused(world: World) -> None:
    for name, error in BAD_NAMES:
        assert await world.refused(world.client.conversations_create(name=name)) == error, name


async def test_an_archived_channel_keeps_its_name(world: World) -> None:
    channel = await world.new_channel("inc-7")
    await world.client.conversations_archive(channel=channel)
    assert await world.refused(world.client.conversations_create(name="inc-7")) == "name_taken"
    assert await world.refused(world.client.conversations_archive(channel=channel)) == "already_archived"
    await world.client.conversations_unarchive(channel=channel)
    assert (await world.client.conversations_info(channel=channel))["channel"]["is_archived"] is False


async def test_lists_leave_out_what_is_not_asked_for(world: World) -> None:
    archived = await world.new_channel("old")
    await world.client.conversations_archive(channel=archived)
    await world.client.conversations_create(name="hidden", is_private=True)
    listed = await world.client.conversations_list(exclude_archived=True, types="public_channel")
    assert [channel["name"] for channel in listed["channels"]] == ["general", "incidents"]
    everything = await world.client.conversations_list(types="public_channel,private_channel")
    assert {"old", "hidden"} <= {channel["name"] for channel in everything["channels"]}


async def test_invitations_say_who_could_not_come(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    invite = world.client.conversations_invite
    assert await world.refused(invite(channel=channel, users=[world.id("ana")])) == "already_in_channel"
    assert await world.refused(invite(channel=channel, users=[world.workspace.bot.id])) == "cant_invite_self"
    assert await world.refused(invite(channel=channel, users=["U0"])) == "user_not_found"
    assert await world.refused(invite(channel=channel, users=[])) == "no_user"
    answer = await invite(channel=channel, users=["U0", world.id("bo")], force=True)
    assert answer["errors"] == [{"user": "U0", "ok": False, "error": "user_not_found"}]
    members = (await world.client.conversations_members(channel=channel))["members"]
    assert members == [world.workspace.bot.id, world.id("ana"), world.id("bo")]


async def test_a_refused_invitation_names_each_person(world: World) -> None:
    channel = await world.new_channel()
    with pytest.raises(SlackApiError) as caught:
        await world.client.conversations_invite(channel=channel, users=["U0", world.id("bo")])
    assert caught.value.response["errors"][0]["user"] == "U0"


async def test_people_are_removed_and_the_app_leaves(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    await world.client.conversations_kick(channel=channel, user=world.id("ana"))
    assert (
        await world.refused(world.client.conversations_kick(channel=channel, user=world.id("ana"))) == "not_in_channel"
    )
    await world.client.conversations_leave(channel=channel)
    assert await world.refused(world.client.chat_postMessage(channel=channel, text="x")) == "not_in_channel"


async def test_topic_purpose_and_name_are_set(world: World) -> None:
    channel = await world.new_channel()
    await world.client.conversations_setTopic(channel=channel, topic="SEV1 | Investigating")
    await world.client.conversations_setPurpose(channel=channel, purpose="why")
    await world.client.conversations_rename(channel=channel, name="inc-2")
    shown = (await world.client.conversations_info(channel=channel, include_num_members=True))["channel"]
    assert (shown["topic"]["value"], shown["purpose"]["value"], shown["name"]) == (
        "SEV1 | Investigating",
        "why",
        "inc-2",
    )
    assert shown["previous_names"] == ["inc-1"]
    assert shown["num_members"] == 1
    assert await world.refused(world.client.conversations_setTopic(channel=channel, topic="x" * 251)) == "too_long"
    assert await world.refused(world.client.conversations_rename(channel=channel, name="general")) == "name_taken"


async def test_a_private_channel_without_the_app_does_not_exist_for_it(world: World) -> None:
    secret = await world.control.create_channel("ana", "secret", is_private=True)
    assert await world.refused(world.client.conversations_info(channel=secret)) == "channel_not_found"
    assert await world.refused(world.client.conversations_create(name="secret")) == "name_taken"
    await world.control.invite("ana", secret, ["incident"])
    assert (await world.client.conversations_info(channel=secret))["channel"]["is_private"] is True
