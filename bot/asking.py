"""The part of the composition root that is about questions: what is looked up, who answers, where it is said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.domain.catalog import Catalog
from bot.domain.ports import Clock, Similar
from bot.domain.remembered import Lesson, Note, Page
from bot.domain.runbook import Runbook
from bot.flows.answer import Answering
from bot.flows.guard import Guard
from bot.flows.kept_talk import KeptTalk
from bot.flows.metered import MeteredModel
from bot.flows.quote import Quoting
from bot.flows.tools import ReadOnlyTool
from bot.flows.tools.afresh import LookAgainTool
from bot.flows.tools.of_incident import EvidenceTool, OnCallTool, TimelineTool
from bot.flows.tools.of_memory import CatalogTool, LessonsTool, PastTool, RunbooksTool
from bot.keeping import quoting, similar
from bot.settings import Settings
from bot.slack.aside import Aside
from bot.slack.questions import Questions
from bot.slack.replies import SlackReplies
from bot.slack.web_api import WebApi
from memory.knowledge import Knowledge
from memory.mirror import Mirror
from memory.recall import PageSearch, Question
from memory.store import Store


def questions(
    settings: Settings,
    store: Store,
    api: WebApi,
    knowledge: Knowledge,
    guards: Sequence[Guard],
    runbooks: Sequence[Runbook],
    model: MeteredModel | None,
    clock: Clock,
) -> Questions:
    """`guards`: all sources; what memory knows is looked up directly."""
    own = {source.name for source in knowledge.sources}
    tools = read_only_tools(
        store,
        catalog=knowledge.catalog,
        similar=similar(knowledge, store, clock),
        runbooks=runbooks,
        guards=[guard for guard in guards if guard.name not in own],
        clock=clock,
    )
    return asking(
        store,
        api,
        tools=tools,
        quoting=quoting(knowledge, store, clock),
        model=model,
        clock=clock,
        command=settings.slack.command,
    )


def asking(
    store: Store,
    api: WebApi,
    *,
    tools: Sequence[ReadOnlyTool],
    quoting: Quoting,
    model: MeteredModel | None,
    clock: Clock,
    command: str,
) -> Questions:
    kept = KeptTalk(store.answers)
    answering = Answering(
        model=model,
        tools=tools,
        briefings=store.briefings,
        kept=kept,
        quoting=quoting,
        clock=clock,
        command=command,
    )
    return Questions(
        api=api,
        incidents=store.incidents,
        timeline=store.timeline,
        effects=store.effects,
        answers=store.answers,
        answering=answering,
        kept=kept,
        replies=SlackReplies(api),
        aside=Aside(store.slack_events),
        clock=clock,
    )


def read_only_tools(
    store: Store,
    *,
    catalog: Catalog,
    similar: Similar,
    runbooks: Sequence[Runbook],
    guards: Sequence[Guard],
    clock: Clock,
) -> Sequence[ReadOnlyTool]:
    """In a fixed order: the model's cache begins with them."""
    again = (LookAgainTool(guards, catalog, clock),) if guards else ()
    return (
        EvidenceTool(),
        *again,
        TimelineTool(store.timeline),
        PastTool(similar),
        LessonsTool(_KeptLines(store)),
        RunbooksTool(runbooks, _Pages(store)),
        CatalogTool(catalog),
        OnCallTool(catalog, clock),
    )


class _KeptLines:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lessons(self) -> Sequence[Lesson]:
        return tuple((await self._store.lessons.by_id()).values())

    async def notes(self) -> Sequence[Note]:
        return await self._store.notes.all()


class _Pages:
    """By words alone: the model asks again in others where these find nothing."""

    def __init__(self, store: Store) -> None:
        self._mirror = Mirror(store)
        self._search: PageSearch | None = None

    async def __call__(self, words: str, service: str | None, most: int) -> Sequence[Page]:
        change = await self._mirror.refresh()
        if self._search is None or not change.is_nothing:
            self._search = await asyncio.to_thread(PageSearch, list(self._mirror.pages.values()), None, {})
        if not self._mirror.pages:
            return ()
        found = await asyncio.to_thread(self._search.find, Question(text=words, service=service), most)
        return [match.page for match in found]
