"""Slack's limits, and blocks that keep them: whole lines are left out with a notice, never half a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.domain.plaintext import plain

Block = dict[str, Any]

# Block Kit reference: 150 characters in a header, 3000 in a section, 50 blocks a message. A whole message is refused
# beyond about 13,000 characters (`msg_blocks_too_long`, undocumented), hence our own total.
HEADER_LIMIT = 150
SECTION_LIMIT = 3000
ALT_LIMIT = 500  # Slack takes 2000; a sentence is meant
TEXT_LIMIT = 4000  # `text` of chat.update
MESSAGE_LIMIT = 10_000
NOTICE_ROOM = 60  # of the line that tells how many were left out


@dataclass(frozen=True, kw_only=True)
class Message:
    """`text` is what notifications and screen readers say; always set."""

    text: str
    blocks: list[Block]


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": plain(text, HEADER_LIMIT), "emoji": False}}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text)]}


def divider() -> Block:
    return {"type": "divider"}


def image(file_id: str, alt: str) -> Block:
    """One of our own uploads; images from elsewhere are never shown."""
    shown = plain(alt, ALT_LIMIT) or "Chart of the alert's expression"
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": shown}


def mrkdwn(text: str) -> Block:
    """`verbatim`: Slack turns nothing in it into a link or a mention that we did not write as one."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def fitted(lines: Iterable[str], room: int, *, total: int, most: int | None = None) -> str:
    """As many whole lines as fit, from the first on, and how many of `total` were left out; empty where none fits.

    Lines are made one by one: what has no room is never rendered.
    """
    room = min(room, SECTION_LIMIT)
    kept: list[str] = []
    used = 0
    for line in islice(lines, total if most is None else most):
        reserve = NOTICE_ROOM if len(kept) + 1 < total else 0
        if used + len(line) + 1 + reserve > room:
            break
        kept.append(line)
        used += len(line) + 1
    if not total or room < NOTICE_ROOM:
        return ""
    left = total - len(kept)
    return "\n".join([*kept, f"_+{left} more, not shown here_"] if left else kept)


def size(blocks: Sequence[Block]) -> int:
    """Characters of all texts, markup and addresses included."""
    total = 0
    for block in blocks:
        total += len(block.get("alt_text", "")) + len(block.get("text", {}).get("text", ""))
        total += sum(_length(element["text"]) for element in block.get("elements", ()))
    return total


def _length(text: str | Block) -> int:
    """Of a text, or of a text object, as buttons have them."""
    return len(text if isinstance(text, str) else text["text"])
