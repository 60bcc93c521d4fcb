"""`wait`, which lets time pass, and `manual`, which a person does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.domain.action import Action, ActionCall, ActionRefused, ActionResult, Ending, Plan, Refusal, Value
from integrations.descriptor import ActionTools, Integration
from integrations.drafted import Draft, DraftedAction, schema
from integrations.programs.argument import bad

LONGEST = 3600.0  # seconds; a longer wait is a watch, not a step of a runbook
LONGEST_WORK = 86_400.0  # seconds that a person may be given
_LEEWAY = 1.0  # seconds of its time-out that a wait leaves over
_INSTRUCTIONS = 3000  # characters: Slack's section takes no more


@dataclass(frozen=True, kw_only=True)
class WaitingSettings:
    """There is nothing to set."""


class Wait(DraftedAction[float]):
    name = "wait"
    longest = LONGEST + 60.0

    def __init__(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._pause = pause

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(("seconds",), seconds={"type": "number", "minimum": 1, "maximum": LONGEST})

    async def _draft(self, call: ActionCall) -> Draft[float]:
        asked = call.parameters["seconds"]
        assert isinstance(asked, int | float)
        if asked + _LEEWAY > call.timeout:
            detail = f"{asked:g} do not fit into the step's timeout of {call.timeout:g} s: give it a longer one."
            raise bad("seconds", detail)
        return Draft(target="nothing", lines=(f"wait for {asked:g} seconds",), work=float(asked))

    async def _do(self, work: float, call: ActionCall, key: str) -> ActionResult:
        await self._pause(work)
        return ActionResult(ending=Ending.SUCCEEDED, summary=f"{work:g} seconds have passed.", values={"seconds": work})


class Manual(DraftedAction[None]):
    """Planned like any other, and never run: whoever carries out runbooks asks a person and waits for the report.

    It is a READ, since the bot itself does nothing at all; what the person does is the person's own decision.
    """

    name = "manual"
    longest = LONGEST_WORK

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(("instructions",), instructions={"type": "string", "minLength": 1, "maxLength": _INSTRUCTIONS})

    async def _draft(self, call: ActionCall) -> Draft[None]:
        told = str(call.parameters["instructions"])
        if not told.strip():
            raise bad("instructions", "they say nothing.")
        return Draft(target="whatever the person who does it works on", lines=tuple(told.split("\n")), work=None)

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        raise ActionRefused(Refusal.NOT_ALLOWED, "Only a person can do this: it waits for somebody's report.")


def _actions(settings: WaitingSettings, tools: ActionTools) -> tuple[Action, ...]:
    return (Wait(), Manual())


INTEGRATION = Integration(name="waiting", title="Waiting and people's work", settings=WaitingSettings, actions=_actions)
