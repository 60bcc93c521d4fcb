"""The part of the composition root that is about an incident's life: what people decide, and what follows from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.flows.life.following import RECENTLY, Following
from bot.flows.life.measuring import Measuring
from bot.life_decisions import Decisions
from bot.life_elsewhere import paging
from bot.life_followers import Followers
from bot.life_given import Beside, Given
from bot.slack.life_around import Desks
from bot.slack.life_desk import LifeDesk

BESIDE_THE_WATCH = timedelta(hours=2)  # an incident is followed for longer than its recovery is watched


@dataclass(frozen=True, kw_only=True)
class Living:
    desk: LifeDesk
    following: Following
    close: Callable[[], Awaitable[None]]


def living(given: Given, beside: Beside) -> Living:
    decisions = Decisions(given, beside)
    desk = _desk(decisions)
    following = Following(
        incidents=given.store.incidents,
        followers=(*Followers(decisions).all(), desk.home),
        clock=given.clock,
        recently=max(RECENTLY, given.settings.life.watch + BESIDE_THE_WATCH),
        leads=given.leads,
    )
    return Living(desk=desk, following=following, close=decisions.postmortems.close)


def _desk(decisions: Decisions) -> LifeDesk:
    given, store = decisions.given, decisions.given.store
    desks = Desks(
        steer=decisions.steering,
        roles=decisions.roles,
        updates=decisions.updates,
        follow_ups=decisions.follow_ups,
        postmortems=decisions.postmortems,
        paging=paging(given),
        stats=Measuring(
            measured=store.measured, watches=store.life.watches, drawing=decisions.drawing, charts=decisions.charts
        ),
    )
    return LifeDesk(
        api=given.api,
        desks=desks,
        incidents=store.incidents,
        timeline=store.timeline,
        effects=store.effects,
        directory=given.directory,
        members=decisions.beside.surroundings,
        requests=store.approvals,
        clock=given.clock,
        command=given.settings.slack.command,
        known_service=lambda name: found.name if (found := given.catalog.find(name)) else None,
        uploads=decisions.pictures,
    )
