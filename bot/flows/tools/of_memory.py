"""Look-ups in what is kept for every incident: past ones, lessons and notes, runbooks, the catalog of services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from bot.domain.catalog import Catalog, Service
from bot.domain.model import Tool
from bot.domain.ports import Similar
from bot.domain.remembered import Held, Lesson, Note, Page, Recalled
from bot.domain.runbook import Runbook
from bot.domain.terms import wording
from bot.flows.tools.read_only import WORDS, Fact, Given, Looked, Scene

T = TypeVar("T")

MOST = 5
MOST_LINES = 12
PAGE_LIMIT = 2_500  # characters of a page's text, in pieces that are facts of their own
PIECE = 700
_OUTCOMES = {Held.HELD: "it held", Held.CAME_BACK: "it came back", Held.UNKNOWN: "whether it held is not known"}


class Lines(Protocol):
    """What people wrote down about services. Raises NotStored."""

    async def lessons(self) -> Sequence[Lesson]: ...

    async def notes(self) -> Sequence[Note]: ...


class FindPages(Protocol):
    """Pages that fit these words, best first; none where nothing fits. Raises NotStored."""

    async def __call__(self, words: str, service: str | None, most: int) -> Sequence[Page]: ...


class PastTool:
    doing = "is looking into memory"
    needs_incident = False
    tool = Tool(
        name="past_incidents",
        description="Past incidents that are like these words: what happened, why, what fixed it, whether that held.",
        schema={
            "type": "object",
            "properties": {"words": {**WORDS, "description": "what hurts, in the words of alerts and errors"}},
            "required": ["words"],
            "additionalProperties": False,
        },
    )

    def __init__(self, similar: Similar) -> None:
        self._similar = similar

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        here = scene.incident
        found = await self._similar(given.needed("words"), here.service if here else None, most=MOST + 1)
        facts = tuple(_past(one) for one in found if here is None or one.past.id != here.id)[:MOST]
        return Looked(facts=facts, nothing="No past incident in memory is like that.", changes=True)


class LessonsTool:
    doing = "is reading lessons and notes"
    needs_incident = False
    tool = Tool(
        name="lessons",
        description="Lessons from past incidents and notes that people keep about services.",
        schema={
            "type": "object",
            "properties": {"words": {**WORDS, "description": "a service, or what they have to speak of"}},
            "required": ["words"],
            "additionalProperties": False,
        },
    )

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        words = given.needed("words")
        lessons = [(f"{one.text} {one.service or ''}", _lesson(one)) for one in await self._lines.lessons()]
        notes = [(f"{one.text} {one.service}", _note(one)) for one in await self._lines.notes()]
        facts = tuple(_sharing(words, [*lessons, *notes]))[:MOST_LINES]
        return Looked(facts=facts, nothing="No lesson and no note speaks of that.", changes=True)


class RunbooksTool:
    doing = "is looking for a runbook"
    needs_incident = False
    tool = Tool(
        name="runbooks",
        description="Runbooks that operators declared, with their steps, and runbook pages with their text. You can "
        "only read them.",
        schema={
            "type": "object",
            "properties": {"words": {**WORDS, "description": "what the runbook is for, or its id"}},
            "required": ["words"],
            "additionalProperties": False,
        },
    )

    def __init__(self, runbooks: Sequence[Runbook], pages: FindPages) -> None:
        self._runbooks = tuple(runbooks)
        self._pages = pages

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        words = given.needed("words")
        declared = _sharing(words, [(_searched(book), book) for book in self._runbooks])[:MOST]
        service = scene.incident.service if scene.incident else None
        pages = await self._pages(words, service, 2)
        facts = (*map(_runbook, declared), *(fact for page in pages for fact in _page(page)))
        return Looked(facts=facts, nothing="No runbook is for that.", changes=True)


class CatalogTool:
    doing = "is reading the service catalog"
    needs_incident = False
    tool = Tool(
        name="catalog",
        description="A service of the catalog: owner, tier, channels, what it depends on and what depends on it.",
        schema={
            "type": "object",
            "properties": {"service": {**WORDS, "description": "its name"}},
            "required": ["service"],
            "additionalProperties": False,
        },
    )

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def __call__(self, given: Given, scene: Scene) -> Looked:
        found = self._catalog.resolve(given.needed("service"))
        if found.service is None:
            near = f" Near by name: {', '.join(found.nearest)}." if found.nearest else ""
            return Looked(nothing=f"The catalog has no such service.{near}")
        return Looked(facts=(_service(found.service, self._catalog.dependants(found.service.name)),))


def _past(one: Recalled) -> Fact:
    past = one.past
    took = f", took {past.minutes} min" if past.minutes is not None else ""
    parts = [f"{past.id} on {past.started_at:%Y-%m-%d}{took}: {past.title}"]
    parts += [f"symptoms: {past.symptoms}"] if past.symptoms else []
    parts += [f"cause: {past.cause}"] if past.cause else []
    parts += [f"fixed by: {past.fix} ({_OUTCOMES[past.outcome]})"] if past.fix else []
    parts += [f"did not help: {past.unhelpful}"] if past.unhelpful else []
    services = (past.service,) if past.service else ()
    return Fact(source="memory", text="; ".join(parts), services=services, link=past.link)


def _lesson(lesson: Lesson) -> Fact:
    whose = f" of {lesson.service}" if lesson.service else ""
    text = f"lesson{whose}, {lesson.at:%Y-%m-%d}, accepted by {lesson.author}: {lesson.text}"
    return Fact(source="lessons", text=text, services=(lesson.service,) if lesson.service else ())


def _note(note: Note) -> Fact:
    text = f"note about {note.service} by {note.author}, {note.at:%Y-%m-%d}: {note.text}"
    return Fact(source="notes", text=text, services=(note.service,))


def _searched(book: Runbook) -> str:
    trigger = book.trigger
    names = (*trigger.alerts, *trigger.services, *trigger.words)
    return " ".join((book.id, book.title, book.summary, *names, *(step.title for step in book.steps)))


def _runbook(book: Runbook) -> Fact:
    steps = "; ".join(f"{n}. {step.title}" for n, step in enumerate(book.steps, start=1))
    owner = f", owned by {book.owner}" if book.owner else ""
    summary = f" {book.summary}" if book.summary else ""
    return Fact(
        source="runbooks", text=f"runbook {book.id} ({book.title}{owner}).{summary} Steps: {steps}", link=book.link
    )


def _page(page: Page) -> Sequence[Fact]:
    text = page.text[:PAGE_LIMIT]
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    services = (page.service,) if page.service else ()
    return [
        Fact(source="runbook page", text=f"page {page.title}: {piece}", services=services, link=page.link)
        for piece in pieces
    ]


def _service(service: Service, dependants: Sequence[str]) -> Fact:
    parts = [f"{service.name} is owned by {service.owner}" if service.owner else f"{service.name} has no owner"]
    parts += [f"tier {service.tier}"] if service.tier is not None else []
    parts += [service.description] if service.description else []
    parts += [f"ask in {', '.join(service.channels)}"] if service.channels else []
    parts += [f"depends on {', '.join(service.depends_on)}"] if service.depends_on else []
    parts += [f"called by {', '.join(dependants)}"] if dependants else []
    parts += [f"repository {service.repository}"] if service.repository else []
    links = [link.url for link in service.links]
    names = (service.name, *service.depends_on, *dependants)
    return Fact(source="catalog", text="; ".join(parts), services=names, link=links[0] if links else None)


def _sharing(words: str, candidates: Sequence[tuple[str, T]]) -> list[T]:
    """Those whose text shares a word, the most first."""
    wanted = set(wording(words).terms)
    count: Callable[[str], int] = lambda text: len(wanted & set(wording(text).terms))  # noqa: E731
    ranked = sorted(
        ((count(text), at) for at, (text, _) in enumerate(candidates)), key=lambda pair: (-pair[0], pair[1])
    )
    return [candidates[at][1] for shared, at in ranked if shared]
