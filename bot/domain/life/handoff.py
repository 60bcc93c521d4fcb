"""A role on its way from one person to another: it changes hands once the other has accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.life.role import Role


class HandoffState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # offered anew, or the role was given in another way


@dataclass(frozen=True, kw_only=True)
class Handoff:
    id: str  # of the order that offered it
    incident: str
    role: Role
    giver: str
    taker: str
    offered_at: datetime
    note: str  # what is known, was tried and is open, as mrkdwn
    state: HandoffState = HandoffState.OFFERED
    answered_at: datetime | None = None
    version: int = 1

    @property
    def due(self) -> datetime | None:
        return None
