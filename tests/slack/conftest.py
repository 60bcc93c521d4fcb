"""A workspace on loopback and our clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import acting_forms, acting_people
from bot.slack.web_api import WebApi
from sandbox.scenario.model import Person
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.workspace import Workspace
from tests.scene import PATIENCE
from tests.slack.office import hurried

PEOPLE = (
    Person(handle="ana", name="Ana Ruiz", email="ana@example.com"),
    Person(handle="bo", name="Bo Chen", email="bo@example.com"),
)


@pytest.fixture(autouse=True, scope="session")
def without_haste() -> Iterator[None]:
    """What our side allows itself of Slack's 3 seconds is short for a busy machine; tests of haste set it anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acting_forms, "PREPARE", PATIENCE)
        patch.setattr(acting_forms, "START", PATIENCE)
        patch.setattr(acting_people, "PATIENCE", PATIENCE)
        yield


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(PEOPLE, bot_name="first-responder")


@pytest.fixture
async def address(workspace: Workspace) -> AsyncIterator[str]:
    async with serving(create_app(workspace)) as url:
        yield url


@pytest.fixture
async def api(workspace: Workspace, address: str) -> WebApi:
    return WebApi(AsyncWebClient(token=workspace.bot_token, base_url=f"{address}/api/"), pacing=hurried())
