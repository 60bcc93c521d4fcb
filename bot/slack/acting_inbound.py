"""Reactions, buttons, edits and deletions, turned into intents: pure.

Most of what Slack tells of reactions and edits is about other messages; it is told apart here where the payload is
enough for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bot.domain.approval import Decision
from bot.domain.ports.deciding import Order
from bot.slack import acting_ids as ids

RECORDED = frozenset(
    {ids.APPROVE, ids.DENY, ids.WITHDRAW, ids.HAPPENED, ids.NOT_HAPPENED, ids.UNDO, ids.CANCEL_RUN}
)  # buttons whose click is kept before it is acknowledged
KEPT_FROM_SELF = frozenset({"member_joined_channel", "member_left_channel"})  # the bot's own coming is a fact, too
ORDER = "order"  # the type of a recorded order
_PEOPLE = ("U", "W")  # a user id's first letter; a bot id begins with B


@dataclass(frozen=True, kw_only=True)
class Reacted:
    """Somebody put one of the reactions that decide on a message, or took it away."""

    id: str
    at: datetime
    user: str
    channel: str
    ts: str
    decision: Decision
    removed: bool


@dataclass(frozen=True, kw_only=True)
class Tampered:
    """A message of the bot was edited by somebody else, or deleted."""

    id: str
    at: datetime
    channel: str
    ts: str
    deleted: bool


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """Somebody pressed a button of a request or a run."""

    id: str
    at: datetime
    user: str
    team: str  # of who pressed; empty where the payload does not tell
    channel: str
    ts: str
    thread: str | None
    action: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A form was filled in, and the run could not be started at once."""

    order: Order


@dataclass(frozen=True, kw_only=True)
class GroupChanged:
    """Who is in one of the workspace's user groups."""

    group: str


ActingIntent = Reacted | Tampered | Pressed | Ordered | GroupChanged


def decision_of(reaction: str) -> Decision | None:
    if reaction in ids.APPROVING:
        return Decision.APPROVE
    return Decision.DENY if reaction in ids.DENYING else None


def reacted(event: Mapping[str, Any], event_id: str, own: str) -> Reacted | str:
    """Or why it decides nothing. `own`: our bot's user id, where it is known."""
    decision = decision_of(str(event.get("reaction")))
    item = event.get("item") or {}
    removed = event["type"] == "reaction_removed"
    if decision is None or item.get("type") != "message":
        return "a reaction without a meaning here"
    if own and event["user"] == own:
        return "the bot's own reaction"
    if own and event.get("item_user", own) != own:
        return "a reaction to somebody else's message"
    if removed and decision is Decision.DENY:
        return "a denial stands, also without its reaction"
    return Reacted(
        id=event_id,
        at=_moment(event["event_ts"]),
        user=str(event["user"]),
        channel=str(item["channel"]),
        ts=str(item["ts"]),
        decision=decision,
        removed=removed,
    )


def tampered(event: Mapping[str, Any], event_id: str, own: str) -> Tampered | str:
    """Of `message_changed` and `message_deleted`; or why it is nothing of ours that was touched."""
    is_gone = _is_deletion(event)
    before = event.get("previous_message") or {}
    message = before if is_gone else event["message"]
    if own and message.get("user", own) != own:
        return "somebody else's message was changed"
    if not is_gone and not _is_edited(event["message"], before, own):
        return "nobody edited it"
    return Tampered(
        id=event_id,
        at=_moment(event["event_ts"]),
        channel=str(event["channel"]),
        ts=str(event.get("deleted_ts") or event["message"]["ts"]),
        deleted=is_gone,
    )


def _is_deletion(event: Mapping[str, Any]) -> bool:
    """Of a message with replies Slack leaves a tombstone, and may say that it was changed."""
    return event["subtype"] == "message_deleted" or (event.get("message") or {}).get("subtype") == "tombstone"


def _is_edited(message: Mapping[str, Any], before: Mapping[str, Any], own: str) -> bool:
    """By a person who is not us. Also a link's preview or a reply changes a message, and no one edited it then."""
    edited = message.get("edited") or {}
    editor = str(edited.get("user") or "")
    return editor.startswith(_PEOPLE) and editor != own and edited != (before.get("edited") or {})


def is_own_echo(body: Mapping[str, Any], own: str | None, own_bot: str | None) -> bool:
    """Whether an event only tells what the bot did itself.

    Bolt's own filter would also drop that somebody else edited or deleted a message of the bot's.
    """
    event = body.get("event") or {}
    if not isinstance(event, Mapping) or event.get("type") in KEPT_FROM_SELF:
        return False
    if event.get("type") == "message" and event.get("subtype") in ("message_changed", "message_deleted"):
        return _is_own_edit(event, own or "")
    user = event.get("user") or event.get("user_id") or (event.get("message") or {}).get("user")
    user = user.get("id") if isinstance(user, Mapping) else user
    return bool((own and user == own) or (own_bot and event.get("bot_id") == own_bot))


def _is_own_edit(event: Mapping[str, Any], own: str) -> bool:
    try:
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        if _is_deletion(event) or message.get("user") != own:
            return False
        return not _is_edited(message, before, own)
    except (AttributeError, KeyError, TypeError):
        return False


def recordable(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a click on one of our buttons what is kept: no address or trigger that lets somebody act for us. None: of
    another button.
    """
    actions = body.get("actions") or []
    if body.get("type") != "block_actions" or not actions or actions[0].get("action_id") not in RECORDED:
        return None
    if not (body.get("container") or {}).get("message_ts"):
        return None
    return {
        "type": "block_actions",
        "user": {key: body["user"].get(key) for key in ("id", "team_id")},
        "team": {"id": (body.get("team") or {}).get("id")},
        "container": {key: body["container"].get(key) for key in ("channel_id", "message_ts", "thread_ts")},
        "actions": [{key: actions[0].get(key) for key in ("action_id", "value", "action_ts")}],
    }


def click_id(click: Mapping[str, Any]) -> str:
    """The same when the click is delivered again."""
    action, place = click["actions"][0], click["container"]
    return f"click:{click['user']['id']}:{place['channel_id']}:{place['message_ts']}:{action['action_ts']}"


def pressed(click: Mapping[str, Any]) -> Pressed:
    """`click` as `recordable` gives it."""
    action, place, user = click["actions"][0], click["container"], click["user"]
    return Pressed(
        id=click_id(click),
        at=_moment(action["action_ts"]),
        user=str(user["id"]),
        team=str(user.get("team_id") or (click.get("team") or {}).get("id") or ""),
        channel=str(place["channel_id"]),
        ts=str(place["message_ts"]),
        thread=place.get("thread_ts"),
        action=str(action["action_id"]),
        value=str(action.get("value") or ""),
    )


def order_body(order: Order) -> dict[str, Any]:
    return {"type": ORDER, "order": asdict(order)}


def ordered(body: Mapping[str, Any]) -> Ordered:
    """`body` as `order_body` gives it."""
    return Ordered(order=Order(**body["order"]))


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), tz=UTC)
