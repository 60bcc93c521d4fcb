"""Past incidents as people wrote them down: one YAML file each, read into the store at start."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.briefing import CauseKind
from memory.operator_file import Entry, files_in, read
from memory.store.past import PastIncident

_KINDS = tuple(kind.value for kind in CauseKind)


def load_history(folder: Path, now: datetime) -> tuple[PastIncident, ...]:
    """Every *.yaml in `folder`. Raises ConfigFileError naming file, line, field and remedy.

    `now` is what `days_ago` counts back from, which examples use to stay recent.
    """
    found: dict[str, tuple[PastIncident, Path]] = {}
    for path in files_in(folder):
        entry = read(path)
        past = _past_incident(entry, now)
        if past.id in found:
            raise entry.need("id").error(f"{past.id} is also the id of {found[past.id][1]}; give it another one")
        found[past.id] = (past, path)
    return tuple(past for past, _ in found.values())


def _past_incident(entry: Entry, now: datetime) -> PastIncident:
    entry.only(
        "id", "title", "service", "started_at", "days_ago", "minutes", "cause", "cause_kind", "fix", "symptoms", "link"
    )
    kind, link = entry.child("cause_kind"), entry.child("link")
    return PastIncident(
        id=entry.text("id"),
        title=entry.text("title"),
        service=entry.maybe_text("service"),
        started_at=_started_at(entry, now),
        minutes=entry.whole("minutes"),
        cause=entry.text("cause", ""),
        cause_kind=kind.as_one_of(_KINDS) if kind else "",
        fix=entry.text("fix", ""),
        symptoms=entry.text("symptoms", ""),
        link=link.as_address() if link else None,
    )


def _started_at(entry: Entry, now: datetime) -> datetime:
    stated, days = entry.child("started_at"), entry.number("days_ago")
    if stated is not None and days is not None:
        raise entry.error("started_at and days_ago are both there; keep one")
    if stated is not None:
        return stated.as_moment()
    if days is None:
        raise entry.error("started_at is missing; add `started_at: 2026-03-04T12:00:00Z`")
    return now - timedelta(days=days)
