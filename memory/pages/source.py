"""Pages that fit an incident, as a context source: by the alert's own link, by its name, then by search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.domain.context import ContextRequest
from bot.domain.errors import NotStored, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, RunbookFact
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.remembered import Command, CommandRisk, Page
from memory.commands import commands_in
from memory.mirror import Mirror
from memory.pages.links import page_of

MOST = 3  # pages; more are a list to read, not help
MOST_COMMANDS = 6  # of one page: those that only look come first, they are what one begins with
COMMAND_LIMIT = 300  # characters; a longer one is read on the page
BY_LINK, BY_NAME = 1.0, 0.95  # whoever wrote the alert has decided
STALE = timedelta(days=365)  # half of what is that old names something that is gone
_ORDER = (CommandRisk.READ, CommandRisk.UNKNOWN, CommandRisk.MUTATING)


class FindPages(Protocol):
    """Pages that fit an incident, best first, each with a score of 0 to 1 and why; none where nothing fits."""

    async def __call__(self, request: ContextRequest) -> Sequence[tuple[Page, float, tuple[str, ...]]]: ...


@dataclass(frozen=True, kw_only=True)
class _Match:
    page: Page
    score: float
    why: tuple[str, ...]


class PageSource:
    """A `ContextSource`."""

    name = "pages"

    def __init__(self, mirror: Mirror, search: FindPages | None = None) -> None:
        self._mirror = mirror
        self._search = search

    async def look(self, request: ContextRequest) -> Answer:
        try:
            await self._mirror.refresh()
            if not self._mirror.pages:
                return Answer(skipped="there are no runbook pages; RUNBOOK_PAGES names where they are")
            matches = await self._matches(request)
        except NotStored as error:
            raise SourceError(FailureReason.UNREACHABLE, f"Runbook pages cannot be read: {error}.") from error
        return Answer(
            evidence=tuple(_evidence(match, request) for match in matches[:MOST]),
            checked=f"{len(self._mirror.pages)} runbook pages",
            gaps=tuple(self._dead_links(request)),
        )

    async def _matches(self, request: ContextRequest) -> list[_Match]:
        found: dict[str, _Match] = {}
        for match in (*self._outright(request), *await self._searched(request)):
            known = found.get(match.page.id)
            why = tuple(dict.fromkeys((*known.why, *match.why))) if known else match.why
            score = max(known.score, match.score) if known else match.score
            found[match.page.id] = _Match(page=match.page, score=score, why=why)
        return sorted(found.values(), key=lambda match: (-match.score, match.page.id))

    def _outright(self, request: ContextRequest) -> Iterator[_Match]:
        pages = list(self._mirror.pages.values())
        for url in _runbook_links(request):
            if (page := page_of(url, pages)) is not None:
                yield _Match(page=page, score=BY_LINK, why=("the alert links to it",))
        names = {name for alert in request.alerts if (name := alert.labels.get("alertname"))}
        for page in pages:
            if named := sorted(names.intersection(page.alerts)):
                yield _Match(page=page, score=BY_NAME, why=(f"alert {named[0]}",))

    async def _searched(self, request: ContextRequest) -> list[_Match]:
        if self._search is None:
            return []
        found = await self._search(request)
        return [_Match(page=page, score=score, why=why) for page, score, why in found]

    def _dead_links(self, request: ContextRequest) -> Iterator[str]:
        pages = list(self._mirror.pages.values())
        for url in _runbook_links(request):
            if page_of(url, pages) is None:
                yield f"the alert's runbook link {plain(url, 200)} leads to no page that is known here"


def _runbook_links(request: ContextRequest) -> list[str]:
    links = (link for alert in request.alerts for link in alert.links)
    return list(dict.fromkeys(link.url for link in links if "runbook" in link.title.lower()))


def _evidence(match: _Match, request: ContextRequest) -> Evidence:
    page = match.page
    title = plain(redact(page.title), 160)
    age = request.now - page.updated_at if page.updated_at else None
    old = f" It was last changed {age.days // 30} months ago." if age is not None and age > STALE else ""
    fact = RunbookFact(
        runbook=page.id,
        title=title,
        why=match.why,
        steps=tuple(_line(command) for command in _shown(page)),
        score=match.score,
        owner=page.owner,
    )
    text = f"Runbook page {title} fits: {'; '.join(match.why)}.{old}"
    return Evidence(source=PageSource.name, text=text, fact=fact, link=page.link, at=page.updated_at)


def _shown(page: Page) -> Sequence[Command]:
    found = [command for command in commands_in(page.text) if len(command.text) <= COMMAND_LIMIT]
    return sorted(found, key=lambda command: (_ORDER.index(command.risk), command.line))[:MOST_COMMANDS]


def _line(command: Command) -> str:
    says = {
        CommandRisk.READ: "only looks",
        CommandRisk.MUTATING: "CHANGES something",
        CommandRisk.UNKNOWN: "not known what it does",
    }
    return f"{says[command.risk]}: `{' '.join(redact(command.text).split())}`"
