"""Commands, buttons, shortcuts and answers through response URLs, with a stock Bolt app."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.slack.errors import ControlError
from tests.sandbox.slack.conftest import World, until

Payload = dict[str, Any]
MANIFEST: Payload = {
    "features": {
        "slash_commands": [{"command": "/inc", "description": "Run an incident", "should_escape": True}],
        "shortcuts": [
            {"type": "global", "name": "Declare incident", "callback_id": "declare"},
            {"type": "message", "name": "Add to timeline", "callback_id": "add"},
        ],
    }
}


def button(action_id: str = "go", **more: Any) -> Payload:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}, **more}


def row(*elements: Payload, block_id: str = "row") -> list[Payload]:
    return [{"type": "actions", "block_id": block_id, "elements": list(elements)}]


def option(value: str) -> Payload:
    return {"text": {"type": "plain_text", "text": value.upper()}, "value": value}


async def test_a_command_answers_its_person_alone(world: World) -> None:
    app = world.app()
    commands: list[Payload] = []

    @app.command("/inc")
    async def inc(ack: Any, command: Payload) -> None:
        commands.append(command)
        await ack("the help")

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana", "bo")
        outcome = await world.control.command("ana", channel, "/inc", "lead @bo in #general @nobody")
    assert (outcome.ok, outcome.text) == (True, "the help")
    assert commands[0]["text"] == f"lead <@{world.id('bo')}|bo> in <#{world.channel('general')}|general> @nobody"
    assert (commands[0]["user_name"], commands[0]["channel_name"]) == ("ana", "inc-1")
    assert (await world.control.messages("ana", channel))[-1]["ephemeral"] is True
    assert "the help" not in [message["text"] for message in await world.control.messages("bo", channel)]


async def test_a_command_may_answer_the_whole_channel(world: World) -> None:
    app = world.app()

    @app.command("/inc")
    async def inc(ack: Any) -> None:
        await ack(text="for all", response_type="in_channel")

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        await world.control.command("ana", channel, "/inc")
    assert world.workspace.all_messages()[-1]["text"] == "for all"


async def test_a_command_nobody_answers_fails_for_its_person(world: World) -> None:
    assert (await world.control.command("ana", "general", "/inc")).error == "dispatch_failed"
    world.workspace.delivery.ack_seconds = 0.1
    async with world.connected(world.app()):
        assert (await world.control.command("ana", "general", "/inc")).error == "dispatch_failed"


async def test_the_manifest_says_which_commands_and_shortcuts_there_are(world: World) -> None:
    world.workspace.manifest = MANIFEST
    state = await world.control.state("ana")
    assert [entry["command"] for entry in state["commands"]] == ["/inc"]
    assert [entry["callback_id"] for entry in state["shortcuts"]] == ["declare", "add"]
    with pytest.raises(ControlError, match="/other is not a valid command"):
        await world.control.command("ana", "general", "/other")
    with pytest.raises(ControlError, match="no global shortcut 'add'"):
        await world.control.shortcut("ana", "add")


async def test_a_click_carries_the_message_and_who_clicked(world: World) -> None:
    app = world.app()
    bodies: list[Payload] = []

    @app.action("approve")
    async def approve(ack: Any, body: Payload, respond: Any) -> None:
        await ack()
        bodies.append(body)
        await respond(text="approved", replace_original=True)

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        parent = await world.post(channel)
        ts = await world.post(channel, thread_ts=parent, blocks=row(button("approve", value="a1", style="primary")))
        assert (await world.control.click("ana", "approve", channel=channel, ts=ts)).ok
        await until(lambda: world.workspace.channels[channel].messages[ts].text == "approved")
    body = bodies[0]
    assert (body["user"]["id"], body["container"]["message_ts"], body["container"]["thread_ts"]) == (
        world.id("ana"),
        ts,
        parent,
    )
    action = body["actions"][0]
    assert (action["value"], action["block_id"], action["type"]) == ("a1", "row", "button")
    assert body["message"]["ts"] == ts


BOTH = [option("a"), option("b")]
SELECTIONS: list[tuple[Payload, Any, str, Any]] = [
    ({"type": "static_select", "options": BOTH}, "b", "selected_option", option("b")),
    ({"type": "overflow", "options": BOTH}, "a", "selected_option", option("a")),
    ({"type": "radio_buttons", "options": [option("a")]}, "a", "selected_option", option("a")),
    ({"type": "checkboxes", "options": BOTH}, ["a", "b"], "selected_options", BOTH),
    ({"type": "users_select"}, "U1", "selected_user", "U1"),
    ({"type": "channels_select"}, "C1", "selected_channel", "C1"),
    ({"type": "conversations_select"}, "C1", "selected_conversation", "C1"),
    ({"type": "multi_users_select"}, ["U1"], "selected_users", ["U1"]),
    ({"type": "datepicker"}, "2026-11-20", "selected_date", "2026-11-20"),
    ({"type": "timepicker"}, "14:02", "selected_time", "14:02"),
    ({"type": "datetimepicker"}, 1_790_000_000, "selected_date_time", 1_790_000_000),
]


async def test_each_kind_of_element_reports_its_choice(world: World) -> None:
    app = world.app()
    actions: list[Payload] = []

    @app.action("pick")
    async def pick(ack: Any, action: Payload) -> None:
        await ack()
        actions.append(action)

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        for element, chosen, key, expected in SELECTIONS:
            ts = await world.post(channel, blocks=row({**element, "action_id": "pick"}))
            await world.control.click("ana", "pick", channel=channel, ts=ts, selected=chosen)
            await until(lambda: actions)
            assert actions.pop()[key] == expected, element["type"]


async def test_feedback_reports_the_chosen_button(world: World) -> None:
    app = world.app()
    values: list[str] = []

    @app.action("feedback")
    async def feedback(ack: Any, action: Payload) -> None:
        await ack()
        values.append(action["value"])

    sides = {
        f"{side}_button": {"text": {"type": "plain_text", "text": side}, "value": f"was-{side}"}
        for side in ("positive", "negative")
    }
    element = {"type": "feedback_buttons", "action_id": "feedback", **sides}
    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        ts = await world.post(channel, blocks=[{"type": "context_actions", "elements": [element]}])
        await world.control.click("ana", "feedback", channel=channel, ts=ts, value="negative")
        await until(lambda: values)
    assert values == ["was-negative"]


async def test_nobody_uses_what_is_not_there(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    ts = await world.post(channel, blocks=row({"type": "static_select", "action_id": "pick", "options": [option("a")]}))
    with pytest.raises(ControlError, match="no element 'other'"):
        await world.control.click("ana", "other", channel=channel, ts=ts)
    with pytest.raises(ControlError, match="'z' is not one of the options"):
        await world.control.click("ana", "pick", channel=channel, ts=ts, selected="z")
    with pytest.raises(ControlError, match="cy is not in inc-1"):
        await world.control.say("cy", channel, "hi")
    with pytest.raises(ControlError, match="nobody called 'zoe'"):
        await world.control.say("zoe", channel, "hi")


async def test_shortcuts_come_with_or_without_a_message(world: World) -> None:
    app = world.app()
    bodies: list[Payload] = []

    @app.shortcut("declare")
    async def declare(ack: Any, body: Payload) -> None:
        await ack()
        bodies.append(body)

    @app.shortcut("add")
    async def add(ack: Any, body: Payload) -> None:
        await ack()
        bodies.append(body)

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        ts = await world.control.say("ana", channel, "it broke at 14:02")
        assert (await world.control.shortcut("ana", "declare")).ok
        assert (await world.control.shortcut("ana", "add", channel, ts)).ok
        await until(lambda: len(bodies) == 2)
    assert (bodies[0]["type"], "response_url" in bodies[0]) == ("shortcut", False)
    assert (bodies[1]["type"], bodies[1]["message"]["text"]) == ("message_action", "it broke at 14:02")


async def response_path(world: World) -> tuple[str, str]:
    """A channel, and the path of a response URL ana's command has there."""
    channel = await world.new_channel("inc-1", "ana")
    return channel, "/response/" + world.workspace.tickets.new_response(world.id("ana"), channel)


async def test_a_response_url_takes_five_answers(world: World) -> None:
    channel, path = await response_path(world)
    answers = [await world.http("POST", path, {"text": f"answer {index}"}) for index in range(6)]
    assert answers == [(200, "ok")] * 5 + [(404, "used_url")]
    assert len(world.workspace.channels[channel].ephemerals) == 5


async def test_a_response_url_refuses_what_slack_refuses(world: World) -> None:
    _, path = await response_path(world)
    assert await world.http("POST", path, {}) == (400, "no_text")
    assert await world.http("POST", path, {"text": "x", "blocks": [{"type": "poem"}]}) == (400, "invalid_blocks")
    assert await world.http("POST", path, data=b"not json") == (400, "invalid_payload")
    assert await world.http("POST", "/response/unknown", {"text": "x"}) == (404, "invalid_url")


async def test_an_answer_in_the_channel_may_go_to_a_thread(world: World) -> None:
    channel, path = await response_path(world)
    parent = await world.post(channel)
    await world.http("POST", path, {"text": "for all", "response_type": "in_channel", "thread_ts": parent})
    assert world.workspace.all_messages()[-1]["thread_ts"] == parent


async def test_a_click_on_an_ephemeral_message_can_take_it_away(world: World) -> None:
    app = world.app()

    @app.action("go")
    async def dismiss(ack: Any, body: Payload, respond: Any) -> None:
        await ack()
        assert "message" not in body
        await respond(delete_original=True)

    async with world.connected(app):
        channel = await world.new_channel("inc-1", "ana")
        posted = await world.client.chat_postEphemeral(
            channel=channel, user=world.id("ana"), text="x", blocks=row(button())
        )
        await world.control.click("ana", "go", channel=channel, ts=posted["message_ts"])
        await until(lambda: not world.workspace.channels[channel].ephemerals)


async def test_a_trigger_works_once_and_for_three_seconds(world: World) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []}
    trigger = world.workspace.tickets.new_trigger(world.id("ana"))
    await world.client.views_open(trigger_id=trigger, view=view)
    assert await world.refused(world.client.views_open(trigger_id=trigger, view=view)) == "exchanged_trigger_id"
    late = world.workspace.tickets.new_trigger(world.id("ana"))
    world.workspace.tickets._clock = lambda: time.time() + 3.1
    assert await world.refused(world.client.views_open(trigger_id=late, view=view)) == "expired_trigger_id"
    assert await world.refused(world.client.views_open(trigger_id="1.2.x", view=view)) == "invalid_trigger_id"
