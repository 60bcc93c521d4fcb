"""The topic follows how an incident stands and who leads it, and is set only where it is another one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Holding, Order, Role
from bot.domain.lifecycle import Step
from bot.flows.life.steer import Steer
from bot.flows.life.surroundings import Topic
from tests.flows.life.around import Around, Chat
from tests.scene import Scene, scene

START = "SEV1 | Investigating | checkout | started 12:00 UTC | INC-2026-0001"


@dataclass
class Sign:
    stage: Scene
    around: Around = field(default_factory=Around)

    def topic(self) -> Topic:
        """Of a process that has just started."""
        store = self.stage.store
        return Topic(surroundings=self.around, roles=store.life.roles, names=self.around, effects=store.effects)

    async def incident(self, severity: Severity = Severity.SEV1) -> Incident:
        incident_id = await self.stage.incident(severity=severity)
        await self.stage.briefed(incident_id)
        return await self.stage.get(incident_id)

    async def holds(self, role: Role, person: str) -> None:
        held = Holding(incident="INC-2026-0001", role=role, person=person, since=self.stage.clock.now())
        if not await self.stage.store.life.roles.add(held):
            kept = await self.stage.store.life.roles.get(held.id)
            assert kept is not None
            await self.stage.store.life.roles.put(Holding(**{**vars(held), "version": kept.version}))

    @property
    def topics(self) -> list[str]:
        return [topic for _, topic in self.around.topics]


@pytest.fixture
async def sign(tmp_path: Path) -> AsyncIterator[Sign]:
    async with scene(tmp_path, chat=Chat()) as stage:
        yield Sign(stage=stage)


async def test_it_is_set_once_for_each_state(sign: Sign) -> None:
    incident, topic = await sign.incident(), sign.topic()
    await topic.follow(incident)
    await topic.follow(incident)
    assert sign.topics == [START]
    await sign.topic().follow(incident)
    assert sign.topics == [START], "nor after a restart"
    await sign.holds(Role.LEAD, "UANA")
    await sign.holds(Role.COMMUNICATIONS, "UBO")
    await topic.follow(incident)
    assert sign.topics[-1] == (
        "SEV1 | Investigating | checkout | Lead @ana | Comms @bo | started 12:00 UTC | INC-2026-0001"
    )
    await sign.holds(Role.LEAD, "")
    await topic.follow(incident)
    assert sign.topics[-1] == "SEV1 | Investigating | checkout | Comms @bo | started 12:00 UTC | INC-2026-0001"


async def test_a_new_title_and_the_end_are_shown(sign: Sign) -> None:
    incident, topic = await sign.incident(), sign.topic()
    steer = Steer(desk=sign.stage.store.desk, clock=sign.stage.clock, on_change=lambda: None)
    await steer.rename(Order(id="1", incident=incident.id, person="UANA"), "Payments <are> slow")
    await steer.move(Order(id="2", incident=incident.id, person="UANA"), Step.RESOLVE)
    await topic.follow(await sign.stage.get(incident.id))
    assert sign.topics == ["SEV1 | Resolved | checkout | started 12:00 UTC | INC-2026-0001 | Payments are slow"]


async def test_what_was_set_before_a_crash_is_set_again_and_the_same(sign: Sign) -> None:
    incident = await sign.incident()
    await sign.stage.store.effects.begin(f"topic:{incident.id}:{incident.place.channel if incident.place else ''}")
    await sign.topic().follow(incident)
    assert sign.topics == [START]


async def test_a_thread_has_no_topic(sign: Sign) -> None:
    await sign.topic().follow(await sign.incident(Severity.SEV4))
    assert sign.topics == []


async def test_a_channel_that_takes_no_topic_is_left_alone(sign: Sign) -> None:
    incident, topic = await sign.incident(), sign.topic()
    sign.around.refuses = ChatError("is_archived", is_final=True)
    await topic.follow(incident)
    await topic.follow(incident)
    assert sign.around.calls == 1


async def test_a_slack_out_of_reach_is_raised_and_asked_again(sign: Sign) -> None:
    incident, topic = await sign.incident(), sign.topic()
    sign.around.refuses = ChatError("unreachable", is_final=False)
    with pytest.raises(ChatError):
        await topic.follow(incident)
    sign.around.refuses = None
    await topic.follow(incident)
    assert sign.topics == [START]


async def test_where_the_topic_is_kept_the_dressing_leaves_it_to_that(sign: Sign) -> None:
    incident = await sign.incident()
    sign.stage.flows.dress._topic = sign.topic()
    assert await sign.stage.flows.dress(incident.id) == ()
    chat = sign.stage.chat
    assert [dressing.topic for _, dressing in chat.dressed] == [""]
    assert sign.topics == [START]
