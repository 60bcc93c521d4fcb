"""What the card of an incident shows at one moment, and what its place is dressed with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.alert import Link
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.briefing import Briefing
from bot.domain.evidence import Finding
from bot.domain.incident import Incident


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An uploaded image; `alt` is what a screen reader says."""

    file_id: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class CardView:
    """Everything that is needed to render the card; without a briefing it is the "gathering" card."""

    incident: Incident
    findings: tuple[Finding, ...] = ()  # sources that have answered so far
    pending: tuple[str, ...] = ()  # names of sources still being asked
    briefing: Briefing | None = None
    picture: Picture | None = None
    opinion: ModelOpinion | None = None  # the model's, where one was asked


@dataclass(frozen=True, kw_only=True)
class Dressing:
    """Topic, bookmarks and invitations of an incident's own channel."""

    topic: str
    bookmarks: tuple[Link, ...] = ()
    invite_emails: tuple[str, ...] = ()
    invite_users: tuple[str, ...] = ()  # Slack user ids
