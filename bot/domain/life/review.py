"""A postmortem between its first draft and its publication. What was once written stays in its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DraftState(StrEnum):
    DRAFT = "draft"  # waits for a reviewer
    REJECTED = "rejected"  # a new version is wanted; the reason stands in the history
    APPROVED = "approved"  # a person has accepted it; it is being published
    PUBLISHED = "published"


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What happened to it, and the text as it was afterwards."""

    at: datetime
    by: str  # Slack's user id; "" for the bot
    what: str  # "drafted from facts", "drafted by the model", "edited", "rejected", "approved", "published"
    markdown: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Its id is the incident's. `history`: the oldest first; the last one holds the text."""

    incident: str
    state: DraftState
    history: Sequence[Revision]
    lessons: Sequence[str] = ()  # proposed, each for review
    canvas: str = ""  # its id, once it is there
    file: str = ""  # where it was exported to
    card: tuple[str, str] | None = None  # channel and ts of the review's message
    version: int = 1

    @property
    def id(self) -> str:
        return self.incident

    @property
    def markdown(self) -> str:
        return self.history[-1].markdown

    @property
    def due(self) -> datetime | None:
        return None
