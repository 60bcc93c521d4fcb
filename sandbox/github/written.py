"""What clients make of repositories: runs of workflows, commits, branches and pull requests. Nothing is ever pushed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sandbox.github.code import digest, number

# (repository, the workflow's file, ref, inputs); whether the run ends well.
OnDispatch = Callable[[str, str, str, Mapping[str, str]], Awaitable[bool]]

ROLLBACK = "rollback.yml"
RUNS_TAKE = 3.0  # seconds from a dispatch to its end at the earliest; a third of it in the queue


async def _all_is_well(repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class DispatchedRun:
    id: int
    workflow: str  # its file's name
    ref: str
    sha: str
    inputs: Mapping[str, str]
    at: float  # unix seconds
    ends_well: asyncio.Task[bool]


@dataclass(frozen=True, kw_only=True)
class OpenPull:
    number: int
    title: str
    body: str
    branch: str
    base: str
    sha: str
    at: float


@dataclass(kw_only=True)
class Written:
    """Of one repository."""

    runs: list[DispatchedRun] = field(default_factory=list)  # newest first
    commits: dict[str, tuple[str, ...]] = field(default_factory=dict)  # parents by sha
    branches: dict[str, str] = field(default_factory=dict)  # sha by name
    pulls: list[OpenPull] = field(default_factory=list)  # newest first


@dataclass(kw_only=True)
class Writing:
    """Of all repositories. `dispatchable`: files of workflows that can be started, besides the one that deploys."""

    on_dispatch: OnDispatch = _all_is_well
    dispatchable: tuple[str, ...] = ()
    runs_take: float = RUNS_TAKE
    _written: dict[str, Written] = field(default_factory=dict)

    def of(self, repository: str) -> Written:
        return self._written.setdefault(repository.lower(), Written())

    def dispatch(
        self, repository: str, workflow: str, ref: str, sha: str, inputs: Mapping[str, str], now: float
    ) -> DispatchedRun:
        held = self.of(repository)
        made = DispatchedRun(
            id=number(f"{repository} dispatch {len(held.runs)}"),
            workflow=workflow,
            ref=ref,
            sha=sha,
            inputs=inputs,
            at=now,
            ends_well=asyncio.ensure_future(self.on_dispatch(repository, workflow, ref, inputs)),
        )
        held.runs.insert(0, made)
        return made

    def state(self, run: DispatchedRun, now: float) -> tuple[str, str | None]:
        """(status, conclusion)."""
        if now < run.at + self.runs_take / 3:
            return "queued", None
        if now < run.at + self.runs_take or not run.ends_well.done():
            return "in_progress", None
        is_well = not run.ends_well.cancelled() and run.ends_well.exception() is None and run.ends_well.result()
        return "completed", "success" if is_well else "failure"


def commit_sha(message: str, tree: str, parents: tuple[str, ...], now: float) -> str:
    return digest(f"commit {message} {tree} {parents} {now}")
