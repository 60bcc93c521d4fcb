"""One record of each kind, with every field set."""

from __future__ import annotations

from datetime import date

from bot.domain.life import (
    Announcement,
    Audience,
    Cadence,
    Draft,
    DraftState,
    FollowUp,
    FollowUpState,
    Handoff,
    HandoffState,
    Holding,
    Priority,
    Revision,
    Role,
    StatusUpdate,
    Tie,
    TieKind,
    Watch,
    WatchState,
)
from bot.domain.ports.kept import Kept
from memory.store import Store
from tests.memory.store.samples import MINUTE, NOON

INCIDENT, OTHER = "INC-2026-0042", "INC-2026-0043"
HOSTILE = "what \x00 they \ud800 said: \U0001f4cc 'quoted' \"twice\" \\u0000"

HOLDING = Holding(incident=INCIDENT, role=Role.LEAD, person="UANA", since=NOON, by="UBEN", version=3)
HANDOFF = Handoff(
    id="Ev1",
    incident=INCIDENT,
    role=Role.SCRIBE,
    giver="UANA",
    taker="UBEN",
    offered_at=NOON,
    note=HOSTILE,
    state=HandoffState.DECLINED,
    answered_at=NOON + MINUTE / 7,
    version=2,
)
UPDATE = StatusUpdate(id="Ev2", incident=INCIDENT, text=HOSTILE, audience=Audience.PUBLIC, by="UANA", at=NOON)
CADENCE = Cadence(
    incident=INCIDENT, next_at=NOON, updated_at=NOON, nudged_at=NOON, snoozed_until=NOON + 30 * MINUTE, version=9
)
ANNOUNCEMENT = Announcement(incident=INCIDENT, channel="C1", ts="1.2", shown="d" * 64)
FOLLOW_UP = FollowUp(
    id=f"{INCIDENT}/3",
    incident=INCIDENT,
    text=HOSTILE,
    priority=Priority.P0,
    created_at=NOON,
    created_by="UANA",
    owner="UBEN",
    due_on=date(2026, 3, 11),
    state=FollowUpState.OPEN,
    closed_at=NOON,
    closed_by="UANA",
    word="done",
    link="https://chat.example/p1",
    issue="https://git.example/1",
    key="reaction:C1:1.2",
    reminded_at=NOON,
)
DRAFT = Draft(
    incident=INCIDENT,
    state=DraftState.REJECTED,
    history=(
        Revision(at=NOON, by="", what="drafted from facts", markdown="# What happened\n\nchecks"),
        Revision(at=NOON + MINUTE, by="UANA", what="rejected", markdown=HOSTILE, reason="no impact"),
    ),
    lessons=("look at the disk first", HOSTILE),
    canvas="F1",
    file="postmortems/1.md",
    card=("C1", "1.2"),
)
WATCH = Watch(
    id=f"{INCIDENT}:7",
    incident=INCIDENT,
    since=NOON,
    until=NOON + 1440 * MINUTE,
    next_at=NOON + 5 * MINUTE,
    state=WatchState.WATCHING,
    looks=4,
    blind=1,
    sentence="still quiet",
)
TIE = Tie(incident=INCIDENT, other=OTHER, kind=TieKind.MERGED, by="UANA", at=NOON, word="the same disk")

ALL = (HOLDING, HANDOFF, UPDATE, CADENCE, ANNOUNCEMENT, FOLLOW_UP, DRAFT, WATCH, TIE)


def kept(store: Store) -> list[tuple[Kept, object]]:  # type: ignore[type-arg]  # of every kind
    """Each place with the record that belongs there."""
    life = store.life
    places = (
        life.roles,
        life.handoffs,
        life.updates,
        life.cadences,
        life.announcements,
        life.follow_ups,
        life.drafts,
        life.watches,
        life.ties,
    )
    return list(zip(places, ALL, strict=True))
