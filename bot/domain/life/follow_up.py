"""What is to be done after an incident, by whom and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum


class FollowUpState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"  # will not be done; the reason stands in `word`


class Priority(StrEnum):
    P0 = "P0"  # until this is done it can happen again tomorrow
    P1 = "P1"  # it would have been shorter or smaller
    P2 = "P2"  # it would have been easier


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    id: str  # "INC-2026-0042/3": counted within the incident, from 1
    incident: str
    text: str
    priority: Priority
    created_at: datetime
    created_by: str  # Slack's user id, or "" for the bot
    owner: str = ""  # Slack's user id; "" for nobody yet
    due_on: date | None = None
    state: FollowUpState = FollowUpState.OPEN
    closed_at: datetime | None = None
    closed_by: str = ""
    word: str = ""  # why it was dropped, or what was done
    link: str | None = None  # the message that it came from
    issue: str | None = None  # the address of its issue elsewhere
    key: str = ""  # of what it was made from: the same makes none twice
    reminded_at: datetime | None = None
    remind_at: datetime | None = None
    version: int = 1

    @property
    def due(self) -> datetime | None:
        """When somebody is to be reminded."""
        if self.state is not FollowUpState.OPEN:
            return None
        if self.remind_at is not None or self.due_on is None:
            return self.remind_at
        return datetime.combine(self.due_on, time(9), tzinfo=UTC)
