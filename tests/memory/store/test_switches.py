"""The kill switch: what is engaged is seen by everybody, survives a restart, and is not written over."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.audit import AuditKind
from bot.domain.errors import NotStored
from bot.domain.kill_switch import Cause, Scope, Stopped, Switch
from memory.store import Store
from tests.memory.store.acting_samples import INCIDENT, note
from tests.memory.store.samples import MINUTE, NOON

ALL = Switch(stopped=Stopped.ALL, scope=Scope.GLOBAL, who="U1", why="fire drill\x00", at=NOON)
HERE = Switch(
    stopped=Stopped.ACTIONS, scope=Scope.INCIDENT, name="inc-2026-0042 ", who="", why="2 changes did not help",
    at=NOON + MINUTE, cause=Cause.VERIFIES_FAILED,
)  # fmt: skip
SHOP = Switch(stopped=Stopped.AI, scope=Scope.SERVICE, name="Checkout", who="U2", why="", at=NOON)
STOPPED = note("global", AuditKind.STOPPED)


async def kinds(store: Store) -> list[str]:
    return await store.audit.through(lambda entries: [entry.kind for entry in entries])


async def test_switches_are_kept_whole_over_a_restart(store: Store, database_url: str) -> None:
    assert await store.switches.all() == ()
    assert await store.switches.put([ALL, HERE, SHOP], [], [STOPPED])
    again = await Store.open(database_url)
    assert await again.switches.all() == (ALL, HERE, SHOP)
    assert await again.switches.put([SHOP], [SHOP, ALL, HERE], [note("global", AuditKind.RESUMED)])
    await again.close()
    assert await store.switches.all() == (SHOP,)
    assert await kinds(store) == ["stopped", "resumed"]


async def test_who_has_not_seen_what_is_engaged_changes_nothing(store: Store) -> None:
    await store.switches.put([ALL], [], [])
    for before in ([], [HERE], [ALL, HERE], [ALL, ALL], [replace(ALL, why="another")]):
        assert not await store.switches.put([], before, [note("global", AuditKind.RESUMED)])
    assert await store.switches.all() == (ALL,)
    assert await kinds(store) == []


async def test_of_many_that_engage_at_once_none_is_lost(store: Store, database_url: str) -> None:
    neighbour = await Store.open(database_url)

    async def engage(one: Store, switch: Switch) -> None:
        while True:
            before = await one.switches.all()
            if await one.switches.put([*before, switch], before, [STOPPED]):
                return

    wanted = [replace(SHOP, name=f"service-{number}") for number in range(12)]
    await asyncio.gather(*(engage((store, neighbour)[number % 2], one) for number, one in enumerate(wanted)))
    assert set(await store.switches.all()) == set(wanted)
    assert len(await kinds(store)) == len(wanted)
    await neighbour.close()


async def test_a_switch_is_not_changed_where_that_cannot_be_audited(store: Store) -> None:
    await store.switches.put([ALL], [], [])
    with pytest.raises(NotStored):
        await store.switches.put([], [ALL], [note(details={"x": float("inf")})])
    assert await store.switches.all() == (ALL,)


async def test_a_forgotten_incident_has_no_switch(store: Store) -> None:
    await store.switches.put([ALL, HERE, SHOP], [], [])
    await store.forget(INCIDENT)
    assert await store.switches.all() == (ALL, SHOP)
