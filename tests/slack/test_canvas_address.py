"""A canvas is linked where it can be opened; one that is gone is not."""

from __future__ import annotations

from bot.slack.canvas_address import CanvasAddress
from bot.slack.canvases import SlackCanvases
from bot.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace


async def test_a_canvas_has_the_address_that_slack_tells(api: WebApi, workspace: Workspace) -> None:
    canvas = await SlackCanvases(api).page("Postmortem", "# One", None, known="")
    address = await CanvasAddress(api)(canvas)
    assert address == f"{workspace.base_url}/docs/{workspace.team_id}/{canvas}"


async def test_what_is_gone_has_none(api: WebApi) -> None:
    assert await CanvasAddress(api)("F0GONE") is None
