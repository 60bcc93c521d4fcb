"""Canvases are written anew as a whole: the channel's own, and those on their own."""

from __future__ import annotations

import pytest

from bot.domain.errors import ChatError
from bot.domain.incident import Place, PlaceKind
from bot.slack.canvases import CONTENT_LIMIT, SlackCanvases
from bot.slack.web_api import WebApi
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.workspace import Workspace


@pytest.fixture
async def place(api: WebApi) -> Place:
    made = (await api.call("conversations.create", name="inc-1"))["channel"]
    return Place(kind=PlaceKind.CHANNEL, channel=made["id"], name="inc-1")


async def test_the_channel_s_canvas_is_made_and_then_written_anew(
    workspace: Workspace, api: WebApi, place: Place
) -> None:
    canvases = SlackCanvases(api)
    first = await canvases.overview(place, "# One\n\ntext", known="")
    assert await canvases.overview(place, "# Two\n\n- a\n- b", known=first) == first
    assert workspace.channels[place.channel].canvas == first
    assert workspace.canvases[first].markdown == "# Two\n\n- a\n- b"
    assert len(workspace.canvases) == 1


async def test_one_that_is_there_already_is_used(workspace: Workspace, api: WebApi, place: Place) -> None:
    """Made before a crash, or by a person."""
    made = await api.call(
        "conversations.canvases.create",
        channel_id=place.channel,
        document_content={"type": "markdown", "markdown": "mine"},
    )
    assert await SlackCanvases(api).overview(place, "ours", known="") == made["canvas_id"]
    assert workspace.canvases[made["canvas_id"]].markdown == "ours"


async def test_one_that_was_deleted_is_made_anew(workspace: Workspace, api: WebApi, place: Place) -> None:
    canvases = SlackCanvases(api)
    first = await canvases.overview(place, "one", known="")
    await api.call("canvases.delete", canvas_id=first)
    second = await canvases.overview(place, "two", known=first)
    assert second != first
    assert workspace.canvases[second].markdown == "two"


async def test_a_page_is_shared_with_the_channel_and_written_anew(
    workspace: Workspace, api: WebApi, place: Place
) -> None:
    canvases = SlackCanvases(api)
    page = await canvases.page("Postmortem", "# One", place, known="")
    assert await canvases.page("Postmortem", "# Two", place, known=page) == page
    kept = workspace.canvases[page]
    assert (kept.title, kept.markdown, kept.access) == ("Postmortem", "# Two", {place.channel: "write"})
    assert workspace.channels[place.channel].canvas is None
    alone = await canvases.page("Alone", "# Three", None, known="")
    assert workspace.canvases[alone].access == {}


async def test_while_somebody_writes_in_it_it_is_to_be_tried_again(
    workspace: Workspace, api: WebApi, place: Place
) -> None:
    canvases = SlackCanvases(api)
    canvas = await canvases.overview(place, "one", known="")
    workspace.faults.add(Fault(method="canvases.edit", kind=FaultKind.ERROR, error="canvas_editing_locked"))
    with pytest.raises(ChatError) as error:
        await canvases.overview(place, "two", known=canvas)
    assert not error.value.is_final


async def test_a_workspace_without_canvases_says_so(workspace: Workspace, api: WebApi, place: Place) -> None:
    workspace.faults.add(
        Fault(method="conversations.canvases.create", kind=FaultKind.ERROR, error="canvas_disabled_user_team")
    )
    with pytest.raises(ChatError, match="canvas_disabled_user_team") as error:
        await SlackCanvases(api).overview(place, "one", known="")
    assert error.value.is_final


async def test_what_is_too_long_is_cut_with_a_notice(workspace: Workspace, api: WebApi, place: Place) -> None:
    canvas = await SlackCanvases(api).overview(place, "\U0001f600" * (CONTENT_LIMIT + 1), known="")
    assert len(workspace.canvases[canvas].markdown) == CONTENT_LIMIT
    assert workspace.canvases[canvas].markdown.endswith("*The rest is left out here.*")


async def test_a_page_that_a_crash_left_without_its_id_is_found_again(
    workspace: Workspace, api: WebApi, place: Place
) -> None:
    lost = await SlackCanvases(api).page("Postmortem INC-1: Checkout", "# One", None, known="")
    await SlackCanvases(api).page("Postmortem INC-2: Checkout", "# Two", None, known="")
    again = await SlackCanvases(api).page("Postmortem INC-1: Checkout", "# One, corrected", place, known="")
    assert again == lost
    assert len(workspace.canvases) == 2
    assert workspace.canvases[lost].markdown == "# One, corrected"


async def test_a_person_s_canvas_of_the_same_name_is_left_alone(workspace: Workspace, api: WebApi) -> None:
    made = await api.call(
        "canvases.create", title="Postmortem", document_content={"type": "markdown", "markdown": "mine"}
    )
    workspace.canvases[made["canvas_id"]].owner = workspace.member("ana").id
    assert await SlackCanvases(api).page("Postmortem", "# Ours", None, known="") != made["canvas_id"]
    assert workspace.canvases[made["canvas_id"]].markdown == "mine"


async def test_where_slack_does_not_let_us_look_a_page_is_made_all_the_same(workspace: Workspace, api: WebApi) -> None:
    workspace.faults.add(Fault(method="files.list", kind=FaultKind.ERROR, error="missing_scope"))
    canvas = await SlackCanvases(api).page("Postmortem", "# One", None, known="")
    assert workspace.canvases[canvas].markdown == "# One"
