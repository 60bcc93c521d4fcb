"""How written text and Block Kit look on the page."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.async_api import expect

from tests.sandbox.page.app import labelled, option, plain
from tests.sandbox.page.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


async def test_mrkdwn_becomes_styled_text(stage: Stage) -> None:
    channel = await stage.channel("text")
    text = (
        "*bold* _slanted_ ~gone~ `code *raw*` snake_case_name 2*3*4 :eyes: :no_such_emoji: a &lt;b&gt; &amp; c\n"
        f"<https://example.com/x?a=1&amp;b=2|the link> <@{stage.id('bo')}> <!channel> <#{channel}>\n"
        "> quoted\n• one\n• two\n```\nx &lt; 1\n```"
    )
    ts = await stage.post(channel, text)
    await stage.show(channel)
    shown = stage.message(ts).locator(".text")
    await expect(shown.locator("strong")).to_have_text("bold")
    await expect(shown.locator("em")).to_have_text("slanted")
    await expect(shown.locator("s")).to_have_text("gone")
    await expect(shown.locator("code")).to_have_text("code *raw*")
    await expect(shown).to_contain_text("snake_case_name 2*3*4")
    await expect(shown.locator("[data-emoji=eyes]")).to_be_visible()
    await expect(shown).to_contain_text(":no_such_emoji: a <b> & c")
    await expect(shown.get_by_role("link", name="the link")).to_have_attribute("href", "https://example.com/x?a=1&b=2")
    await expect(shown.locator(".mention")).to_have_text(["@Bo Chen", "@channel", "#text"])
    await expect(shown.locator("blockquote")).to_have_text("quoted")
    await expect(shown.locator(".item")).to_have_count(2)
    await expect(shown.locator("pre")).to_have_text("x < 1")


async def test_a_time_may_be_told_as_how_long_ago_it_was(stage: Stage) -> None:
    channel = await stage.channel("times")
    two_hours_ago = int(time.time()) - 2 * 3600 - 600
    ts = await stage.post(channel, f"since <!date^{two_hours_ago}^{{ago}}|then>")
    await stage.show(channel)
    await expect(stage.message(ts).locator(".text")).to_have_text("since 2 hours ago")


HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> "
    '&lt;img src=x onerror=alert(1)&gt; <javascript:alert(1)|press> <https://example.com/"onmouseover=alert(1)|quote> '
    "*<b onclick=alert(1)>bold</b>* `<svg/onload=alert(1)>` ```<iframe src=javascript:alert(1)>```"
)


async def test_hostile_text_stays_text(stage: Stage) -> None:
    channel = await stage.channel("hostile")
    plainly = await stage.post(channel, HOSTILE)
    rich = [{"type": "rich_text_section", "elements": [{"type": "text", "text": HOSTILE}]}]
    blocks = [
        {"type": "header", "text": plain(HOSTILE[:140])},
        section(HOSTILE),
        {
            "type": "markdown",
            "text": HOSTILE + "\n[press](javascript:alert(1)) ![x](data:text/html,<script>1</script>)",
        },
        {"type": "rich_text", "elements": rich},
    ]
    blocked = await stage.post(channel, "hostile", blocks=blocks)
    await stage.client.conversations_setTopic(channel=channel, topic=HOSTILE[:240])
    await stage.show(channel)
    for ts in (plainly, blocked):
        body = stage.message(ts).locator(".message-body")
        await expect(body).to_contain_text("<script>document.title='owned'</script>")
        assert (
            await body.locator("img, script, iframe, svg:not(.drawing), b, [onerror], [onclick], [onload]").count() == 0
        )
        links = await body.locator("a").evaluate_all("links => links.map(link => link.protocol)")
        assert set(links) <= {"https:"}, f"a link that is no web link: {links}"
    assert "owned" not in await stage.page.title()
    assert stage.troubles == []


async def test_every_kind_of_block_has_a_look(stage: Stage) -> None:
    channel = await stage.channel("blocks")
    options = [option("SEV1", "1"), option("SEV2", "2")]
    listed = {"type": "rich_text_section", "elements": [{"type": "text", "text": "item", "style": {"bold": True}}]}
    link = {"type": "link", "url": "https://example.com", "text": "site"}
    user = {"type": "user", "user_id": stage.id("bo")}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain("Head :fire:")},
        {"type": "section", "fields": [mrkdwn("*A*\n1"), mrkdwn("*B*\n2")]},
        section("side", accessory={"type": "overflow", "action_id": "more", "options": options}),
        {"type": "divider"},
        {"type": "context", "elements": [mrkdwn("small :hourglass_flowing_sand:")]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "go", "style": "primary", "text": plain("Go")},
                {"type": "static_select", "action_id": "sev", "placeholder": plain("Severity"), "options": options},
                {"type": "users_select", "action_id": "who", "placeholder": plain("Person")},
                {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-20"},
                {"type": "checkboxes", "action_id": "some", "options": options},
                {"type": "radio_buttons", "action_id": "one", "options": options, "initial_option": options[1]},
            ],
        },
        labelled("free", "Free text", {"type": "plain_text_input", "action_id": "free"}),
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_list", "style": "ordered", "elements": [listed, listed]},
                {"type": "rich_text_quote", "elements": [link, user, {"type": "emoji", "name": "rocket"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a  b"}]},
            ],
        },
        {"type": "markdown", "text": "## Title\n\n- [x] **done** `now`\n  - deeper\n\n| a | b |\n|---|---|\n| 1 | 2 |"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "col"}], [{"type": "raw_text", "text": "cell"}]]},
        {"type": "alert", "level": "warning", "text": mrkdwn("mind the gap")},
        {"type": "card", "title": mrkdwn("card title"), "body": mrkdwn("card body")},
        {"type": "plan", "title": "Plan", "tasks": [{"task_id": "1", "title": "Ask", "status": "in_progress"}]},
        {"type": "hologram", "text": "unheard of"},
    ]
    ts = await stage.post(channel, "all blocks")
    stage.workspace.channels[channel].messages[ts].blocks = blocks  # also what Slack would refuse together
    await stage.show(channel)
    body = stage.message(ts).locator(".message-body")
    for kind in {block["type"] for block in blocks}:
        await expect(body.locator(f"[data-block={kind}]").first).to_be_visible()
    await expect(body.locator("h3.block-header")).to_have_text("Head")
    await expect(body.locator(".fields .text")).to_have_count(2)
    await expect(body.locator("[data-action-id=sev] option")).to_have_text(["Severity", "SEV1", "SEV2"])
    await expect(body.locator("[data-action-id=day]")).to_have_value("2026-11-20")
    await expect(body.locator("[data-action-id=one] input:checked")).to_have_value("2")
    await expect(body.locator(".rich-text ol li strong")).to_have_count(2)
    await expect(body.locator(".rich-text blockquote a")).to_have_attribute("href", "https://example.com/")
    await expect(body.locator(".markdown table td")).to_have_text(["1", "2"])
    await expect(body.locator(".markdown li li")).to_have_text("deeper")
    await expect(body.locator(".alert-warning")).to_have_text("mind the gap")
    await expect(body.locator(".task-in_progress")).to_contain_text("Ask")
    await expect(body.locator("[data-block=hologram]")).to_have_text("[hologram is not shown here]")
    assert stage.troubles == []


async def test_a_long_message_is_shown_whole_and_none_of_it_overflows(stage: Stage) -> None:
    channel = await stage.channel("long")
    ts = await stage.post(
        channel, "w" * 900 + "\n" + "\n".join(f"line {number}" for number in range(150)) + "\nthe end"
    )
    await stage.page.set_viewport_size({"width": 400, "height": 800})
    await stage.show(channel)
    await expect(stage.message(ts)).to_contain_text("the end")
    assert await stage.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await stage.page.locator("#main .scroll").evaluate("node => node.scrollWidth <= node.clientWidth")


async def test_an_uploaded_image_is_shown_with_its_words_and_opens_large(stage: Stage) -> None:
    channel = await stage.channel("image")
    header, palette = b"GIF89a\x01\x00\x01\x00\x80\x00\x00", b"\xff\x00\x00\x00\x00\x00"
    picture = header + palette + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"  # one red pixel
    uploaded = await stage.client.files_upload_v2(file=picture, filename="chart.gif", title="chart", alt_txt="a rise")
    block = {
        "type": "image",
        "slack_file": {"id": uploaded["files"][0]["id"]},
        "alt_text": "errors rose",
        "title": plain("Errors"),
    }
    ts = await stage.post(channel, "chart", blocks=[block])
    await stage.show(channel)
    image = stage.message(ts).get_by_role("img", name="errors rose")
    assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    await stage.page.get_by_role("button", name="Enlarge: errors rose").click()
    await expect(stage.page.locator("dialog.lightbox img")).to_be_visible()
    await stage.page.keyboard.press("Escape")
    await expect(stage.page.locator("dialog")).to_have_count(0)
