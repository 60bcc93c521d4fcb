"""A scenario while it is played: what is brought out in it, and the servers that show what follows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.github.write_routes import BOT
from sandbox.scenario.changes import DEPLOYMENT_ID_STEP, FIRST_DEPLOYMENT_ID
from sandbox.scenario.course import after
from sandbox.scenario.model import Deployment, Scenario
from sandbox.scenario.remedy import ROLLS_OVER, Rollout

STARTS_AFTER = 5.0  # seconds from the order to the first instance: longer than it takes to work out what follows
RUNS_TAKE = STARTS_AFTER + ROLLS_OVER  # seconds of a workflow that brings a version out
ENVIRONMENT = "production"
BRINGING_OUT = {"deploy.yml": "Deploy", "rollback.yml": "Going back to"}  # workflows that take a version


@dataclass(frozen=True, kw_only=True)
class Rollback:
    service: str
    repository: str  # "owner/name"
    version: str  # the one before
    present_version: str


class Playing:
    """Lives in one event loop. `clock` in unix seconds."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`tell` is told what is brought out, a sentence each."""
        self._deployments = list(scenario.deployments)  # newest first; the servers look at this very list
        self._rollouts: list[Rollout] = []
        self._shown: list[_Shown] = []
        self._clock = clock
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()
        self.scenario = replace(scenario, deployments=self._deployments)

    def shown(self, make: Callable[[Scenario], ASGIApp]) -> ASGIApp:
        """An application over what the scenario holds, made anew whenever that changes: one that keeps nothing."""
        shown = _Shown(make=make, app=make(self.scenario))
        self._shown.append(shown)
        return shown

    def rollback(self) -> Rollback | None:
        """What would end the trouble; None where no version does."""
        remedy = self.scenario.remedy
        if remedy is None:
            return None
        mine = [d for d in self._deployments if self.scenario.builds.get(d.repository) == remedy.service]
        bad = next(place for place, d in enumerate(mine) if d.ref == remedy.away_from)
        return Rollback(
            service=remedy.service,
            repository=mine[bad].repository,
            version=mine[bad + 1].ref,
            present_version=remedy.away_from,
        )

    async def roll_out(self, repository: str, version: str, *, by: str, word: str = "") -> Deployment | None:
        """Bring a version out in production, back or forward. None where the repository never had it.

        The deployment is there at once; what follows from it begins after `STARTS_AFTER`. `by`: a login.
        """
        async with self._one_at_a_time:
            earlier = next((d for d in self._deployments if (d.repository, d.ref) == (repository, version)), None)
            service = self.scenario.builds.get(repository)
            if earlier is None or service is None:
                return None
            now = self._clock()
            made = replace(
                earlier,
                id=max((d.id for d in self._deployments), default=FIRST_DEPLOYMENT_ID) + DEPLOYMENT_ID_STEP,
                at=now,
                environment=ENVIRONMENT,
                creator=by,
                description=word,
                state="success",
            )
            self._deployments.insert(0, made)
            at = now + STARTS_AFTER - self.scenario.onset
            self._rollouts.append(Rollout(at=at, service=service, version=version))
            await asyncio.to_thread(self._go_on)
            return made

    async def dispatched(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> bool:
        """A workflow of the repository was started; whether it ended well. Those that take a version bring it out."""
        if workflow not in BRINGING_OUT:
            return True
        version = inputs.get("version", "")
        word = f"{BRINGING_OUT[workflow]} {version}"
        made = await self.roll_out(repository, version, by=BOT, word=word)
        done = f"{repository} goes to {version}" if made else f"it failed, {repository} never had a {version!r}"
        self._tell(f"GitHub                   runs {workflow}: {done}")
        return made is not None

    def _go_on(self) -> None:
        self.scenario = after(self.scenario, self._rollouts)
        for shown in self._shown:
            shown.app = shown.make(self.scenario)


@dataclass(kw_only=True)
class _Shown:
    make: Callable[[Scenario], ASGIApp]
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
