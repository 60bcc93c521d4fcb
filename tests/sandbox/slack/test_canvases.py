"""Canvases: made, found in, edited by section."""

from __future__ import annotations

import io
import json

from tests.sandbox.slack.conftest import World


def content(markdown: str) -> dict[str, str]:
    return {"type": "markdown", "markdown": markdown}


async def test_a_canvas_is_edited_section_by_section(world: World) -> None:
    client = world.client
    made = await client.canvases_create(
        title="Postmortem", document_content=content("# Summary\n\nbad day\n\n## Impact\n\nlots")
    )
    canvas = made["canvas_id"]

    async def change(operation: str, markdown: str = "", section: str | None = None) -> None:
        entry: dict[str, object] = {"operation": operation}
        entry |= {"document_content": content(markdown)} if markdown else {}
        entry |= {"section_id": section} if section else {}
        await client.canvases_edit(canvas_id=canvas, changes=[entry])

    found = await client.canvases_sections_lookup(
        canvas_id=canvas, criteria={"section_types": ["h2"], "contains_text": "impact"}
    )
    heading = found["sections"][0]["id"]
    await change("insert_after", "no customer saw it", heading)
    await change("insert_before", "before impact", heading)
    await change("insert_at_end", "the end")
    await change("insert_at_start", "the start")
    await change("replace", "## Effects", heading)
    assert [section.markdown for section in world.workspace.canvases[canvas].sections] == [
        "the start",
        "# Summary",
        "bad day",
        "before impact",
        "## Effects",
        "no customer saw it",
        "lots",
        "the end",
    ]


async def test_sections_are_deleted_and_unknown_ones_refused(world: World) -> None:
    client = world.client
    canvas = (await client.canvases_create(title="x", document_content=content("# A\n\nb")))["canvas_id"]
    section = world.workspace.canvases[canvas].sections[1].id
    await client.canvases_edit(canvas_id=canvas, changes=[{"operation": "delete", "section_id": section}])
    assert world.workspace.canvases[canvas].markdown == "# A"
    again = client.canvases_edit(canvas_id=canvas, changes=[{"operation": "delete", "section_id": section}])
    assert await world.refused(again) == "canvas_editing_failed"
    await client.canvases_delete(canvas_id=canvas)
    assert await world.refused(client.canvases_delete(canvas_id=canvas)) == "canvas_not_found"


async def test_a_channel_has_one_canvas(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    made = await world.client.conversations_canvases_create(channel_id=channel, document_content=content("# Live"))
    again = world.client.conversations_canvases_create(channel_id=channel, document_content=content("x"))
    assert await world.refused(again) == "channel_canvas_already_exists"
    shown = (await world.client.conversations_info(channel=channel))["channel"]
    assert shown["properties"]["canvas"]["file_id"] == made["canvas_id"]
    assert (await world.client.files_info(file=made["canvas_id"]))["file"]["filetype"] == "quip"


async def test_a_canvas_has_limits_and_access(world: World) -> None:
    client = world.client
    body = io.BytesIO(json.dumps({"document_content": content("x" * (1024**2 + 1))}).encode())
    headers = {"authorization": f"Bearer {world.workspace.bot_token}", "content-type": "application/json"}
    _, answer = await world.http("POST", "/api/canvases.create", data=body, headers=headers)
    assert answer["error"] == "canvas_too_large"
    canvas = (await client.canvases_create(title="x", document_content=content("x")))["canvas_id"]
    await client.canvases_access_set(canvas_id=canvas, access_level="read", channel_ids=[world.channel("general")])
    assert world.workspace.canvases[canvas].access == {world.channel("general"): "read"}
    neither = client.canvases_access_set(canvas_id=canvas, access_level="read")
    assert await world.refused(neither) == "invalid_arguments"
