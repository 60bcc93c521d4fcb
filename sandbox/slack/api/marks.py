"""reactions.*, pins.* and bookmarks.*: what is put on messages and channels."""

from __future__ import annotations

import re

from sandbox.slack import messages
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import random_id
from sandbox.slack.values import Bookmark, Channel, JsonObject
from sandbox.slack.wire import bookmark_json, message_json, reactions_json

EMOJI_NAME = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")
MAX_BOOKMARKS = 100  # slack.com/help: 100 bookmarks in a channel
LINK = re.compile(r"[a-z][a-z0-9+.-]*://\S+|mailto:\S+", re.IGNORECASE)


def _reactable(call: ApiCall) -> Channel:
    channel = call.joined(call.channel())
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _emoji(call: ApiCall) -> str:
    name = call.need("name", "invalid_name")
    if not EMOJI_NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return name


def reactions_add(call: ApiCall) -> JsonObject:
    name, channel = _emoji(call), _reactable(call)
    messages.react(call.workspace, channel, call.message(channel), call.bot.id, name)
    return {}


def reactions_remove(call: ApiCall) -> JsonObject:
    name, channel = _emoji(call), _reactable(call)
    messages.unreact(call.workspace, channel, call.message(channel), call.bot.id, name)
    return {}


def reactions_get(call: ApiCall) -> JsonObject:
    channel = call.joined(call.channel())
    message = call.message(channel)
    shown = message_json(call.workspace, message) | {"permalink": call.workspace.permalink(message)}
    if message.reactions:
        shown["reactions"] = reactions_json(message)
    return {"type": "message", "channel": channel.id, "message": shown}


def reactions_list(call: ApiCall) -> JsonObject:
    user = call.text("user", call.bot.id)
    found = [
        {"type": "message", "channel": channel.id, "message": message_json(call.workspace, message)}
        for channel in call.workspace.channels.values()
        if call.workspace.visible(channel, call.bot.id)
        for message in channel.messages.values()
        if any(user in users for users in message.reactions.values())
    ]
    page, more = call.page(found)
    return {"items": page, "response_metadata": more}


def pins_add(call: ApiCall) -> JsonObject:
    channel = call.joined(call.channel())
    messages.pin(call.workspace, channel, call.message(channel), call.bot.id)
    return {}


def pins_remove(call: ApiCall) -> JsonObject:
    channel = call.joined(call.channel())
    messages.unpin(call.workspace, channel, call.message(channel), call.bot.id)
    return {}


def pins_list(call: ApiCall) -> JsonObject:
    channel = call.joined(call.channel())
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created": pin.created,
            "created_by": pin.user,
            "message": message_json(call.workspace, channel.messages[pin.ts])
            | {"permalink": call.workspace.permalink(channel.messages[pin.ts])},
        }
        for pin in reversed(channel.pins)
    ]
    return {"items": items}


def _bookmarkable(call: ApiCall) -> Channel:
    return call.joined(call.channel("channel_id"))


def _bookmark(call: ApiCall, channel: Channel) -> Bookmark:
    wanted = call.need("bookmark_id")
    found = next((bookmark for bookmark in channel.bookmarks if bookmark.id == wanted), None)
    if found is None:
        raise SlackError("not_found")
    return found


def _link(call: ApiCall) -> str:
    link = call.need("link", "invalid_link")
    if not LINK.fullmatch(link):
        raise SlackError("invalid_link")
    return link


def bookmarks_add(call: ApiCall) -> JsonObject:
    channel = _bookmarkable(call)
    title = call.need("title")
    if call.need("type") != "link":
        raise SlackError("invalid_bookmark_type")
    if len(channel.bookmarks) >= MAX_BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    now = call.workspace.now()
    bookmark = Bookmark(
        id=random_id("Bk"),
        channel=channel.id,
        title=title,
        link=_link(call),
        emoji=call.text("emoji"),
        created=now,
        updated=now,
        by=call.bot.id,
    )
    channel.bookmarks.append(bookmark)
    call.workspace.live.announce("bookmark", channel=channel.id)
    return {"bookmark": bookmark_json(bookmark)}


def bookmarks_edit(call: ApiCall) -> JsonObject:
    channel = _bookmarkable(call)
    bookmark = _bookmark(call, channel)
    bookmark.title = call.text("title", bookmark.title)
    bookmark.emoji = call.text("emoji", bookmark.emoji)
    bookmark.link = _link(call) if call.text("link") else bookmark.link
    bookmark.updated = call.workspace.now()
    call.workspace.live.announce("bookmark", channel=channel.id)
    return {"bookmark": bookmark_json(bookmark)}


def bookmarks_list(call: ApiCall) -> JsonObject:
    return {"bookmarks": [bookmark_json(bookmark) for bookmark in _bookmarkable(call).bookmarks]}


def bookmarks_remove(call: ApiCall) -> JsonObject:
    channel = _bookmarkable(call)
    channel.bookmarks.remove(_bookmark(call, channel))
    call.workspace.live.announce("bookmark", channel=channel.id)
    return {}


METHODS: dict[str, Method] = {
    "reactions.add": reactions_add,
    "reactions.remove": reactions_remove,
    "reactions.get": reactions_get,
    "reactions.list": reactions_list,
    "pins.add": pins_add,
    "pins.remove": pins_remove,
    "pins.list": pins_list,
    "bookmarks.add": bookmarks_add,
    "bookmarks.edit": bookmarks_edit,
    "bookmarks.list": bookmarks_list,
    "bookmarks.remove": bookmarks_remove,
}
