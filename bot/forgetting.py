"""`first-responder memory forget` and `retain`: what is deleted is deleted everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import typer
from rich.console import Console
from rich.text import Text

from bot.app import SystemClock
from bot.domain.errors import SettingsError
from bot.domain.plaintext import plain
from bot.domain.setting import read
from bot.opened import opened
from bot.progress import progress
from bot.remembering import index_folder
from bot.settings import BotSettings
from bot.workflow_records import forget_workflows
from memory.settings import MemorySettings
from memory.store import Store
from memory.vectors import VectorIndex, VectorsUnavailable

AT_ONCE = 500  # the file is written anew after each such part
SHOWN = 20
TITLE_LIMIT = 120
_COMES_AGAIN = {"file": "its file", "pagerduty": "PagerDuty", "github": "its issue on GitHub"}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of an incident before it is forgotten."""

    id: str
    title: str = ""
    at: datetime | None = None
    origin: str = ""
    is_open: bool = False
    is_there: bool = False

    def __str__(self) -> str:
        day = f" of {self.at:%Y-%m-%d}" if self.at else ""
        return f"{self.id}{day}{f': {plain(self.title, TITLE_LIMIT)}' if self.title else ''}"


def forget(environ: Mapping[str, str], incident: str, *, yes: bool) -> int:
    """The exit code: 0, or 1 where there is nothing of it, it still burns, or the answer is no."""
    bot, screen = read(BotSettings, environ), Console()
    (known,) = asyncio.run(_look(bot, [incident]))
    if not known.is_there:
        screen.print(Text(f"There is nothing of {plain(incident, TITLE_LIMIT)} here."))
        return 1
    if known.is_open:
        screen.print(Text(f"{known} still burns: resolve it first."))
        return 1
    screen.print(Text(f"{known}"), soft_wrap=True)
    if not yes and not typer.confirm("Delete it with its alerts, briefings, postmortem, lessons and vectors?"):
        return 1
    asyncio.run(_forget(bot, [known.id], screen))
    if known.origin in _COMES_AGAIN:
        screen.print(f"The next import brings it again as long as {_COMES_AGAIN[known.origin]} is there.")
    return 0


def retain(environ: Mapping[str, str], days: int | None, *, dry_run: bool, yes: bool) -> int:
    """`days`: None for RETENTION_DAYS. The exit code: 0, or 1 where the answer is no."""
    bot, screen = read(BotSettings, environ), Console()
    kept = read(MemorySettings, environ).retention_days if days is None else days
    if kept < 1:
        raise SettingsError("Nothing says how long to keep incidents: give --days N, or set RETENTION_DAYS.")
    try:
        before = SystemClock().now() - timedelta(days=kept)
    except OverflowError:
        raise SettingsError(f"--days {kept} is longer ago than there are dates.") from None
    old = asyncio.run(_outdated(bot, before))
    if not old:
        screen.print(f"Nothing is older than {kept:,} days.", highlight=False)
        return 0
    screen.print(Text(f"{len(old):,} incidents are older than {kept:,} days:"))
    for known in old[:SHOWN]:
        screen.print(Text(f"  {known}"), soft_wrap=True)
    if len(old) > SHOWN:
        screen.print(f"  and {len(old) - SHOWN:,} more", highlight=False)
    if dry_run:
        screen.print("Dry run: nothing was deleted.")
        return 0
    if not yes and not typer.confirm("Delete them everywhere?"):
        return 1
    asyncio.run(_forget(bot, [known.id for known in old], screen, before))
    return 0


async def _outdated(bot: BotSettings, before: datetime) -> Sequence[Known]:
    async with opened(bot) as store:
        found = [await _known(store, name) for name in await store.outdated(before)]
    return sorted((known for known in found if not known.is_open), key=lambda known: (known.at or before, known.id))


async def _look(bot: BotSettings, ids: Sequence[str]) -> Sequence[Known]:
    async with opened(bot) as store:
        return [await _known(store, name) for name in ids]


async def _known(store: Store, name: str) -> Known:
    past = (await store.past.get([name])).get(name)
    live = await store.incidents.get(name)
    if live is not None:
        return Known(id=name, title=live.title, at=live.opened_at, is_open=live.status.is_open, is_there=True)
    if past is not None:
        return Known(id=name, title=past.title, at=past.started_at, origin=past.origin, is_there=True)
    return Known(id=name, is_there=bool(await store.postmortems.get([name])))


async def _forget(bot: BotSettings, ids: Sequence[str], screen: Console, before: datetime | None = None) -> None:
    rows = 0
    async with opened(bot) as store:
        with progress("deleting", len(ids), Console(stderr=True)) as step:
            for at in range(0, len(ids), AT_ONCE):
                forgotten = await store.forget(*ids[at : at + AT_ONCE])
                rows += forgotten.records + forgotten.history
                step(at + len(ids[at : at + AT_ONCE]))
        if before is not None:
            rows += await store.purge(before)
    rows += await asyncio.to_thread(forget_workflows, bot.folder, ids, bot.store_url)
    screen.print(f"Deleted {len(ids):,} incident{'s' if len(ids) != 1 else ''}, {rows:,} rows.", highlight=False)
    screen.print(Text(await _out_of_the_index(bot)), soft_wrap=True)


async def _out_of_the_index(bot: BotSettings) -> str:
    """The index is emptied: the bot fills it again from the store, which takes it no model."""
    if not index_folder(bot).is_dir():
        return "There is no index of vectors here to take it out of."
    index = VectorIndex(index_folder(bot))
    try:
        await index.rebuild({})
    except VectorsUnavailable as error:
        if "in use" in str(error):
            return "The running bot takes it out of its index within a minute."
        return f"The index of vectors could not be emptied: {error}. Delete the folder {index_folder(bot)}."
    finally:
        await index.close()
    return "The index of vectors was emptied; the bot fills it again at its next start."
