"""Uploads in three steps, downloads, and pictures in blocks."""

from __future__ import annotations

import struct

import pytest
from slack_sdk.errors import SlackRequestError

from tests.sandbox.slack.conftest import World

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 360) + b"\x00" * 32


def picture(file: str) -> dict[str, object]:
    return {"type": "image", "alt_text": "a chart", "slack_file": {"id": file}}


async def test_an_uploaded_chart_is_shared_shown_and_downloaded(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    parent = await world.post(channel)
    done = await world.client.files_upload_v2(
        channel=channel, thread_ts=parent, content=PNG, filename="chart.png", title="Errors", alt_txt="errors rise"
    )
    file = done["file"]
    assert (file["mimetype"], file["original_w"], file["original_h"]) == ("image/png", 640, 360)
    reply = (await world.control.messages("ana", channel, parent))[1]
    assert reply["files"][0]["alt"] == "errors rise"
    status, _ = await world.http("GET", file["url_private"].removeprefix(world.url))
    assert status == 403
    headers = {"authorization": f"Bearer {world.workspace.bot_token}"}
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(file["url_private"], headers=headers) as answer:
        assert await answer.read() == PNG
    assert (await world.client.files_info(file=file["id"]))["file"]["title"] == "Errors"


async def test_a_private_upload_shows_in_an_image_block(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    file = (await world.client.files_upload_v2(content=PNG, filename="chart.png"))["file"]["id"]
    await world.post(channel, blocks=[picture(file)])
    shown = (await world.control.messages("ana", channel))[-1]["blocks"][0]
    assert shown["resolved_url"] == f"/files/{file}/chart.png"
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(world.url + shown["resolved_url"]) as answer:
        assert await answer.read() == PNG
        assert answer.headers["content-type"] == "image/png"


async def test_a_file_still_in_processing_cannot_stand_in_a_block(world: World) -> None:
    world.workspace.file_processing_seconds = 60.0
    channel = await world.new_channel()
    file = (await world.client.files_upload_v2(content=PNG, filename="chart.png"))["file"]["id"]
    post = world.client.chat_postMessage(channel=channel, text="x", blocks=[picture(file)])
    assert await world.refused(post) == "invalid_blocks"


async def test_only_pictures_of_known_kinds_stand_in_image_blocks(world: World) -> None:
    channel = await world.new_channel()
    drawing = (await world.client.files_upload_v2(content="<svg/>", filename="chart.svg"))["file"]["id"]
    for file in (drawing, "F0"):
        post = world.client.chat_postMessage(channel=channel, text="x", blocks=[picture(file)])
        assert await world.refused(post) == "invalid_blocks"


async def test_an_upload_of_another_size_than_announced_fails(world: World) -> None:
    asked = await world.client.files_getUploadURLExternal(filename="a.txt", length=5)
    status, text = await world.http("POST", asked["upload_url"].removeprefix(world.url), data=b"123")
    assert (status, text) == (400, "file_upload_size_mismatch")
    finish = world.client.files_completeUploadExternal(files=[{"id": asked["file_id"], "title": "a"}])
    assert await world.refused(finish) == "file_not_found"


async def test_an_upload_into_a_strange_channel_is_refused(world: World) -> None:
    upload = world.client.files_upload_v2(channel=world.channel("general"), content="x", filename="a.txt")
    assert await world.refused(upload) == "not_in_channel"
    with pytest.raises(SlackRequestError):
        await world.client.files_upload_v2(filename="a.txt")
