"""What an outline is made of: everything that is on record of an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.briefing import Briefing
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports.record import TimelineEvent
from bot.domain.postmortem.blameless import without_names
from bot.domain.postmortem.statement import Fact

TEXT_LIMIT = 500  # characters of a fact

ONSET, OPENED, BRIEFED, RESOLVED = "I1", "I2", "I3", "I4"


@dataclass(frozen=True, kw_only=True)
class Material:
    incident: Incident
    events: Sequence[TimelineEvent]  # in order of time
    briefing: Briefing | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # of people and their Slack ids, with the role of each

    @property
    def times(self) -> Mapping[str, tuple[datetime, str]]:
        """Of the incident itself, by fact id."""
        incident = self.incident
        told: list[tuple[str, datetime | None, str]] = [
            (ONSET, incident.started_at, "The first alert dates the onset."),
            (OPENED, incident.opened_at, f"{incident.id} was opened."),
            (BRIEFED, incident.briefed_at, "The first briefing was posted."),
            (RESOLVED, incident.resolved_at, f"{incident.id} ended."),
        ]
        return {name: (at, text) for name, at, text in told if at is not None}

    def told(self) -> Sequence[tuple[str, TimelineEvent]]:
        """The timeline with the id of each fact, people by their roles."""
        return [
            (f"T{number}", event) for number, event in enumerate(sorted(self.events, key=lambda event: event.at), 1)
        ]

    def clean(self, text: str) -> str:
        return without_names(plain(text, TEXT_LIMIT), self.names)

    def facts(self) -> Mapping[str, Fact]:
        card = self.incident.card.permalink if self.incident.card else None
        found = {name: Fact(id=name, text=text, at=at, link=card) for name, (at, text) in self.times.items()}
        for name, event in self.told():
            found[name] = Fact(id=name, text=self.clean(event.text), at=event.at, link=event.link)
        for item in self.briefing.evidence if self.briefing else ():
            found[item.id] = Fact(id=item.id, text=self.clean(item.text), link=item.link)
        return found
