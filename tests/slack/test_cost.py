"""What the model cost, for everybody to see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import SystemClock
from bot.domain.spend import Charge, Estimate, Hold, ModelCall
from memory.ledger import Ledger
from memory.settings import MemorySettings
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        yield made


async def spend(here: Office, incident_id: str, task: str, micro_dollars: int) -> None:
    now = SystemClock().now()
    ledger = Ledger(here.store.spending, MemorySettings().limits)
    call = ModelCall(task=task, model="claude-sonnet-5-5", incident_id=incident_id, service="checkout")
    hold = await ledger.reserve(call, Estimate(micro_dollars=micro_dollars), at=now)
    assert isinstance(hold, Hold)
    await ledger.settle(hold, Charge(micro_dollars=micro_dollars, input_tokens=1200), at=now)


async def test_cost_tells_of_the_incident_of_who_asks_and_of_the_day_with_the_caps(here: Office) -> None:
    incident = await here.incident()
    assert incident.place is not None
    await spend(here, incident.id, "analysis", 310_000)
    await spend(here, incident.id, "question", 20_000)
    answer = await here.command("cost", incident.place.name)
    assert "This incident: $0.33 of $5.00 (7 %), 2 calls, 2,400 tokens" in answer
    assert "$0.33 of $50.00" in answer
    assert "analysis $0.31, question $0.02" in answer


async def test_elsewhere_it_tells_of_the_day_alone(here: Office) -> None:
    answer = await here.command("cost")
    assert "This incident" not in answer
    assert "$0.00 of $50.00 (0 %)" in answer
