"""What people accepted and what happened since becomes memory, slowly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.remembered import Held, PastIncident
from bot.domain.trust import HIGHEST, LOWEST, after_feedback, after_outcome, factor
from bot.flows.learn import REVIEWED, Accepted, Learn
from bot.testing import FrozenClock
from memory.store import Store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECRET = "s" * 16
PAST = PastIncident(
    id="INC-2026-0042",
    title="Orders slow",
    service="orders",
    started_at=NOON,
    minutes=20,
    cause="A pool of five",
    cause_kind="exhaustion",
    fix=f"Raised it with password={SECRET}",
    unhelpful="A restart",
)
ACCEPTED = Accepted(past=PAST, text=f"# Orders\n\ntoken: {SECRET}", by="U1", lessons=("Test with four", " "))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


def learn(store: Store) -> Learn:
    return Learn(
        past=store.past,
        postmortems=store.postmortems,
        lessons=store.lessons,
        feedback=store.feedback,
        clock=FrozenClock(NOON),
    )


async def kept(store: Store) -> PastIncident:
    return (await store.past.by_id())[PAST.id]


async def test_an_accepted_postmortem_is_kept_with_its_lessons_and_without_secrets(store: Store) -> None:
    await learn(store).accept(ACCEPTED)
    past = await kept(store)
    assert (past.trust, past.origin, past.unhelpful) == (REVIEWED, "postmortem", "A restart")
    (lesson,) = (await store.lessons.by_id()).values()
    assert (lesson.text, lesson.author, lesson.incident) == ("Test with four", "U1", PAST.id)
    everything = f"{past} {await store.postmortems.by_id()}"
    assert SECRET not in everything


async def test_accepting_it_again_changes_nothing_that_happened_since(store: Store) -> None:
    await learn(store).accept(ACCEPTED)
    await learn(store).conclude(PAST.id, Held.CAME_BACK)
    before = await kept(store)
    await learn(store).accept(ACCEPTED)
    assert await kept(store) == before


async def test_one_person_counts_once_and_may_change_their_mind(store: Store) -> None:
    await learn(store).accept(ACCEPTED)
    once = await learn(store).hear(PAST.id, "U2", helped=True)
    assert await learn(store).hear(PAST.id, "U2", helped=True) == once
    other = await learn(store).hear(PAST.id, "U2", helped=False)
    assert once is not None
    assert other is not None
    assert other.trust < REVIEWED < once.trust
    assert await learn(store).hear("INC-0", "U2", helped=True) is None


async def test_what_came_back_is_trusted_less_and_unknown_is_not_failure(store: Store) -> None:
    await learn(store).accept(ACCEPTED)
    await learn(store).conclude(PAST.id, Held.UNKNOWN)
    assert (await kept(store)).trust == REVIEWED
    await learn(store).conclude(PAST.id, Held.CAME_BACK)
    once = (await kept(store)).trust
    await learn(store).conclude(PAST.id, Held.CAME_BACK)
    assert (await kept(store)).trust == once < REVIEWED


@given(st.lists(st.booleans(), max_size=60), st.floats(LOWEST, HIGHEST))
def test_trust_moves_slowly_and_never_reaches_an_end(words: list[bool], trust: float) -> None:
    for helped in words:
        after = after_feedback(trust, helped=helped)
        assert LOWEST <= after <= HIGHEST
        assert abs(after - trust) <= 0.11
        trust = after
    assert after_outcome(trust, Held.UNKNOWN) == trust
    assert 0.8 <= factor(trust) <= 1.2
