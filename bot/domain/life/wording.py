"""How an incident's life is put into words: mrkdwn whose foreign parts do nothing, and plain text. Pure.

A person is written as `<@U...>`, in plain text too: whoever shows it makes a name of it, or a mention.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.domain.incident import Incident, PlaceKind
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain, visible
from bot.domain.redact import redact

TITLE_LIMIT = 150  # characters
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,})>")
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LOOK_ALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})  # Slack can escape none of them
_EDGE_UNDERSCORES = re.compile(r"(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])")
_EVERYONE = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)


def said(text: str, limit: int) -> str:
    """One line of foreign words as mrkdwn, without secrets: no mention, no link, no formatting."""
    return _escaped(plain(redact(text), limit))


def title_of(incident: Incident) -> str:
    return said(bare_title(incident.title), TITLE_LIMIT)


def lines_said(text: str) -> str:
    """What a person wrote, line by line, as mrkdwn: the people in it are mentioned, nothing else does anything."""
    parts = _PERSON.split(visible(redact(text)))  # words, id, words, id ... words
    shown = [f"<@{part}>" if at % 2 else "\n".join(map(_escaped, part.split("\n"))) for at, part in enumerate(parts)]
    return "".join(shown).strip()


def to_copy(text: str) -> str:
    """As a block that is copied as it stands."""
    shown = visible(redact(text)).replace("`", "\u02cb").translate(_ENTITIES)
    return f"```\n{shown}\n```"


def person(user: str) -> str:
    return f"<@{user}>" if _USER_ID.fullmatch(user) else said(user, 80)


def where(incident: Incident) -> str:
    """A link to the place, as mrkdwn; "" while there is none."""
    if incident.place is None:
        return ""
    if incident.place.kind is PlaceKind.THREAD and incident.card and incident.card.permalink:
        return f"<{incident.card.permalink}|its thread>"
    return f"<#{incident.place.channel}>"


def clock(at: datetime) -> str:
    """In plain text: "14:05 UTC"."""
    return f"{at:%H:%M} UTC"


def local(at: datetime) -> str:
    """As mrkdwn, in the reader's own time zone."""
    return f"<!date^{int(at.timestamp())}^{{time}}|{clock(at)}>"


def ago(at: datetime) -> str:
    """As mrkdwn: Slack keeps the age up to date by itself."""
    return f"<!date^{int(at.timestamp())}^{{ago}}|{at:%Y-%m-%d %H:%M} UTC>"


def span(length: timedelta) -> str:
    """ "42 minutes", "1 hour 5 minutes", "2 days" """
    minutes = max(0, round(length.total_seconds() / 60))
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return counted(hours // 24, "day")
    parts = ([counted(hours, "hour")] if hours else []) + ([counted(rest, "minute")] if rest else [])
    return " ".join(parts)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(text: str) -> str:
    """With a full stop, and without two."""
    stripped = text.strip()
    return stripped if not stripped or stripped[-1] in ".!?\u2026" else f"{stripped}."


def _escaped(line: str) -> str:
    seen = _EVERYONE.sub("\uff20", line).translate(_LOOK_ALIKES)
    return _EDGE_UNDERSCORES.sub(lambda run: "\u02cd" * len(run[0]), seen).translate(_ENTITIES)
