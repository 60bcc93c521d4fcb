"""Names of places: pure."""

from __future__ import annotations

import re
import unicodedata

from bot.domain.incident import Incident

CHANNEL_NAME_LIMIT = 80  # Slack: at most 80 characters, lowercase letters, digits, hyphens and underscores
SUFFIX_ROOM = 4  # for "-2" to "-999"


def channel_name(incident: Incident) -> str:
    """`inc-YYYYMMDD-slug` of the service and the title, within Slack's rules."""
    words = f"{incident.service or ''} {incident.title}"
    return f"inc-{incident.opened_at:%Y%m%d}-{_slug(words)}"[: CHANNEL_NAME_LIMIT - SUFFIX_ROOM].rstrip("-")


def _slug(text: str) -> str:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)  # CamelCase alert names
    plain = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(dict.fromkeys(words))[:50].strip("-") or "incident"


def topic(incident: Incident) -> str:
    """One line: how bad, how far, what, since when."""
    service = f"{incident.service} | " if incident.service else ""
    return (
        f"{incident.severity} | {incident.status.capitalize()} | {service}"
        f"started {incident.started_at:%H:%M} UTC | {incident.id}"
    )
