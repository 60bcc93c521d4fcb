"""What actions over a network have in common: parameters checked against their schema, a plan, one bounded run.

An action says what it would do as a `Draft`, after looking; the same draft is made again right before it is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Plan,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.plaintext import visible
from bot.domain.runbook import conform
from bot.domain.runbook.conform import Misfit
from integrations.programs.argument import bad, seconds, shown
from integrations.programs.output import Capture
from integrations.programs.result import refuse_other

W = TypeVar("W")

OUTPUT_LIMIT = 16 * 1024  # bytes kept of an output: as much as a thread shows
VALUE_LIMIT = 4096  # characters of a text that later steps may use
NOTHING = BlastRadius(count=0, unit="things")
_LEFT_OVER = ("{{", "{%", "{#")
_NESTED = 8  # levels of a parameter

# Where a failure says for sure that nothing was done: it was turned away at the door.
TURNED_AWAY = frozenset(
    {
        FailureReason.UNAUTHORISED,
        FailureReason.FORBIDDEN,
        FailureReason.RATE_LIMITED,
        FailureReason.REFUSED,
        FailureReason.NOT_ON_PLAN,
    }
)


@dataclass(frozen=True, kw_only=True)
class Draft(Generic[W]):
    """`work`: what carrying it out needs besides the call."""

    target: str
    lines: tuple[str, ...]
    work: W
    risk: Risk = Risk.READ
    reversibility: Reversibility = Reversibility.NOTHING_TO_UNDO
    radius: BlastRadius = NOTHING


class DraftedAction(Generic[W]):
    """The `Action` port, with the two methods that make one action another."""

    name: str
    risk = Risk.READ
    longest = 120.0  # seconds that a step may give it at most

    @property
    def parameters(self) -> Mapping[str, Value]:
        raise NotImplementedError

    async def _draft(self, call: ActionCall) -> Draft[W]:
        """Changes nothing. Its parameters fit the schema already. Raises ActionRefused and SourceError."""
        raise NotImplementedError

    async def _do(self, work: W, call: ActionCall, key: str) -> ActionResult:
        """Raises ActionRefused where nothing was done, SourceError where reading failed."""
        raise NotImplementedError

    async def plan(self, call: ActionCall) -> Plan:
        return _plan(call, await self._drafted(call))

    async def preview(self, plan: Plan) -> str:
        return ""

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        draft = await self._drafted(plan.call)
        refuse_other(plan, _plan(plan.call, draft))
        began = time.perf_counter()
        result = await self._bounded(draft, plan, key)
        return replace(result, seconds=round(time.perf_counter() - began, 3))

    async def _bounded(self, draft: Draft[W], plan: Plan, key: str) -> ActionResult:
        try:
            async with asyncio.timeout(plan.call.timeout):
                return await self._do(draft.work, plan.call, key)
        except TimeoutError:
            sentence = f"{self.name} was not done after {plan.call.timeout:g} s."
            return ended(draft.risk, sentence, Ending.TIMED_OUT)
        except asyncio.CancelledError:
            return ended(draft.risk, f"{self.name} was stopped before it ended.", Ending.FAILED)
        except SourceError as error:
            is_late = error.reason is FailureReason.TOO_SLOW
            return ended(draft.risk, error.detail, Ending.TIMED_OUT if is_late else Ending.FAILED, error)

    async def _drafted(self, call: ActionCall) -> Draft[W]:
        self._check(call)
        try:
            return await self._draft(call)
        except SourceError as error:
            raise ActionRefused(Refusal.UNREACHABLE, error.detail) from None

    def _check(self, call: ActionCall) -> None:
        if call.action != self.name:
            raise ActionRefused(Refusal.UNKNOWN_ACTION, f"{shown(call.action)} is not {self.name}.")
        seconds(call.timeout, self.longest)
        for name, value in call.parameters.items():
            for text in _texts(value, name):
                _check_text(text, name)
        try:
            conform.check(call.parameters, self.parameters)
        except Misfit as misfit:
            place = misfit.place or misfit.sentence.split(" ")[0]
            raise bad(place if place.isprintable() else ascii(place), f"{misfit.sentence}.") from None


def ended(risk: Risk, sentence: str, of_reads: Ending, error: SourceError | None = None) -> ActionResult:
    """What changes something and was broken off may have happened, unless it was turned away."""
    is_certain = risk is Risk.READ or (error is not None and error.reason in TURNED_AWAY)
    return ActionResult(ending=of_reads if is_certain else Ending.UNKNOWN, summary=sentence)


def unknown(sentence: str, **values: Value) -> ActionResult:
    return ActionResult(ending=Ending.UNKNOWN, summary=sentence, values=values)


def failed(sentence: str, **values: Value) -> ActionResult:
    return ActionResult(ending=Ending.FAILED, summary=sentence, values=values)


def cut(text: str, limit: int = OUTPUT_LIMIT) -> tuple[str, bool]:
    """An output, without secrets and what cannot be seen; whether it was cut."""
    kept = Capture(limit)
    kept.add(text.encode("utf-8", "replace"))
    return kept.text(), kept.is_cut


def schema(required: tuple[str, ...], **properties: Value) -> Mapping[str, Value]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def _plan(call: ActionCall, draft: Draft[W]) -> Plan:
    return Plan(
        call=call,
        risk=draft.risk,
        reversibility=draft.reversibility,
        radius=draft.radius,
        target=draft.target,
        lines=draft.lines,
    )


def _check_text(text: str, name: str) -> None:
    """What is approved must be what is seen: nothing in it may be invisible."""
    seen = text.replace("\t", "    ").replace("\r\n", "\n")
    if visible(seen) != seen:
        hidden = next((char for char in seen if char != "\n" and visible(char) != char), seen[:1])
        raise bad(name, f"it holds {shown(hidden)}, which cannot be seen: take it out.")
    if any(sign in text for sign in _LEFT_OVER):
        raise bad(name, "a template is left in it: what stands between the braces was not filled in.")


def _texts(value: Value, name: str, level: int = 0) -> Iterator[str]:
    """All texts in a parameter, names too."""
    if level > _NESTED:
        raise bad(name, f"it is nested deeper than {_NESTED} levels.")
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item, name, level + 1)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _texts(item, name, level + 1)
