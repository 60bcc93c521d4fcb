"""Buttons, forms, shortcuts and marks of an incident's life, turned into intents; and what of them is kept: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.slack import life_ids as ids
from bot.slack.grammar import INCIDENT_ID, Command, changes
from bot.slack.life_words import Verb, read_page_number, read_postmortem, subject

PRESS, FORM, COMMAND = "life_press", "life_form", "slash_command"  # types of what is recorded
# What changes something even without a word after it.
BARE = frozenset({"investigate", "identify", "mitigate", "reopen", "promote"})
ASKING_FIRST = frozenset({"cancel", "merge", "page"})  # a button is pressed before anything happens


class Mark(StrEnum):
    """What a reaction to a message makes of it."""

    TIMELINE = "timeline"
    POSTMORTEM = "postmortem"  # a note for it
    FOLLOW_UP = "follow-up"
    ON_IT = "on it"  # on a card


@dataclass(frozen=True, kw_only=True)
class Reactions:
    """The names of the emoji, without colons."""

    timeline: str = "pushpin"
    postmortem: str = "memo"
    follow_up: str = "ballot_box_with_check"
    on_it: str = "eyes"

    def mark(self, reaction: str) -> Mark | None:
        name = reaction.partition("::")[0]  # "pushpin::skin-tone-2"
        return {
            self.timeline: Mark.TIMELINE,
            self.postmortem: Mark.POSTMORTEM,
            self.follow_up: Mark.FOLLOW_UP,
            self.on_it: Mark.ON_IT,
        }.get(name)

    def of(self, mark: Mark) -> str:
        return {
            Mark.TIMELINE: self.timeline,
            Mark.POSTMORTEM: self.postmortem,
            Mark.FOLLOW_UP: self.follow_up,
            Mark.ON_IT: self.on_it,
        }[mark]


@dataclass(frozen=True, kw_only=True)
class MarkedMessage:
    """Somebody put one of the marking reactions on a message, or took it away."""

    id: str
    mark: Mark
    reaction: str  # its name
    user: str
    channel: str
    ts: str
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class MessageChanged:
    """A person's message was edited, or deleted."""

    channel: str
    ts: str
    thread: str | None = None
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class LifePressed:
    """Somebody pressed a button of an incident's life: under a message, or on the home tab (without a channel)."""

    id: str
    at: datetime
    user: str
    action: str
    value: str
    channel: str = ""
    ts: str = ""
    thread: str | None = None

    @property
    def is_home(self) -> bool:
        return not self.channel


@dataclass(frozen=True, kw_only=True)
class FormSent:
    """A form was filled in. `about`: what it was opened for, as its opener wrote it; `values`: by block."""

    id: str  # the same when it is sent again
    form: str  # its callback id
    user: str
    about: str
    values: Mapping[str, str] = field(default_factory=dict)  # what is empty is ""
    at: datetime


LifeIntent = MarkedMessage | MessageChanged | LifePressed | FormSent


# --- commands --------------------------------------------------------------------------------------------------------


def is_recorded(command: Command) -> bool:
    """Whether it is kept before it is acknowledged: it changes something by itself.

    What only tells, asks first or opens a form is done again by who asked, should it be lost.
    """
    name = command.name
    if not changes(command) or name in ASKING_FIRST:
        return False
    if name in ("stop", "resume", "note"):
        return bool(command.argument)
    if name == "runbook":
        return False
    _, rest = subject(command.argument)
    if name == "timeline":
        return bool(rest) and read_page_number(rest) is None
    if name == "postmortem":
        return read_postmortem(rest).verb is not Verb.SHOW
    return name in BARE or bool(rest)


def kept_command(body: Mapping[str, Any]) -> dict[str, Any]:
    """Of a command what is kept: no address or trigger that lets somebody act for us."""
    names = ("command", "text", "user_id", "channel_id", "team_id")
    return {"type": COMMAND, "id": body["trigger_id"], **{name: body.get(name) for name in names}}


# --- buttons ---------------------------------------------------------------------------------------------------------


def recordable(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a click on one of our buttons what is kept. None: of another button, or one that opens a form."""
    actions = body.get("actions") or []
    if body.get("type") != "block_actions" or not actions or actions[0].get("action_id") not in ids.RECORDED:
        return None
    container = body.get("container") or {}
    if not container.get("message_ts") and container.get("type") != "view":
        return None
    return {
        "type": PRESS,
        "user": {key: body["user"].get(key) for key in ("id", "team_id")},
        "container": {key: container.get(key) for key in ("channel_id", "message_ts", "thread_ts", "view_id")},
        "actions": [{key: actions[0].get(key) for key in ("action_id", "value", "action_ts")}],
    }


def press_id(click: Mapping[str, Any]) -> str:
    """The same when the click is delivered again."""
    action, place = click["actions"][0], click["container"]
    where = f"{place['channel_id']}:{place['message_ts']}" if place.get("message_ts") else f"home:{place['view_id']}"
    return f"press:{click['user']['id']}:{where}:{action['action_ts']}"


def pressed(click: Mapping[str, Any]) -> LifePressed:
    """`click` as `recordable` gives it, or a whole one."""
    action, place = click["actions"][0], click.get("container") or {}
    return LifePressed(
        id=press_id(click),
        at=_moment(action["action_ts"]),
        user=str(click["user"]["id"]),
        action=str(action["action_id"]),
        value=str(action.get("value") or ""),
        channel=str(place.get("channel_id") or ""),
        ts=str(place.get("message_ts") or ""),
        thread=place.get("thread_ts"),
    )


# --- forms -----------------------------------------------------------------------------------------------------------


def kept_form(body: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Of a form that was sent what is kept."""
    view = body["view"]
    return {
        "type": FORM,
        "id": f"form:{view['id']}",
        "form": view["callback_id"],
        "user": body["user"]["id"],
        "about": str(view.get("private_metadata") or ""),
        "values": {block: value_of(next(iter(state.values()))) for block, state in _state(view).items()},
        "at": at.isoformat(),
    }


def _state(view: Mapping[str, Any]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    return (view.get("state") or {}).get("values") or {}


def value_of(state: Mapping[str, Any]) -> str:
    """What was filled in; "" for nothing. Several checked boxes stand with commas between."""
    if isinstance(option := state.get("selected_option"), Mapping):
        return str(option.get("value") or "")
    if isinstance(options := state.get("selected_options"), list):
        return ",".join(str(one.get("value")) for one in options)
    return str(state.get("value") or state.get("selected_user") or state.get("selected_date") or "")


def form_sent(body: Mapping[str, Any]) -> FormSent:
    """`body` as `kept_form` gives it."""
    return FormSent(
        id=str(body["id"]),
        form=str(body["form"]),
        user=str(body["user"]),
        about=str(body["about"]),
        values=dict(body["values"]),
        at=datetime.fromisoformat(body["at"]),
    )


# --- marks -----------------------------------------------------------------------------------------------------------


def marked(event: Mapping[str, Any], event_id: str, own: str, reactions: Reactions) -> MarkedMessage | None:
    """None where the reaction marks nothing, or is our own."""
    mark, item = reactions.mark(str(event.get("reaction"))), event.get("item") or {}
    if mark is None or item.get("type") != "message" or event["user"] == own:
        return None
    return MarkedMessage(
        id=event_id,
        mark=mark,
        reaction=reactions.of(mark),
        user=str(event["user"]),
        channel=str(item["channel"]),
        ts=str(item["ts"]),
        removed=event["type"] == "reaction_removed",
    )


def changed(event: Mapping[str, Any]) -> MessageChanged | None:
    """Of `message_changed` and `message_deleted`. None where no person changed what it says."""
    before, after = event.get("previous_message") or {}, event.get("message") or {}
    is_gone = event["subtype"] == "message_deleted" or after.get("subtype") == "tombstone"
    if not is_gone and (not after.get("edited") or after.get("text") == before.get("text")):
        return None
    message = before if is_gone else after
    return MessageChanged(
        channel=str(event["channel"]),
        ts=str(event.get("deleted_ts") or after["ts"]),
        thread=message.get("thread_ts"),
        deleted=is_gone,
    )


def incident_of(value: str) -> str:
    """The id of an incident that a button's value begins with; "" where it is none."""
    first = value.partition(" ")[0].partition("/")[0]
    return first if INCIDENT_ID.fullmatch(first) else ""


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), tz=UTC)
