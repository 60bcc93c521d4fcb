"""chat.*: what can be said, changed and taken back."""

from __future__ import annotations

import time

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.conftest import World, until

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*all good*"}}
METADATA = {"event_type": "incident_card", "event_payload": {"incident": "INC-1"}}


async def test_a_message_is_posted_read_and_updated(world: World) -> None:
    channel = await world.new_channel()
    posted = await world.client.chat_postMessage(channel=channel, text="card", blocks=[SECTION], metadata=METADATA)
    assert posted["message"]["blocks"][0]["block_id"]
    updated = await world.client.chat_update(channel=channel, ts=posted["ts"], text="new", blocks=[SECTION, SECTION])
    assert updated["ts"] == posted["ts"]
    history = await world.client.conversations_history(channel=channel, limit=1, include_all_metadata=True)
    message = history["messages"][0]
    assert (message["text"], len(message["blocks"]), message["metadata"]) == ("new", 2, METADATA)
    assert message["edited"]["user"] == world.workspace.bot.id


async def test_metadata_is_shown_only_when_asked_for(world: World) -> None:
    channel = await world.new_channel()
    await world.post(channel, metadata=METADATA)
    plain = await world.client.conversations_history(channel=channel, limit=1)
    assert "metadata" not in plain["messages"][0]


async def test_an_update_keeps_metadata_and_text_alone_takes_the_blocks_away(world: World) -> None:
    channel = await world.new_channel()
    ts = await world.post(channel, blocks=[SECTION], metadata=METADATA)
    updated = await world.client.chat_update(channel=channel, ts=ts, text="plain")
    assert "blocks" not in updated["message"]
    assert updated["message"]["metadata"] == METADATA


async def test_replies_gather_under_their_parent(world: World) -> None:
    channel = await world.new_channel()
    parent = await world.post(channel, "parent")
    first = await world.post(channel, "first", thread_ts=parent)
    await world.post(channel, "second", thread_ts=first)
    thread = await world.client.conversations_replies(channel=channel, ts=parent)
    assert [message["text"] for message in thread["messages"]] == ["parent", "first", "second"]
    assert thread["messages"][0]["reply_count"] == 2
    top = await world.client.conversations_history(channel=channel)
    assert "first" not in [message["text"] for message in top["messages"]]


async def test_a_broadcast_reply_stands_in_the_channel_too(world: World) -> None:
    channel = await world.new_channel()
    parent = await world.post(channel)
    await world.post(channel, "for all", thread_ts=parent, reply_broadcast=True)
    top = await world.client.conversations_history(channel=channel, limit=1)
    assert top["messages"][0]["subtype"] == "thread_broadcast"


async def test_history_is_cut_by_time_and_by_page(world: World) -> None:
    channel = await world.new_channel()
    stamps = [await world.post(channel, f"m{index}") for index in range(5)]
    one = await world.client.conversations_history(channel=channel, latest=stamps[2], inclusive=True, limit=1)
    assert [message["text"] for message in one["messages"]] == ["m2"]
    between = await world.client.conversations_history(channel=channel, oldest=stamps[1], latest=stamps[4])
    assert [message["text"] for message in between["messages"]] == ["m3", "m2"]
    first = await world.client.conversations_history(channel=channel, limit=2)
    assert first["has_more"] is True
    second = await world.client.conversations_history(
        channel=channel, limit=2, cursor=first["response_metadata"]["next_cursor"]
    )
    assert [message["text"] for message in second["messages"]] == ["m2", "m1"]


async def test_a_deleted_parent_with_replies_leaves_a_tombstone(world: World) -> None:
    channel = await world.new_channel()
    parent = await world.post(channel)
    alone = await world.post(channel, "alone")
    await world.post(channel, thread_ts=parent)
    await world.client.chat_delete(channel=channel, ts=parent)
    await world.client.chat_delete(channel=channel, ts=alone)
    left = world.workspace.channels[channel].messages
    assert left[parent].subtype == "tombstone"
    assert alone not in left


async def test_direct_messages_open_by_user(world: World) -> None:
    opened = await world.client.conversations_open(users=[world.id("ana")])
    posted = await world.client.chat_postMessage(channel=world.id("ana"), text="psst")
    assert posted["channel"] == opened["channel"]["id"]
    assert posted["channel"].startswith("D")


async def test_an_ephemeral_message_is_seen_by_its_person_only(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana", "bo")
    await world.client.chat_postEphemeral(channel=channel, user=world.id("ana"), text="only you")
    assert "only you" in [message["text"] for message in await world.control.messages("ana", channel)]
    assert "only you" not in [message["text"] for message in await world.control.messages("bo", channel)]
    outside = world.client.chat_postEphemeral(channel=channel, user=world.id("cy"), text="x")
    assert await world.refused(outside) == "user_not_in_channel"


async def test_a_scheduled_message_comes_when_it_is_due(world: World) -> None:
    channel = await world.new_channel()
    due = int(time.time()) + 1
    await world.client.chat_scheduleMessage(channel=channel, post_at=due, text="later")
    assert "later" not in [message["text"] for message in world.workspace.all_messages()]
    await until(lambda: "later" in [message["text"] for message in world.workspace.all_messages()])
    assert time.time() >= due
    assert (
        await world.refused(world.client.chat_scheduleMessage(channel=channel, post_at=1, text="x")) == "time_in_past"
    )
    far = int(time.time()) + 121 * 24 * 3600
    assert (
        await world.refused(world.client.chat_scheduleMessage(channel=channel, post_at=far, text="x")) == "time_too_far"
    )


async def test_a_scheduled_message_is_listed_and_taken_back(world: World) -> None:
    channel = await world.new_channel()
    due = int(time.time()) + 3600
    client = world.client
    planned = (await client.chat_scheduleMessage(channel=channel, post_at=due, text="later"))["scheduled_message_id"]
    listed = (await client.chat_scheduledMessages_list(channel=channel))["scheduled_messages"]
    assert [(one["id"], one["post_at"]) for one in listed] == [(planned, due)]
    await client.chat_deleteScheduledMessage(channel=channel, scheduled_message_id=planned)
    again = client.chat_deleteScheduledMessage(channel=channel, scheduled_message_id=planned)
    assert await world.refused(again) == "invalid_scheduled_message_id"


async def test_a_permalink_leads_to_the_message(world: World) -> None:
    channel = await world.new_channel()
    ts = await world.post(channel)
    link = (await world.client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"]
    assert link == f"{world.url}/archives/{channel}/p{ts.replace('.', '')}"
    status, _ = await world.http("GET", link.removeprefix(world.url), allow_redirects=False)
    assert status == 307


async def test_an_unfurl_adds_to_the_message(world: World) -> None:
    world.workspace.scopes |= {"links:write"}
    channel = await world.new_channel("inc-1", "ana")
    ts = await world.control.say("ana", channel, "see https://runbooks.example.com/1")
    shown = {"https://runbooks.example.com/1": {"text": "a runbook"}}
    await world.client.chat_unfurl(channel=channel, ts=ts, unfurls=shown)
    assert world.workspace.channels[channel].messages[ts].attachments[0]["text"] == "a runbook"


UNPOSTABLE: list[tuple[dict[str, object], str]] = [
    ({}, "no_text"),
    ({"text": "  "}, "no_text"),
    ({"text": "x", "channel": "C0"}, "channel_not_found"),
    ({"text": "x", "channel": "#general"}, "not_in_channel"),
    ({"text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
    ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ({"markdown_text": "y" * 12_001}, "msg_too_long"),
    ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
    ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"k": "v" * 17_000}}}, "metadata_too_large"),
    ({"text": "x", "blocks": [{"type": "poem"}]}, "invalid_blocks"),
    ({"text": "x", "blocks": "not json"}, "invalid_blocks_format"),
    ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
    ({"text": "x", "username": "Someone"}, "missing_scope"),
    ({"text": "x", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
]


async def test_what_cannot_be_posted_is_refused_with_slacks_code(world: World) -> None:
    channel = await world.new_channel()
    for arguments, error in UNPOSTABLE:
        call = world.client.api_call("chat.postMessage", json={"channel": channel, **arguments})
        assert await world.refused(call) == error, arguments
    assert [message["subtype"] for message in world.workspace.all_messages()] == ["channel_join"]


async def test_a_message_too_long_in_all_is_refused(world: World) -> None:
    channel = await world.new_channel()
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5
    assert await world.refused(world.client.chat_postMessage(channel=channel, text="x", blocks=blocks)) == (
        "msg_blocks_too_long"
    )


async def test_a_very_long_text_is_cut(world: World) -> None:
    channel = await world.new_channel()
    posted = await world.client.chat_postMessage(channel=channel, text="x" * 41_000)
    assert len(posted["message"]["text"]) == 40_000


async def test_invalid_blocks_say_where(world: World) -> None:
    channel = await world.new_channel()
    with pytest.raises(SlackApiError) as caught:
        await world.client.chat_postMessage(channel=channel, text="x", blocks=[{"type": "header"}])
    messages = caught.value.response["response_metadata"]["messages"]
    assert messages == ["[ERROR] missing required field: text [json-pointer:/blocks/0]"]


async def test_what_cannot_be_updated_is_refused(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    ts = await world.post(channel)
    theirs = await world.control.say("ana", channel, "mine")
    client = world.client
    assert await world.refused(client.chat_update(channel=channel, ts=theirs, text="x")) == "cant_update_message"
    assert await world.refused(client.chat_update(channel=channel, ts="1.000001", text="x")) == "message_not_found"
    assert await world.refused(client.chat_update(channel=channel, ts=ts, text="x" * 4001)) == "msg_too_long"
    empty = client.api_call("chat.update", json={"channel": channel, "ts": ts})
    assert await world.refused(empty) == "no_text"
    assert await world.refused(client.chat_delete(channel=channel, ts=theirs)) == "cant_delete_message"


async def test_nothing_is_posted_in_an_archived_channel(world: World) -> None:
    channel = await world.new_channel()
    ts = await world.post(channel)
    await world.client.conversations_archive(channel=channel)
    assert await world.refused(world.client.chat_postMessage(channel=channel, text="x")) == "is_archived"
    assert await world.refused(world.client.chat_update(channel=channel, ts=ts, text="x")) == "is_inactive"
