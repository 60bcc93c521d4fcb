"""Events over Socket Mode to a stock Bolt app: what it hears, and what it hears again."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from tests.sandbox.slack.conftest import PATIENCE, World, until

Event = dict[str, Any]


async def test_a_mention_reaches_the_app_and_its_answer_the_thread(world: World) -> None:
    app = world.app()
    bodies: list[Event] = []

    @app.event("app_mention")
    async def mention(body: Event, say: Any) -> None:
        bodies.append(body)
        await say(text="here I am", thread_ts=body["event"]["ts"])

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        ts = await world.control.say("ana", channel, "@incident help & <b>")
        await world.quiet()
        thread = await world.control.messages("ana", channel, ts)
    assert [message["text"] for message in thread] == [
        f"<@{world.workspace.bot.id}> help &amp; &lt;b&gt;",
        "here I am",
    ]
    body = bodies[0]
    assert body["event_id"].startswith("Ev")
    assert body["authorizations"][0]["user_id"] == world.workspace.bot.id
    assert (body["event"]["user"], body["event"]["channel"]) == (world.id("ana"), channel)


def recorder(world: World) -> tuple[Any, list[Event]]:
    """An app that keeps every event it is sent."""
    app, heard = world.app(), list[Event]()

    @app.middleware
    async def keep(body: Event, next: Any) -> None:
        if "event" in body:
            heard.append(body["event"])
        await next()

    return app, heard


def kinds(heard: list[Event]) -> list[str]:
    return [event.get("subtype") or event["type"] for event in heard]


async def test_every_change_in_a_channel_is_told(world: World) -> None:
    app, heard = recorder(world)
    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        await world.quiet()
        assert set(kinds(heard)) == {"channel_created", "channel_join", "member_joined_channel"}
        heard.clear()
        ts = await world.control.say("ana", channel, "look")
        await world.control.react("ana", channel, ts, "eyes")
        await world.control.react("ana", channel, ts, "eyes", remove=True)
        await world.control.pin("ana", channel, ts)
        await world.control.pin("ana", channel, ts, remove=True)
        await world.control.edit("ana", channel, ts, "look there")
        await world.control.delete("ana", channel, ts)
        await world.quiet()
        assert sorted(kinds(heard)) == sorted(
            [
                "message",
                "reaction_added",
                "reaction_removed",
                "pin_added",
                "pin_removed",
                "message_changed",
                "message_deleted",
            ]
        )
        reaction = next(event for event in heard if event["type"] == "reaction_added")
        assert reaction["item"] == {"type": "message", "channel": channel, "ts": ts}
        assert (reaction["user"], reaction["reaction"]) == (world.id("ana"), "eyes")
        changed = next(event for event in heard if event.get("subtype") == "message_changed")
        assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("look there", "look")
        heard.clear()
        await world.control.leave("ana", channel)
        await world.control.join("ana", channel)
        await world.control.archive("ana", channel)
        await world.control.archive("ana", channel, undo=True)
        await world.quiet()
    told = {"member_left_channel", "channel_leave", "member_joined_channel", "channel_join"}
    assert told | {"channel_archive", "channel_unarchive"} == set(kinds(heard))


async def test_what_happens_where_the_app_is_not_stays_there(world: World) -> None:
    app, heard = recorder(world)
    async with world.connected(app):
        ts = await world.control.say("ana", "general", "@incident are you here?")
        await world.control.react("bo", "general", ts, "eyes")
        await world.quiet()
    assert heard == []


async def test_the_apps_own_messages_are_events_too(world: World) -> None:
    app, heard = recorder(world)
    async with world.connected(app):
        channel = await world.new_channel()
        await world.quiet()
        heard.clear()
        app.client.logger.debug("posting")
        await world.post(channel, "mine")
        await world.quiet()
    # Bolt drops an app's own events before its middleware; the delivery shows that one was sent.
    assert heard == []
    assert world.workspace.delivery.records[-1].event_type == "message"
    assert world.workspace.delivery.records[-1].outcome == "acked"


async def test_direct_messages_and_home_reach_the_app(world: World) -> None:
    app, heard = recorder(world)
    async with world.connected(app):
        await world.control.open_home("ana")
        await world.control.open_home("ana", "messages")
        direct = (await world.client.conversations_open(users=[world.id("ana")]))["channel"]["id"]
        await world.control.say("ana", direct, "hello @incident")
        await world.quiet()
    assert [(event["type"], event.get("tab"), event.get("channel_type")) for event in heard] == [
        ("app_home_opened", "home", None),
        ("app_home_opened", "messages", None),
        ("message", None, "im"),
    ]


async def test_a_change_of_a_user_group_is_told(world: World) -> None:
    app, heard = recorder(world)
    group = await world.control.group("oncall", ["ana"])
    async with world.connected(app):
        await world.control.group("oncall", ["bo"])
        await world.quiet()
    assert (heard[0]["subteam_id"], heard[0]["added_users"], heard[0]["removed_users"]) == (
        group,
        [world.id("bo")],
        [world.id("ana")],
    )


async def test_only_what_the_app_subscribed_to_is_sent(world: World) -> None:
    app, heard = recorder(world)
    world.workspace.subscriptions = frozenset({"reaction_added"})
    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        ts = await world.control.say("ana", channel, "look")
        await world.control.react("ana", channel, ts, "eyes")
        await world.quiet()
    assert kinds(heard) == ["reaction_added"]


async def test_an_event_not_acknowledged_comes_again_with_the_same_id(world: World) -> None:
    world.workspace.delivery.retry_delays = (0.0, 0.01)
    app = world.app()
    seen: list[str] = []

    @app.middleware
    async def fail_twice(body: Event, next: Any) -> None:
        if body.get("event", {}).get("type") == "reaction_added":
            seen.append(body["event_id"])
            if len(seen) == 2:
                world.workspace.delivery.ack_seconds = PATIENCE  # for the delivery that comes next
            if len(seen) < 3:
                raise RuntimeError("not now")
        await next()

    world.workspace.delivery.ack_seconds = 0.2
    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        ts = await world.control.say("ana", channel, "look")
        await world.control.react("ana", channel, ts, "eyes")
        await until(lambda: len(seen) == 3)
        await world.quiet()
    assert len(set(seen)) == 1
    outcomes = [r.outcome for r in world.workspace.delivery.records if r.event_type == "reaction_added"]
    assert outcomes == ["timeout", "timeout", "acked"]


class RawApp:
    """A Socket Mode client by hand: it acknowledges only what it is told to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def receive(self) -> Event:
        message: Event = json.loads(await self.socket.receive_str(timeout=60))
        return message

    async def acknowledge(self, envelope: Event) -> None:
        await self.socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))


async def raw_connection(world: World, session: aiohttp.ClientSession) -> RawApp:
    opened = await world.client.apps_connections_open(app_token=world.workspace.app_token)
    app = RawApp(await session.ws_connect(opened["url"]))
    hello = await app.receive()
    assert hello["type"] == "hello"
    assert hello["debug_info"]["approximate_connection_time"] == 3600
    return app


async def test_an_event_under_way_on_a_lost_connection_comes_over_the_next(world: World) -> None:
    async with aiohttp.ClientSession() as session:
        first = await raw_connection(world, session)
        await world.control.open_home("ana")
        lost = await first.receive()
        await world.control.disconnect(reason=None)
        second = await raw_connection(world, session)
        again = await second.receive()
        await second.acknowledge(again)
        await world.quiet()
    assert again["payload"]["event_id"] == lost["payload"]["event_id"]
    assert again["envelope_id"] != lost["envelope_id"]
    assert again["retry_attempt"] >= 1


async def test_events_wait_for_an_app_that_is_not_connected_yet(world: World) -> None:
    await world.control.open_home("ana")
    app, heard = recorder(world)
    async with world.connected(app):
        await until(lambda: heard)
    assert heard[0]["type"] == "app_home_opened"


async def test_payloads_go_to_the_connections_in_turn(world: World) -> None:
    async with aiohttp.ClientSession() as session:
        apps = [await raw_connection(world, session) for _ in range(2)]
        for _ in range(2):
            await world.control.open_home("ana")
        envelopes = [await app.receive() for app in apps]
        for app, envelope in zip(apps, envelopes, strict=True):
            await app.acknowledge(envelope)
        await world.quiet()
    assert len({envelope["payload"]["event_id"] for envelope in envelopes}) == 2


async def test_there_are_at_most_ten_connections_and_a_link_works_once(world: World) -> None:
    async with aiohttp.ClientSession() as session:
        held = [await raw_connection(world, session) for _ in range(10)]
        opened = await world.client.apps_connections_open(app_token=world.workspace.app_token)
        socket = await session.ws_connect(opened["url"])
        refusal = json.loads(await socket.receive_str(timeout=60))
        assert (refusal["type"], refusal["reason"]) == ("disconnect", "too_many_websockets")
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(opened["url"])
    assert len(held) == 10


async def test_a_bolt_app_comes_back_when_it_is_told_to_refresh(world: World) -> None:
    app, heard = recorder(world)
    async with world.connected(app):
        assert await world.control.disconnect("refresh_requested") == 1
        await until(lambda: world.workspace.delivery.socket.connections == 1)
        await world.control.open_home("ana")
        await until(lambda: heard)
    assert kinds(heard) == ["app_home_opened"]
