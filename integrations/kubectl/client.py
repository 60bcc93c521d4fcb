"""Runs kubectl with everything said that it would otherwise look for."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.action import ActionRefused, Isolation, Plan, Refusal
from integrations.kubectl.kubeconfig import Context, read_context
from integrations.kubectl.parameters import Place
from integrations.kubectl.settings import KubectlSettings
from integrations.programs.launch import GIB, MIB, Launch, Limits, Outcome, Stop
from integrations.programs.program import Program, inspect, locate
from integrations.programs.programs import ProgramRunner

CONFIG = "kubeconfig"  # in its temporary folder
REQUEST = 20  # seconds for each answer of the cluster
LOOKING = 30.0  # seconds for what is looked up to make a plan
_ANSWER = 16 * MIB  # bytes of JSON; a thousand pods have some five million
_ADDRESS_SPACE = 8 * GIB  # Go reserves it and uses little
_NOT_FOUND = re.compile(r"\(NotFound\)|not found", re.IGNORECASE)
_FORBIDDEN = re.compile(r"\(Forbidden\)|\(Unauthorized\)|must be logged in", re.IGNORECASE)


class Kubectl:
    def __init__(self, settings: KubectlSettings, programs: ProgramRunner) -> None:
        self._settings = settings
        self._programs = programs

    async def program(self) -> Program:
        return await asyncio.to_thread(lambda: inspect(locate(self._settings.program)))

    async def context(self, place: Place) -> Context:
        assert self._settings.kubeconfig is not None
        return await asyncio.to_thread(read_context, self._settings.kubeconfig, place.context)

    async def isolation(self) -> Isolation:
        return await self._programs.isolation()

    def argv(self, program: Program, place: Place, arguments: Sequence[str]) -> tuple[str, ...]:
        """Its flags first: what stands behind "--" cannot add any."""
        return (
            program.path,
            f"--kubeconfig={CONFIG}",
            f"--context={place.context}",
            f"--namespace={place.namespace}",
            f"--request-timeout={REQUEST}s",
            *arguments,
        )

    async def objects(self, place: Place, arguments: Sequence[str], parameter: str = "name") -> Mapping[str, Any]:
        """What `get` answers, in JSON. Raises ActionRefused, naming `parameter` where there is no such object."""
        program, context = await self.program(), await self.context(place)
        argv = self.argv(program, place, ("get", "--output=json", *arguments))
        outcome = await self._run(argv, context, LOOKING, _ANSWER, await self.isolation())
        if outcome.stop is Stop.CANCELLED:
            raise asyncio.CancelledError
        if outcome.stop is not Stop.EXITED or outcome.code != 0 or not outcome.raw:
            raise refused(outcome, parameter)
        try:
            found: Mapping[str, Any] = json.loads(outcome.raw)
        except ValueError:
            raise ActionRefused(Refusal.UNREACHABLE, "kubectl answered something else than JSON.") from None
        return found

    async def run(self, plan: Plan, place: Place, seconds: float, kept: int) -> Outcome:
        return await self._run(plan.argv, await self.context(place), seconds, kept, plan.isolation)

    async def dry_run(self, plan: Plan, place: Place) -> str:
        """The same command, as the cluster would take it; what it says. Raises ActionRefused where it would not."""
        argv = list(plan.argv)
        argv.insert(argv.index("--"), "--dry-run=server")
        context = await self.context(place)
        outcome = await self._run(tuple(argv), context, LOOKING, 64 * 1024, plan.isolation)
        if outcome.stop is Stop.CANCELLED:
            raise asyncio.CancelledError
        if outcome.stop is not Stop.EXITED or outcome.code != 0:
            raise refused(outcome, "")
        return outcome.stdout

    async def _run(
        self, argv: tuple[str, ...], context: Context, seconds: float, kept: int, isolation: Isolation
    ) -> Outcome:
        launch = Launch(
            argv=argv,
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            contents={CONFIG: context.content},
            has_network=True,
            limits=Limits(seconds=seconds, memory=_ADDRESS_SPACE, output=kept, processes=128),
        )
        return await self._programs.run(launch, isolation)


def refused(outcome: Outcome, parameter: str) -> ActionRefused:
    said = outcome.stderr.strip().splitlines()[-1:] or [outcome.stop.value]
    detail = f"kubectl: {said[0][:300]}"
    if _FORBIDDEN.search(outcome.stderr):
        return ActionRefused(Refusal.NOT_ALLOWED, detail)
    if _NOT_FOUND.search(outcome.stderr):
        return ActionRefused(Refusal.BAD_PARAMETER, detail, parameter=parameter)
    return ActionRefused(Refusal.UNREACHABLE, detail)
