"""`first-responder memory search`: what `/inc memory search` would find, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from bot.app import SystemClock
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.remembered import Held
from bot.domain.setting import read
from bot.opened import known_services, opened
from bot.remembering import model
from bot.settings import BotSettings
from memory.embedding import Embedder, NoModel, pack
from memory.recall import Memory, PageMatch, PageSearch, Question, Recall, Recollection
from memory.recall.nearness import Passages
from memory.store import Store
from memory.vectors import Vector, VectorIndex

SETTLE = 20.0  # seconds for vectors that are not made yet; what is made by then is kept
TEXT_LIMIT = 400
OUTCOMES = {Held.HELD: "the fix held", Held.CAME_BACK: "it came back", Held.UNKNOWN: "not known whether it held"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    incidents: Recollection
    pages: Sequence[PageMatch]


class StoredVectors(VectorIndex):
    """Compares with every vector of the store: nothing on the disk, which belongs to the running bot."""

    def __init__(self) -> None:
        self._held = Passages({})

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        self._held = Passages({name: [pack(vector.values)] for name, vector in vectors.items()})

    async def rebuild(self, vectors: Mapping[str, Vector]) -> None:
        await self.open(vectors)

    async def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        return self._held.nearest(vector, most)

    async def close(self) -> None:
        self._held = Passages({})


def search(environ: Mapping[str, str], words: str, service: str, most: int) -> int:
    """The exit code: 0, also where nothing fits."""
    bot = read(BotSettings, environ)
    known = known_services(bot).find(service)
    question = Question(text=words, service=known.name if known else service or None, now=SystemClock().now())
    show(asyncio.run(_search(bot, model(environ), question, most)), Console())
    return 0


async def _search(bot: BotSettings, wanted: Embedder, question: Question, most: int) -> Answer:
    async with opened(bot) as store:
        embedder = await _usable(wanted, question.text)
        recall = Recall(store.past, embedder=embedder, vectors=StoredVectors(), mark=store.memory_mark)
        try:
            if embedder is not None:
                try:
                    async with asyncio.timeout(SETTLE):
                        await recall.settled()
                except TimeoutError:
                    pass  # the answer says that vectors took no part
            incidents = await recall.find(question, most)
            return Answer(incidents=incidents, pages=await _pages(store, embedder, question, most))
        finally:
            await recall.close()


async def _usable(embedder: Embedder, words: str) -> Embedder | None:
    """Reads the model, so that the question does not wait for it; None where there is none."""
    try:
        await asyncio.to_thread(embedder.embed, [words])
    except NoModel:
        return None
    return embedder


async def _pages(store: Store, embedder: Embedder | None, question: Question, most: int) -> Sequence[PageMatch]:
    held = tuple((await store.pages.by_id()).values())
    if not held:
        return ()
    vectors = await store.passages.vectors(embedder.name) if embedder is not None else {}
    return await asyncio.to_thread(lambda: PageSearch(held, embedder, vectors).find(question, most))


def show(answer: Answer, screen: Console) -> None:
    found = answer.incidents
    if not found.memories and not answer.pages:
        screen.print(f"Nothing fits, of {found.searched:,} past incidents.", highlight=False)
    for memory in found.memories:
        _show_incident(memory, screen)
    for match in answer.pages:
        _line(screen, f"Runbook page: {match.page.title} · sure by {match.sure:.0%}", "bold")
        _line(screen, f"    {match.page.link or match.page.path}")
        _line(screen, f"    Why: {'; '.join(match.why)}", "dim")
    if found.without_vectors:
        _line(screen, f"By words alone: {found.without_vectors}.", "yellow")


def _show_incident(memory: Memory, screen: Console) -> None:
    past = memory.past
    took = f", {past.minutes} min" if past.minutes is not None else ""
    where = f" ({past.service})" if past.service else ""
    when = f"{past.started_at:%Y-%m-%d}{took}"
    _line(screen, f"{past.id}: {past.title}{where}, {when} · sure by {memory.score:.0%}", "bold")
    for label, text in (
        ("Cause", past.cause),
        ("Fixed by", f"{past.fix} ({OUTCOMES[past.outcome]})" if past.fix else ""),
        ("Did not help", past.unhelpful),
        ("Why", "; ".join(memory.why)),
        ("Link", past.link or ""),
    ):
        if text:
            _line(screen, f"    {label}: {text}", "dim" if label == "Why" else "")


def _line(screen: Console, text: str, style: str = "") -> None:
    indent = len(text) - len(text.lstrip(" "))
    screen.print(Text(" " * indent + plain(redact(text), TEXT_LIMIT), style=style), soft_wrap=True)
