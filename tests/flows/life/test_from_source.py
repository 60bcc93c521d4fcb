"""The source says that it is over: the incident is, or a person is asked, once for each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.alert import AlertStatus
from bot.domain.errors import ChatError
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Holding, Order, Role
from bot.domain.life.presses import KEEP_OPEN, RESOLVE
from bot.domain.lifecycle import Step
from bot.flows.life.from_source import AskWhetherOver
from bot.flows.life.steer import Steer
from bot.flows.triage import Triage
from bot.testing import NOON, make_alert
from tests.flows.life.around import Chat, Told
from tests.scene import Scene, scene

MINUTE = timedelta(minutes=1)


@dataclass
class Source:
    stage: Scene
    told: Told = field(default_factory=Told)
    deliveries: int = 0

    def asks(self) -> AskWhetherOver:
        """Of a process that has just started."""
        return AskWhetherOver(telling=self.told, roles=self.stage.store.life.roles, effects=self.stage.store.effects)

    async def says(
        self, status: AlertStatus, on_recovery: IncidentStatus, *, began: timedelta = timedelta()
    ) -> Incident:
        self.deliveries += 1
        self.stage.clock.go_on(MINUTE)
        await self.stage.deliver(str(self.deliveries), make_alert(status=status, started_at=NOON + began))
        await Triage(self.stage.store.desk, clock=self.stage.clock, on_recovery=on_recovery).run_once()
        return await self.stage.get("INC-2026-0001")

    async def opened(self) -> None:
        await self.says(AlertStatus.FIRING, IncidentStatus.MONITORING)
        await self.stage.briefed("INC-2026-0001")

    async def move(self, step: Step) -> None:
        order = Order(id=f"{step}/{self.deliveries}", incident="INC-2026-0001", person="UANA")
        await Steer(desk=self.stage.store.desk, clock=self.stage.clock, on_change=lambda: None).move(order, step)


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Source]:
    async with scene(tmp_path, chat=Chat()) as stage:
        yield Source(stage=stage)


async def test_it_is_resolved_where_that_is_set(source: Source) -> None:
    await source.opened()
    over = await source.says(AlertStatus.RESOLVED, IncidentStatus.RESOLVED)
    assert (over.status, over.resolved_at) == (IncidentStatus.RESOLVED, source.stage.clock.now())
    await source.asks().follow(over)
    assert source.told.sent == {}


async def test_else_it_is_watched_and_the_place_is_asked_once(source: Source) -> None:
    await source.opened()
    quiet = await source.says(AlertStatus.RESOLVED, IncidentStatus.MONITORING)
    assert (quiet.status, quiet.resolved_at) == (IncidentStatus.MONITORING, None)
    texts = [event.text for event in await source.stage.store.timeline.of(quiet.id)]
    assert "Monitoring: no alert fires any more" in texts
    for asks in (source.asks(), source.asks()):
        await asks.follow(quiet)
        await asks.follow(quiet)
    ((to, text, choices),) = source.told.sent.values()
    assert quiet.place is not None
    assert (to, text) == (quiet.place.channel, "No alert of INC-2026-0001 fires any more. Is it over?")
    assert [(choice.action, choice.value) for choice in choices] == [(RESOLVE, quiet.id), (KEEP_OPEN, quiet.id)]


async def test_the_lead_is_asked_where_there_is_one(source: Source) -> None:
    await source.opened()
    held = Holding(incident="INC-2026-0001", role=Role.LEAD, person="UANA", since=NOON)
    await source.stage.store.life.roles.add(held)
    await source.asks().follow(await source.says(AlertStatus.RESOLVED, IncidentStatus.MONITORING))
    assert [to for to, _, _ in source.told.sent.values()] == ["UANA"]


async def test_each_recovery_is_asked_about_anew(source: Source) -> None:
    await source.opened()
    asks = source.asks()
    await asks.follow(await source.says(AlertStatus.RESOLVED, IncidentStatus.MONITORING))
    again = await source.says(AlertStatus.FIRING, IncidentStatus.MONITORING, began=MINUTE)
    await asks.follow(again)
    assert len(source.told.sent) == 1, "it fires again: nothing to ask"
    await asks.follow(await source.says(AlertStatus.RESOLVED, IncidentStatus.MONITORING, began=MINUTE))
    assert len(source.told.sent) == 2


async def test_what_a_person_keeps_open_is_not_asked_about_again(source: Source) -> None:
    await source.opened()
    asks = source.asks()
    await asks.follow(await source.says(AlertStatus.RESOLVED, IncidentStatus.MONITORING))
    await source.move(Step.INVESTIGATE)
    await source.move(Step.MITIGATE)
    await asks.follow(await source.stage.get("INC-2026-0001"))
    assert len(source.told.sent) == 1


async def test_what_a_person_resolved_while_it_fires_is_opened_by_a_new_episode_alone(source: Source) -> None:
    await source.opened()
    await source.move(Step.RESOLVE)
    for began in (timedelta(), -MINUTE):  # said again, and late news of an earlier episode
        known = await source.says(AlertStatus.FIRING, IncidentStatus.RESOLVED, began=began)
        assert known.status is IncidentStatus.RESOLVED
    again = await source.says(AlertStatus.FIRING, IncidentStatus.RESOLVED, began=MINUTE)
    assert again.status is IncidentStatus.INVESTIGATING


async def test_where_slack_takes_no_question_it_is_not_tried_for_ever(source: Source) -> None:
    await source.opened()
    quiet = await source.says(AlertStatus.RESOLVED, IncidentStatus.MONITORING)
    source.told.refuses = ChatError("unreachable", is_final=False)
    with pytest.raises(ChatError):
        await source.asks().follow(quiet)
    source.told.refuses = ChatError("is_archived", is_final=True)
    await source.asks().follow(quiet)
    source.told.refuses = None
    await source.asks().follow(quiet)
    assert source.told.sent == {}
