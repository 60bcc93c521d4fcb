"""`github.dispatch_workflow` and `github.revert_pull`. Neither ever pushes to a branch that is there already."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TypeVar

from bot.domain.action import Action, ActionRefused, Refusal
from integrations.descriptor import ActionTools
from integrations.github.settings import GitHubSettings
from integrations.github.wire import Account, Wire
from integrations.programs.argument import bad, shown

T = TypeVar("T")

PATIENCE = 20.0  # seconds that one request may take: planning has 30 for all of its own
REPOSITORY = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_.-]{1,100}"
_REPOSITORY = re.compile(REPOSITORY)


class Asked:
    """Requests of one process's actions to GitHub, on the source threads."""

    def __init__(self, settings: GitHubSettings, tools: ActionTools) -> None:
        self.settings, self._threads = settings, tools.threads
        self._account = Account(settings, tools.clock, deadline=PATIENCE)

    async def call(self, work: Callable[[Wire], T]) -> T:
        """Raises SourceError."""

        def ask() -> T:
            with Wire(self._account) as wire:
                return work(wire)

        return await self._threads.run(ask)


def repository(given: Mapping[str, object]) -> str:
    """Raises ActionRefused."""
    name = str(given["repository"])
    last = name.partition("/")[2]
    if not _REPOSITORY.fullmatch(name) or set(last) <= {"."} or last.endswith(".git"):
        raise bad("repository", f"{shown(name)} is no owner/name.")
    return name


def not_allowed(parameter: str, detail: str) -> ActionRefused:
    return ActionRefused(Refusal.NOT_ALLOWED, f"{parameter}: {detail}", parameter=parameter)


def mark(key: str) -> str:
    """A short name of one execution, for what GitHub keeps of it."""
    return sha256(key.encode()).hexdigest()[:16]


def actions(settings: GitHubSettings, tools: ActionTools) -> tuple[Action, ...]:
    from integrations.github.dispatching import DispatchWorkflow
    from integrations.github.reverting import RevertPull

    if not settings.is_set_up:
        return ()
    asked = Asked(settings, tools)
    found: list[Action] = [DispatchWorkflow(asked, tools.clock)] if settings.workflows else []
    found += [RevertPull(asked)] if settings.reverts else []
    return tuple(found)
