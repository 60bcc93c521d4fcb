"""conversations.*: making, finding, reading and changing channels."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.slack import channels
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.scopes import HISTORY, MANAGE, READ, check
from sandbox.slack.values import Channel, ChannelKind, JsonObject, Message
from sandbox.slack.wire import channel_json, message_json

MAX_INVITED = 100
MAX_HISTORY = 999
KNOWN_TYPES = {kind.value for kind in ChannelKind} | {"mpim"}


def _shown(call: ApiCall, channel: Channel) -> JsonObject:
    return {"channel": channel_json(call.workspace, channel, viewer=call.bot.id)}


def create(call: ApiCall) -> JsonObject:
    is_private = call.flag("is_private")
    check(call.workspace.scopes, [MANAGE[ChannelKind.PRIVATE if is_private else ChannelKind.PUBLIC]])
    name = call.text("name")
    return _shown(call, channels.create(call.workspace, name, creator=call.bot.id, is_private=is_private))


def list_channels(call: ApiCall) -> JsonObject:
    asked = call.words("types") or ["public_channel"]
    if not set(asked) <= KNOWN_TYPES:
        raise SlackError("invalid_types")
    kinds = [kind for kind in ChannelKind if kind.value in asked]
    for kind in kinds:
        check(call.workspace.scopes, [READ[kind]])
    shown = [
        channel
        for channel in call.workspace.channels.values()
        if channel.kind in kinds
        and call.workspace.visible(channel, call.bot.id)
        and not (channel.is_archived and call.flag("exclude_archived"))
    ]
    page, more = call.page(shown)
    listed = [channel_json(call.workspace, channel, viewer=call.bot.id) for channel in page]
    return {"channels": listed, "response_metadata": more}


def info(call: ApiCall) -> JsonObject:
    answer = _shown(call, call.channel(scope=READ))
    if not call.flag("include_num_members"):
        answer["channel"].pop("num_members", None)
    return answer


def _window(call: ApiCall, messages: list[Message]) -> list[Message]:
    oldest, latest, inclusive = call.text("oldest"), call.text("latest"), call.flag("inclusive")
    for name, value in (("oldest", oldest), ("latest", latest)):
        if value and not value.replace(".", "", 1).isdigit():
            raise SlackError(f"invalid_ts_{name}")
    low = float(oldest or 0)
    high = float(latest) if latest else float("inf")

    def inside(message: Message) -> bool:
        at = float(message.ts)
        return low < at < high or (inclusive and at in (low, high))

    return [message for message in messages if inside(message)]


def _messages(call: ApiCall, channel: Channel, found: list[Message]) -> JsonObject:
    limit = call.number("limit", 100)
    if limit > MAX_HISTORY:
        raise SlackError("invalid_limit")
    page, more = call.page(found)
    metadata = call.flag("include_all_metadata")
    return {
        "messages": [message_json(call.workspace, message, metadata=metadata) for message in page],
        "has_more": bool(more["next_cursor"]),
        "pin_count": len(channel.pins),
        "response_metadata": more,
    }


def history(call: ApiCall) -> JsonObject:
    """Newest first; replies only when they were broadcast."""
    channel = call.joined(call.channel(scope=HISTORY))
    shown = [message for message in reversed(channel.messages.values()) if message.in_channel_view]
    return _messages(call, channel, _window(call, shown))


def replies(call: ApiCall) -> JsonObject:
    """The parent first, then its replies, oldest first."""
    channel = call.joined(call.channel(scope=HISTORY))
    asked = channel.messages.get(call.need("ts", "thread_not_found"))
    if asked is None:
        raise SlackError("thread_not_found")
    parent = channel.messages.get(asked.thread_ts or asked.ts, asked)
    return _messages(call, channel, [parent, *_window(call, channel.replies(parent.ts))])


def members(call: ApiCall) -> JsonObject:
    page, more = call.page(call.channel(scope=READ).members)
    return {"members": page, "response_metadata": more}


def _changeable(call: ApiCall) -> Channel:
    channel = call.channel(scope=MANAGE)
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def invite(call: ApiCall) -> JsonObject:
    channel = call.joined(_changeable(call))
    users = call.words("users")
    if not users:
        raise SlackError("no_user")
    if len(users) > MAX_INVITED:
        raise SlackError("too_many_users")
    refused = [(user, error) for user in users if (error := _refusal(call, channel, user))]
    if refused and not call.flag("force"):
        raise SlackError(refused[0][1], errors=[{"user": user, "ok": False, "error": error} for user, error in refused])
    wrong = {user for user, _ in refused}
    for user in users:
        if user not in wrong:
            channels.join(call.workspace, channel, user, inviter=call.bot.id)
    answer = _shown(call, channel)
    if refused:
        answer["errors"] = [{"user": user, "ok": False, "error": error} for user, error in refused]
    return answer


def _refusal(call: ApiCall, channel: Channel, user: str) -> str | None:
    if user == call.bot.id:
        return "cant_invite_self"
    if user not in call.workspace.members:
        return "user_not_found"
    if user in channel.members:
        return "already_in_channel"
    member = call.workspace.members[user]
    if member.deleted:
        return "cant_invite"
    if member.is_stranger and not channel.is_ext_shared:
        return "no_external_invite_permission"
    return "user_is_restricted" if member.is_ultra_restricted else None


def kick(call: ApiCall) -> JsonObject:
    channel, user = call.joined(_changeable(call)), call.need("user", "user_not_found")
    if user == call.bot.id:
        raise SlackError("cant_kick_self")
    if channel.is_general:
        raise SlackError("cant_kick_from_general")
    if user not in channel.members:
        raise SlackError("not_in_channel")
    channels.leave(call.workspace, channel, user)
    return {"errors": {}}


def join(call: ApiCall) -> JsonObject:
    channel = call.channel()
    if channel.kind is not ChannelKind.PUBLIC:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.bot.id in channel.members:
        return _shown(call, channel) | {
            "warning": "already_in_channel",
            "response_metadata": {"warnings": ["already_in_channel"]},
        }
    channels.join(call.workspace, channel, call.bot.id)
    return _shown(call, channel)


def leave(call: ApiCall) -> JsonObject:
    channel = _changeable(call)
    if channel.is_general:
        raise SlackError("cant_leave_general")
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    channels.leave(call.workspace, channel, call.bot.id)
    return {}


def open_im(call: ApiCall) -> JsonObject:
    check(call.workspace.scopes, [MANAGE[ChannelKind.IM]])
    users = call.words("users")
    if not users and not call.text("channel"):
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("not_enough_users", messages=["[ERROR] group direct messages are not part of this workspace"])
    if users and users[0] not in call.workspace.members:
        raise SlackError("user_not_found")
    if users and call.workspace.members[users[0]].deleted:
        raise SlackError("user_disabled")
    channel = call.workspace.im_with(users[0]) if users else call.channel()
    if call.flag("return_im"):
        return _shown(call, channel)
    return {"channel": {"id": channel.id}}


def rename(call: ApiCall) -> JsonObject:
    channel = call.joined(_changeable(call))
    channels.rename(call.workspace, channel, call.text("name"), call.bot.id)
    return _shown(call, channel)


def archive(call: ApiCall) -> JsonObject:
    channel = call.channel(scope=MANAGE)
    if channel.is_archived:
        raise SlackError("already_archived")
    if channel.is_general:
        raise SlackError("cant_archive_general")
    channels.set_archived(call.workspace, call.joined(channel), call.bot.id, archived=True)
    return {}


def unarchive(call: ApiCall) -> JsonObject:
    channel = call.channel(scope=MANAGE)
    if not channel.is_archived:
        raise SlackError("not_archived")
    channels.set_archived(call.workspace, channel, call.bot.id, archived=False)
    return {}


def _set_note(change: Callable[..., None], name: str) -> Method:
    def method(call: ApiCall) -> JsonObject:
        channel = call.joined(_changeable(call))
        change(call.workspace, channel, call.text(name), call.bot.id)
        return _shown(call, channel) | {name: call.text(name)}

    return method


METHODS: dict[str, Method] = {
    "conversations.create": create,
    "conversations.list": list_channels,
    "conversations.info": info,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.members": members,
    "conversations.invite": invite,
    "conversations.kick": kick,
    "conversations.join": join,
    "conversations.leave": leave,
    "conversations.open": open_im,
    "conversations.rename": rename,
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
    "conversations.setTopic": _set_note(channels.set_topic, "topic"),
    "conversations.setPurpose": _set_note(channels.set_purpose, "purpose"),
}
