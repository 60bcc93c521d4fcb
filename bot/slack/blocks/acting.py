"""What requests, run cards and questions to people are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.domain.action import Value
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.slack.blocks.exact import exact
from bot.slack.blocks.limits import Block
from bot.slack.mrkdwn import escape

BUTTON_TEXT, CONFIRM_TEXT = 75, 300  # characters; docs.slack.dev, Block Kit
VALUE_LIMIT = 80
_USER_ID = re.compile(r"[UW][A-Z0-9]{5,}")


def mention(user: str) -> str:
    """By id, which nobody can imitate, as names can be."""
    return f"<@{user}>" if _USER_ID.fullmatch(user) else escape(plain(user, VALUE_LIMIT))


def moment(at: datetime) -> str:
    """In the reader's own time zone."""
    return f"<!date^{int(at.timestamp())}^{{time_secs}}|{at:%H:%M:%S} UTC>"


def said(text: str, limit: int) -> str:
    """Foreign words, fit to be shown as mrkdwn."""
    return _escaped(redact(text), limit)


def spelled(text: str, limit: int) -> str:
    """A name that must not be mistaken for another one."""
    return _escaped(exact(redact(text)), limit)


def _escaped(text: str, limit: int) -> str:
    """At most `limit` characters with the escapes, of which "&amp;" takes five."""
    room = limit
    while len(shown := escape(plain(text, room))) > limit:
        room -= max(1, (len(shown) - limit) // 5)
    return shown


def values(named: Sequence[tuple[str, Value]]) -> str:
    """ "service=checkout, replicas=3" """
    return ", ".join(f"{spelled(name, VALUE_LIMIT)}={spelled(_value(value), VALUE_LIMIT)}" for name, value in named)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def button(text: str, action: str, value: str, *, style: str = "", confirm: Block | None = None) -> Block:
    made: dict[str, Any] = {
        "type": "button",
        "text": {"type": "plain_text", "text": plain(text, BUTTON_TEXT), "emoji": True},
        "action_id": action,
        "value": value,
    }
    return made | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirm(title: str, text: str, yes: str, no: str = "Go back") -> Block:
    """A dialog before a button does anything."""
    return {
        "title": _words(title),
        "text": _words(plain(text, CONFIRM_TEXT)),
        "confirm": _words(yes),
        "deny": _words(no),
    }


def _words(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def actions(*buttons: Block) -> Block:
    return {"type": "actions", "elements": list(buttons)}


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Two columns of labelled values, which are mrkdwn."""
    shown = [{"type": "mrkdwn", "text": f"*{label}*\n{value}", "verbatim": True} for label, value in pairs]
    return {"type": "section", "fields": shown}


def weight(blocks: Sequence[Block]) -> int:
    """Characters of everything that is shown, markup included."""
    return sum(_weight(block) for block in blocks)


def _weight(value: object) -> int:
    if isinstance(value, dict):
        text = value.get("text")
        own = len(text) if isinstance(text, str) else 0
        return own + sum(_weight(part) for part in value.values())
    return sum(map(_weight, value)) if isinstance(value, list) else 0
