"""What people decide about an incident is kept once, told, and shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Order
from bot.domain.lifecycle import MoveReason, Step
from bot.flows.life.steer import Steer
from tests.scene import Scene


class Wheel:
    def __init__(self, stage: Scene) -> None:
        self.changes = 0
        self.stage = stage
        self.steer = Steer(desk=stage.store.desk, clock=stage.clock, on_change=self._changed)

    def _changed(self) -> None:
        self.changes += 1

    async def get(self, incident_id: str) -> Incident:
        found = await self.stage.store.incidents.get(incident_id)
        assert found is not None
        return found

    async def told(self, incident_id: str) -> list[tuple[str, str]]:
        events = await self.stage.store.timeline.of(incident_id)
        return [(event.actor, event.text) for event in events if event.actor == "UANA"]


@pytest.fixture
def wheel(stage: Scene) -> Wheel:
    return Wheel(stage)


def order(incident: str, id: str = "Ev1", word: str = "") -> Order:
    return Order(id=id, incident=incident, person="UANA", word=word)


async def test_a_person_resolves_an_incident_with_a_word(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident()
    made = await wheel.steer.move(order(incident_id, word="rolled back v2.31"), Step.RESOLVE)
    assert made.reason is MoveReason.MOVED
    assert made.sentence.startswith(f"{incident_id} is resolved now. 1 alert still fires")
    kept = await wheel.get(incident_id)
    assert (kept.status, kept.resolved_at) == (IncidentStatus.RESOLVED, wheel.stage.clock.now())
    assert ("UANA", "Resolved: rolled back v2.31") in await wheel.told(incident_id)
    assert await wheel.stage.store.incidents.list_open() == []
    assert wheel.changes == 1


async def test_when_it_was_taken_on_identified_and_mitigated_is_kept(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident()
    moments = []
    for number, step in enumerate((Step.INVESTIGATE, Step.IDENTIFY, Step.MITIGATE, Step.RESOLVE)):
        wheel.stage.clock.go_on(timedelta(minutes=1))
        moments.append(wheel.stage.clock.now())
        await wheel.steer.move(order(incident_id, f"Ev{number}"), step)
    kept = await wheel.get(incident_id)
    times = [kept.acknowledged_at, kept.identified_at, kept.mitigated_at, kept.resolved_at]
    assert times == moments


async def test_a_cancelled_incident_is_not_open(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident()
    await wheel.steer.move(order(incident_id, word="a test"), Step.CANCEL)
    assert (await wheel.get(incident_id)).status is IncidentStatus.CANCELLED
    assert await wheel.stage.store.incidents.list_open() == []


async def test_the_same_word_twice_does_nothing_the_second_time(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident()
    await wheel.steer.move(order(incident_id, "Ev1"), Step.RESOLVE)
    await wheel.steer.move(order(incident_id, "Ev2"), Step.REOPEN)
    again = await wheel.steer.move(order(incident_id, "Ev1"), Step.RESOLVE)
    assert (await wheel.get(incident_id)).status is IncidentStatus.INVESTIGATING
    assert (again.reason, again.sentence) == (MoveReason.REPEATED, f"{incident_id} is investigating.")
    assert [text for _, text in await wheel.told(incident_id)] == ["Resolved", "Opened again"]


async def test_a_refused_step_leaves_no_trace(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident()
    before = await wheel.get(incident_id)
    made = await wheel.steer.move(order(incident_id), Step.REOPEN)
    assert made.reason is MoveReason.NOT_OVER
    assert await wheel.get(incident_id) == before
    assert await wheel.told(incident_id) == []


async def test_the_severity_a_person_set_is_kept_and_told(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident(severity=Severity.SEV2)
    made = await wheel.steer.regrade(order(incident_id, word="all regions"), Severity.SEV1)
    assert made.sentence == f"{incident_id} was raised from SEV2 to SEV1."
    assert (await wheel.get(incident_id)).severity is Severity.SEV1
    assert await wheel.told(incident_id) == [("UANA", "Severity set to SEV1: all regions")]


async def test_a_secret_in_a_word_is_not_kept(wheel: Wheel) -> None:
    incident_id = await wheel.stage.incident()
    secret = "hunter" * 4
    await wheel.steer.move(order(incident_id, word=f"set DB_PASSWORD={secret} again"), Step.MITIGATE)
    assert secret not in str(await wheel.told(incident_id))


async def test_an_incident_that_is_not_there_is_said(wheel: Wheel) -> None:
    with pytest.raises(FirstResponderError, match="INC-2026-9999 is not in the store"):
        await wheel.steer.move(order("INC-2026-9999"), Step.RESOLVE)
    assert wheel.changes == 0
