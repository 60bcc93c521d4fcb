"""Calls of actions, bounded in time: an action that hangs or breaks must not take the run with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.domain.action import ActionRefused, ActionResult, Ending, Plan, Refusal, Risk

T = TypeVar("T")
LOOKING = 30.0  # seconds for a plan or a preview
LEEWAY = 5.0  # seconds beyond an action's own timeout, for it to end by itself
STUBBORN = 10.0  # seconds after it was told to end, for it to kill what it started and say how it ended


async def looked(work: Coroutine[Any, Any, T], what: str, seconds: float = LOOKING) -> T:
    """For what only looks. Raises ActionRefused also where it was too slow or broke."""
    task = asyncio.create_task(work)
    if not await _is_done(task, seconds):
        await _end(task)
        raise ActionRefused(Refusal.UNREACHABLE, f"{what} took longer than {seconds:g} s.")
    if task.cancelled():
        raise ActionRefused(Refusal.UNREACHABLE, f"{what} was given up.")
    error = task.exception()
    if error is None:
        return task.result()
    raise _refusal(error, what)


async def ran(work: Coroutine[Any, Any, ActionResult], plan: Plan) -> ActionResult:
    """For what is carried out: how it ended. Raises ActionRefused where nothing was done."""
    task = asyncio.create_task(work)
    if not await _is_done(task, plan.call.timeout + LEEWAY):
        await _end(task)
    if not task.done() or task.cancelled():
        return _unsaid(plan, f"It did not end within {plan.call.timeout:g} s and was given up.")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, ActionRefused) or not isinstance(error, Exception):
        raise error
    return _unsaid(plan, f"The action itself broke ({type(error).__name__}).", Ending.FAILED)


async def _is_done(task: asyncio.Task[Any], seconds: float) -> bool:
    """Cancelled itself, it gives the work time to end as well: nothing that was begun is left running."""
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        await _end(task)
        raise
    return task.done()


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=STUBBORN)


def _unsaid(plan: Plan, sentence: str, of_reads: Ending = Ending.TIMED_OUT) -> ActionResult:
    """Of what only looks nothing can be left half done."""
    return ActionResult(ending=of_reads if plan.risk is Risk.READ else Ending.UNKNOWN, summary=sentence)


def _refusal(error: BaseException, what: str) -> BaseException:
    if isinstance(error, ActionRefused) or not isinstance(error, Exception):
        return error
    return ActionRefused(Refusal.UNREACHABLE, f"{what} broke ({type(error).__name__}); the log has more.")
