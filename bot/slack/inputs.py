"""Fields of forms, as Block Kit: pure. Limits: docs.slack.dev, Block Kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.blocks.limits import Block

TITLE, OPTION_TEXT, OPTION_VALUE, HINT, MOST_OPTIONS = 24, 75, 150, 300, 100  # characters; options of a list
LONGEST_TEXT = 3000  # characters of a text input
METADATA = 3000  # characters of what a form remembers
ACTION = "value"  # action id of every field


def modal(callback: str, title: str, submit: str, blocks: Sequence[Block], about: str = "") -> Mapping[str, Any]:
    """`about`: what the form is for; it comes back with what was filled in."""
    made: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback,
        "title": _plain(title[:TITLE]),
        "close": _plain("Cancel"),
        "private_metadata": about[:METADATA],
        "blocks": list(blocks),
    }
    return made | ({"submit": _plain(submit[:TITLE])} if submit else {})


def text_input(
    block: str,
    label: str,
    *,
    value: str = "",
    hint: str = "",
    optional: bool = False,
    multiline: bool = False,
    most: int = 150,
) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": ACTION, "multiline": multiline, "max_length": most}
    if value:
        element["initial_value"] = value[:most]
    return _input(block, label, element, hint=hint, optional=optional)


def select_input(block: str, label: str, options: Sequence[tuple[str, str]], *, first: str, hint: str = "") -> Block:
    """`options`: value and text; `first`: the value that is chosen at first."""
    made = [{"text": _plain(text[:OPTION_TEXT]), "value": value[:OPTION_VALUE]} for value, text in options]
    chosen = next(option for option in made if option["value"] == first)
    element = {"type": "static_select", "action_id": ACTION, "options": made[:MOST_OPTIONS], "initial_option": chosen}
    return _input(block, label, element, hint=hint)


def person_input(block: str, label: str, *, user: str = "") -> Block:
    element: Block = {"type": "users_select", "action_id": ACTION}
    return _input(block, label, element | ({"initial_user": user} if user else {}), optional=True)


def date_input(block: str, label: str, *, day: str = "") -> Block:
    element: Block = {"type": "datepicker", "action_id": ACTION}
    return _input(block, label, element | ({"initial_date": day} if day else {}), optional=True)


def _input(block: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    made: Block = {
        "type": "input",
        "block_id": block,
        "optional": optional,
        "label": _plain(label),
        "element": element,
    }
    return made | ({"hint": _plain(hint[:HINT])} if hint else {})


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
