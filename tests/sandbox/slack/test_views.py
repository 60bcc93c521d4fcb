"""Modals and App Home: opened, changed, submitted, closed."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.errors import ControlError
from tests.sandbox.slack.conftest import World, until

Json = dict[str, Any]


def text(value: str) -> Json:
    return {"type": "plain_text", "text": value}


def field(block_id: str, **more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "value", **more.pop("element", {})}
    return {"type": "input", "block_id": block_id, "label": text("Label"), "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "callback_id": "declare", "title": text("Declare"), "submit": text("Go"),
            "blocks": list(blocks), **more}  # fmt: skip


def home(*blocks: Json) -> Json:
    return {"type": "home", "blocks": list(blocks)}


async def opened(world: World, view: Json, who: str = "ana") -> str:
    trigger = world.workspace.tickets.new_trigger(world.id(who))
    return str((await world.client.views_open(trigger_id=trigger, view=view))["view"]["id"])


async def test_a_command_opens_a_form_and_its_submission_comes_back(world: World) -> None:
    app = world.app()
    submitted: list[Json] = []

    @app.command("/inc")
    async def inc(ack: Any, client: Any, command: Json) -> None:
        await ack()
        severity = {"type": "static_select", "action_id": "value", "options": [{"text": text("SEV1"), "value": "1"}]}
        await client.views_open(
            trigger_id=command["trigger_id"],
            view=modal(
                field("title"),
                field("note", optional=True, element={"initial_value": "none"}),
                {"type": "input", "block_id": "sev", "label": text("Severity"), "element": severity},
            ),
        )

    @app.view("declare")
    async def declare(ack: Any, view: Json) -> None:
        await ack()
        submitted.append(view["state"]["values"])

    async with world.connected(app):
        await world.control.command("ana", "general", "/inc", "new")
        await until(lambda: world.workspace.modals.get(world.id("ana")))
        view = (await world.control.views("ana"))[-1]
        incomplete = await world.control.submit("ana", view["id"], {"title": {"value": "Checkout is down"}})
        assert list(incomplete.errors) == ["sev"]
        values = {
            "title": {"value": {"type": "plain_text_input", "value": "Checkout is down"}},
            "sev": {"value": "1"},
        }
        assert (await world.control.submit("ana", view["id"], values)).ok
    assert submitted[0]["title"]["value"] == {"type": "plain_text_input", "value": "Checkout is down"}
    assert submitted[0]["sev"]["value"]["selected_option"]["value"] == "1"
    assert submitted[0]["note"]["value"]["value"] == "none"
    assert await world.control.views("ana") == []


async def test_an_app_answers_a_submission_with_errors_a_next_view_or_the_end(world: World) -> None:
    app = world.app()
    answers: list[Json] = [
        {"response_action": "errors", "errors": {"title": "too short"}},
        {"response_action": "update", "view": modal(field("title"), title=text("Second"))},
        {"response_action": "push", "view": modal(field("title"), title=text("Third"))},
        {"response_action": "clear"},
    ]

    @app.view("declare")
    async def declare(ack: Any) -> None:
        await ack(**answers.pop(0))

    async def submit() -> tuple[Json, list[str]]:
        top = (await world.control.views("ana"))[-1]["id"]
        outcome = await world.control.submit("ana", top, {"title": {"value": "x"}})
        return outcome.errors, [view["title"]["text"] for view in await world.control.views("ana")]

    async with world.connected(app):
        await opened(world, modal(field("title")))
        assert await submit() == ({"title": "too short"}, ["Declare"])
        assert await submit() == ({}, ["Second"])
        assert await submit() == ({}, ["Second", "Third"])
        assert await submit() == ({}, [])


async def test_a_closed_view_is_told_when_the_app_asked(world: World) -> None:
    app = world.app()
    closed: list[str] = []

    @app.view_closed("declare")
    async def gone(ack: Any, view: Json) -> None:
        await ack()
        closed.append(view["id"])

    async with world.connected(app):
        silent = await opened(world, modal())
        await world.control.close("ana", silent)
        told = await opened(world, modal(notify_on_close=True))
        await world.control.close("ana", told)
        await until(lambda: closed)
    assert closed == [told]


async def test_a_view_changes_only_from_the_state_it_was_read_in(world: World) -> None:
    view = await opened(world, modal(external_id="x1"))
    client = world.client
    first = (await client.views_update(view_id=view, view=modal(title=text("One"))))["view"]
    await client.views_update(external_id="x1", view=modal(title=text("Two")), hash=first["hash"])
    stale = client.views_update(view_id=view, view=modal(), hash=first["hash"])
    assert await world.refused(stale) == "hash_conflict"
    assert await world.refused(client.views_update(view_id="V0", view=modal())) == "not_found"
    again = client.views_open(trigger_id=world.workspace.tickets.new_trigger("U"), view=modal(external_id="x1"))
    assert await world.refused(again) == "duplicate_external_id"


async def test_three_views_lie_on_each_other_at_most(world: World) -> None:
    await opened(world, modal())
    for _ in range(2):
        trigger = world.workspace.tickets.new_trigger(world.id("ana"))
        await world.client.views_push(trigger_id=trigger, view=modal())
    trigger = world.workspace.tickets.new_trigger(world.id("ana"))
    assert await world.refused(world.client.views_push(trigger_id=trigger, view=modal())) == "push_limit_reached"


async def test_buttons_in_a_view_reach_the_app_with_what_was_chosen_so_far(world: World) -> None:
    app = world.app()
    bodies: list[Json] = []

    @app.action("more")
    async def more(ack: Any, body: Json) -> None:
        await ack()
        bodies.append(body)

    @app.action("value")
    async def chosen(ack: Any) -> None:
        await ack()

    user = {"type": "users_select", "action_id": "value"}
    section = {"type": "section", "block_id": "who", "text": text("Who"), "accessory": user}
    row = {"type": "actions", "elements": [{"type": "button", "action_id": "more", "text": text("More")}]}
    async with world.connected(app):
        view = await opened(world, modal(section, row))
        await world.control.click("ana", "value", view_id=view, selected=world.id("bo"))
        await world.control.click("ana", "more", view_id=view)
        await until(lambda: bodies)
    assert bodies[0]["container"] == {"type": "view", "view_id": view}
    assert bodies[0]["view"]["state"]["values"]["who"]["value"]["selected_user"] == world.id("bo")


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        (modal(title=text("x" * 25)), "/view/title/text"),
        (modal(submit=text("x" * 25)), "/view/submit/text"),
        (modal(private_metadata="x" * 3001), "/view/private_metadata"),
        (modal(callback_id="x" * 256), "/view/callback_id"),
        (modal(field("a"), submit=None), "/view/submit"),
        (modal({"type": "table", "rows": []}), "/view/blocks/0/type"),
        ({"type": "home", "blocks": []}, "/view/type"),
        ({"type": "modal", "title": text("T")}, "missing required field: blocks"),
    ],
)
async def test_a_view_that_breaks_a_limit_is_refused(world: World, view: Json, complaint: str) -> None:
    trigger = world.workspace.tickets.new_trigger(world.id("ana"))
    call = world.client.views_open(trigger_id=trigger, view=view)
    assert await world.refused(call) == "invalid_arguments"
    last = (await world.control.calls())[-1]
    assert last.error == "invalid_arguments"
    status, answer = await world.http(
        "POST",
        "/api/views.open",
        {"trigger_id": trigger, "view": view},
        headers={"authorization": f"Bearer {world.workspace.bot_token}"},
    )
    assert status == 200
    assert complaint in answer["response_metadata"]["messages"][0]


async def test_a_view_has_a_size(world: World) -> None:
    view = modal(private_metadata="x" * 250_000)
    assert await world.refused(world.client.views_open(trigger_id="x", view=view)) == "view_too_large"


async def test_home_is_published_for_one_person_and_guarded_by_its_hash(world: World) -> None:
    section = {"type": "section", "text": text("No active incidents")}
    first = (await world.client.views_publish(user_id=world.id("ana"), view=home(section)))["view"]
    shown = await world.control.home("ana")
    assert shown is not None
    assert shown["blocks"][0]["text"]["text"] == "No active incidents"
    assert await world.control.home("bo") is None
    await world.client.views_publish(user_id=world.id("ana"), view=home(), hash=first["hash"])
    stale = world.client.views_publish(user_id=world.id("ana"), view=home(), hash=first["hash"])
    assert await world.refused(stale) == "hash_conflict"
    assert await world.refused(world.client.views_publish(user_id="U0", view=home())) == "user_not_found"


async def test_a_form_is_submitted_by_the_person_who_has_it(world: World) -> None:
    view = await opened(world, modal())
    with pytest.raises(ControlError, match="bo has no view"):
        await world.control.submit("bo", view)
