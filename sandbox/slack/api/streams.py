"""chat.startStream, appendStream and stopStream: a message that is written while people read it."""

from __future__ import annotations

from dataclasses import replace

from sandbox.slack import messages
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.api.chat import in_thread, target
from sandbox.slack.api.drafts import MAX_MARKDOWN_TEXT, check_blocks, read_blocks, read_metadata
from sandbox.slack.blocks import Surface
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Draft
from sandbox.slack.values import Channel, JsonObject, Message, Stream
from sandbox.slack.wire import message_json

MODES = {"timeline", "plan"}


def start(call: ApiCall) -> JsonObject:
    channel = target(call)
    thread = call.need("thread_ts", "invalid_arguments")
    if not channel.is_im:
        recipient = call.need("recipient_user_id", "missing_recipient_user_id")
        call.need("recipient_team_id", "missing_recipient_team_id")
        if recipient not in call.workspace.members:
            raise SlackError("user_not_found")
    mode = call.text("task_display_mode", "timeline")
    if mode not in MODES:
        raise SlackError("invalid_arguments", messages=["[ERROR] must be timeline or plan: task_display_mode"])
    draft = in_thread(call, channel, Draft(thread_ts=thread))
    stream = Stream(channel=channel.id, ts="", mode=mode)
    _read_chunks(call, stream)
    draft = replace(draft, text=stream.markdown, blocks=_shown(stream))
    message = messages.post(call.workspace, channel, call.bot.id, draft)
    message.streaming, stream.ts = True, message.ts
    call.workspace.streams[channel.id, message.ts] = stream
    return {"channel": channel.id, "ts": message.ts}


def _streaming(call: ApiCall) -> tuple[Channel, Message, Stream]:
    channel = call.channel()
    message = call.message(channel, "ts", missing="message_not_found")
    if message.user != call.bot.id:
        raise SlackError("message_not_owned_by_app")
    stream = call.workspace.streams.get((channel.id, message.ts))
    if stream is None:
        raise SlackError("message_not_in_streaming_state")
    return channel, message, stream


def append(call: ApiCall) -> JsonObject:
    channel, message, stream = _streaming(call)
    if not call.text("markdown_text") and not call.args.get("chunks"):
        raise SlackError("no_text")
    _read_chunks(call, stream)
    message.text, message.blocks = stream.markdown, messages.with_ids(_shown(stream))
    call.workspace.live.announce("message_changed", channel=channel.id, ts=message.ts)
    return {"channel": channel.id, "ts": message.ts}


def stop(call: ApiCall) -> JsonObject:
    channel, message, stream = _streaming(call)
    blocks, metadata = read_blocks(call) or [], read_metadata(call)
    _read_chunks(call, stream)
    before = message_json(call.workspace, message)
    message.text, message.streaming = stream.markdown, False
    message.blocks = messages.with_ids([*_shown(stream), *blocks])
    message.metadata = metadata or message.metadata
    del call.workspace.streams[channel.id, message.ts]
    messages.tell_changed(call.workspace, channel, message, before)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.workspace, message)}


def _read_chunks(call: ApiCall, stream: Stream) -> None:
    """Takes all of the call's chunks, or none when one of them is wrong."""
    markdown = call.text("markdown_text")
    chunks = call.objects("chunks", "invalid_chunks") or []
    if len(markdown) > MAX_MARKDOWN_TEXT:
        raise SlackError("msg_too_long")
    for chunk in chunks:
        _check_chunk(call, chunk)
    stream.markdown += markdown
    for chunk in chunks:
        _apply(stream, chunk)


def _check_chunk(call: ApiCall, chunk: JsonObject) -> None:
    match chunk.get("type"):
        case "markdown_text":
            if len(str(chunk.get("text", ""))) > MAX_MARKDOWN_TEXT:
                raise SlackError("msg_too_long")
        case "plan_update" if chunk.get("title"):
            pass
        case "task_update" if chunk.get("id") and chunk.get("title"):
            check_blocks(call, [_task_card(chunk)], Surface.MESSAGE, root="/chunks")
        case "blocks" if isinstance(chunk.get("blocks"), list):
            check_blocks(call, chunk["blocks"], Surface.MESSAGE, root="/chunks/blocks")
        case _:
            raise SlackError("invalid_chunks")


def _apply(stream: Stream, chunk: JsonObject) -> None:
    match chunk["type"]:
        case "markdown_text":
            stream.markdown += str(chunk.get("text", ""))
        case "plan_update":
            stream.plan_title = str(chunk["title"])
        case "task_update":
            stream.tasks[str(chunk["id"])] = _task_card(chunk)
        case "blocks":
            stream.blocks += chunk["blocks"]


def _task_card(chunk: JsonObject) -> JsonObject:
    card = {
        "type": "task_card",
        "task_id": str(chunk["id"]),
        "title": str(chunk["title"]),
        "status": chunk.get("status", "pending"),
    }
    for key in ("details", "output"):
        if chunk.get(key):
            text = {"type": "text", "text": str(chunk[key])}
            section = {"type": "rich_text_section", "elements": [text]}
            card[key] = {"type": "rich_text", "elements": [section]}
    return card | ({"sources": chunk["sources"]} if chunk.get("sources") else {})


def _shown(stream: Stream) -> list[JsonObject]:
    """The message as blocks: its tasks, its text, its further blocks. A long text is cut into several blocks."""
    tasks = list(stream.tasks.values())
    if stream.mode == "plan" and (tasks or stream.plan_title):
        tasks = [{"type": "plan", "title": stream.plan_title or "Plan", "tasks": tasks}]
    text = stream.markdown
    pieces = [text[at : at + MAX_MARKDOWN_TEXT] for at in range(0, len(text), MAX_MARKDOWN_TEXT)]
    return [*tasks, *({"type": "markdown", "text": piece} for piece in pieces), *stream.blocks]


METHODS: dict[str, Method] = {
    "chat.startStream": start,
    "chat.appendStream": append,
    "chat.stopStream": stop,
}
