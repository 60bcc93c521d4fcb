"""The control API over HTTP, as the page and the demo use it."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from sandbox.slack.app import create_app, install
from sandbox.slack.workspace import Workspace
from tests.sandbox.slack.conftest import PEOPLE, World

Json = dict[str, Any]


async def test_the_state_shows_people_and_the_channels_one_sees(world: World) -> None:
    await world.client.conversations_create(name="secret", is_private=True)
    status, state = await world.http("GET", "/sandbox/state?as=ana")
    assert status == 200
    assert state["me"] == world.id("ana")
    assert {person["handle"] for person in state["people"]} == {"ana", "bo", "cy", "incident"}
    assert [channel["name"] for channel in state["channels"]] == ["general", "incidents"]
    assert state["channels"][0]["member_count"] == 3
    assert (await world.http("GET", "/sandbox/state"))[1]["me"] == world.id("ana")


async def test_people_speak_react_and_pin_over_http(world: World) -> None:
    async def do(path: str, **fields: Any) -> Json:
        status, answer = await world.http("POST", f"/sandbox/{path}", {"as": "ana", "channel": "general", **fields})
        assert status == 200, answer
        result: Json = answer
        return result

    ts = (await do("say", text="hello @bo"))["ts"]
    await do("say", text="a reply", thread_ts=ts)
    await do("react", ts=ts, name="tada")
    await do("pin", ts=ts)
    await do("edit", ts=ts, text="hello <!here>")
    _, shown = await world.http("GET", "/sandbox/messages?as=bo&channel=general")
    message = shown["messages"][0]
    assert (message["text"], message["edited"], message["pinned"], message["reply_count"]) == (
        "hello <!here>",
        True,
        True,
        1,
    )
    assert message["reactions"] == [{"name": "tada", "users": [world.id("ana")], "count": 1}]
    _, thread = await world.http("GET", f"/sandbox/messages?as=bo&channel=general&thread_ts={ts}")
    assert [message["text"] for message in thread["messages"]] == ["hello <!here>", "a reply"]
    await do("react", ts=ts, name="tada", remove=True)
    await do("delete", ts=ts)
    assert world.workspace.channel("general").messages[ts].subtype == "tombstone"


async def test_channels_are_made_joined_and_left_over_http(world: World) -> None:
    _, made = await world.http("POST", "/sandbox/create_channel", {"as": "ana", "name": "war-room"})
    await world.http("POST", "/sandbox/join", {"as": "bo", "channel": "war-room"})
    await world.http("POST", "/sandbox/invite", {"as": "bo", "channel": "war-room", "users": ["cy", "incident"]})
    await world.http("POST", "/sandbox/leave", {"as": "cy", "channel": "war-room"})
    members = world.workspace.channels[made["channel"]].members
    assert members == [world.id("ana"), world.id("bo"), world.workspace.bot.id]


async def test_what_nobody_could_do_is_refused_with_a_reason(world: World) -> None:
    for path, body, error in (
        ("say", {"as": "ana", "channel": "general"}, "the field 'text' is missing"),
        ("say", {"as": "zoe", "channel": "general", "text": "x"}, "there is nobody called 'zoe' here"),
        ("say", {"as": "ana", "channel": "nowhere", "text": "x"}, "there is no channel 'nowhere' here"),
        ("react", {"as": "ana", "channel": "general", "ts": "1.1", "name": "x"}, "there is no message 1.1 in general"),
        ("create_channel", {"as": "ana", "name": "general"}, "name_taken"),
        ("faults", {"kind": "plague"}, "'plague' is not a valid FaultKind"),
        ("latency", {"seconds": "long"}, "the field 'seconds' is not a number"),
    ):
        assert await world.http("POST", f"/sandbox/{path}", body) == (400, {"ok": False, "error": error})
    assert (await world.http("POST", "/sandbox/say", data=b"{"))[1]["error"] == "the body is not JSON"
    assert (await world.http("POST", "/sandbox/say", data=b"[]"))[1]["error"] == "the body is not an object"


async def test_changes_are_announced_to_open_pages(world: World) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{world.url}/sandbox/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        await stream.content.readuntil(b"\n\n")
        ts = await world.control.say("ana", "general", "hello")
        await world.control.react("ana", "general", ts, "eyes")
        notes = [json.loads((await stream.content.readuntil(b"\n\n"))[len(b"data: ") :]) for _ in range(2)]
    assert [(note["type"], note["channel"], note["ts"]) for note in notes] == [
        ("message", world.channel("general"), ts),
        ("reaction", world.channel("general"), ts),
    ]


async def test_calls_are_logged_without_their_tokens(world: World) -> None:
    await world.client.api_call("auth.test", data={"token": world.workspace.bot_token})
    channel = await world.new_channel()
    await world.refused(world.client.chat_postMessage(channel="C0", text="x"))
    _, answer = await world.http("GET", "/sandbox/calls?since=1")
    assert [(call["n"], call["method"], call["ok"]) for call in answer["calls"]] == [
        (2, "conversations.create", True),
        (3, "chat.postMessage", False),
    ]
    assert answer["calls"][1]["error"] == "channel_not_found"
    assert world.workspace.bot_token not in json.dumps((await world.http("GET", "/sandbox/calls"))[1])
    assert channel


async def test_quiet_waits_for_what_is_under_way(world: World) -> None:
    _, answer = await world.http("POST", "/sandbox/quiet", {"idle": 0.01, "timeout": 5})
    assert answer["quiet"] is True
    await world.control.open_home("ana")
    _, answer = await world.http("POST", "/sandbox/quiet", {"idle": 0.01, "timeout": 0.1})
    assert (answer["quiet"], answer["unacked"]) == (False, 1)


async def test_faults_limits_and_delivery_are_set_over_http(world: World) -> None:
    await world.http("POST", "/sandbox/faults", {"method": "auth.test", "kind": "error", "error": "fatal_error"})
    assert await world.refused(world.client.auth_test()) == "fatal_error"
    await world.http("DELETE", "/sandbox/faults")
    assert (await world.client.auth_test())["ok"]
    await world.http("POST", "/sandbox/limits", {"on": True})
    assert world.workspace.limits.on is True
    await world.http("POST", "/sandbox/delivery", {"ack_seconds": 0.5, "retry_delays": [0, 1]})
    assert (world.workspace.delivery.ack_seconds, world.workspace.delivery.retry_delays) == (0.5, (0.0, 1.0))


async def test_mentions_that_would_notify_are_listed(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    await world.post(channel, f"paging <@{world.id('ana')}>")
    await world.post(channel, "an alert said &lt;!channel&gt;")
    ts = await world.post(channel)
    await world.client.chat_update(channel=channel, ts=ts, text="<!here>")
    _, answer = await world.http("GET", "/sandbox/pings")
    named = [(ping["target"], ping["edited"]) for ping in answer["pings"] if ping["by"] == world.workspace.bot.id]
    assert named[-2:] == [(world.id("ana"), False), ("here", True)]


def test_a_manifest_gives_the_app_its_name_scopes_and_events_and_no_others() -> None:
    workspace = Workspace(PEOPLE)
    manifest = {
        "features": {"bot_user": {"display_name": "first-responder"}},
        "oauth_config": {"scopes": {"bot": ["chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
    }
    install(workspace, manifest)
    assert workspace.scopes == {"chat:write"}
    assert workspace.subscriptions == frozenset({"app_mention"})
    assert workspace.member("@first-responder") is workspace.bot
    install(workspace, {})
    assert workspace.scopes == {"chat:write"}
    assert create_app(Workspace(PEOPLE)).routes


async def test_the_page_and_its_parts_are_served_when_they_are_there(world: World) -> None:
    status, page = await world.http("GET", "/")
    assert status == 200, "sandbox/slack/page/index.html is missing"
    assert "<html" in page
    assert (await world.http("GET", "/page/../app.py"))[0] == 404


async def test_another_site_in_the_same_browser_cannot_drive_people(world: World) -> None:
    body = {"as": "ana", "channel": "general", "text": "x"}
    for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
        status, _ = await world.http("POST", "/sandbox/say", body, headers=headers)
        assert status == 403
    assert (await world.http("POST", "/sandbox/say", body, headers={"origin": world.url}))[0] == 200
