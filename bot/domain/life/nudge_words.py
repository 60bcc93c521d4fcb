"""What is said when an update is due, and about updates. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.life.status_update import Audience, StatusUpdate
from bot.domain.life.wording import clock, lines_said, person, span, title_of, to_copy, where


def nudge_text(incident: Incident, updated_at: datetime | None, now: datetime) -> str:
    """mrkdwn."""
    if updated_at is None:
        since = f"none has gone out since it was opened {span(now - incident.opened_at)} ago"
    else:
        since = f"the last one went out {span(now - updated_at)} ago"
    place = where(incident)
    stands = f"{incident.severity}, {incident.status}{f', in {place}' if place else ''}"
    return f":hourglass: *{incident.id}* is due an update: {since}.\n{title_of(incident)} ({stands})"


def posted_text(update: StatusUpdate) -> str:
    """What is posted where the incident is worked on; mrkdwn."""
    if update.audience is Audience.PUBLIC:
        lead = f":outbox_tray: *Public update* by {person(update.by)}, to be copied: nothing was published outside."
        return f"{lead}\n{to_copy(update.text)}"
    quoted = "\n".join(f"> {line}" for line in lines_said(update.text).split("\n"))
    return f":mega: *Update* by {person(update.by)}\n{quoted}"


def sent_sentence(incident: Incident, audience: Audience, channel: str, next_at: datetime | None) -> str:
    """`channel`: where it is announced, by name; "" where it is not."""
    if audience is Audience.PUBLIC:
        what = f"The public update of {incident.id} stands in its place, to be copied; nothing was published outside."
    else:
        also = f" and in #{channel}" if channel else ""
        what = f"The update of {incident.id} stands in its place{also}."
    return f"{what} The next one is due at {clock(next_at)}." if next_at else what
