"""Writing, reading and reacting on the page, live."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.sandbox.page.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_one_types_is_said_and_shown(stage: Stage) -> None:
    channel = await stage.channel("talk")
    await stage.show(channel)
    field = stage.page.locator("#composer")
    await field.fill("first @bo #talk <b>&")
    await field.press("Shift+Enter")
    await field.press_sequentially("second")
    await field.press("Enter")
    last = stage.page.locator("#main .message").last
    await expect(last).to_contain_text("second")
    await expect(last.locator(".mention")).to_have_text(["@Bo Chen", "#talk"])
    said = list(stage.workspace.channels[channel].messages.values())[-1]
    assert said.text == f"first <@{stage.id('bo')}> <#{channel}|talk> &lt;b&gt;&amp;\nsecond"
    await expect(field).to_have_value("")


async def test_new_edited_and_deleted_messages_appear_by_themselves(stage: Stage) -> None:
    channel = await stage.channel("live")
    await stage.show(channel)
    kept = await stage.post(channel, "stays")
    await expect(stage.message(kept)).to_be_visible()
    await stage.message(kept).evaluate("node => { node.untouched = true; }")
    ts = await stage.post(channel, "gathering :hourglass_flowing_sand:")
    await expect(stage.message(ts)).to_contain_text("gathering")
    await stage.client.chat_update(channel=channel, ts=ts, text="the briefing")
    await expect(stage.message(ts)).to_contain_text("the briefing")
    await expect(stage.message(ts)).to_contain_text("(edited)")
    await stage.client.chat_delete(channel=channel, ts=ts)
    await expect(stage.message(ts)).to_have_count(0)
    assert await stage.message(kept).evaluate("node => node.untouched"), "an unchanged message was drawn again"


async def test_a_reaction_toggles_and_another_is_picked(stage: Stage) -> None:
    channel = await stage.channel("react")
    ts = await stage.post(channel)
    await stage.control.react("bo", channel, ts, "eyes")
    await stage.show(channel)
    chip = stage.message(ts).locator("[data-reaction=eyes]")
    await expect(chip).to_have_text("1")
    await chip.click()
    await expect(chip).to_have_text("2")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await chip.click()
    await expect(chip).to_have_text("1")
    await stage.message(ts).hover()
    await stage.message(ts).locator("[data-do=react]").click()
    await stage.page.get_by_label("Find an emoji").fill("white_check")
    await stage.page.locator("[data-pick=white_check_mark]").click()
    await expect(stage.message(ts).locator("[data-reaction=white_check_mark]")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert stage.workspace.channels[channel].messages[ts].reactions["white_check_mark"] == [stage.id("ana")]


async def test_a_message_is_pinned_and_the_head_of_the_channel_counts_it(stage: Stage) -> None:
    channel = await stage.channel("pins")
    ts = await stage.post(channel, "keep this")
    await stage.show(channel)
    await stage.message(ts).hover()
    await stage.message(ts).locator("[data-do=pin]").click()
    await expect(stage.message(ts)).to_contain_text("Pinned")
    await stage.page.locator('[data-pins="1"]').click()
    await expect(stage.page.locator(f'[data-pin="{ts}"]')).to_contain_text("keep this")


async def test_a_thread_opens_and_takes_a_reply(stage: Stage) -> None:
    channel = await stage.channel("thread")
    ts = await stage.post(channel, "the question")
    await stage.show(channel)
    await stage.message(ts).hover()
    await stage.message(ts).locator("[data-do=reply]").click()
    await expect(stage.reply(ts)).to_contain_text("the question")
    assert stage.page.url.endswith(f"#/{channel}/thread/{ts}")
    await stage.page.locator("#thread-composer").fill("an answer")
    await stage.page.locator("#thread-composer").press("Enter")
    await expect(stage.page.locator("#thread .message").last).to_contain_text("an answer")
    await expect(stage.message(ts).locator("[data-open-thread]")).to_contain_text("1 reply")
    await expect(stage.page.locator("#main")).not_to_contain_text("an answer")
    await stage.page.keyboard.press("Escape")
    await expect(stage.page.locator("#thread")).to_be_hidden()


async def test_a_streamed_answer_shows_a_caret_until_it_ends(stage: Stage) -> None:
    channel = await stage.channel("stream")
    asked = await stage.control.say("ana", channel, "why?")
    started = await stage.client.chat_startStream(
        channel=channel,
        thread_ts=asked,
        recipient_user_id=stage.id("ana"),
        recipient_team_id=stage.workspace.team_id,
        markdown_text="Because **of**",
    )
    ts = started["ts"]
    await stage.show(channel, then=f"/thread/{asked}")
    await expect(stage.reply(ts).locator(".caret")).to_be_visible()
    await stage.client.chat_appendStream(channel=channel, ts=ts, markdown_text=" the deployment")
    await expect(stage.reply(ts)).to_contain_text("the deployment")
    await stage.client.chat_stopStream(channel=channel, ts=ts)
    await expect(stage.reply(ts).locator(".caret")).to_have_count(0)


async def test_what_the_app_is_doing_is_shown_in_the_thread(stage: Stage) -> None:
    channel = await stage.channel("doing")
    ts = await stage.control.say("ana", channel, "why?")
    await stage.show(channel, then=f"/thread/{ts}")
    await stage.client.assistant_threads_setStatus(channel_id=channel, thread_ts=ts, status="is reading logs…")
    await expect(stage.page.locator("#thread .doing")).to_have_text("incident is reading logs…")
    await stage.post(channel, "found it", thread_ts=ts)
    await expect(stage.page.locator("#thread .doing")).to_be_hidden()


async def test_channels_that_say_something_are_marked_until_read(stage: Stage) -> None:
    here, there = await stage.channel("here"), await stage.channel("there")
    await stage.show(there)
    await stage.show(here)
    entry = stage.page.locator(f'#sidebar [data-channel="{there}"]')
    await expect(entry).not_to_have_class(re.compile("unread"))
    await stage.post(there, "news")
    await expect(entry).to_have_class(re.compile("unread"))
    await entry.click()
    await expect(stage.page.locator("#main")).to_contain_text("news")
    await expect(entry).not_to_have_class(re.compile("unread"))


async def test_one_becomes_another_person(stage: Stage) -> None:
    channel = await stage.channel("people")
    await stage.client.chat_postEphemeral(channel=channel, user=stage.id("ana"), text="for ana alone")
    await stage.show(channel)
    secret = stage.page.locator("[data-ephemeral]")
    await expect(secret).to_contain_text("Only visible to you")
    await stage.page.locator("#person-switcher").click()
    await stage.page.locator(f'[data-person="{stage.id("bo")}"]').click()
    await expect(stage.page.locator("#person-switcher")).to_have_attribute("data-me", stage.id("bo"))
    await expect(secret).to_have_count(0)
    await stage.page.locator("#composer").fill("bo speaks")
    await stage.page.locator("#composer").press("Enter")
    await expect(stage.page.locator("#main .message").last.locator(".author")).to_have_text("Bo Chen")
    await stage.page.reload()
    await expect(stage.page.locator("#person-switcher")).to_have_attribute("data-me", stage.id("bo"))


async def test_the_head_shows_topic_and_bookmarks_and_changes_with_them(stage: Stage) -> None:
    channel = await stage.channel("head")
    await stage.show(channel)
    await stage.client.conversations_setTopic(channel=channel, topic="SEV1 | Investigating")
    await stage.client.bookmarks_add(channel_id=channel, title="Dashboard", type="link", link="https://example.com/d")
    await expect(stage.page.locator(".topic")).to_have_text("SEV1 | Investigating")
    await expect(stage.page.get_by_role("link", name="Dashboard")).to_have_attribute("href", "https://example.com/d")
    await expect(stage.page.locator(".channel-facts")).to_contain_text("4")


async def test_a_channel_is_made_and_another_joined(stage: Stage) -> None:
    made = await stage.client.conversations_create(name="outside")
    await stage.show(str(made["channel"]["id"]))
    await stage.page.locator("#join").click()
    await expect(stage.page.locator("#composer")).to_be_visible()
    await stage.page.locator("#create-channel").click()
    await stage.page.locator("#channel-name").fill("brand-new")
    await stage.page.locator("#channel-name").press("Enter")
    await expect(stage.page.locator(".channel-name")).to_have_text("brand-new")


async def test_a_permalink_leads_to_the_message(stage: Stage) -> None:
    channel = await stage.channel("far")
    ts = await stage.post(channel, "the one")
    for number in range(30):
        await stage.control.say("bo", channel, f"filler {number}")
    link = await stage.client.chat_getPermalink(channel=channel, message_ts=ts)
    await stage.page.goto(str(link["permalink"]))
    await expect(stage.message(ts)).to_be_in_viewport()
    await stage.page.locator("#composer").fill("back at the end")
    await stage.page.locator("#composer").press("Enter")
    await expect(stage.page.locator("#main .message").last).to_contain_text("back at the end")
    await expect(stage.page.locator("#main .message").last).to_be_in_viewport()


async def test_the_page_says_that_it_reconnects_and_catches_up(stage: Stage) -> None:
    channel = await stage.channel("lost")
    await stage.show(channel)
    await stage.page.route("**/sandbox/live", lambda route: route.abort())
    stage.workspace.live.close()
    await expect(stage.page.locator("#banner")).to_be_visible()
    ts = await stage.post(channel, "meanwhile")
    await stage.page.unroute("**/sandbox/live")
    await expect(stage.page.locator("#banner")).to_be_hidden()
    await expect(stage.message(ts)).to_be_visible()


UNNAMED = """[...document.querySelectorAll("button, a, input, textarea, select, img, [role=img], [role=menuitem]")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.innerText || node.ariaLabel || node.alt || node.labels?.length))
  .filter((node) => !node.closest("[aria-label]"))
  .map((node) => node.outerHTML)"""


async def test_every_control_has_a_name_and_keys_reach_the_composer(stage: Stage) -> None:
    channel = await stage.channel("names")
    ts = await stage.post(channel, "hello :eyes:")
    await stage.control.react("bo", channel, ts, "eyes")
    await stage.control.pin("bo", channel, ts)
    await stage.show(channel, then=f"/thread/{ts}")
    await expect(stage.reply(ts)).to_be_visible()
    assert await stage.page.evaluate(UNNAMED) == []
    for role in ("main", "navigation", "complementary"):
        await expect(stage.page.get_by_role(role)).to_have_count(1)
    await stage.page.get_by_role("link", name="Skip to the message field").press("Enter")
    await expect(stage.page.locator("#composer")).to_be_focused()
    await expect(stage.page.locator(".channel-name")).to_have_text("names")


async def test_on_a_narrow_screen_the_list_of_channels_is_a_drawer(stage: Stage) -> None:
    here, there = await stage.channel("here"), await stage.channel("there")
    await stage.page.set_viewport_size({"width": 400, "height": 800})
    await stage.page.goto(f"{stage.url}/#/{here}")
    entry = stage.page.locator(f'#sidebar [data-channel="{there}"]')
    await expect(stage.page.locator(".channel-name")).to_have_text("here")
    await expect(entry).to_be_hidden()
    await stage.page.locator(".drawer-button").click()
    await entry.click()
    await expect(stage.page.locator(".channel-name")).to_have_text("there")
    await expect(entry).to_be_hidden()
