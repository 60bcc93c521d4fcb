"""The page in a real browser, on a real workspace with an app that answers. One browser for all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.scenario.model import Person
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.sandbox.page.app import MANIFEST, build

CHROMIUM = Path("/usr/bin/chromium")
HAS_CHROMIUM = CHROMIUM.exists()
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000  # for a condition on a busy machine; what holds is seen at once
expect.set_options(timeout=PATIENCE_MS)
PEOPLE = (
    Person(handle="ana", name="Ana Ruiz", email="ana@example.com", title="Site reliability"),
    Person(handle="bo", name="Bo Chen", email="bo@example.com", title="Payments"),
    Person(handle="cy", name="Cy Okafor", email="cy@example.com"),
)


@dataclass(kw_only=True)
class Stage:
    """A workspace and a browser page that shows it as Ana."""

    workspace: Workspace
    control: Control
    client: AsyncWebClient
    url: str
    page: Page
    heard: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)  # what the browser's console complained about

    def id(self, handle: str) -> str:
        return self.workspace.member(handle).id

    async def channel(self, name: str) -> str:
        """A channel made by the app with everybody in it."""
        made = await self.client.conversations_create(name=name)
        channel = str(made["channel"]["id"])
        await self.client.conversations_invite(channel=channel, users=[self.id(person.handle) for person in PEOPLE])
        return channel

    async def post(self, channel: str, text: str = "hello", **more: Any) -> str:
        answer = await self.client.chat_postMessage(channel=channel, text=text, **more)
        return str(answer["ts"])

    async def show(self, place: str, *, person: str = "ana", then: str = "") -> None:
        await self.page.goto(f"{self.url}/?as={self.id(person)}#/{place}{then}")
        await self.page.locator("#person-switcher").wait_for(state="attached")

    def message(self, ts: str) -> Locator:
        """As it stands in the channel."""
        return self.page.locator(f'#main [data-ts="{ts}"]')

    def reply(self, ts: str) -> Locator:
        return self.page.locator(f'#thread [data-ts="{ts}"]')


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not HAS_CHROMIUM:
        pytest.skip("Debian's chromium is not installed")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS, timeout=PATIENCE_MS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    workspace = Workspace(PEOPLE)
    # Slack's 3 seconds are short for a busy machine.
    workspace.tickets.trigger_seconds, workspace.delivery.ack_seconds = 60.0, 15.0
    app = create_app(workspace, manifest=MANIFEST)
    async with serving(app) as url:
        client = AsyncWebClient(token=workspace.bot_token, base_url=f"{url}/api/")
        context = await browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        made = Stage(workspace=workspace, control=app.state.control, client=client, url=url, page=page)
        page.on("pageerror", lambda error: made.troubles.append(str(error)))
        page.on("console", lambda said: made.troubles.append(said.text) if said.type == "error" else None)
        handler = AsyncSocketModeHandler(
            build(client, workspace.signing_secret, made.heard), workspace.app_token, ping_interval=10
        )
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            yield made
        finally:
            await context.close()
            await handler.close_async()  # type: ignore[no-untyped-call]
