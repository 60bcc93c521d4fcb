"""`first-responder memory`: what memory holds, and bringing it up to date."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.domain.errors import SettingsError
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.setting import read
from bot.opened import opened
from bot.progress import Step, progress
from bot.settings import BotSettings
from integrations.github.settings import GitHubSettings
from memory.embedding import Embedder, MiniLM, NoModel, find_model
from memory.mirror import Mirror
from memory.pages import PageFinder, PageShelf, read_places
from memory.pages.links import broken_links
from memory.recall import Recall
from memory.settings import MemorySettings
from memory.store import Store
from memory.vectors import VectorIndex, VectorsUnavailable

SHOWN = 20  # of a list of troubles
LINE_LIMIT = 300
NO_END = 1_000_000_000


def model(environ: Mapping[str, str]) -> Embedder:
    """The one that the running bot has too."""
    return MiniLM(read(MemorySettings, environ).model)


def index_folder(bot: BotSettings) -> Path:
    return bot.folder / "vectors"


class Counting:
    """An `Embedder` that tells how many texts it has done."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._done = 0
        self.step: Step = lambda _: None

    @property
    def name(self) -> str:
        return self._embedder.name

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        made = self._embedder.embed(texts)
        self._done += len(texts)
        self.step(self._done)
        return made

    def rest(self) -> None:
        self._embedder.rest()


def rebuild(environ: Mapping[str, str]) -> int:
    """The exit code: 0, or 1 where there is no model or the index cannot be written."""
    embedder = Counting(model(environ))
    return asyncio.run(_rebuild(read(BotSettings, environ), embedder, Console(stderr=True)))


async def _rebuild(bot: BotSettings, embedder: Counting, screen: Console) -> int:
    async with opened(bot) as store:
        index = VectorIndex(index_folder(bot))
        recall = Recall(store.past, embedder=embedder, vectors=index, mark=store.memory_mark)
        finder = PageFinder(Mirror(store), store.passages, embedder)
        missing = len(await store.passages.without_vector(embedder.name, NO_END))
        try:
            with progress("making vectors", missing, screen) as embedder.step:
                count = await recall.rebuild()
                await finder.settled()  # pages are compared without an index: they need their vectors alone
        except (VectorsUnavailable, NoModel) as error:
            screen.print(Text(f"The index was not rebuilt: {error}", style="red"), soft_wrap=True)
            screen.print(Text(_remedy(error)), soft_wrap=True)
            return 1
        finally:
            await finder.close()
            await recall.close()
    Console().print(f"The index holds {count:,} vectors of past incidents.", highlight=False)
    return 0


def _remedy(error: VectorsUnavailable | NoModel) -> str:
    if "in use" in str(error):
        return (
            "A running bot keeps its index up to date and rebuilds a broken one by itself; to force it, stop the bot."
        )
    return "Until then words alone answer; nothing is lost."


def pages(environ: Mapping[str, str]) -> int:
    """The exit code: 0, or 1 where a place of pages cannot be read."""
    bot, settings = read(BotSettings, environ), read(MemorySettings, environ)
    github = read(GitHubSettings, environ)
    if not settings.pages:
        raise SettingsError("RUNBOOK_PAGES is not set: it names a folder, a Git repository or github:owner/name/path.")
    places = read_places(settings.pages, github.web)

    async def refresh() -> int:
        async with opened(bot) as store:
            shelf = PageShelf(store.pages, places, cache=bot.folder / "pages", token=github.token)
            with progress("runbook pages", None, Console(stderr=True)) as step:
                found = await shelf.refresh(step)
            held = tuple((await store.pages.by_id()).values())
        screen = Console()
        screen.print(
            f"{found.pages:,} pages: {found.changed:,} new or changed, {found.removed:,} removed.", highlight=False
        )
        _list(screen, "Left out", [f"{one.path}: {one.why}" for one in found.skipped])
        _list(screen, "Links that lead nowhere", [f"{page.path}: {target}" for page, target in broken_links(held)])
        _list(screen, "Could not be read, its pages stay as they were", found.problems)
        return 1 if found.problems else 0

    return asyncio.run(refresh())


def _list(screen: Console, title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    screen.print(Text(f"{title} ({len(lines):,}):", style="bold"))
    for line in lines[:SHOWN]:
        screen.print(Text(f"  {plain(redact(line), LINE_LIMIT)}"), soft_wrap=True)
    if len(lines) > SHOWN:
        screen.print(f"  and {len(lines) - SHOWN:,} more", highlight=False)


def stats(environ: Mapping[str, str]) -> int:
    model_state = _model_state(read(MemorySettings, environ).model)
    return asyncio.run(_stats(read(BotSettings, environ), model(environ), model_state))


async def _stats(bot: BotSettings, embedder: Embedder, model_state: str) -> int:
    async with opened(bot) as store:
        rows = await _counts(store)
        texts = {passage.digest for passage in await store.passages.all()}
        missing = len(await store.passages.without_vector(embedder.name, NO_END))
    rows.append(("vectors", f"{len(texts) - missing:,} of {len(texts):,} texts have one of {embedder.name}"))
    rows.append(("model", model_state))
    rows.append(("index", await asyncio.to_thread(_index_state, index_folder(bot))))
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for what, told in rows:
        table.add_row(what, Text(told))
    Console().print(table, highlight=False)
    return 0


async def _counts(store: Store) -> list[tuple[str, str]]:
    past = await store.past.all()
    origins = Counter(one.origin or "unknown" for one in past)
    told = ", ".join(f"{count:,} from {plain(origin, 40)}" for origin, count in origins.most_common())
    solved = sum(bool(one.fix) for one in past)
    span = f"; from {past[-1].started_at:%Y-%m-%d} to {past[0].started_at:%Y-%m-%d}" if past else ""
    return [
        ("past incidents", f"{len(past):,}{f' ({told})' if told else ''}; {solved:,} with a fix{span}"),
        ("postmortems", f"{await store.postmortems.count():,}"),
        ("runbook pages", f"{await store.pages.count():,}"),
        ("lessons", f"{await store.lessons.count():,}"),
        ("notes", f"{len(await store.notes.all()):,}"),
    ]


def _model_state(folder: str) -> str:
    try:
        return f"ready, in {find_model(folder)}"
    except NoModel as error:
        return f"missing, so words alone answer: {error}"


def _index_state(folder: Path) -> str:
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []
    if not files:
        return "not made yet: the running bot makes it, or `memory rebuild`"
    size = sum(file.stat().st_size for file in files)
    return f"{size / 1_000_000:,.1f} MB in {folder}"
