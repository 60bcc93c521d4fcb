"""files.*: the three steps of an upload, and what is known of a file."""

from __future__ import annotations

import mimetypes
import secrets
from urllib.parse import quote

from sandbox.slack import messages
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.api.drafts import check_blocks
from sandbox.slack.blocks import Surface
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import random_id
from sandbox.slack.messages import Draft
from sandbox.slack.pictures import size
from sandbox.slack.values import Channel, File, JsonObject
from sandbox.slack.wire import canvas_json, file_json
from sandbox.slack.workspace import Workspace

MAX_FILE_BYTES = 1024**3
# What files.list can be asked for, as its page names it, and how the MIME types of it begin.
TYPES = {
    "all": "",
    "spaces": "text/html",
    "snippets": "text/plain",
    "images": "image/",
    "gdocs": "application/vnd.google-apps",
    "zips": "application/zip",
    "pdfs": "application/pdf",
}


def get_upload_url(call: ApiCall) -> JsonObject:
    filename, length = call.need("filename"), call.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments", messages=["[ERROR] must be greater than 0 [json-pointer:/length]"])
    if length > MAX_FILE_BYTES:
        raise SlackError("file_upload_size_restricted")
    file = File(
        id=random_id("F"),
        name=filename.rpartition("/")[2],
        title=filename,
        user=call.bot.id,
        created=call.workspace.now(),
        mimetype=mimetypes.guess_type(filename)[0] or "application/octet-stream",
        alt=call.text("alt_txt"),
        expected_length=length,
    )
    file.name = quote(file.name, safe=" ._-()").replace(" ", "_")
    call.workspace.files[file.id] = file
    url = f"{call.workspace.base_url}/upload/v1/{file.id}/{secrets.token_urlsafe(16)}"
    return {"upload_url": url, "file_id": file.id}


def receive(workspace: Workspace, file_id: str, content: bytes) -> File:
    """The second step: the bytes arrive. Raises SlackError when nobody asked for them or their number is wrong."""
    file = workspace.files.get(file_id)
    if file is None or file.uploaded:
        raise SlackError("file_not_found")
    if len(content) != file.expected_length:
        raise SlackError("file_upload_size_mismatch")
    file.content, file.uploaded = content, True
    file.width, file.height = size(content)
    return file


def complete(call: ApiCall) -> JsonObject:
    entries = call.objects("files", "invalid_arguments")
    if not entries:
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: files"])
    uploaded = [_finish(call, entry) for entry in entries]
    wanted = call.words("channels") or call.words("channel_id")
    places = [_place(call, where) for where in wanted]
    for channel in places:
        _share(call, channel, uploaded)
    return {"files": [file_json(call.workspace, file) for file in uploaded]}


def _finish(call: ApiCall, entry: JsonObject) -> File:
    file = call.workspace.files.get(str(entry.get("id")))
    if file is None or not file.uploaded:
        raise SlackError("file_not_found")
    if file.completed:
        raise SlackError("file_already_completed")
    file.title = str(entry.get("title") or file.title)
    file.completed = True
    file.ready_at = call.workspace.clock() + call.workspace.file_processing_seconds
    return file


def _place(call: ApiCall, where: str) -> Channel:
    workspace = call.workspace
    channel = workspace.im_with(where) if where in workspace.members else workspace.channels.get(where)
    if channel is None or not workspace.visible(channel, call.bot.id):
        raise SlackError("channel_not_found")
    if channel.is_archived:
        raise SlackError("is_archived")
    return call.joined(channel)


def _share(call: ApiCall, channel: Channel, uploaded: list[File]) -> None:
    blocks = call.objects("blocks", "invalid_blocks_format") or []
    check_blocks(call, blocks, Surface.MESSAGE)
    thread = call.text("thread_ts") or None
    if thread is not None and thread not in channel.messages:
        raise SlackError("thread_not_found")
    for file in uploaded:
        file.channels.append(channel.id)
    draft = Draft(
        text=call.text("initial_comment"),
        blocks=blocks,
        thread_ts=thread,
        files=[file.id for file in uploaded],
        subtype="file_share",
    )
    messages.post(call.workspace, channel, call.bot.id, draft)


def info(call: ApiCall) -> JsonObject:
    wanted = call.need("file", "file_not_found")
    if wanted in call.workspace.canvases:
        return {"file": canvas_json(call.workspace, call.workspace.canvases[wanted])}
    file = call.workspace.files.get(wanted)
    if file is None or not file.completed:
        raise SlackError("file_not_found")
    return {"file": file_json(call.workspace, file), "comments": [], "response_metadata": {"next_cursor": ""}}


def list_files(call: ApiCall) -> JsonObject:
    """Canvases are files, too. The newest first."""
    user, channel = call.text("user"), call.text("channel")
    if user and user not in call.workspace.members:
        raise SlackError("user_not_found")
    kinds = (call.text("types") or "all").split(",")
    if not set(kinds) <= TYPES.keys():
        raise SlackError("unknown_type")
    count, page = call.number("count", 100), max(1, call.number("page", 1))
    workspace = call.workspace
    everything = [file_json(workspace, file) for file in workspace.files.values() if file.completed]
    everything += [canvas_json(workspace, canvas) for canvas in workspace.canvases.values()]
    everything.sort(key=lambda file: file["created"])
    found = [
        file
        for file in reversed(everything)
        if _is_visible(call, file)
        and (not user or file["user"] == user)
        and (not channel or channel in file["channels"])
        and any(file["mimetype"].startswith(TYPES[kind]) for kind in kinds)
        and call.number("ts_from", 0) <= file["created"]
    ]
    pages = max(1, -(-len(found) // count))
    paging = {"count": count, "total": len(found), "page": page, "pages": pages}
    return {"files": found[(page - 1) * count : page * count], "paging": paging}


def _is_visible(call: ApiCall, file: JsonObject) -> bool:
    if file["user"] == call.bot.id:
        return True
    return any(call.workspace.visible(call.workspace.channels[one], call.bot.id) for one in file["channels"])


METHODS: dict[str, Method] = {
    "files.list": list_files,
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete,
    "files.info": info,
}
