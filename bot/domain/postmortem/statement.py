"""The parts of a postmortem. No sentence stands in it without the facts that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.life.follow_up import Priority


class Section(StrEnum):
    """In the order in which people read them."""

    SUMMARY = "Executive summary"
    IMPACT = "Impact"
    TIMELINE = "Timeline"
    ROOT_CAUSE = "Root cause"
    CONTRIBUTING = "Contributing factors"
    RESOLUTION = "Resolution"
    WENT_WELL = "What went well"
    WENT_BADLY = "What went badly"
    ACTION_ITEMS = "Action items"
    LESSONS = "Lessons"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that is on record: T... of the timeline, E... of the evidence, G... of what could not be looked at,
    I... of the incident itself.
    """

    id: str
    text: str
    at: datetime | None = None
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One sentence. Raises ValueError without a fact."""

    text: str
    facts: tuple[str, ...]
    at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.facts:
            raise ValueError(f"a statement rests on nothing: {self.text}")


@dataclass(frozen=True, kw_only=True)
class ActionItem:
    text: str
    priority: Priority
    facts: tuple[str, ...]
    owner: str = ""  # a role or a team, or whom a person named


@dataclass(frozen=True, kw_only=True)
class Outline:
    """All sections are there; one of which nothing is known says so where it is shown."""

    incident: str
    title: str
    sections: Mapping[Section, Sequence[Statement]]
    actions: tuple[ActionItem, ...]
    facts: Mapping[str, Fact]

    @property
    def unfounded(self) -> tuple[str, ...]:
        """Sentences that name a fact that is not there."""
        said: list[Statement | ActionItem] = [one for lines in self.sections.values() for one in lines]
        return tuple(one.text for one in [*said, *self.actions] if not set(one.facts) <= self.facts.keys())
