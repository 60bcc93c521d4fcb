"""What an answer may be taken from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.briefing import Briefing
from bot.domain.catalog import Service
from bot.domain.remembered import Recalled


@dataclass(frozen=True, kw_only=True)
class Event:
    """A line of the timeline; `who` as people are called."""

    at: datetime
    kind: str
    text: str
    who: str = ""
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Material:
    """Of one incident, or of none: then only memory and the catalog answer. `services`: those the question is about."""

    briefing: Briefing | None = None
    events: tuple[Event, ...] = ()
    services: tuple[Service, ...] = ()
    dependants: tuple[str, ...] = ()  # of the first of `services`
    past: tuple[Recalled, ...] = ()
