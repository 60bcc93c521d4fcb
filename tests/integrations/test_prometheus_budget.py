"""Who is asked first, and who goes without, when Prometheus may be asked only so often."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from integrations.prometheus.budget import Budget, Rank


async def granted(budget: Budget, ranks: Sequence[Rank]) -> list[Rank]:
    """In the order in which they were asked; all wait before the first slot is free."""
    order: list[Rank] = []

    async def ask(rank: Rank) -> None:
        async with budget.slot(rank) as is_granted:
            if is_granted:
                order.append(rank)
                await asyncio.sleep(0)

    async with budget.slot(Rank.TRIGGER):
        jobs = [asyncio.create_task(ask(rank)) for rank in ranks]
        await asyncio.sleep(0)
    await asyncio.gather(*jobs)
    return order


async def test_what_matters_more_is_asked_first() -> None:
    ranks = [Rank.FORECAST, Rank.DEPENDANT, Rank.OWN, Rank.DEPENDENCY, Rank.TRIGGER, Rank.USUAL]
    assert await granted(Budget(most=99, at_once=1, reserved=0), ranks) == sorted(ranks)


async def test_what_matters_least_goes_short() -> None:
    ranks = [Rank.FORECAST, Rank.OWN, Rank.OWN, Rank.USUAL]
    assert await granted(Budget(most=4, at_once=1, reserved=0), ranks) == [Rank.OWN, Rank.OWN, Rank.USUAL]


async def test_neighbours_leave_something_for_what_comes_after_them() -> None:
    ranks = [Rank.DEPENDENCY] * 8 + [Rank.USUAL, Rank.FORECAST]
    found = await granted(Budget(most=6, at_once=1, reserved=2), ranks)
    assert found == [Rank.DEPENDENCY] * 3 + [Rank.USUAL, Rank.FORECAST]


async def test_no_more_are_asked_at_once_than_there_are_slots() -> None:
    budget, running, most = Budget(most=30, at_once=3), 0, 0

    async def ask() -> None:
        nonlocal running, most
        async with budget.slot(Rank.OWN):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(ask() for _ in range(20)))
    assert most == 3


async def test_a_question_that_is_given_up_gives_its_slot_back() -> None:
    budget = Budget(most=10, at_once=1)
    async with budget.slot(Rank.OWN):
        waiting = [asyncio.create_task(granted(budget, [])) for _ in range(3)]
        await asyncio.sleep(0)
        for task in waiting[:2]:
            task.cancel()
    assert await waiting[2] == []
    async with budget.slot(Rank.FORECAST) as is_granted:
        assert is_granted


async def test_a_slot_that_is_granted_to_a_question_given_up_meanwhile_is_not_lost() -> None:
    budget = Budget(most=10, at_once=1)
    held = budget.slot(Rank.OWN)
    await held.__aenter__()
    waiting = asyncio.create_task(granted(budget, []))
    await asyncio.sleep(0)
    await held.__aexit__(None, None, None)  # grants the waiting one, which has not run since
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(60), budget.slot(Rank.OWN) as is_granted:
        assert is_granted


async def test_once_closed_nothing_is_asked_and_nobody_waits() -> None:
    budget = Budget(most=10, at_once=1)
    async with budget.slot(Rank.TRIGGER):
        waiting = [asyncio.create_task(granted(budget, [])) for _ in range(3)]
        await asyncio.sleep(0)
        budget.close()
        assert await asyncio.gather(*waiting) == [[], [], []]
    async with budget.slot(Rank.TRIGGER) as is_granted:
        assert not is_granted
