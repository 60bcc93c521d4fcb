"""Slack's payloads, turned into intents in the first function that sees them: pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.slack.acting_inbound import ORDER, ActingIntent, GroupChanged, ordered, pressed, reacted, tampered
from bot.slack.grammar import Command, parse
from bot.slack.life_inbound import (
    COMMAND,
    FORM,
    PRESS,
    LifeIntent,
    Mark,
    Reactions,
    changed,
    form_sent,
    marked,
)
from bot.slack.life_inbound import (
    pressed as life_pressed,
)

DECLARE_FORM = "declare_incident"  # callback id of the modal and of the global shortcut
ADD_TO_TIMELINE = "add_timeline"  # callback id of the message shortcut
RUN_COMMAND = "/incident-action"  # says `runbook` in one word
PRIVATE_LABEL = "private"  # of a declared alert: "true"
SPOKEN = (None, "file_share", "thread_broadcast")  # subtypes of messages that people write
_MENTION = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")
_GROUP = re.compile(r"<!(?:subteam|here|channel|everyone)\b[^>]*>")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Somebody used a command, by slash or by mention."""

    id: str  # unique to this asking; the same when Slack delivers it again
    command: Command
    user: str
    channel: str
    thread: str | None = None  # where a mention is answered
    text: str = ""  # all of it, as mrkdwn
    team: str = ""  # of who asked; empty where the payload does not tell
    is_slash: bool = False


@dataclass(frozen=True, kw_only=True)
class Spoke:
    """Somebody wrote in a thread and mentioned nobody: it may be meant for the bot."""

    id: str
    user: str
    channel: str
    thread: str
    text: str  # mrkdwn
    team: str = ""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Somebody pressed the button that stops an answer."""

    key: str  # of the question
    user: str
    team: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Somebody said whether an answer helped."""

    answer: str
    user: str
    team: str
    channel: str
    helped: bool


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Somebody put a message on the timeline (reaction, pin or shortcut), or took it off again."""

    user: str
    channel: str
    ts: str
    removed: bool = False
    text: str | None = None  # mrkdwn, where the payload carries the message itself
    author: str | None = None
    thread: str | None = None  # the message's thread, where the payload tells
    reaction: str = Reactions().timeline  # the emoji that notes, whether it was by that or not
    by_shortcut: bool = False  # then no mark stands on the message


@dataclass(frozen=True, kw_only=True)
class HomeOpened:
    user: str


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The declare form, filled in."""

    form: str  # the view's id: unique, so that a repeated submission changes nothing
    user: str
    title: str
    severity: str
    service: str | None
    description: str
    is_private: bool = False


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """Nothing to do, and why; kept with the recorded event."""

    why: str


Intent = Asked | Spoke | Noted | HomeOpened | Ignored | ActingIntent | LifeIntent
Reader = Callable[[Mapping[str, Any], Mapping[str, Any]], Intent]  # of an event, and the body that it stands in
USUAL = Reactions()


def event_intent(body: Mapping[str, Any], reactions: Reactions = USUAL) -> Intent:
    """What is asked of us by an Events API envelope, or by another body that was recorded like one.

    `reactions`: which mark a message.
    """
    event = body.get("event") or {}
    kind = str(event.get("type") or body.get("type"))
    reader = READERS.get(kind) or RECORDED.get(str(body.get("type")))
    try:
        if kind in ("reaction_added", "reaction_removed"):
            return _reaction(event, body, reactions)
        return reader(event, body) if reader else Ignored(why=f"no use for {kind}")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        return Ignored(why=f"an unreadable {kind} event: {type(error).__name__} {error}")


def _or_ignored(found: ActingIntent | str) -> Intent:
    return Ignored(why=found) if isinstance(found, str) else found


def _event_id(body: Mapping[str, Any]) -> str:
    return str(body["event_id"])


def _own_user(body: Mapping[str, Any]) -> str:
    """Our bot's user id, where the envelope tells."""
    known = body.get("authorizations") or [{}]
    return str(known[0].get("user_id") or "") if known[0].get("is_bot", True) else ""


def _mention(event: Mapping[str, Any], body: Mapping[str, Any]) -> Intent:
    if event.get("bot_id"):
        return Ignored(why="another bot")
    if event.get("edited"):
        return Ignored(why="an edit: what was asked first is answered")
    words = _MENTION.sub(" ", str(event.get("text", "")), count=1).strip()
    return Asked(
        id=f"{event['channel']}:{event['ts']}",
        command=parse(words),
        user=event["user"],
        channel=event["channel"],
        thread=event.get("thread_ts") or event["ts"],
        text=words,
        team=_team(event),
    )


def _message(event: Mapping[str, Any], body: Mapping[str, Any]) -> Intent:
    """A direct message is a command; one in a thread may go on with a conversation.

    A mention comes as an event of its own.
    """
    own = _own_user(body)
    if event.get("subtype") in ("message_changed", "message_deleted"):
        ours = tampered(event, _event_id(body), own)
        theirs = changed(event) if isinstance(ours, str) else None
        return theirs or _or_ignored(ours)
    if event.get("subtype") not in SPOKEN or event.get("bot_id") or event.get("edited") or event.get("user") == own:
        return Ignored(why="a message that does not speak to the bot")
    if event.get("channel_type") == "im":
        return _direct(event)
    thread, text = event.get("thread_ts"), str(event.get("text", ""))
    if not thread or thread == event["ts"]:
        return Ignored(why="a message that does not speak to the bot")
    if _MENTION.search(text) or _GROUP.search(text):
        return Ignored(why="a message that speaks to somebody")
    return Spoke(
        id=f"{event['channel']}:{event['ts']}",
        user=event["user"],
        channel=event["channel"],
        thread=thread,
        text=text,
        team=_team(event),
    )


def _direct(event: Mapping[str, Any]) -> Asked:
    text = str(event.get("text", ""))
    return Asked(
        id=f"{event['channel']}:{event['ts']}",
        command=parse(_MENTION.sub(" ", text, count=1).strip() if _MENTION.match(text) else text),
        user=event["user"],
        channel=event["channel"],
        thread=event.get("thread_ts"),
        text=text,
        team=_team(event),
    )


def _team(event: Mapping[str, Any]) -> str:
    """Of who speaks, who may be of another workspace."""
    return str(event.get("user_team") or event.get("team") or "")


def _reaction(event: Mapping[str, Any], body: Mapping[str, Any], reactions: Reactions = USUAL) -> Intent:
    found = marked(event, _event_id(body), _own_user(body), reactions)
    if found is None:
        return _or_ignored(reacted(event, _event_id(body), _own_user(body)))
    if found.mark is Mark.TIMELINE:
        return Noted(
            user=found.user, channel=found.channel, ts=found.ts, removed=found.removed, reaction=found.reaction
        )
    return found


def _pin(event: Mapping[str, Any], body: Mapping[str, Any]) -> Intent:
    message = (event.get("item") or {}).get("message") or {}
    if not message.get("ts"):
        return Ignored(why="something else than a message was pinned")
    return Noted(
        user=event["user"],
        channel=event["channel_id"],
        ts=message["ts"],
        removed=event["type"] == "pin_removed",
        text=message.get("text"),
        author=message.get("user"),
        thread=message.get("thread_ts"),
    )


def _home(event: Mapping[str, Any], body: Mapping[str, Any]) -> Intent:
    if event.get("tab", "home") != "home":
        return Ignored(why="the messages tab needs no drawing")
    return HomeOpened(user=event["user"])


def _recorded(event: Mapping[str, Any], body: Mapping[str, Any]) -> Intent:
    """Kept as a fact about the workspace; nothing is done about it."""
    return Ignored(why=f"{event['type']} is only recorded")


# Every event the manifest subscribes to stands here, and the other way round (a test holds the two together).
READERS: Mapping[str, Reader] = {
    "app_mention": _mention,
    "message": _message,
    "reaction_added": _reaction,
    "reaction_removed": _reaction,
    "pin_added": _pin,
    "pin_removed": _pin,
    "app_home_opened": _home,
    "channel_archive": _recorded,
    "channel_rename": _recorded,
    "channel_unarchive": _recorded,
    "member_joined_channel": _recorded,
    "subteam_members_changed": lambda event, _: GroupChanged(group=str(event["subteam_id"])),
}
# What was recorded beside events: by the type of the body itself.
RECORDED: Mapping[str, Reader] = {
    "block_actions": lambda _, body: pressed(body),
    ORDER: lambda _, body: ordered(body),
    PRESS: lambda _, body: life_pressed(body),
    FORM: lambda _, body: form_sent(body),
    COMMAND: lambda _, body: slash_intent(body),
}


def slash_intent(body: Mapping[str, Any]) -> Asked:
    """`body`: as Slack sends it, or as it was kept."""
    text = str(body.get("text", ""))
    is_run = body.get("command") == RUN_COMMAND
    return Asked(
        id=str(body.get("trigger_id") or body["id"]),
        command=Command(name="runbook", argument=text.strip(), typed="runbook") if is_run else parse(text),
        user=body["user_id"],
        channel=body["channel_id"],
        text=text,
        team=str(body.get("team_id") or ""),
        is_slash=True,
    )


def stop_intent(body: Mapping[str, Any]) -> Stopped:
    return Stopped(key=str(_pressed(body)), user=body["user"]["id"], team=_presser_team(body))


def judge_intent(body: Mapping[str, Any], *, helped: bool) -> Judged:
    return Judged(
        answer=str(_pressed(body)),
        user=body["user"]["id"],
        team=_presser_team(body),
        channel=body["channel"]["id"],
        helped=helped,
    )


def _pressed(body: Mapping[str, Any]) -> Any:
    return body["actions"][0].get("value") or ""


def _presser_team(body: Mapping[str, Any]) -> str:
    """The workspace of who pressed; where the payload does not tell, that of the button."""
    return str(body["user"].get("team_id") or (body.get("team") or {}).get("id") or "")


def shortcut_intent(body: Mapping[str, Any]) -> Noted:
    """The message shortcut "Add to timeline"."""
    message = body["message"]
    return Noted(
        user=body["user"]["id"],
        channel=body["channel"]["id"],
        ts=message["ts"],
        text=message.get("text"),
        author=message.get("user"),
        thread=message.get("thread_ts"),
        by_shortcut=True,
    )


def declaration(body: Mapping[str, Any]) -> Declared:
    """The submitted declare form."""
    view = body["view"]
    values = {block: next(iter(fields.values())) for block, fields in view["state"]["values"].items()}
    service = (values.get("service") or {}).get("value")
    return Declared(
        form=view["id"],
        user=body["user"]["id"],
        title=str(values["title"].get("value") or "").strip(),
        severity=values["severity"]["selected_option"]["value"],
        service=service.strip() if service and service.strip() else None,
        description=str((values.get("description") or {}).get("value") or ""),
        is_private=((values.get("private") or {}).get("selected_option") or {}).get("value") == "yes",
    )


def moment(ts: str) -> datetime:
    """When a message was posted, from its id."""
    return datetime.fromtimestamp(float(ts), tz=UTC)
