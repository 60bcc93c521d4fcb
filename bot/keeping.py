"""The part of the composition root that is about memory: what people ask of it, and what keeps it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.domain.ports import Clock, Similar
from bot.domain.ports.replicas import Membership
from bot.domain.remembered import Recalled
from bot.flows.learn import Learn
from bot.flows.life.discreet import WithoutPrivate
from bot.flows.quote import Quoting
from bot.flows.upkeep import Chore, dropping
from bot.settings import BotSettings
from bot.sharing import led
from bot.slack.archive import Archive
from bot.workflow_records import forget_workflows
from memory.knowledge import Knowledge
from memory.nearest import nearest
from memory.recall import Question
from memory.store import Store

DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0  # seconds
NOTES_EVERY = 30.0  # seconds: a line in the file is in the next briefing
SOON = 20.0  # seconds after the start: first what is firing


def similar(knowledge: Knowledge, store: Store, clock: Clock) -> Similar:
    async def find(text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        found = await knowledge.recall.find(Question(text=text, service=service, now=clock.now()), most)
        return [Recalled(past=one.past, score=one.score, why=one.why) for one in found.memories]

    return WithoutPrivate(find, store.incidents)


def quoting(knowledge: Knowledge, store: Store, clock: Clock) -> Quoting:
    return Quoting(
        briefings=store.briefings,
        timeline=store.timeline,
        catalog=knowledge.catalog,
        similar=similar(knowledge, store, clock),
        nearest=nearest,
        clock=clock,
    )


def archive(knowledge: Knowledge, store: Store, clock: Clock, command: str) -> Archive:
    return Archive(
        similar=similar(knowledge, store, clock),
        learn=learn(store, clock),
        notes=store.notes,
        file=knowledge.notebook,
        known_service=lambda name: service.name if (service := knowledge.catalog.find(name)) else None,
        clock=clock,
        command=command,
    )


def learn(store: Store, clock: Clock) -> Learn:
    return Learn(
        past=store.past,
        postmortems=store.postmortems,
        lessons=store.lessons,
        feedback=store.feedback,
        clock=clock,
    )


class _Everywhere:
    """The store, and what the workflow engine keeps of an incident beside it."""

    def __init__(self, store: Store, bot: BotSettings) -> None:
        self._store = store
        self._bot = bot
        self.purge = store.purge
        self.outdated = store.outdated

    async def forget(self, *incident_ids: str) -> object:
        await asyncio.to_thread(forget_workflows, self._bot.folder, incident_ids, self._bot.store_url)
        return await self._store.forget(*incident_ids)


def chores(knowledge: Knowledge, store: Store, clock: Clock, bot: BotSettings, replica: Membership) -> Sequence[Chore]:
    found = [
        Chore(
            name="dropping what is old",
            every=DAY,
            do=led(replica, dropping(_Everywhere(store, bot), clock, retention=knowledge.retention)),
            first_after=SOON,
        )
    ]
    found.append(Chore(name="memory as the store has it", every=MINUTE, do=knowledge.recall.refresh))
    if knowledge.shelf is not None:
        found.append(Chore(name="runbook pages", every=HOUR, do=knowledge.shelf.refresh))
    if knowledge.notebook is not None:
        found.append(Chore(name="notes about services", every=NOTES_EVERY, do=knowledge.notebook.sync))
    return found
