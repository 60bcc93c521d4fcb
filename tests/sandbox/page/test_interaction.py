"""What people do on the page that the app answers: buttons, choices, commands, shortcuts, forms, its Home."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.sandbox.page.app import option, plain
from tests.sandbox.page.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CONFIRM = {
    "title": plain("Roll back?"),
    "text": {"type": "mrkdwn", "text": "Runs *undo*."},
    "confirm": plain("Do it"),
    "deny": plain("Cancel"),
}


async def buttons(stage: Stage, channel: str, *elements: dict[str, Any]) -> str:
    return await stage.post(channel, "choose", blocks=[{"type": "actions", "block_id": "row", "elements": [*elements]}])


async def test_a_button_asks_first_and_the_app_edits_its_message(stage: Stage) -> None:
    channel = await stage.channel("button")
    ts = await buttons(
        stage, channel, {"type": "button", "action_id": "approve", "text": plain("Approve"), "confirm": CONFIRM}
    )
    await stage.show(channel)
    button = stage.message(ts).locator("[data-action-id=approve]")
    await button.click()
    await expect(stage.page.locator("dialog")).to_contain_text("Runs undo.")
    await stage.page.locator("[data-confirm=no]").click()
    await expect(stage.page.locator("dialog")).to_have_count(0)
    assert stage.heard == []
    await button.click()
    await stage.page.locator("[data-confirm=yes]").click()
    await expect(stage.message(ts)).to_contain_text("Approved by @Ana Ruiz")


async def test_choices_reach_the_app_as_slack_reports_them(stage: Stage) -> None:
    channel = await stage.channel("choices")
    options = [option("SEV1", "1"), option("SEV2", "2")]
    ts = await buttons(
        stage,
        channel,
        {"type": "static_select", "action_id": "sev", "options": options},
        {"type": "users_select", "action_id": "who"},
        {"type": "datepicker", "action_id": "day"},
        {"type": "checkboxes", "action_id": "some", "options": options},
        {"type": "overflow", "action_id": "more", "options": options},
    )
    await stage.show(channel)
    row = stage.message(ts)
    await row.locator("[data-action-id=sev]").select_option("2")
    await row.locator("[data-action-id=who]").select_option(stage.id("bo"))
    await row.locator("[data-action-id=day]").fill("2026-11-20")
    await row.locator("[data-action-id=some] input").first.check()
    await row.locator("[data-action-id=more]").click()
    await stage.page.get_by_role("menuitem", name="SEV2").click()
    await stage.page.wait_for_function("document.querySelectorAll('[aria-busy]').length === 0")
    settled, _ = await stage.control.quiet()
    assert settled
    actions = {body["actions"][0]["action_id"]: body["actions"][0] for body in stage.heard}
    assert actions["sev"]["selected_option"]["value"] == "2"
    assert actions["who"]["selected_user"] == stage.id("bo")
    assert actions["day"]["selected_date"] == "2026-11-20"
    assert [chosen["value"] for chosen in actions["some"]["selected_options"]] == ["1"]
    assert actions["more"]["selected_option"]["value"] == "2"


async def test_a_command_is_offered_sent_and_answered_to_one_person(stage: Stage) -> None:
    channel = await stage.channel("command")
    await stage.show(channel)
    field = stage.page.locator("#composer")
    await field.press_sequentially("/in")
    offered = stage.page.locator("#main .suggestion")
    await expect(offered).to_have_count(2)
    await expect(offered.first).to_contain_text("help | status | list")
    await field.press("Tab")
    await expect(field).to_have_value("/inc ")
    await field.press_sequentially("status")
    await field.press("Enter")
    answer = stage.page.locator("[data-ephemeral]")
    await expect(answer).to_contain_text("status: 2 incidents are open")
    await expect(answer).to_have_count(1)
    assert all("/inc" not in message.text for message in stage.workspace.channels[channel].messages.values())


async def test_an_unknown_command_and_a_command_in_a_thread_get_an_explanation(stage: Stage) -> None:
    channel = await stage.channel("wrong")
    ts = await stage.post(channel)
    await stage.show(channel, then=f"/thread/{ts}")
    await stage.page.locator("#composer").fill("/nonsense now")
    await stage.page.locator("#composer").press("Enter")
    await expect(stage.page.locator("[data-ephemeral]")).to_contain_text("/nonsense is not a valid command")
    await stage.page.locator("#thread-composer").fill("/inc status")
    await stage.page.locator("#thread-composer").press("Enter")
    await expect(stage.page.locator("[data-ephemeral]").last).to_contain_text("/inc does not work in threads")


async def test_a_form_shows_what_is_wrong_keeps_what_was_typed_and_is_sent(stage: Stage) -> None:
    await stage.show(stage.workspace.channel("general").id)
    await stage.page.locator("#shortcuts").click()
    await stage.page.locator("[data-shortcut=declare]").click()
    form = stage.page.locator("dialog.modal")
    send = form.locator("[data-do=submit]")
    await send.click()
    await expect(form.locator(".problem:visible")).to_have_text(["Please complete this required field."] * 2)
    await form.get_by_label("Title").fill("db")
    await form.get_by_label("Severity").select_option("2")
    await form.get_by_label("Lead").select_option(stage.id("bo"))
    await form.get_by_label("SEV2").check()
    await form.get_by_label("Support").check()
    await form.get_by_label("What do you see?").fill("two\nlines")
    await send.click()
    await expect(form.locator(".problem:visible")).to_have_text(["Say it in five letters or more"])
    await expect(form.get_by_label("What do you see?")).to_have_value("two\nlines")
    await form.get_by_label("Title").fill("database is slow")
    await send.click()
    await expect(stage.page.locator("dialog")).to_have_count(0)
    values = stage.heard[-1]["view"]["state"]["values"]
    assert values["title"]["text"] == {"type": "plain_text_input", "value": "database is slow"}
    assert values["sev"]["pick"]["selected_option"]["value"] == "2"
    assert values["lead"]["who"]["selected_user"] == stage.id("bo")
    assert values["kind"]["one"]["selected_option"]["value"] == "2"
    assert [chosen["value"] for chosen in values["tell"]["many"]["selected_options"]] == ["s"]
    assert values["what"]["text"]["value"] == "two\nlines"


async def test_escape_closes_a_form_for_the_workspace_too(stage: Stage) -> None:
    await stage.show(stage.workspace.channel("general").id)
    await stage.page.locator("#shortcuts").click()
    await stage.page.locator("[data-shortcut=declare]").click()
    await stage.page.locator("dialog.modal").wait_for()
    async with stage.page.expect_response("**/sandbox/close"):
        await stage.page.keyboard.press("Escape")
    await expect(stage.page.locator("dialog")).to_have_count(0)
    assert await stage.control.views("ana") == []


async def test_a_message_shortcut_names_its_message(stage: Stage) -> None:
    channel = await stage.channel("shortcut")
    ts = await stage.post(channel, "this one")
    await stage.show(channel)
    await stage.message(ts).hover()
    await stage.message(ts).locator("[data-do=more]").click()
    async with stage.page.expect_response("**/sandbox/shortcut"):
        await stage.page.locator("[data-shortcut=keep]").click()
    assert [(body["callback_id"], body["message_ts"]) for body in stage.heard] == [("keep", ts)]


async def test_the_home_of_the_app_opens(stage: Stage) -> None:
    await stage.show(stage.workspace.channel("general").id)
    await stage.page.locator("[data-home]").click()
    await expect(stage.page.locator("#home")).to_have_text("Welcome @Ana Ruiz")


async def test_an_app_that_does_not_answer_is_told_of(stage: Stage) -> None:
    channel = await stage.channel("deaf")
    ts = await buttons(stage, channel, {"type": "button", "action_id": "go", "text": plain("Go")})
    await stage.show(channel)
    await stage.page.route(
        "**/sandbox/click", lambda route: route.fulfill(status=400, json={"ok": False, "error": "no app"})
    )
    await stage.message(ts).locator("[data-action-id=go]").click()
    await expect(stage.page.locator(".toast")).to_have_text("That did not work: no app")
    await expect(stage.message(ts).locator("[data-action-id=go]")).to_be_enabled()
