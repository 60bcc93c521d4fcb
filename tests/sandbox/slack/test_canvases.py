"""Canvases: made, found in, edited by section."""

from __future__ import annotations

import io
import json

import pytest

from sandbox.slack.errors import ControlError
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
    assert await world.refused(neither) == "invalid_parameters"
    both = client.canvases_access_set(canvas_id=canvas, access_level="read", channel_ids=["C1"], user_ids=["U1"])
    assert await world.refused(both) == "invalid_parameters"
    two = client.canvases_access_set(canvas_id=canvas, access_level="read", user_ids=[world.id("ana"), world.id("bo")])
    assert await world.refused(two) == "invalid_arguments"
    nobody = client.canvases_access_set(canvas_id=canvas, access_level="read", user_ids=["U0NOBODY"])
    assert await world.refused(nobody) == "user_not_found"
    nowhere = client.canvases_access_set(canvas_id=canvas, access_level="read", channel_ids=["C0NOWHERE"])
    assert await world.refused(nowhere) == "channel_not_found"


async def tabs(world: World, channel: str, who: str = "ana") -> list[tuple[str, str, bool]]:
    """(title, text, whether it is the channel's own) as the page shows them."""
    seen = next(shown for shown in (await world.control.state(who))["channels"] if shown["id"] == channel)
    return [(canvas["title"], canvas["markdown"], canvas["is_own"]) for canvas in seen["canvases"]]


async def test_a_shared_canvas_stands_beside_the_channels_own(world: World) -> None:
    client = world.client
    channel = await world.new_channel("inc-1", "ana")
    page = (await client.canvases_create(title="Postmortem", document_content=content("# What happened")))["canvas_id"]
    assert await tabs(world, channel) == []
    await client.canvases_access_set(canvas_id=page, access_level="write", channel_ids=[channel])
    await client.canvases_access_set(canvas_id=page, access_level="write", channel_ids=[channel])
    own = (await client.conversations_canvases_create(channel_id=channel, document_content=content("# Live")))[
        "canvas_id"
    ]
    assert await tabs(world, channel) == [("Untitled", "# Live", True), ("Postmortem", "# What happened", False)]
    closed = client.canvases_access_set(canvas_id=own, access_level="write", channel_ids=[channel])
    assert await world.refused(closed) == "canvas_not_found", "access to a channel's canvas follows from the channel"
    await client.canvases_delete(canvas_id=page)
    assert await tabs(world, channel) == [("Untitled", "# Live", True)]


async def test_people_write_in_the_canvases_that_they_may_write(world: World) -> None:
    channel = await world.new_channel("inc-1", "ana")
    page = (await world.client.canvases_create(title="Postmortem", document_content=content("x")))["canvas_id"]
    with pytest.raises(ControlError):
        await world.control.write_canvas("ana", page, "# Mine")
    await world.client.canvases_access_set(canvas_id=page, access_level="read", channel_ids=[channel])
    with pytest.raises(ControlError):
        await world.control.write_canvas("ana", page, "# Mine")
    await world.client.canvases_access_set(canvas_id=page, access_level="write", channel_ids=[channel])
    status, _ = await world.http("POST", "/sandbox/canvas", {"as": "ana", "canvas": page, "markdown": "# Mine\n\nyes"})
    assert status == 200
    assert [section.markdown for section in world.workspace.canvases[page].sections] == ["# Mine", "yes"]
    with pytest.raises(ControlError):
        await world.control.write_canvas("bo", page, "# Not in the channel")


async def test_a_free_workspace_has_one_canvas_in_a_channel_and_none_beside(world: World) -> None:
    world.workspace.is_free = True
    channel = await world.new_channel("inc-1", "ana")
    alone = world.client.canvases_create(title="x", document_content=content("x"))
    assert await world.refused(alone) == "free_teams_cannot_create_standalone_canvases"
    await world.client.canvases_create(title="x", document_content=content("x"), channel_id=channel)
    again = world.client.conversations_canvases_create(channel_id=channel, document_content=content("x"))
    assert await world.refused(again) == "free_team_canvas_tab_already_exists"


async def test_canvases_are_listed_among_the_files_of_who_made_them_the_newest_first(world: World) -> None:
    client = world.client
    made = [(await client.canvases_create(title=title, document_content=content("x")))["canvas_id"] for title in "ab"]
    answer = await client.files_list(user=world.workspace.bot.id, count=1)
    assert [(file["id"], file["title"], file["mimetype"]) for file in answer["files"]] == [
        (made[1], "b", "application/vnd.slack-docs")
    ]
    assert answer["paging"] == {"count": 1, "total": 2, "page": 1, "pages": 2}
    assert [file["id"] for file in (await client.files_list(page=2, count=1))["files"]] == [made[0]]
    ana = world.workspace.member("ana").id
    assert (await client.files_list(user=ana))["files"] == []
    assert (await client.files_list(types="images"))["files"] == []
    assert await world.refused(client.files_list(types="canvas")) == "unknown_type"
    assert await world.refused(client.files_list(user="U0NOBODY")) == "user_not_found"
