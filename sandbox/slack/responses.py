"""Posts to a response_url: up to five answers to a command or an interaction within 30 minutes."""

from __future__ import annotations

from dataclasses import replace

from sandbox.slack.blocks import Surface, problems
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Draft, delete, edit, post, post_ephemeral, with_ids
from sandbox.slack.tickets import ResponseTicket
from sandbox.slack.values import Channel, JsonObject, Message
from sandbox.slack.workspace import Workspace


def respond(workspace: Workspace, name: str, body: JsonObject) -> None:
    """Raises SlackError: used_url, expired_url, invalid_url, no_text, invalid_blocks."""
    ticket = workspace.tickets.use_response(name)
    channel = workspace.channels[ticket.channel]
    origin = _origin(channel, ticket)
    if body.get("delete_original"):
        _delete(workspace, channel, origin)
        return
    draft = _draft(body)
    if body.get("replace_original") and origin is not None:
        _replace(workspace, channel, origin, draft)
    elif body.get("response_type") == "in_channel":
        thread = str(body.get("thread_ts") or "") or None
        post(workspace, channel, workspace.bot.id, replace(draft, thread_ts=thread))
    else:
        post_ephemeral(workspace, channel, ticket.user, replace(draft, thread_ts=ticket.thread_ts))


def _origin(channel: Channel, ticket: ResponseTicket) -> Message | None:
    if ticket.message_ts is None:
        return None
    hidden = (message for message in channel.ephemerals if message.ts == ticket.message_ts)
    return channel.messages.get(ticket.message_ts) or next(hidden, None)


def _draft(body: JsonObject) -> Draft:
    blocks = body.get("blocks") or []
    found = problems(blocks, Surface.MESSAGE)
    if found:
        raise SlackError("invalid_blocks", messages=[f"[ERROR] {p.message} [json-pointer:{p.pointer}]" for p in found])
    if not (body.get("text") or blocks or body.get("attachments")):
        raise SlackError("no_text")
    return Draft(text=str(body.get("text") or ""), blocks=blocks, attachments=body.get("attachments") or ())


def _delete(workspace: Workspace, channel: Channel, origin: Message | None) -> None:
    if origin is None:
        return
    if origin.ephemeral_to is None:
        delete(workspace, channel, origin)
    else:
        channel.ephemerals.remove(origin)
        workspace.live.announce("ephemeral", channel=channel.id, ts=origin.ts, user=origin.ephemeral_to)


def _replace(workspace: Workspace, channel: Channel, origin: Message, draft: Draft) -> None:
    changed = replace(
        origin, text=draft.text, blocks=with_ids(draft.blocks), attachments=[dict(one) for one in draft.attachments]
    )
    if origin.ephemeral_to is None:
        edit(workspace, channel, origin, workspace.bot.id, changed)
    else:
        channel.ephemerals[channel.ephemerals.index(origin)] = changed
        workspace.live.announce("ephemeral", channel=channel.id, ts=origin.ts, user=origin.ephemeral_to)
