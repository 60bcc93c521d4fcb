"""A running workspace, Slack's own client on it, and a stock Bolt app connected by Socket Mode."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.scenario.model import Person
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace

PEOPLE = (
    Person(handle="ana", name="Ana Ruiz", email="ana@example.com", title="SRE"),
    Person(handle="bo", name="Bo Chen", email="bo@example.com"),
    Person(handle="cy", name="Cy Okafor", email="cy@example.com"),
)
HERE = Path(__file__).parent
PATIENCE = 60.0  # seconds a condition may take on a busy machine
PING_EVERY = 10.0  # seconds; half of it without an answer, on a busy machine, and the client connects anew


@dataclass(kw_only=True)
class World:
    """One test's workspace."""

    workspace: Workspace
    control: Control
    client: AsyncWebClient
    url: str

    def id(self, handle: str) -> str:
        return self.workspace.member(handle).id

    def channel(self, name: str) -> str:
        return self.workspace.channel(name).id

    async def new_channel(self, name: str = "inc-1", *people: str) -> str:
        """A channel the app made, with these people in it."""
        answer = await self.client.conversations_create(name=name)
        channel = str(answer["channel"]["id"])
        if people:
            await self.client.conversations_invite(channel=channel, users=[self.id(person) for person in people])
        return channel

    async def refused(self, call: Awaitable[Any]) -> str:
        """The error code Slack answers."""
        with pytest.raises(SlackApiError) as caught:
            await call
        return str(caught.value.response["error"])

    async def post(self, channel: str, text: str = "hello", **more: Any) -> str:
        """A message of the app; its ts."""
        answer = await self.client.chat_postMessage(channel=channel, text=text, **more)
        return str(answer["ts"])

    async def quiet(self) -> None:
        settled, _ = await self.control.quiet(idle=0.05, timeout=PATIENCE)
        assert settled, "the workspace did not come to rest"

    async def http(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """A bare request; the status and the JSON, or the text when it is none."""
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, json=body, **options) as answer,
        ):
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    def app(self) -> AsyncApp:
        return AsyncApp(client=self.client, signing_secret=self.workspace.signing_secret)

    @asynccontextmanager
    async def connected(self, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
        acknowledge_the_rest(app)
        handler = AsyncSocketModeHandler(app, self.workspace.app_token, ping_interval=PING_EVERY)
        before = self.workspace.delivery.socket.connections
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            await until(lambda: self.workspace.delivery.socket.connections > before)
            yield handler
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


def acknowledge_the_rest(app: AsyncApp) -> None:
    """Bolt answers 404 to what no listener matches, and Slack would send it again."""

    @app.event(re.compile(".*"))
    async def seen() -> None:
        return


async def until(condition: Callable[[], object], *, patience: float = PATIENCE) -> None:
    """Waits for a condition; fails when it does not come about."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110  any condition, also of the workspace's own lists
            await asyncio.sleep(0.005)


class Switchboard:
    """One server for a module's tests, each with a workspace of its own: starting and stopping one costs 0.2 s."""

    def __init__(self) -> None:
        self.app: ASGIApp = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switchboard() -> AsyncIterator[tuple[Switchboard, str]]:
    board = Switchboard()
    async with serving(board) as url:
        yield board, url
        board.app = Starlette()


@pytest_asyncio.fixture(loop_scope="module")
async def world(switchboard: tuple[Switchboard, str]) -> AsyncIterator[World]:
    board, url = switchboard
    workspace = Workspace(PEOPLE)
    workspace.delivery.ack_seconds = PATIENCE / 4  # Slack's 3 seconds are short for a busy machine
    app = create_app(workspace)
    board.app = app
    async with app.router.lifespan_context(app):
        client = AsyncWebClient(token=workspace.bot_token, base_url=f"{url}/api/")
        yield World(workspace=workspace, control=app.state.control, client=client, url=url)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests here run in the loop of their module's server."""
    for item in items:
        if item.path.parent == HERE and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)
