"""What an outline is made of: everything that is on record of an incident."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.briefing import Briefing
from bot.domain.causes.words import span
from bot.domain.incident import Incident
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.ports.record import TimelineEvent
from bot.domain.postmortem.blameless import blame, without_names
from bot.domain.postmortem.statement import Fact

TEXT_LIMIT = 500  # characters of a fact
JUDGED = "A note is left out here: it judges people."
_SENTENCES = re.compile(r"(?<=[.!?;])\s+")

ONSET, OPENED, BRIEFED, RESOLVED = "I1", "I2", "I3", "I4"
ACKNOWLEDGED, IDENTIFIED, MITIGATED = "I5", "I6", "I7"
DURATION, ALERTS = "I8", "I9"


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
            (OPENED, incident.opened_at, f"{incident.id} was opened, {incident.severity}: {self._title()}."),
            (BRIEFED, incident.briefed_at, "The first briefing was posted."),
            (RESOLVED, incident.resolved_at, f"{incident.id} ended."),
            (ACKNOWLEDGED, incident.acknowledged_at, "The first person took it on."),
            (IDENTIFIED, incident.identified_at, "The cause was first called known."),
            (MITIGATED, incident.mitigated_at, "It was first called mitigated."),
        ]
        return {name: (at, text) for name, at, text in told if at is not None}

    def told(self) -> Sequence[tuple[str, TimelineEvent]]:
        """The timeline with the id of each fact, people by their roles."""
        return [
            (f"T{number}", event) for number, event in enumerate(sorted(self.events, key=lambda event: event.at), 1)
        ]

    def clean(self, text: str) -> str:
        return without_names(plain(text, TEXT_LIMIT), self.names)

    def gaps(self) -> Mapping[str, str]:
        """What could not be looked at, by fact id."""
        claims = self.briefing.not_checked if self.briefing else ()
        return {f"G{number}": self.clean(claim.text) for number, claim in enumerate(claims, 1)}

    def _title(self) -> str:
        told = f"{self.incident.service}: " if self.incident.service else ""
        return self.clean(f"{told}{bare_title(self.incident.title)}").rstrip(".")

    def words_of(self, event: TimelineEvent) -> str:
        """What people wrote, without the sentences that judge somebody."""
        text = self.clean(event.text)
        if not event.actor or not blame(text):
            return text
        kept = [sentence for sentence in _SENTENCES.split(text) if not blame(sentence)]
        return " ".join(kept) or JUDGED

    def facts(self) -> Mapping[str, Fact]:
        card = self.incident.card.permalink if self.incident.card else None
        found = {name: Fact(id=name, text=text, at=at, link=card) for name, (at, text) in self.times.items()}
        if self.incident.resolved_at is not None:
            took = span(self.incident.resolved_at - self.incident.started_at)
            found[DURATION] = Fact(id=DURATION, text=f"From the onset to the end it lasted {took}.", link=card)
        if count := self.incident.alert_count:
            said = "1 alert belongs to it." if count == 1 else f"{count} alerts belong to it."
            found[ALERTS] = Fact(id=ALERTS, text=said, link=card)
        for name, event in self.told():
            found[name] = Fact(id=name, text=self.words_of(event), at=event.at, link=event.link)
        for name, text in self.gaps().items():
            found[name] = Fact(id=name, text=text, at=self.incident.briefed_at, link=card)
        for item in self.briefing.evidence if self.briefing else ():
            found[item.id] = Fact(id=item.id, text=self.clean(item.text), link=item.link)
        return found
