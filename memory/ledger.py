"""What the model costs, and whether one more call may be made: the limits that are set, over the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from bot.domain.spend import (
    Account,
    Charge,
    CostReport,
    Estimate,
    Hold,
    Limits,
    ModelCall,
    Notice,
    Refusal,
    Scope,
    Verdict,
)
from memory.store.spending import Spending

LONGEST_PAUSE = 2.0  # seconds between two tries: what others give back may let a call go before its turn


class Ledger:
    """Every call of a model: `reserve` before it, then `settle` or `release`. All of it raises NotStored."""

    def __init__(self, spending: Spending, limits: Limits) -> None:
        self._spending = spending
        self._limits = limits

    async def reserve(
        self, call: ModelCall, estimate: Estimate, *, at: datetime, is_stopped: bool = False
    ) -> Hold | Refusal:
        """For every call, so also for each turn of a loop. A hold that is neither settled nor released expires."""
        return await self._spending.hold(call, estimate, self._limits, at=at, is_stopped=is_stopped)

    async def reserve_within(
        self,
        call: ModelCall,
        estimate: Estimate,
        *,
        patience: timedelta,
        now: Callable[[], datetime],
        is_stopped: bool = False,
    ) -> Hold | Refusal:
        """Waits for the rate as long as that; a cap is told at once."""
        ends = now() + patience
        while True:
            answer = await self.reserve(call, estimate, at=now(), is_stopped=is_stopped)
            if isinstance(answer, Hold) or answer.wait is None:
                return answer
            left = (ends - now()).total_seconds()
            if left <= 0:
                return answer
            await asyncio.sleep(min(answer.wait, left, LONGEST_PAUSE))

    async def settle(self, hold: Hold, charge: Charge, *, at: datetime) -> Sequence[Notice]:
        """Once, however often it is called. Gives what people are to be told now; nobody else is given it."""
        return await self._spending.settle(hold, charge, self._limits, at=at)

    async def release(self, hold: Hold, *, at: datetime) -> None:
        """The call was not made, or cost nothing."""
        await self._spending.release(hold, self._limits, at=at)

    async def check(self, call: ModelCall, estimate: Estimate, *, at: datetime) -> Verdict:
        """What the caps say at this moment; only `reserve` makes sure of it."""
        return await self._spending.check(call, estimate, self._limits, at=at)

    async def hit(self, call: ModelCall, *, at: datetime) -> None:
        """An answer was given again without a call."""
        await self._spending.hit(call, at=at)

    async def cost_of_incident(self, incident_id: str, *, at: datetime) -> CostReport:
        return await self._cost(Account(scope=Scope.INCIDENT, name=incident_id, day=None), at)

    async def cost_of_person(self, person: str, day: date, *, at: datetime) -> CostReport:
        return await self._cost(Account(scope=Scope.PERSON, name=person, day=day), at)

    async def cost_of_service(self, service: str, day: date, *, at: datetime) -> CostReport:
        return await self._cost(Account(scope=Scope.SERVICE, name=service, day=day), at)

    async def cost_of_day(self, day: date, *, at: datetime) -> CostReport:
        """Of everything."""
        return await self._cost(Account(scope=Scope.DAY, name="", day=day), at)

    async def _cost(self, account: Account, at: datetime) -> CostReport:
        return await self._spending.cost(account, self._limits, at=at)
