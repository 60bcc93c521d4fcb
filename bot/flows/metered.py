"""The model, with every call paid for out of what people allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from bot.domain.errors import FirstResponderError
from bot.domain.model import (
    NOTHING_SPENT,
    Ended,
    ModelError,
    ModelEvent,
    ModelRequest,
    ModelTask,
    Parsed,
    Spent,
    Started,
)
from bot.domain.ports import Clock
from bot.domain.ports.model import Model
from bot.domain.ports.purse import Purse, Tariff
from bot.domain.spend import Hold, ModelCall, Notice, Refusal, SpendDecision, Verdict

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")

PATIENCE = timedelta(seconds=20)  # for the rate limit; a cap is told at once

Tell = Callable[[ModelCall, Sequence[Notice]], Awaitable[None]]
IsStopped = Callable[[ModelCall], Awaitable[str]]


async def never_stopped(call: ModelCall) -> str:
    return ""


class NotAllowed(FirstResponderError):
    """A cap, the rate or people forbid this call. The text is for people."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.verdict.text)
        self.refusal = refusal


class MeteredModel:
    """Raises NotAllowed before a call, ModelError from it, NotStored where the books cannot be kept: then no call."""

    def __init__(
        self,
        model: Model,
        purse: Purse,
        tariff: Tariff,
        clock: Clock,
        tell: Tell,
        *,
        is_stopped: IsStopped = never_stopped,
        second_opinion: ModelTask | None = None,
    ) -> None:
        """`tell` passes on that a cap is near or reached; each notice comes once.

        `is_stopped` is asked before every call, each turn of a loop too: why people stopped the model there, in a
        sentence, or nothing where they did not. `second_opinion`: who looks at an analysis again; None: nobody.
        """
        self.second_opinion = second_opinion
        self._is_stopped = is_stopped
        self._model = model
        self._purse = purse
        self._tariff = tariff
        self._clock = clock
        self._tell = tell

    def name_for(self, task: ModelTask) -> str:
        return self._tariff.model_for(task)

    async def parse(
        self, request: ModelRequest, shape: type[T], call: ModelCall, *, patience: timedelta = PATIENCE
    ) -> Parsed[T]:
        """`patience`: how long it may wait for the rate limit."""
        hold = await self._reserve(request, call, patience)
        spent = NOTHING_SPENT
        try:
            parsed = await self._model.parse(request, shape)
            spent = parsed.spent
            return parsed
        except ModelError as error:
            spent = error.spent
            raise
        finally:
            await asyncio.shield(self._end(hold, spent))

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        hold = await self._reserve(request, call)
        spent = NOTHING_SPENT
        try:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    match event:
                        case Started() | Ended():
                            spent = event.spent
                    yield event
        except ModelError as error:
            spent = error.spent
            raise
        finally:
            await asyncio.shield(self._end(hold, spent))

    async def again(self, call: ModelCall) -> None:
        """An answer was given again without a call."""
        await self._purse.hit(call, at=self._clock.now())

    async def _reserve(self, request: ModelRequest, call: ModelCall, patience: timedelta = PATIENCE) -> Hold:
        if why := await self._is_stopped(call):
            raise NotAllowed(Refusal(verdict=Verdict(decision=SpendDecision.STOPPED, text=why)))
        answer = await self._purse.reserve_within(
            call, self._tariff.most(request), patience=patience, now=self._clock.now
        )
        if isinstance(answer, Hold):
            return answer
        if answer.notices:
            await self._tell(call, answer.notices)
        raise NotAllowed(answer)

    async def _end(self, hold: Hold, spent: Spent) -> None:
        now = self._clock.now()
        if spent == NOTHING_SPENT:
            await self._purse.release(hold, at=now)
            return
        notices = await self._purse.settle(hold, self._tariff.charge(spent), at=now)
        if notices:
            await self._tell(hold.call, notices)
