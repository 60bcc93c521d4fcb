"""`first-responder check`: asks everything that the bot depends on, and says what to do about what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import SystemClock
from bot.dispatching import windows
from bot.domain.errors import FirstResponderError
from bot.domain.maintenance import MaintenanceWindow, maintenance_text
from bot.domain.policy import Policy
from bot.settings import Settings
from bot.slack.check import check_slack
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.threads import SourceThreads
from memory.catalog import load_catalog, summary
from memory.embedding import NoModel, find_model
from memory.history import load_history
from memory.policy import load_policy, warnings
from memory.runbooks import load_runbooks
from memory.store import Store

CHECK_DEADLINE = 10.0  # seconds for one vendor; more where its own deadline is longer


async def check_all(settings: Settings, integrations: Mapping[str, Integration[Any]]) -> tuple[CheckResult, ...]:
    """Slack, the store and the operators' files, then every integration; all asked at once."""
    threads = SourceThreads(8)
    tools = Tools(clock=SystemClock(), threads=threads, source_deadline=settings.bot.source_deadline)
    jobs: list[Awaitable[Sequence[CheckResult]]] = [
        check_slack(settings.slack),
        _store(settings),
        _files(settings),
        _embedding(settings),
    ]
    jobs += [
        check_vendor(
            integration, settings.vendors[name], replace(tools, source_deadline=settings.bot.deadline_of(name))
        )
        for name, integration in integrations.items()
    ]
    try:
        answers = await asyncio.gather(*jobs)
    finally:
        threads.close()
    return tuple(result for answer in answers for result in answer)


async def check_vendor(
    integration: Integration[Any], settings: Any, tools: Tools, *, deadline: float | None = None
) -> Sequence[CheckResult]:
    """`deadline` in seconds, of all its questions together; a client alone might wait longer for a slow server."""
    if integration.check is None:
        return ()
    deadline = deadline or max(CHECK_DEADLINE, tools.source_deadline)
    try:
        async with asyncio.timeout(deadline):
            return await integration.check(settings, tools)
    except TimeoutError:
        problem = f"no answer within {deadline:g} s"
        remedy = "check its address and that this machine may reach it"
        return (CheckResult(subject=integration.title, state=CheckState.PROBLEM, detail=problem, remedy=remedy),)


async def _store(settings: Settings) -> Sequence[CheckResult]:
    try:
        settings.bot.folder.mkdir(parents=True, exist_ok=True)
        store = await Store.open(settings.bot.store_url)
    except (FirstResponderError, OSError) as error:
        remedy = "make FIRST_RESPONDER_DATA name a folder that the bot may write to"
        return (CheckResult(subject="Store", state=CheckState.PROBLEM, detail=str(error), remedy=remedy),)
    await store.close()
    return (CheckResult(subject="Store", state=CheckState.OK, detail="opens and is at the current version"),)


async def _files(settings: Settings) -> Sequence[CheckResult]:
    bot = settings.bot
    now = SystemClock().now()
    results = [
        _file("Service catalog", lambda: summary(load_catalog(Path(bot.catalog)), bot.catalog)),
        _file("Runbooks", lambda: f"{len(load_runbooks(Path(bot.runbooks)))} in {bot.runbooks}"),
        _file("Policy", lambda: _told(bot.policy, load_policy(Path(bot.policy)))),
    ]
    if bot.maintenance:
        results.append(_file("Maintenance", lambda: _announced(bot.maintenance, windows(bot), now)))
    if bot.history:
        results.append(_file("Past incidents", lambda: f"{len(load_history(Path(bot.history), now))} in {bot.history}"))
    return results


async def _embedding(settings: Settings) -> Sequence[CheckResult]:
    """Without a model memory is searched by words only: that is told, and is no problem unless a folder was named."""
    subject, folder = "Embedding model", settings.memory.model
    try:
        place = await asyncio.to_thread(find_model, folder)
    except NoModel as error:
        state = CheckState.PROBLEM if folder else CheckState.NOT_SET_UP
        remedy = "name another folder in EMBEDDING_MODEL_DIR, or leave it out" if folder else ""
        detail = f"{error} Memory is searched by words only."
        return (CheckResult(subject=subject, state=state, detail=detail, remedy=remedy),)
    return (CheckResult(subject=subject, state=CheckState.OK, detail=f"{place} is the published one"),)


def _announced(file: str, announced: Sequence[MaintenanceWindow], now: datetime) -> str:
    ahead = sum(window.until > now for window in announced)
    told = f"windows in {file}: {len(announced)}, {ahead} not over"
    return "; ".join([told, *(maintenance_text(window) for window in announced if window.since <= now < window.until)])


def _told(file: str, policy: Policy) -> str:
    odd = "; ".join(warnings(policy))
    groups = f"{len(policy.groups)} groups of approvers in {file}"
    return f"{groups}; {odd}" if odd else groups


def _file(subject: str, load: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(subject=subject, state=CheckState.OK, detail=load())
    except FirstResponderError as error:
        remedy = "mend the file; the text above names the place"
        return CheckResult(subject=subject, state=CheckState.PROBLEM, detail=str(error), remedy=remedy)


def show(results: Sequence[CheckResult]) -> int:
    """Print the results; 1 where there is a problem."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {CheckState.OK: "green", CheckState.NOT_SET_UP: "yellow", CheckState.PROBLEM: "red"}
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for heading in ("what", "state", "found"):
        table.add_column(heading, overflow="fold")
    for result in results:
        found = f"{result.detail}\n-> {result.remedy}" if result.remedy else result.detail
        table.add_row(Text(result.subject), Text(result.state.value, style=colours[result.state]), Text(found))
    Console().print(table)
    return 1 if any(result.state is CheckState.PROBLEM for result in results) else 0
