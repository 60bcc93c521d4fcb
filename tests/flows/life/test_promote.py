"""From a thread to a channel of its own: once, wherever it is interrupted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Incident, PlaceKind
from bot.domain.life import Order
from bot.domain.lifecycle import Step
from bot.flows.life.promote import Promotion
from bot.flows.life.steer import Steer
from tests.flows.life.around import Around, Chat
from tests.scene import Scene, raising, scene

CHANNEL = "inc-20261120-checkout-high-error-ratio"


class Crash(Exception):
    """The process ends here."""


@dataclass
class Fuse:
    """Counts what is done outside and on disk; blows after so many."""

    after: int = 10_000
    done: list[str] = field(default_factory=list)

    def burn(self, what: str) -> None:
        self.done.append(what)
        if len(self.done) > self.after:
            raise Crash(what)

    def on(self, port: Any) -> Any:
        return _Fused(port, self)


class _Fused:
    """A port that blows before and after each of its calls: the crash comes either way."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any, **named: Any) -> Any:
            self._fuse.burn(f"before {name}")
            answer = await getattr(self._port, name)(*given, **named)
            self._fuse.burn(f"after {name}")
            return answer

        return call


@dataclass
class Move:
    """An incident in a thread, and what is around it."""

    stage: Scene
    chat: Chat
    around: Around

    def promotion(self, fuse: Fuse | None = None) -> Promotion:
        """Of a process that has just started."""
        fuse, store, flows = fuse or Fuse(), self.stage.store, self.stage.restarted().flows
        around, chat = fuse.on(self.around), fuse.on(self.chat)
        return Promotion(
            incidents=store.incidents,
            briefings=store.briefings,
            places=fuse.on(store.places),
            effects=fuse.on(store.effects),
            timeline=fuse.on(store.timeline),
            rooms=chat,
            cards=chat,
            old_cards=chat,
            voices=around,
            surroundings=around,
            dress=flows.dress,
            show=flows.brief,
            clock=self.stage.clock,
        )

    async def incident(self, severity: Severity = Severity.SEV3, *, briefed: bool = True) -> Incident:
        incident_id = await self.stage.incident(severity=severity)
        await (self.stage.briefed(incident_id) if briefed else self.stage.open(incident_id))
        found = await self.stage.get(incident_id)
        assert found.card is not None
        self.around.writers[(found.card.channel, found.card.ts)] = {"UANA", "UBO"}
        return found

    async def regrade(self, incident: Incident, severity: Severity) -> Incident:
        steer = Steer(desk=self.stage.store.desk, clock=self.stage.clock, on_change=lambda: None)
        await steer.regrade(Order(id=f"to {severity}", incident=incident.id, person="UANA"), severity)
        return await self.stage.get(incident.id)

    async def has_moved(self, incident: Incident, old: Card) -> None:
        now = await self.stage.get(incident.id)
        assert now.place is not None
        assert now.card is not None
        assert (now.place.kind, now.place.name) == (PlaceKind.CHANNEL, CHANNEL)
        assert now.card.channel == now.place.channel
        cards = [address for address in self.chat.posted if address[0] == now.place.channel]
        assert cards == [(now.card.channel, now.card.ts)], "one card in the new channel"
        assert self.chat.posted[cards[0]][-1].briefing is not None, "with the briefing"
        assert set(self.chat.pointers) == {(old.channel, old.ts)}
        assert set(self.chat.pointers[(old.channel, old.ts)]) == {now.place.channel}
        assert self.around.people == {now.place.channel: {"UANA", "UBO"}}
        assert [name for name, owner in self.chat.channels.items() if owner == incident.id] == [CHANNEL]
        told = [event.text for event in await self.stage.store.timeline.of(incident.id)]
        assert told.count(f"Goes on in a channel: #{CHANNEL}") == 1


@pytest.fixture
async def moving(tmp_path: Path) -> AsyncIterator[Move]:
    chat = Chat()
    async with scene(tmp_path, chat=chat) as stage:
        yield Move(stage=stage, chat=chat, around=Around())


async def test_what_was_raised_goes_on_in_a_channel_with_those_who_wrote(moving: Move) -> None:
    incident = await moving.incident()
    assert incident.card is not None
    await moving.promotion().follow(await moving.regrade(incident, Severity.SEV2))
    await moving.has_moved(incident, incident.card)
    assert moving.chat.dressed, "on-call people, bookmarks"
    assert moving.chat.pinned[-1].channel == f"C-{CHANNEL}"


async def test_it_is_killed_between_each_two_steps_and_ends_the_same(moving: Move) -> None:
    incident = await moving.incident()
    assert incident.card is not None
    raised = await moving.regrade(incident, Severity.SEV1)
    kills = 0
    while kills < 200:
        try:
            await moving.promotion(Fuse(after=kills)).follow(await moving.stage.get(incident.id))
        except Crash:
            kills += 1
        else:
            break
    assert kills >= 15, "nearly each step was the last one once"
    await moving.has_moved(raised, incident.card)
    quiet = Fuse()
    await moving.promotion(quiet).follow(await moving.stage.get(incident.id))
    assert quiet.done == ["before begin", "after begin"], "nothing is left to do"


@pytest.mark.parametrize("after", range(1, 33, 6))
async def test_one_crash_at_any_point_is_healed_by_the_next_start(moving: Move, after: int) -> None:
    incident = await moving.incident()
    assert incident.card is not None
    await moving.regrade(incident, Severity.SEV1)
    with pytest.raises(Crash):
        await moving.promotion(Fuse(after=after)).follow(await moving.stage.get(incident.id))
    await moving.promotion().follow(await moving.stage.get(incident.id))
    await moving.has_moved(incident, incident.card)


async def test_following_twice_does_nothing_the_second_time(moving: Move) -> None:
    incident = await moving.incident()
    raised = await moving.regrade(incident, Severity.SEV1)
    fuse = Fuse()
    promotion = moving.promotion(fuse)
    await promotion.follow(raised)
    done = len(fuse.done)
    await promotion.follow(await moving.stage.get(incident.id))
    assert len(fuse.done) == done


async def test_what_stays_low_stays_in_its_thread(moving: Move) -> None:
    incident = await moving.incident()
    await moving.promotion().follow(incident)
    assert (await moving.stage.get(incident.id)).place == incident.place
    assert moving.chat.pointers == {}


async def test_an_order_for_what_is_low_is_kept_over_a_crash(moving: Move) -> None:
    incident = await moving.incident()
    assert incident.card is not None
    await moving.promotion().order(incident)
    await moving.promotion().follow(incident)
    await moving.has_moved(incident, incident.card)


async def test_it_waits_for_the_first_briefing(moving: Move) -> None:
    incident = await moving.incident(briefed=False)
    assert incident.card is not None
    promotion = moving.promotion()
    await promotion.follow(await moving.regrade(incident, Severity.SEV1))
    assert moving.chat.pointers == {}
    await moving.stage.flows.investigate(incident.id)
    await moving.stage.flows.brief(incident.id)
    await promotion.tick(moving.stage.clock.now())
    await moving.has_moved(incident, incident.card)


async def test_what_is_over_is_not_moved(moving: Move) -> None:
    incident = await moving.incident()
    raised = await moving.regrade(incident, Severity.SEV1)
    steer = Steer(desk=moving.stage.store.desk, clock=moving.stage.clock, on_change=lambda: None)
    await steer.move(Order(id="o", incident=raised.id, person="UANA"), Step.RESOLVE)
    await moving.promotion().follow(await moving.stage.get(raised.id))
    assert (await moving.stage.get(raised.id)).place == incident.place


async def test_where_slack_makes_no_channel_it_stays_and_is_asked_once(moving: Move) -> None:
    incident = await moving.incident()
    raised = await moving.regrade(incident, Severity.SEV1)
    moving.chat.fail = raising("open_channel", ChatError("restricted_action", is_final=True), times=10)
    fuse = Fuse()
    promotion = moving.promotion(fuse)
    await promotion.follow(raised)
    await promotion.follow(raised)
    assert fuse.done.count("before open_channel") == 1
    assert (await moving.stage.get(raised.id)).place == incident.place


async def test_a_slack_out_of_reach_is_raised_and_asked_again(moving: Move) -> None:
    incident = await moving.incident()
    assert incident.card is not None
    raised = await moving.regrade(incident, Severity.SEV1)
    moving.chat.fail = raising("point", ChatError("unreachable", is_final=False))
    promotion = moving.promotion()
    with pytest.raises(ChatError):
        await promotion.follow(raised)
    await promotion.follow(await moving.stage.get(raised.id))
    await moving.has_moved(raised, incident.card)


async def test_a_card_that_somebody_wrote_back_is_moved_again(moving: Move) -> None:
    """Whoever read the incident before it moved may write the old card's link after it did."""
    incident = await moving.incident()
    assert incident.card is not None
    promotion = moving.promotion()
    await promotion.follow(await moving.regrade(incident, Severity.SEV1))
    await moving.stage.store.places.save_card(incident.id, incident.card)
    await promotion.follow(await moving.stage.get(incident.id))
    await moving.has_moved(incident, incident.card)


@pytest.mark.parametrize("what", ["point", "invite"])
async def test_what_slack_refuses_on_the_way_keeps_nothing_else_from_being_done(moving: Move, what: str) -> None:
    incident = await moving.incident()
    refused = ChatError("message_not_found", is_final=True)
    if what == "point":
        moving.chat.fail = raising("point", refused)
    else:
        moving.around.refuses = refused
    await moving.promotion().follow(await moving.regrade(incident, Severity.SEV1))
    place = (await moving.stage.get(incident.id)).place
    assert place is not None
    assert place.kind is PlaceKind.CHANNEL
    assert moving.chat.dressed
    quiet = Fuse()
    await moving.promotion(quiet).follow(await moving.stage.get(incident.id))
    assert quiet.done == ["before begin", "after begin"], "nothing is left to do"
