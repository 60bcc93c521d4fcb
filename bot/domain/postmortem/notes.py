"""What people wrote on the timeline, sorted into cause, fix and what did not help; each with where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.postmortem.material import Material
from bot.domain.postmortem.statement import Statement
from bot.domain.worklog import sentences_of

BY_PEOPLE = frozenset({"note", "postmortem", "status"})  # kinds of entries that hold a person's words
FOLLOW_UP = "follow-up"
STATUS = "status"
RUN = "action"  # what runbooks did
MARKS = ("cause", "fix", "unhelpful")
# What a person says with a move of the incident needs no word that tells what it is.
SAID_WITH = {"Identified: ": "cause", "Monitoring: ": "fix", "Resolved: ": "fix"}


@dataclass(frozen=True, kw_only=True)
class Notes:
    causes: Sequence[Statement]
    fixes: Sequence[Statement]
    unhelpful: Sequence[Statement]
    follow_ups: Sequence[Statement]
    runs: Sequence[Statement]


def notes_of(material: Material) -> Notes:
    found: dict[str, list[Statement]] = {mark: [] for mark in MARKS}
    follow_ups, runs = [], []
    for name, event in material.told():
        text = material.words_of(event)
        if event.kind == FOLLOW_UP:
            follow_ups.append(Statement(text=text, facts=(name,), at=event.at))
        elif event.kind == RUN:
            runs.append(Statement(text=text, facts=(name,), at=event.at))
        elif event.kind in BY_PEOPLE and event.actor:
            _sort(name, text, found, SAID_WITH if event.kind == STATUS else {})
    return Notes(
        causes=found["cause"],
        fixes=found["fix"],
        unhelpful=found["unhelpful"],
        follow_ups=follow_ups,
        runs=runs,
    )


def _sort(name: str, text: str, found: dict[str, list[Statement]], said_with: Mapping[str, str]) -> None:
    """A note in which no word tells which it is stays on the timeline alone."""
    for start, kind in said_with.items():
        if text.startswith(start):
            found[kind].append(Statement(text=_ended(text.removeprefix(start)), facts=(name,)))
            return
    for kind, words in sentences_of([text]):
        if kind in found:
            found[kind].append(Statement(text=_ended(words), facts=(name,)))


def _ended(text: str) -> str:
    said = text[:1].upper() + text[1:]
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
