"""One repository's chain of questions: deployments, else releases and runs of workflows, else merges.

What is found is kept as it comes in, so that a chain that is cut off still tells its beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import ChangeKind, FailureReason
from integrations.github import changes
from integrations.github.asking import Asking
from integrations.github.changes import Change
from integrations.github.client import PAGE, Repository
from integrations.github.records import MOST_FILES, Compared, Deployed, Merge, Run, State, Workflow
from integrations.github.refusal import NotVisible

T = TypeVar("T")


class Dated(Protocol):
    @property
    def at(self) -> datetime: ...


D = TypeVar("D", bound=Dated)

MOST_TOLD = 10  # changes of one service
MOST_STATES = 5  # deployments within the window whose outcome is asked, one request each
MOST_OLDER = 2  # deployments before them that are asked for the one that succeeded
MOST_COMPARED = 3
MOST_MERGES_READ = 2  # merges whose files are asked
MOST_WORKFLOWS = 2
FOR_A_SUSPECT = 2  # requests more for a dependency that changed shortly before the onset
MOST_SUSPECTS = 2
SHORTLY = timedelta(hours=1)
SAME_TIME = timedelta(minutes=2)  # by which the clocks of monitors and GitHub may differ


@dataclass(kw_only=True)
class History:
    """`is_deep`: of the burning service, with all that costs requests."""

    service: Service
    repository: Repository
    request: ContextRequest
    asking: Asking
    is_deep: bool
    suspects: list[str]  # dependencies that are looked at closely; one list for all histories
    changes: tuple[Change, ...] = ()  # newest first
    kinds: list[ChangeKind] = field(default_factory=list)  # what the repository keeps
    last: str = ""  # the newest deployment, where it is older than the window: "v2.30.4 on 03 Mar 14:33 UTC"
    environments: tuple[str, ...] = ()  # deployed to, where they are called otherwise than the catalog has it
    error: SourceError | None = None  # nothing could be looked at
    has_looked: bool = False
    is_done: bool = False

    async def look(self) -> None:
        try:
            if not await self._deployments():
                await self._others()
        except SourceError as error:
            self.error = error
        self.is_done = True

    # --- deployments -------------------------------------------------------------------------------------------------

    async def _deployments(self) -> bool:
        """False where there are none, or they may not be looked at."""
        what = f"deployments of {self.service.name}"
        try:
            items = await self.asking.ask(what, partial(self.repository.deployments, self.service.environment))
        except SourceError as error:
            if error.reason is not FailureReason.FORBIDDEN:
                raise
            self.asking.errors[what] = error
            return False
        self.has_looked = True
        if not items and self.is_deep:
            items = await self._elsewhere()
        if not items:
            return False
        self.kinds.append(ChangeKind.DEPLOYMENT)
        inside = [item for item in items if item.at >= self.request.changes_since]
        self.last = "" if inside else f"{items[0].version} on {items[0].at:%d %b %H:%M} UTC"
        if len(inside) == PAGE:
            self.asking.gaps.append(
                f"{self.service.name} was deployed {PAGE} times or more: only the newest were read."
            )
        await self._told(items, self._nearest(inside))
        return True

    async def _elsewhere(self) -> tuple[Deployed, ...]:
        """Deployments to environments that are called a little otherwise than in the catalog."""
        name, wanted = self.service.name, self.service.environment
        found = (
            await self.asking.attempt(f"all deployments of {name}", partial(self.repository.deployments, None)) or ()
        )
        known = tuple(dict.fromkeys(item.environment for item in found))
        self.environments = changes.alike(known, wanted, name)
        if known and not self.environments:
            hint = "is its environment in the catalog right?"
            others = ", ".join(known[:4])
            self.asking.gaps.append(f"{name} has no deployment to {wanted} on GitHub, but to {others}: {hint}")
        return tuple(item for item in found if item.environment in self.environments)

    async def _told(self, items: Sequence[Deployed], near: Sequence[Deployed]) -> None:
        """The outcome of those nearest the onset, then of the ones before, then what changed."""
        states: dict[int, State] = {}
        ids = {item.id for item in near}

        async def learn(item: Deployed) -> None:
            what = f"how deployments of {self.service.name} ended"
            state = await self.asking.attempt(what, partial(self.repository.state, item.id))
            if state is not None:
                states[item.id] = state
            self.changes = changes.deployments(items, states, ids)

        self.changes = changes.deployments(items, states, ids)
        asked = near[: MOST_STATES if self.is_deep else 1]
        await asyncio.gather(*map(learn, asked))
        if not asked or not (self.is_deep or self._is_suspect()):
            return
        oldest = min(asked, key=lambda item: item.at)
        older = [item for item in items[items.index(oldest) + 1 :] if item.sha != oldest.sha and item.id not in states]
        for item in older[:MOST_OLDER]:
            await learn(item)
            if states.get(item.id) is not State.FAILED:
                break
        await self._compared([(item.at, item.version) for item in near])

    def _is_suspect(self) -> bool:
        """A dependency that changed shortly before the onset gets more requests; the first few only."""
        own = self.request.service
        if own is None or self.service.name not in own.depends_on or len(self.suspects) >= MOST_SUSPECTS:
            return False
        since, until = self.request.onset - SHORTLY, self.request.onset + SAME_TIME
        if not any(since <= change.at <= until for change in self.changes):
            return False
        self.suspects.append(self.service.name)
        self.repository.allow(FOR_A_SUSPECT)
        return True

    # --- what else there is ------------------------------------------------------------------------------------------

    async def _others(self) -> None:
        released = await self._kept(ChangeKind.RELEASE, "releases", self.repository.releases) or ()
        found = changes.releases(released, self.request.changes_since)
        self._tell(found)
        branch = ""
        if self.is_deep:
            branch, ran = await self._runs()
            if ran:
                self.kinds.append(ChangeKind.WORKFLOW)
                self._tell(changes.folded(found, changes.runs(ran, self.request.changes_since, branch)))
        if self.kinds:
            await self._compared([(change.at, change.version) for change in self._nearest(self.changes)])
        elif self.is_deep or self.repository.left > 0:
            await self._merges(branch)
        if not self.has_looked and self.asking.errors:
            raise next(iter(self.asking.errors.values()))

    async def _runs(self) -> tuple[str, list[Run]]:
        """(the default branch, all runs of the workflows that bring something out)"""
        name = self.service.name
        flows, branch = await asyncio.gather(
            self._kept(None, "workflow runs", self.repository.workflows),
            self.asking.attempt(f"the default branch of {name}", self.repository.default_branch),
        )

        async def one(workflow: Workflow) -> tuple[Run, ...]:
            runs = partial(self.repository.runs, workflow)
            return await self.asking.attempt(f"workflow runs of {name}", runs) or ()

        picked = changes.deploying(flows or (), self.service.environment)[:MOST_WORKFLOWS]
        groups = await asyncio.gather(*map(one, picked))
        return branch or "", [run for group in groups for run in group]

    async def _merges(self, branch: str) -> None:
        found = await self._kept(ChangeKind.MERGE, "merges", self.repository.merges) or ()
        self._tell(changes.merges(found, self.request.changes_since, branch))
        if self.is_deep:
            near = {change.id for change in self._nearest(self.changes)[:MOST_MERGES_READ]}
            await asyncio.gather(*(self._read(item) for item in found if item.number in near))

    async def _read(self, merge: Merge) -> None:
        what = f"what #{merge.number} of {self.service.name} changed"
        diff = await self.asking.attempt(what, partial(self.repository.files, merge))
        self._replace(lambda change: change.id == merge.number, lambda change: replace(change, diff=diff))

    async def _kept(
        self, kind: ChangeKind | None, words: str, call: Callable[[], tuple[T, ...]]
    ) -> tuple[T, ...] | None:
        """What the repository keeps of that kind; None where it may not be looked at."""
        found = await self.asking.attempt(f"{words} of {self.service.name}", call)
        self.has_looked = self.has_looked or found is not None
        if found and kind:
            self.kinds.append(kind)
        return found

    # --- what changed ------------------------------------------------------------------------------------------------

    async def _compared(self, order: Iterable[tuple[datetime, str]]) -> None:
        """`order`: (time, version) of changes, those nearest the onset first."""
        wanted = [c for key in dict.fromkeys(order) for c in self.changes if (c.at, c.version) == key]
        await asyncio.gather(*(self._compare(change) for change in wanted[: MOST_COMPARED if self.is_deep else 1]))
        if self.is_deep:
            await asyncio.gather(*(self._title(c.at, c.version) for c in wanted[:1]))

    async def _compare(self, change: Change) -> None:
        if not change.previous_ref or change.previous_ref == change.ref:
            return
        base, head = change.previous_ref, change.ref
        diff = await (self._between(change, head, base) if change.is_rollback else self._between(change, base, head))
        if diff and diff.behind and not diff.commits and not change.is_rollback:
            change = replace(change, is_rollback=True)  # it lacks commits of the one before, and has none of its own
            diff = await self._between(change, head, base)
        if diff is None:
            return
        if not diff.is_all:
            of = f"what else {change.version} of {self.service.name} changed was not looked at."
            self.asking.gaps.append(f"GitHub lists no more than {MOST_FILES} files of a comparison: {of}")
        is_untitled = change.title == change.version and not change.is_rollback
        told = replace(change, diff=diff, title=diff.message if is_untitled and diff.message else change.title)
        self._replace(lambda c: (c.at, c.version) == (change.at, change.version), lambda _: told)

    async def _between(self, change: Change, base: str, head: str) -> Compared | None:
        what = f"what {change.version} of {self.service.name} changed"
        try:
            return await self.asking.ask(what, partial(self.repository.compare, base, head))
        except NotVisible:
            one_of = f"{change.previous} or {change.version} of {self.service.name}"
            self.asking.gaps.append(f"GitHub no longer has {one_of}: what changed between them is not known.")
        except SourceError as error:
            self.asking.errors.setdefault(what, error)
        return None

    async def _title(self, at: datetime, version: str) -> None:
        """The commit's words, where there are no others."""
        change = next(c for c in self.changes if (c.at, c.version) == (at, version))
        if change.title != version or change.kind is not ChangeKind.DEPLOYMENT:
            return
        try:
            message = await self.asking.ask("", partial(self.repository.message, change.ref))
        except SourceError:
            return  # it is told without
        self._replace(lambda c: c.id == change.id, lambda c: replace(c, title=message or c.title))

    # --- which are told ----------------------------------------------------------------------------------------------

    def _nearest(self, items: Sequence[D]) -> list[D]:
        """Those before the onset, the newest first, then those after it; as many as are told."""
        limit = self.request.onset + SAME_TIME
        before: list[D] = [item for item in items if item.at <= limit]
        after: list[D] = [item for item in items if item.at > limit]
        if (more := len(items) - MOST_TOLD) > 0:
            told = f"the {MOST_TOLD} nearest the onset are told, {more} more are not"
            self.asking.gaps.append(f"Of {len(items)} changes of {self.service.name} {told}.")
        return [*before, *reversed(after)][:MOST_TOLD]

    def _tell(self, found: Sequence[Change]) -> None:
        near = self._nearest(found)
        self.changes = tuple(change for change in found if change in near)

    def _replace(self, is_meant: Callable[[Change], bool], new: Callable[[Change], Change]) -> None:
        self.changes = tuple(new(change) if is_meant(change) else change for change in self.changes)
