"""Foreign text made harmless for Slack's mrkdwn.

Slack gives three characters a meaning that it can escape (`&`, `<`, `>`;
https://docs.slack.dev/messaging/formatting-message-text) and several that it cannot (`*`, `_`, `~` and the backtick).
The latter become look-alikes: readable, without effect. What people copy (commands, queries, log lines) goes through
`code`, which changes the backtick alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.domain.plaintext import plain

URL_LIMIT = 2000  # longer ones are not links that people made
_LOOK_ALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_EDGE_UNDERSCORES = re.compile(r"(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])")  # Slack does not format inside_words
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ENTITY = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_EVERYONE = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_URL_ENCODED = str.maketrans({c: f"%{ord(c):02X}" for c in "|<>\"`^{}\\' *~"})


def visible(text: str) -> str:
    """One line of characters that people can see; whitespace is folded to single spaces."""
    return plain(text, len(text) + 1)


def escape(text: str) -> str:
    """One line of mrkdwn that says `text` and does nothing: no entity, no ping, no formatting."""
    seen = _EVERYONE.sub("\uff20", visible(text)).translate(_LOOK_ALIKES)
    return _EDGE_UNDERSCORES.sub(lambda run: "\u02cd" * len(run[0]), seen).translate(_ENTITIES)


def typed(text: str, names: Mapping[str, str]) -> str:
    """What a person typed, from a message's mrkdwn: escapes undone, mentions and links as they look.

    `names` tells what people are called by their user ids. The result is foreign text: to show it, `escape` it.
    """
    seen = _ENTITY.sub(lambda entity: _look(entity[1], entity[2], entity[3], names), text)
    return seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _look(sign: str, target: str, label: str | None, names: Mapping[str, str]) -> str:
    if sign == "@":
        return "@" + (names.get(target) or label or target)
    if sign == "#":
        return "#" + (label or target)
    return label or (f"@{target}" if sign == "!" else target)


def mentioned(text: str) -> tuple[str, ...]:
    """The ids of the people whom a message's mrkdwn mentions."""
    return tuple(entity[2] for entity in _ENTITY.finditer(text) if entity[1] == "@")


def code(text: str) -> str:
    """One line of inline code, fit for copying; empty where nothing is left."""
    seen = visible(text).replace("`", "\u02cb").translate(_ENTITIES)
    return f"`{seen}`" if seen else ""


def link(url: str | None, label: str) -> str:
    """`<url|label>` for a plain http or https address, else the label alone."""
    text = escape(label).replace("|", "\u00a6")
    target = _safe_url(url or "")
    return f"<{target}|{text}>" if target and text else text


def bold(text: str) -> str:
    """`text` escaped, in bold."""
    inside = escape(text)
    return f"*{inside}*" if inside else ""


def _safe_url(url: str) -> str:
    """The address with every character encoded that could end the entity; empty where it should not be a link."""
    if len(url) > URL_LIMIT or visible(url) != url:
        return ""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises where the port is no number)
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or parts.username is not None:
        return ""
    return url.translate(_URL_ENCODED).replace("&", "&amp;")
