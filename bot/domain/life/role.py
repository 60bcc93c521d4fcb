"""Who does what in an incident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    LEAD = "lead"
    COMMUNICATIONS = "communications"
    SCRIBE = "scribe"


DUTIES: Mapping[Role, tuple[str, ...]] = {
    Role.LEAD: (
        "Decide what is done next and who does it; you need not do it yourself.",
        "Set the severity, and say when the cause is known, when it is mitigated and when it is over.",
        "Hand the role on before you leave: nobody leads by default.",
    ),
    Role.COMMUNICATIONS: (
        "Tell those who wait for news, at the pace the severity asks for, also when there is none.",
        "Keep questions from outside away from those who work on it.",
        "Nothing is sent by itself: the bot drafts, you send.",
    ),
    Role.SCRIBE: (
        "Put what matters on the timeline: a pushpin on the message is enough.",
        "Write down what was tried and what it did, also what did not help.",
        "Collect follow-ups while people still remember them.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One role of one incident. `id`: "INC-...:lead". An empty `person`: nobody has it."""

    incident: str
    role: Role
    person: str
    since: datetime
    by: str = ""  # who gave it
    version: int = 1

    @property
    def id(self) -> str:
        return f"{self.incident}:{self.role}"

    @property
    def state(self) -> str:
        return "held" if self.person else "vacant"

    @property
    def due(self) -> datetime | None:
        return None
