"""`first-responder import`: wires a place of past incidents, the catalog and the store to the flow, and tells of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from rich.console import Console
from rich.text import Text

from bot.app import SystemClock
from bot.domain.catalog import Catalog
from bot.domain.errors import SettingsError, SourceError
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.ports.history import HistorySource, Told
from bot.domain.setting import read
from bot.flows.import_history import ImportHistory, Report
from bot.import_report import Order, ReportFile, show, write
from bot.opened import known_services, opened
from bot.progress import progress
from bot.settings import BotSettings
from integrations.descriptor import Tools
from integrations.registry import discover
from integrations.threads import SourceThreads
from memory.importing import FolderHistory
from memory.importing.keeper import StoredKeeper

THREADS = 8
_SPAN = re.compile(r"(\d{1,5})\s*(d|w|y)", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7, "y": 365}


def import_folder(environ: Mapping[str, str], folder: Path, order: Order) -> int:
    """The exit code: 0, or 1 where the place failed on the way."""
    return asyncio.run(_import(read(BotSettings, environ), FolderHistory(folder), order))


def import_pagerduty(environ: Mapping[str, str], since: str, service: str, order: Order) -> int:
    """`since`: "365d", "26w", "1y" or a date; `service`: as the catalog or PagerDuty names it, empty for all."""
    bot = read(BotSettings, environ)
    known = known_services(bot).find(service) if service else None
    which = {
        "since": _moment(since, SystemClock().now()).isoformat(timespec="seconds"),
        "service": (known.pagerduty_service if known else None) or service,
    }
    return asyncio.run(_import_from("pagerduty", environ, bot, which, order))


def import_github(environ: Mapping[str, str], repository: str, label: str, order: Order) -> int:
    """`repository`: "owner/name"."""
    which = {"repository": repository, "label": label}
    return asyncio.run(_import_from("github", environ, read(BotSettings, environ), which, order))


async def _import_from(
    name: str, environ: Mapping[str, str], bot: BotSettings, which: Mapping[str, str], order: Order
) -> int:
    integration = discover()[name]
    assert integration.history is not None, name
    threads = SourceThreads(THREADS)
    tools = Tools(clock=SystemClock(), threads=threads, source_deadline=bot.source_deadline)
    text = urlencode({option: value for option, value in which.items() if value})
    try:
        return await _import(bot, integration.history(read(integration.settings, environ), tools, text), order)
    finally:
        threads.close()


async def _import(bot: BotSettings, place: HistorySource, order: Order) -> int:
    source = Watched(place, known_services(bot))
    screen = Console(stderr=True)
    with ReportFile(order.report) as file:
        try:
            total = await place.count()
        except SourceError as error:
            screen.print(Text(str(error), style="red"))
            return 1
        report = await _bring_in(bot, source, total, order, screen)
        if file is not None:
            write(file, source.name, report, source.error, order)
    show(report, source.error, order, Console())
    return 1 if source.error else 0


async def _bring_in(bot: BotSettings, source: Watched, total: int | None, order: Order, screen: Console) -> Report:
    async with opened(bot) as store:
        flow = ImportHistory(StoredKeeper(store), clock=SystemClock())
        try:
            with progress(f"reading {source.name}", total, screen) as step:
                return await flow(source, dry_run=order.dry_run, on_progress=step)
        except asyncio.CancelledError:  # Ctrl-C
            screen.print("Stopped. What was stored stays: run it again to go on.")
            raise


class Watched:
    """A `HistorySource` that calls services as the catalog does. What ends it early is kept and not raised.

    So what came before is stored and told of.
    """

    def __init__(self, source: HistorySource, catalog: Catalog) -> None:
        self._source = source
        self._catalog = catalog
        self._by_pagerduty = {s.pagerduty_service: s.name for s in catalog.services.values() if s.pagerduty_service}
        self.error: SourceError | None = None

    @property
    def name(self) -> str:
        return self._source.name

    async def count(self) -> int | None:
        return await self._source.count()

    async def items(self) -> AsyncIterator[Told]:
        try:
            async for told in self._source.items():
                yield self._named(told)
        except SourceError as error:
            self.error = error

    def _named(self, told: Told) -> Told:
        past = told.past
        if past is None:
            return told
        service = self._by_pagerduty.get(past.labels.get("pagerduty_service", ""))
        if service is None and (known := self._catalog.find(past.service)) is not None:
            service = known.name
        return replace(told, past=replace(past, service=service)) if service else told


def _moment(text: str, now: datetime) -> datetime:
    span = _SPAN.fullmatch(text.strip())
    try:
        at = now - timedelta(days=int(span[1]) * _DAYS[span[2].lower()]) if span else read_moment(text)
    except OverflowError:
        at = None
    if at is None or at >= now:
        raise SettingsError(f"--since takes 365d, 26w, 2y or a date such as 2026-01-31; {plain(text, 40)!r} is none.")
    return at
