"""A SEV1 that Slack does not take is told where the page came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Incident
from bot.domain.ports.life import Reported
from bot.flows.life.unheard import Unheard
from tests.scene import Scene

AFTER = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


class Twin:
    """The incident's twin in the tool that paged."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []
        self.is_away = False

    def concerns(self, incident: Incident) -> Sequence[str]:
        return (f"P-{incident.id}",)

    async def note(self, id: str, text: str, *, key: str) -> None:
        if self.is_away:
            raise FirstResponderError("it does not answer")
        self.notes.append((id, text))

    async def acknowledge(self, id: str) -> None:
        raise AssertionError("not asked for")

    async def resolve(self, id: str) -> None:
        raise AssertionError("not asked for")

    async def look(self, id: str) -> Reported | None:
        return None


def unheard(stage: Scene, twin: Twin) -> Unheard:
    store = stage.store
    return Unheard(incidents=store.incidents, agenda=store.agenda, elsewhere=twin, effects=store.effects, after=AFTER)


async def test_a_sev1_without_a_card_is_told_once_after_the_time(stage: Scene) -> None:
    one = await stage.incident(severity=Severity.SEV1)
    twin = Twin()
    looks = unheard(stage, twin)
    for minutes in (0, 4):
        await looks.tick(stage.clock.now() + minutes * MINUTE)
    assert twin.notes == []
    for minutes in (5, 6, 60):
        await looks.tick(stage.clock.now() + minutes * MINUTE)
    assert [id for id, _ in twin.notes] == [f"P-{one}"]
    assert one in twin.notes[0][1]


async def test_a_lesser_one_or_one_with_a_card_is_not(stage: Scene) -> None:
    await stage.incident(severity=Severity.SEV2, service="checkout")
    two = await stage.incident(severity=Severity.SEV1, service="payments", fingerprint="other")
    await stage.briefed(two)
    twin = Twin()
    await unheard(stage, twin).tick(stage.clock.now() + timedelta(hours=1))
    assert twin.notes == []


async def test_a_card_that_stays_behind_is_told_too(stage: Scene) -> None:
    one = await stage.incident(severity=Severity.SEV1)
    await stage.briefed(one)
    incident = await stage.get(one)
    await stage.join(one, incident.first_alert)
    twin = Twin()
    looks = unheard(stage, twin)
    await looks.tick(stage.clock.now())
    await looks.tick(stage.clock.now() + AFTER)
    assert [id for id, _ in twin.notes] == [f"P-{one}"]


async def test_where_the_tool_is_away_too_it_is_tried_again(stage: Scene) -> None:
    await stage.incident(severity=Severity.SEV1)
    twin = Twin()
    twin.is_away = True
    looks = unheard(stage, twin)
    with pytest.raises(FirstResponderError):
        await looks.tick(stage.clock.now() + AFTER)
    twin.is_away = False
    await looks.tick(stage.clock.now() + AFTER)
    assert len(twin.notes) == 1
