"""Asks GitHub what changed before the onset: of the burning service, and of its neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.diff import failing_words
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, ChangeKind, Evidence
from bot.domain.plaintext import plain
from integrations.descriptor import Tools
from integrations.github.asking import Asking
from integrations.github.client import Repository
from integrations.github.history import History
from integrations.github.refusal import NoRepository, no_repository
from integrations.github.settings import GitHubSettings
from integrations.github.wire import Account, Wire
from integrations.github.wording import SOURCE, evidence
from integrations.threads import run_until

BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told
MOST_SERVICES = 12  # each costs a few requests
MOST_OWN, MOST_NEIGHBOUR = 12, 2  # requests about the burning service, and about each neighbour
AT_ONCE = 4  # requests about the burning service, and as many about the rest; secondary limits start at a hundred
NAMES_SHOWN = 4
GAP_LIMIT, CHECKED_LIMIT = 400, 600  # characters


class GitHubSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: GitHubSettings, tools: Tools) -> None:
        self._account = Account(settings, tools.clock, deadline=tools.source_deadline)
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library; takes a while, so on a thread."""
        import github  # noqa: F401

    async def look(self, request: ContextRequest) -> Answer:
        with_repository = [service for service in request.services if service.repository]
        services = with_repository[:MOST_SERVICES]
        if not services:
            return Answer(skipped="no repository in the catalog for this service")
        budget = self._deadline * BUDGET_SHARE
        ends = asyncio.get_running_loop().time() + budget
        with Wire(self._account) as wire:
            histories = self._histories(services, request, wire)
            await run_until(ends, [history.look() for history in histories])
        report = _Report(request, histories, self._account.settings)
        told = tuple(report.evidence())
        if not told and (error := report.error(self._account.vendor.too_slow(budget))):
            raise error
        unasked = [service.name for service in with_repository[MOST_SERVICES:]]
        return Answer(evidence=told, checked=report.checked(), gaps=tuple(report.gaps(unasked)))

    def _histories(self, services: Sequence[Service], request: ContextRequest, wire: Wire) -> list[History]:
        """One for each repository and environment: several services may be deployed from one, together."""
        own, rest = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        suspects: list[str] = []
        found: dict[tuple[str, str], History] = {}
        for service in services:
            is_burning = request.service is not None and service.name == request.service.name
            key = ((service.repository or "").lower(), service.environment.lower())
            if key in found:
                continue
            most = MOST_OWN if is_burning else MOST_NEIGHBOUR
            found[key] = History(
                service=service,
                repository=Repository(service.repository or "", wire, most=most, is_burning=is_burning),
                request=request,
                asking=Asking(threads=self._threads, lane=own if is_burning else rest),
                is_deep=is_burning,
                suspects=suspects,
            )
        return list(found.values())


class _Report:
    """What came back of one incident's questions."""

    def __init__(self, request: ContextRequest, histories: Sequence[History], settings: GitHubSettings) -> None:
        self._request, self._histories, self._settings = request, histories, settings

    def evidence(self) -> Iterator[Evidence]:
        for history in self._histories:
            service, name = history.service, history.repository.name
            texts = [text for alert in self._request.alerts for text in (alert.title, alert.description)]
            labels = {key: value for alert in reversed(self._request.alerts) for key, value in alert.labels.items()}
            failing = failing_words(labels, texts, (service.name, *service.aliases, name.partition("/")[2]))
            for change in history.changes:
                yield evidence(change, service, self._request, failing, f"{self._settings.web}/{name}")

    def error(self, too_slow: SourceError) -> SourceError | None:
        """Why it could not be looked where it matters most: at the burning service, else at any."""
        own = [history for history in self._histories if history.is_deep] or self._histories
        if any(history.has_looked for history in own):
            return None
        return next((history.error for history in own if history.error), too_slow)

    def checked(self) -> str:
        told = []
        for kind in ChangeKind:
            if asked := [h for h in self._histories if kind in h.kinds]:
                told.append(f"{kind.value}s of {_names([self._called(h) for h in asked])}")
        if nothing := [h for h in self._histories if h.is_done and not h.error and not h.kinds]:
            told.append(f"no deployment or release is recorded for {_names([self._called(h) for h in nothing])}")
        since = f"from {self._request.changes_since:%H:%M} to {self._request.now:%H:%M} UTC"
        older = [f"the last of {h.service.name} was {h.last}" for h in self._histories if h.is_deep and h.last]
        return plain("; ".join([f"{', '.join(told)}, {since}", *older]), CHECKED_LIMIT)

    def _called(self, history: History) -> str:
        to = ", ".join(history.environments[:NAMES_SHOWN])
        return f"{history.service.name} to {to}" if to else history.service.name

    def gaps(self, unasked: Sequence[str]) -> Iterator[str]:
        """The burning service first, as the histories are; the same reason of several services is told once."""
        for gap in self._gaps(unasked):
            yield plain(gap, GAP_LIMIT)

    def _gaps(self, unasked: Sequence[str]) -> Iterator[str]:
        by_reason: dict[str, list[str]] = {}
        missing: dict[str, str] = {}
        for history in self._histories:
            if isinstance(history.error, NoRepository):
                missing[history.service.name] = history.repository.name
            elif history.error:
                by_reason.setdefault(history.error.detail, []).append(f"changes of {history.service.name}")
            for what, error in history.asking.errors.items():
                by_reason.setdefault(error.detail, []).append(what)
        if missing:
            reason = no_repository(self._settings, *list(missing.values())[:NAMES_SHOWN]).detail
            by_reason[reason] = [f"changes of {_names(list(missing))}"]
        for reason, whats in by_reason.items():
            yield f"{_first_upper(_names(whats))} could not be looked at: {reason}"
        for history in self._histories:
            yield from history.asking.gaps
        late = [what for h in self._histories if not h.is_done for what in h.asking.doing if what]
        if late:
            yield f"GitHub did not answer in time about {_names(late)}."
        if unasked:
            yield f"Changes of {_names(unasked)} were not asked for: {MOST_SERVICES} services are the most."


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
