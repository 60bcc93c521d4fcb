"""Names of places: pure."""

from __future__ import annotations

import re
import unicodedata

from bot.domain.incident import Incident
from bot.domain.plaintext import plain

CHANNEL_NAME_LIMIT = 80  # Slack: at most 80 characters, lowercase letters, digits, hyphens and underscores
SLUG_LIMIT = 44  # characters: what a phone's list of channels still shows
SUFFIX_ROOM = 4  # for "-2" to "-999"
TOPIC_LIMIT = 250  # characters: Slack's limit
TOPIC_SERVICE_LIMIT = 60  # characters
TOPIC_PERSON_LIMIT = 40  # characters
_MARKUP = {ord(char): None for char in "<>&"}  # a topic is shown as text, but the notice about it is a message


_STATE = re.compile(r"^\s*\[(?:FIRING|RESOLVED)(?::\d+)?\]\s*")


def bare_title(title: str) -> str:
    """Without the "[FIRING:1]" that Alertmanager's templates put first: our card says it itself, and up to date."""
    return _STATE.sub("", title)


def channel_name(incident: Incident) -> str:
    """`inc-YYYYMMDD-slug` of the service and the title, within Slack's rules."""
    words = f"{incident.service or ''} {incident.title}"
    return f"inc-{incident.opened_at:%Y%m%d}-{_slug(words)}"[: CHANNEL_NAME_LIMIT - SUFFIX_ROOM].rstrip("-")


def _slug(text: str) -> str:
    bare = re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", text)  # "[FIRING:1] ... (production critical)" says nothing new
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare)  # CamelCase alert names
    ascii_only = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    slug = ""
    for word in dict.fromkeys(re.findall(r"[a-z0-9]+", ascii_only)):
        if slug and len(slug) + len(word) >= SLUG_LIMIT:
            break
        slug += f"-{word}"
    return slug.strip("-")[:SLUG_LIMIT] or "incident"


def topic(incident: Incident, *, lead: str = "", communications: str = "") -> str:
    """One line: how bad, how far, what, who, since when. People by what they are called: a topic mentions nobody.

    The channel keeps its name when the incident gets another title, so the topic tells the new one.
    """
    how_far = f"Merged into {incident.merged_into}" if incident.merged_into else incident.status.capitalize()
    parts = [
        str(incident.severity),
        how_far,
        _shown(incident.service or "", TOPIC_SERVICE_LIMIT),
        _named("Lead", lead),
        _named("Comms", communications),
        f"started {incident.started_at:%H:%M} UTC",
        incident.id,
    ]
    line = " | ".join(filter(None, parts))
    title = _shown(_new_title(incident), TOPIC_LIMIT - len(line) - len(" | "))
    return f"{line} | {title}" if title else line


def _named(role: str, person: str) -> str:
    name = _shown(person, TOPIC_PERSON_LIMIT)
    return f"{role} @{name}" if name else ""


def _shown(text: str, limit: int) -> str:
    return plain(text.translate(_MARKUP), limit) if limit > 0 else ""


def _new_title(incident: Incident) -> str:
    """What a person has called it; "" where it is called as its first alert is."""
    if not incident.alerts or incident.title == incident.first_alert.title:
        return ""
    return bare_title(incident.title)
