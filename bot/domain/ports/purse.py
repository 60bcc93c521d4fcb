"""What the flows need in order to spend: permission before a call, the bill after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.model import ModelRequest, ModelTask, Spent
from bot.domain.spend import Charge, Estimate, Hold, ModelCall, Notice, Refusal


class Purse(Protocol):
    """Shared by all processes. Raises NotStored."""

    async def reserve_within(
        self,
        call: ModelCall,
        estimate: Estimate,
        *,
        patience: timedelta,
        now: Callable[[], datetime],
        is_stopped: bool = False,
    ) -> Hold | Refusal: ...

    async def settle(self, hold: Hold, charge: Charge, *, at: datetime) -> Sequence[Notice]: ...

    async def release(self, hold: Hold, *, at: datetime) -> None: ...

    async def hit(self, call: ModelCall, *, at: datetime) -> None: ...


class Tariff(Protocol):
    """What a call costs, before it is made and after."""

    def model_for(self, task: ModelTask) -> str: ...

    def most(self, request: ModelRequest) -> Estimate:
        """No call of it costs more, but for a second try of a typed answer."""
        ...

    def charge(self, spent: Spent) -> Charge: ...
