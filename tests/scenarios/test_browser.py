"""What a person sees in the browser while the real bot works: the page is live, nothing is reloaded."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.scenario.model import Webhook
from sandbox.serve import serving
from sandbox.until import until
from sandbox.world import World, world
from tests.sandbox.page.conftest import ARGUMENTS, CHROMIUM, HAS_CHROMIUM, PATIENCE_MS
from tests.scenarios.conftest import Start

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_CHROMIUM, reason="Debian's chromium is not installed"),
]
BRIEFED_WITHIN_MS = 240_000


class Gate:
    """An ASGI application whose requests wait until the gate is opened."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.opened = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.opened.wait()
        await self._app(scope, receive, send)


@asynccontextmanager
async def browsing(sandbox: World, person: str) -> AsyncIterator[Page]:
    """A browser on the page as that person; at the end the page must have had no errors and no reload."""
    troubles: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS, timeout=PATIENCE_MS)
        page = await chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        await page.goto(f"{sandbox.page}/?as={sandbox.workspace.member(person).id}")
        await page.locator("#person-switcher").wait_for()
        await page.evaluate("() => { window.stillHere = true; }")
        yield page
        assert await page.evaluate("() => window.stillHere"), "the page was loaded again"
        assert troubles == []
        await chromium.close()


def entry(page: Page, name: str) -> Locator:
    """A channel in the list at the left."""
    return page.locator("#sidebar [data-channel]").filter(has_text=re.compile(name))


async def typed(page: Page, words: str) -> None:
    await page.locator("#composer").fill(words)
    await page.locator("#composer").press("Enter")


async def test_the_channel_appears_and_its_card_ticks_from_gathering_to_the_briefing(start_bot: Start) -> None:
    async with world("bad-deployment") as sandbox:
        gate = Gate(elasticsearch(sandbox.scenario))
        on_call = next(duty.person for duty in sandbox.scenario.oncalls if duty.level == 1)
        async with (
            serving(gate) as slow_logs,
            start_bot(sandbox, ELASTICSEARCH_URL=slow_logs, SOURCE_DEADLINE="120") as bot,
            browsing(sandbox, on_call) as page,
        ):
            assert await sandbox.fire(bot.address) == 202
            await entry(page, r"^inc-\d{8}-").click()
            shown = page.locator("#main .message").filter(has_text="SEV1").first
            await expect(shown).to_contain_text(re.compile(r"prometheus \d+\.\d s, \d+ facts"))
            await expect(shown).to_contain_text("elasticsearch")
            await expect(shown).not_to_contain_text(re.compile(r"elasticsearch \d+\.\d s"))
            await expect(shown.locator("[data-emoji=hourglass_flowing_sand]").first).to_be_visible()
            gate.opened.set()
            await expect(shown).to_contain_text(
                "Most likely: Deployment of checkout v2.31.0", timeout=BRIEFED_WITHIN_MS
            )
            await expect(shown).not_to_contain_text("Looking into it")
            chart = shown.locator(".block-image img")
            await expect(chart).to_be_visible()
            assert await chart.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
            await expect(shown).to_contain_text("Pinned")
            await expect(page.locator('[data-pins="1"]')).to_be_visible()
            await expect(page.locator(".bookmarks")).to_contain_text("Dashboard")
            await expect(page.locator("#composer")).to_be_visible()  # the first on call has been brought in


async def test_people_work_on_the_page_with_the_bot(start_bot: Start) -> None:
    async with world("bad-deployment") as sandbox, start_bot(sandbox) as bot:
        on_call = next(duty.person for duty in sandbox.scenario.oncalls if duty.level == 1)
        async with browsing(sandbox, on_call) as page:
            await sandbox.fire(bot.address)
            await entry(page, r"^inc-\d{8}-").click()
            await expect(page.locator("#composer")).to_be_visible(timeout=BRIEFED_WITHIN_MS)

            await typed(page, "rolled checkout back to v2.30.4")
            said = page.locator("#main .message").filter(has_text="rolled checkout back").last
            await said.hover()
            await said.locator("[data-do=react]").click()
            await page.get_by_label("Find an emoji").fill("pushpin")
            await page.locator("[data-pick=pushpin]").click()
            await expect(said.locator("[data-reaction=pushpin]")).to_be_visible()
            await _until_on_the_timeline(page, "rolled checkout back to v2.30.4")

            await typed(page, "/inc help")
            await expect(page.locator("[data-ephemeral]").last).to_contain_text("/inc status")

            await typed(page, "/inc lead me")
            await expect(page.locator("#main")).to_contain_text("is lead of INC-")
            await expect(page.locator("#main")).to_contain_text("Lead @")
            await typed(page, "/inc update")
            update = page.locator("dialog.modal")
            await expect(update).to_contain_text("Next update in")
            await update.locator("[data-do=submit]").click()
            await expect(page.locator("dialog")).to_have_count(0)
            await expect(page.locator("#main")).to_contain_text("The update of INC-")

            await page.locator("#shortcuts").click()
            await page.locator("[data-shortcut=declare_incident]").click()
            form = page.locator("dialog.modal")
            await form.get_by_label("What is wrong?").fill("Gift cards are refused")
            await form.locator("[data-do=submit]").click()
            await expect(page.locator("dialog")).to_have_count(0)
            await entry(page, r"^inc-\d{8}-.*gift-cards").click()
            await expect(page.locator("#main")).to_contain_text("Gift cards are refused")
            await expect(page.locator("#composer")).to_be_visible(timeout=BRIEFED_WITHIN_MS)  # the declarer is in

            await page.locator("[data-home]").click()
            home = page.locator("#home")
            await expect(home).to_contain_text("HighErrorRatio checkout")
            await expect(home).to_contain_text("Gift cards are refused")


async def _until_on_the_timeline(page: Page, words: str) -> None:
    """The reaction reaches the bot as an event of its own: ask again until it is there."""
    for attempt in range(1, 11):
        await typed(page, "/inc timeline")
        answers = page.locator("[data-ephemeral]").filter(has_text="Timeline of INC-")
        await expect(answers).to_have_count(attempt)
        if words in (await answers.last.text_content() or ""):
            return
    raise AssertionError(f"not on the timeline: {words}")


HOSTILE = (
    '<img src=x onerror="window.owned=1"> <script>window.owned=1</script> <!channel> <@U0> @here '
    "<javascript:window.owned=1|press> <https://evil.example/x|click> *b* `c` \u202egnol"
)


def hostile_alert(webhook: Webhook) -> Webhook:
    """The scenario's own alert with every text in it hostile; what names the service stays."""
    payload: Any = copy.deepcopy(webhook.payload)
    for alert in payload["alerts"]:
        alert["annotations"] = dict.fromkeys(("summary", "description", "anything"), HOSTILE)
        alert["labels"]["note"] = HOSTILE
        alert["generatorURL"] = "javascript:window.owned=1"
    payload["commonAnnotations"] = {"summary": HOSTILE}
    payload["externalURL"] = "javascript:window.owned=1"
    return Webhook(source=webhook.source, payload=payload)


async def test_hostile_text_in_an_alert_stays_text_on_the_page(start_bot: Start) -> None:
    async with world("exhausted-pool") as sandbox, start_bot(sandbox) as bot:
        on_call = next(duty.person for duty in sandbox.scenario.oncalls if duty.level == 1)
        async with browsing(sandbox, on_call) as page:
            assert await sandbox.fire(bot.address, hostile_alert(sandbox.scenario.webhook)) == 202
            await entry(page, r"^inc-\d{8}-").click()
            shown = page.locator("#main .message").filter(has_text="SEV1").first
            found = re.compile("Most likely:|Best lead:")  # a source may be too slow on a busy machine
            await expect(shown).to_contain_text(found, timeout=BRIEFED_WITHIN_MS)
            assert await until(lambda: sandbox.cards("briefing"), within=120)
            await expect(shown).to_contain_text("<script>window.owned=1</script>")
            body = shown.locator(".message-body")
            assert await body.locator("script, iframe, [onerror], [onclick]").count() == 0
            assert await body.locator("img:not(.block-image img)").count() == 0
            protocols = await page.locator("#main a").evaluate_all("links => links.map(link => link.protocol)")
            assert set(protocols) <= {"http:", "https:"}
            assert await page.locator('a[href*="evil.example"]').count() == 0
            assert await page.evaluate("() => window.owned === undefined")
            # Who is on call is asked to take the lead; Slack words its own notices with the actor's mention.
            known = {sandbox.workspace.bot.id, sandbox.workspace.member(on_call).id}
            assert [p for p in sandbox.workspace.pings if p.target not in known | {p.by}] == []
