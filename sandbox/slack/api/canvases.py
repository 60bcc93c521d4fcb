"""canvases.*: documents in markdown, edited section by section."""

from __future__ import annotations

import re

from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import random_id
from sandbox.slack.values import Canvas, CanvasSection, Channel, JsonObject
from sandbox.slack.workspace import Workspace

MAX_CONTENT_BYTES = 1024**2
ACCESS_LEVELS = {"read", "write", "owner"}
HEADING = re.compile(r"(#{1,3}) ")


def sections_of(call_content: object) -> list[CanvasSection]:
    """A section for each heading and each paragraph, list or table."""
    if not isinstance(call_content, dict) or call_content.get("type") != "markdown":
        raise SlackError("invalid_document_content")
    markdown = call_content.get("markdown")
    if not isinstance(markdown, str):
        raise SlackError("invalid_document_content")
    if len(markdown.encode()) > MAX_CONTENT_BYTES:
        raise SlackError("canvas_too_large")
    pieces = re.split(r"\n\s*\n|(?<=\n)(?=#{1,3} )", markdown)
    return [CanvasSection(id=random_id("temp:C:"), markdown=piece.strip()) for piece in pieces if piece.strip()]


def _new(call: ApiCall, channel: Channel | None) -> Canvas:
    content = call.object("document_content", "invalid_document_content")
    canvas = Canvas(
        id=random_id("F"),
        title=call.text("title", "Untitled"),
        owner=call.bot.id,
        created=call.workspace.now(),
        sections=sections_of(content) if content else [],
        channel=channel.id if channel else None,
    )
    call.workspace.canvases[canvas.id] = canvas
    return canvas


def _tabbed(call: ApiCall) -> Channel:
    """Slack's free plan has one tab in each channel."""
    channel = call.joined(call.channel("channel_id"))
    if call.workspace.is_free and (channel.canvas or channel.tabs):
        raise SlackError("free_team_canvas_tab_already_exists")
    return channel


def create(call: ApiCall) -> JsonObject:
    """A canvas of its own; with a channel it is tabbed there, beside the channel's canvas."""
    if not call.text("channel_id"):
        if call.workspace.is_free:
            raise SlackError("free_teams_cannot_create_standalone_canvases")
        return {"canvas_id": _new(call, None).id}
    channel = _tabbed(call)
    canvas = _new(call, None)
    _show(call, canvas, channel)
    return {"canvas_id": canvas.id}


def create_in_channel(call: ApiCall) -> JsonObject:
    channel = call.joined(call.channel("channel_id"))
    if channel.canvas is not None:
        raise SlackError("channel_canvas_already_exists")
    canvas = _new(call, _tabbed(call))
    channel.canvas = canvas.id
    call.workspace.live.announce("channel", channel=channel.id)
    return {"canvas_id": canvas.id}


def _show(call: ApiCall, canvas: Canvas, channel: Channel) -> None:
    canvas.access[channel.id] = canvas.access.get(channel.id, "write")
    if canvas.id not in channel.tabs:
        channel.tabs.append(canvas.id)
    call.workspace.live.announce("channel", channel=channel.id)


def _canvas(call: ApiCall) -> Canvas:
    canvas = call.workspace.canvases.get(call.need("canvas_id"))
    if canvas is None:
        raise SlackError("canvas_not_found")
    return canvas


def edit(call: ApiCall) -> JsonObject:
    canvas = _canvas(call)
    changes = call.objects("changes", "invalid_arguments")
    if not changes:
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: changes"])
    if len(changes) > 1:
        raise SlackError("invalid_arguments", messages=["[ERROR] no more than 1 items allowed [json-pointer:/changes]"])
    _apply(canvas, changes[0])
    tell(call.workspace, canvas)
    return {}


def tell(workspace: Workspace, canvas: Canvas) -> None:
    """Those who look at a channel with this canvas see it anew."""
    for channel in workspace.channels.values():
        if canvas.id in (channel.canvas, *channel.tabs):
            workspace.live.announce("channel", channel=channel.id)


def _apply(canvas: Canvas, change: JsonObject) -> None:
    operation = change.get("operation")
    if operation == "rename":
        canvas.title = str((change.get("title_content") or {}).get("markdown") or canvas.title)
        return
    new = [] if operation == "delete" else sections_of(change.get("document_content"))
    at = _index(canvas, change.get("section_id"))
    match operation:
        case "insert_at_start":
            canvas.sections[:0] = new
        case "insert_at_end":
            canvas.sections += new
        case "insert_before" if at is not None:
            canvas.sections[at:at] = new
        case "insert_after" if at is not None:
            canvas.sections[at + 1 : at + 1] = new
        case "replace":
            canvas.sections[slice(None) if at is None else slice(at, at + 1)] = new
        case "delete" if at is not None:
            del canvas.sections[at]
        case _:
            raise SlackError("canvas_editing_failed", detail=f"operation {operation!r} cannot be applied")


def _index(canvas: Canvas, section_id: object) -> int | None:
    if section_id is None:
        return None
    for index, section in enumerate(canvas.sections):
        if section.id == section_id:
            return index
    raise SlackError("canvas_editing_failed", detail=f"section {section_id!r} does not exist")


def lookup(call: ApiCall) -> JsonObject:
    criteria = call.object("criteria", "invalid_arguments")
    if not criteria:
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: criteria"])
    kinds, wanted = criteria.get("section_types"), str(criteria.get("contains_text", "")).lower()
    found = [
        {"id": section.id}
        for section in _canvas(call).sections
        if wanted in section.markdown.lower() and (not kinds or _is_one_of(section, kinds))
    ]
    return {"sections": found}


def _is_one_of(section: CanvasSection, kinds: list[str]) -> bool:
    heading = HEADING.match(section.markdown)
    return heading is not None and bool({f"h{len(heading.group(1))}", "any_header"} & set(kinds))


def delete(call: ApiCall) -> JsonObject:
    canvas = _canvas(call)
    del call.workspace.canvases[canvas.id]
    tell(call.workspace, canvas)
    for channel in call.workspace.channels.values():
        channel.canvas = None if channel.canvas == canvas.id else channel.canvas
        channel.tabs = [tab for tab in channel.tabs if tab != canvas.id]
    return {}


def set_access(call: ApiCall) -> JsonObject:
    level = call.need("access_level")
    if level not in ACCESS_LEVELS:
        raise SlackError("invalid_arguments", messages=["[ERROR] must be read, write or owner: access_level"])
    users, places = call.words("user_ids"), call.words("channel_ids")
    if bool(users) == bool(places):
        raise SlackError("invalid_parameters")
    if len(users) + len(places) > 1:
        raise SlackError("invalid_arguments", messages=["[ERROR] no more than 1 items allowed"])
    canvas = _canvas(call)
    if canvas.channel is not None:
        raise SlackError("canvas_not_found")  # who may write the canvas of a channel follows from the channel
    if users and users[0] not in call.workspace.members:
        raise SlackError("user_not_found")
    canvas.access |= dict.fromkeys(users, level)
    for place in places:
        channel = call.workspace.channels.get(place)
        if channel is None or not call.workspace.visible(channel, call.bot.id):
            raise SlackError("channel_not_found")
        canvas.access[channel.id] = level
        _show(call, canvas, channel)
    return {}


METHODS: dict[str, Method] = {
    "canvases.create": create,
    "conversations.canvases.create": create_in_channel,
    "canvases.edit": edit,
    "canvases.delete": delete,
    "canvases.access.set": set_access,
    "canvases.sections.lookup": lookup,
}
