"""All that carrying out runbooks needs of the outside."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.domain.action import Action
from bot.domain.catalog import Catalog
from bot.domain.policy import Policy
from bot.domain.ports import Briefings, Clock, Incidents
from bot.domain.ports.acting import Approvals, Directory, Pager, RunBoard, Runs
from bot.domain.runbook import Runbook
from bot.flows.switching import Switching


async def nobody_is_gone(holder: str) -> bool:
    """Where nobody knows of the others, their work is waited for until they would have ended it."""
    return False


def new_id() -> str:
    """Random: 80 bits."""
    return secrets.token_hex(10)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """`runbooks`, `policy` and `catalog` are asked each time: the files may be read again meanwhile."""

    runs: Runs
    approvals: Approvals
    incidents: Incidents
    switching: Switching
    directory: Directory
    board: RunBoard
    clock: Clock
    actions: Mapping[str, Action]  # by name
    runbooks: Callable[[], Mapping[str, Runbook]]  # by id
    policy: Callable[[], Policy]
    catalog: Callable[[], Catalog]
    executor: str  # as the settings name this process; no two live ones have the same
    boot: str  # random, of this very start
    pager: Pager | None = None
    briefings: Briefings | None = None
    gone: Callable[[str], Awaitable[bool]] = nobody_is_gone  # whether another process' holder certainly has ended
    on_end: Callable[[str], None] = lambda _: None  # is told the incident of a run that came to its end
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep  # seconds
    new_id: Callable[[], str] = new_id

    @property
    def holder(self) -> str:
        return f"{self.executor}/{self.boot}"
