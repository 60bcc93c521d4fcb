"""A workspace on loopback and our clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.web_api import WebApi
from sandbox.scenario.model import Person
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.workspace import Workspace

PEOPLE = (
    Person(handle="ana", name="Ana Ruiz", email="ana@example.com"),
    Person(handle="bo", name="Bo Chen", email="bo@example.com"),
)


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(PEOPLE, bot_name="first-responder")


@pytest.fixture
async def address(workspace: Workspace) -> AsyncIterator[str]:
    async with serving(create_app(workspace)) as url:
        yield url


@pytest.fixture
async def api(workspace: Workspace, address: str) -> WebApi:
    return WebApi(AsyncWebClient(token=workspace.bot_token, base_url=f"{address}/api/"))
