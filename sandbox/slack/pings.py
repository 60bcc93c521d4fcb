"""Who a message would have notified: mentions that Slack would turn into a ping.

Counted in the text, in mrkdwn objects, in markdown blocks and in rich text; not in plain_text, which Slack shows
literally, and not when the angle brackets are escaped (`&lt;!channel&gt;`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.slack.values import JsonObject

MENTION = re.compile(r"<(?:!(channel|here|everyone)|!subteam\^(S\w+)|@([UW]\w+))(?:\|[^>]*)?>")
RICH_TEXT_TARGETS = {"broadcast": "range", "user": "user_id", "usergroup": "usergroup_id"}


@dataclass(frozen=True, kw_only=True)
class Ping:
    channel: str
    ts: str
    by: str  # the author's user id
    target: str  # "channel", "here", "everyone", a user id or a user group id
    edited: bool  # came with an edit, for which Slack shows the mention and notifies nobody


def targets(text: str, blocks: Sequence[JsonObject], attachments: Sequence[JsonObject] = ()) -> tuple[str, ...]:
    """What is mentioned, each once, in order."""
    found = list(_in_text(text))
    for block in blocks:
        found += _in_object(block)
    for attachment in attachments:
        for key in ("text", "pretext"):
            found += _in_text(str(attachment.get(key) or ""))
        for block in attachment.get("blocks") or ():
            found += _in_object(block)
    return tuple(dict.fromkeys(found))


def _in_text(text: str) -> Iterator[str]:
    for match in MENTION.finditer(text):
        yield match.group(1) or match.group(2) or match.group(3)


def _in_object(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _in_object(item)
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    if not isinstance(kind, str):
        kind = ""
    if kind in {"mrkdwn", "markdown"}:
        yield from _in_text(str(value.get("text", "")))
        return
    if (key := RICH_TEXT_TARGETS.get(kind)) and isinstance(value.get(key), str):
        yield value[key]
    for part in value.values():
        yield from _in_object(part)
