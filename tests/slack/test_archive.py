"""What people ask of memory and tell it, over the real protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.remembered import Held, PastIncident
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office

PAST = PastIncident(
    id="INC-2025-0007",
    title="Checkout fails for <guests>",
    service="checkout",
    started_at=datetime(2025, 11, 3, tzinfo=UTC),
    minutes=41,
    cause="A birthday that *guests* lack",
    cause_kind="deployment",
    fix="Went back to v2.26.3",
    unhelpful="Restarting pods",
    outcome=Held.CAME_BACK,
    link="https://wiki.example/7",
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        await made.store.past.save([PAST])
        yield made


async def test_similar_tells_cause_fix_span_outcome_and_why(here: Office) -> None:
    incident = await here.incident(title="Checkout is slow")
    assert incident.place is not None
    answer = await here.command("similar", incident.place.name)
    assert "<https://wiki.example/7|INC-2025-0007>" in answer
    assert "Checkout fails for &lt;guests&gt;" in answer
    assert "2025-11-03 · 41 min" in answer
    assert "Fixed by: Went back to v2.26.3 (it came back)" in answer
    assert "Did not help: Restarting pods" in answer
    assert "A birthday that ∗guests∗ lack" in answer


async def test_nothing_similar_is_an_answer(here: Office) -> None:
    incident = await here.incident(title="Something else")
    assert incident.place is not None
    assert await here.command("similar", incident.place.name) == f"Nothing in memory fits like {incident.id}."
    assert "belongs to no incident" in await here.command("similar")


async def test_search_works_everywhere_and_by_mention(here: Office) -> None:
    incident = await here.incident(title="Something else")
    assert incident.place is not None
    assert "INC-2025-0007" in await here.command("memory search checkout")
    assert "Nothing in memory fits for “quokka”" in await here.mention("memory find quokka", incident.place.name)


async def test_what_helped_is_counted_once_a_person(here: Office) -> None:
    assert "is now 55 of 100" in await here.command("memory helped INC-2025-0007")
    assert "is now 55 of 100" in await here.command("memory helped INC-2025-0007")
    assert "is now 60 of 100" in await here.command("memory helped INC-2025-0007", who="bo")
    assert "Memory holds no incident INC-1" in await here.command("memory unhelpful INC-1")


async def test_what_became_of_a_fix_is_kept(here: Office) -> None:
    assert "Noted: the fix held." in await here.command("memory held INC-2025-0007")
    assert (await here.store.past.by_id())[PAST.id].outcome is Held.HELD


async def test_a_note_is_kept_listed_and_removed(here: Office) -> None:
    assert "Note #1 about checkout is kept" in await here.command("note checkout: never on Fridays & Mondays")
    listed = await here.command("notes checkout")
    assert "Ana Ruiz: never on Fridays &amp; Mondays (#1)" in listed
    assert await here.command("note remove 1") == "Note #1 is removed."
    assert "No notes about checkout yet" in await here.command("notes checkout")
    assert await here.command("note remove 1") == "There is no note #1."


async def test_in_an_incident_the_service_goes_without_saying(here: Office) -> None:
    incident = await here.incident(service="payments")
    assert incident.place is not None
    assert "about payments is kept" in await here.command("note ask the acquirer first", incident.place.name)
    assert "Which service is it about?" in await here.command("note ask the acquirer first")
    assert "Of which service?" in await here.command("notes")


async def test_memory_alone_tells_how_it_is_used(here: Office) -> None:
    for asked in ("memory", "memory dance"):
        assert "`/inc memory search words`" in await here.command(asked)
    assert here.pings == []
