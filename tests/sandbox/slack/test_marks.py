"""Reactions, pins and bookmarks."""

from __future__ import annotations

from tests.sandbox.slack.conftest import World


async def test_reactions_are_added_counted_and_removed(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    ts = await world.post(channel)
    client = world.client
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    await world.control.react("ana", channel, ts, ":eyes:")
    got = await client.reactions_get(channel=channel, timestamp=ts)
    assert got["message"]["reactions"] == [
        {"name": "eyes", "users": [world.workspace.bot.id, world.id("ana")], "count": 2}
    ]
    assert len((await client.reactions_list(user=world.id("ana")))["items"]) == 1
    await client.reactions_remove(channel=channel, timestamp=ts, name="eyes")
    await world.control.react("ana", channel, ts, "eyes", remove=True)
    assert "reactions" not in (await client.reactions_get(channel=channel, timestamp=ts))["message"]


async def test_reactions_that_cannot_be(world: World) -> None:
    channel = await world.new_channel()
    ts = await world.post(channel)
    add = world.client.reactions_add
    await add(channel=channel, timestamp=ts, name="eyes")
    assert await world.refused(add(channel=channel, timestamp=ts, name="eyes")) == "already_reacted"
    assert await world.refused(add(channel=channel, timestamp=ts, name="EYES!")) == "invalid_name"
    assert await world.refused(add(channel=channel, timestamp="1.000001", name="eyes")) == "message_not_found"
    remove = world.client.reactions_remove(channel=channel, timestamp=ts, name="x")
    assert await world.refused(remove) == "no_reaction"
    for index in range(22):
        await add(channel=channel, timestamp=ts, name=f"emoji{index}")
    assert await world.refused(add(channel=channel, timestamp=ts, name="one_more")) == "too_many_reactions"


async def test_pins_are_kept_once(world: World) -> None:
    channel = await world.new_channel()
    ts = await world.post(channel)
    client = world.client
    await client.pins_add(channel=channel, timestamp=ts)
    assert await world.refused(client.pins_add(channel=channel, timestamp=ts)) == "already_pinned"
    assert [item["message"]["ts"] for item in (await client.pins_list(channel=channel))["items"]] == [ts]
    history = await client.conversations_history(channel=channel, limit=1)
    assert history["messages"][0]["pinned_to"] == [channel]
    await client.pins_remove(channel=channel, timestamp=ts)
    assert await world.refused(client.pins_remove(channel=channel, timestamp=ts)) == "no_pin"


async def test_there_is_an_end_to_pins_and_bookmarks(world: World) -> None:
    channel = await world.new_channel()
    for index in range(100):
        await world.client.pins_add(channel=channel, timestamp=await world.post(channel))
        await world.client.bookmarks_add(channel_id=channel, title=f"b{index}", type="link", link="https://a.example/")
    ts = await world.post(channel)
    assert await world.refused(world.client.pins_add(channel=channel, timestamp=ts)) == "too_many_pins"
    more = world.client.bookmarks_add(channel_id=channel, title="b", type="link", link="https://a.example/")
    assert await world.refused(more) == "too_many_bookmarks"


async def test_bookmarks_are_added_edited_and_removed(world: World) -> None:
    channel = await world.new_channel()
    client = world.client
    added = await client.bookmarks_add(channel_id=channel, title="Runbook", type="link", link="https://a.example/")
    bookmark = added["bookmark"]["id"]
    await client.bookmarks_edit(bookmark_id=bookmark, channel_id=channel, title="Dashboard")
    listed = (await client.bookmarks_list(channel_id=channel))["bookmarks"]
    assert [(b["title"], b["link"]) for b in listed] == [("Dashboard", "https://a.example/")]
    await client.bookmarks_remove(bookmark_id=bookmark, channel_id=channel)
    assert (await client.bookmarks_list(channel_id=channel))["bookmarks"] == []
    wrong = client.bookmarks_add(channel_id=channel, title="x", type="link", link="not a link")
    assert await world.refused(wrong) == "invalid_link"
