"""Asks GitHub what changed before the onset: of the burning service, and of its neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, ChangeFact, ChangeKind, Evidence
from bot.domain.plaintext import plain
from integrations.descriptor import Threads, Tools
from integrations.github.client import VENDOR, Change, Changes, GitHubClient
from integrations.github.settings import GitHubSettings
from integrations.threads import run_until

SOURCE = "github"
BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told
MOST_SERVICES = 12  # each costs a thread and a handful of requests
AT_ONCE = 6  # repositories; GitHub's secondary limits start at a hundred requests at once
TITLE_LIMIT = 160
NAME_LIMIT = 100
_DONE = {ChangeKind.DEPLOYMENT: "deployed", ChangeKind.RELEASE: "released", ChangeKind.MERGE: "merged"}


class GitHubSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: GitHubSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library; takes a while, so on a thread."""
        with GitHubClient(self._settings, deadline=self._deadline):
            pass

    async def look(self, request: ContextRequest) -> Answer:
        services = [service for service in request.services if service.repository][:MOST_SERVICES]
        if not services:
            return Answer(skipped="no repository in the catalog for this service")
        budget = self._deadline * BUDGET_SHARE
        look = _Look(request, self._settings, self._threads, self._deadline)
        await run_until(asyncio.get_running_loop().time() + budget, [look.ask(service) for service in services])
        evidence = tuple(look.evidence(services))
        if not look.changes or (look.errors and not evidence):
            raise next(iter(look.errors.values())) if look.errors else VENDOR.too_slow(budget)
        return Answer(evidence=evidence, checked=look.checked(services))


@dataclass
class _Look:
    """One incident's questions, and what came back by service."""

    request: ContextRequest
    settings: GitHubSettings
    threads: Threads
    deadline: float
    changes: dict[str, Changes] = field(default_factory=dict)
    errors: dict[str, SourceError] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, service: Service) -> None:
        async with self.slots:
            try:
                self.changes[service.name] = await self.threads.run(partial(self._blocking, service))
            except SourceError as error:
                self.errors[service.name] = error

    def _blocking(self, service: Service) -> Changes:
        """A client of its own: the library's is not made for several threads."""
        is_burning = self.request.service is not None and service.name == self.request.service.name
        with GitHubClient(self.settings, deadline=self.deadline) as client:
            return client.changes(
                service.repository or "", service.environment, self.request.changes_since, is_burning=is_burning
            )

    def evidence(self, services: list[Service]) -> Iterator[Evidence]:
        for service in services:
            if service.name in self.changes:
                for change in self.changes[service.name].found:
                    yield _evidence(service, change, self.request)

    def checked(self, services: list[Service]) -> str:
        asked = [service for service in services if service.name in self.changes]
        words = {kind: f"{kind.value}s" for kind in ChangeKind}
        told = []
        for kind, word in words.items():
            if names := [s.name for s in asked if self.changes[s.name].kind is kind]:
                told.append(f"{word} of {', '.join(names)}")
        if nothing := [s.name for s in asked if self.changes[s.name].kind is None]:
            told.append(f"no deployment, release or merge was ever recorded for {', '.join(nothing)}")
        since = f"from {self.request.changes_since:%H:%M} to {self.request.now:%H:%M} UTC"
        reasons = dict.fromkeys(error.detail for error in self.errors.values())
        notes = [f"{self._failed(reason)} could not be looked at: {reason.rstrip('.')}" for reason in reasons]
        late = [s.name for s in services if s.name not in self.changes and s.name not in self.errors]
        notes += [f"no answer in time about {', '.join(late)}"] if late else []
        return "; ".join([f"{', '.join(told)}, {since}", *notes])

    def _failed(self, reason: str) -> str:
        return ", ".join(name for name, error in self.errors.items() if error.detail == reason)


def _evidence(service: Service, change: Change, request: ContextRequest) -> Evidence:
    is_deployment = change.kind is ChangeKind.DEPLOYMENT
    fact = ChangeFact(
        service=service.name,
        kind=change.kind,
        at=change.at,
        version=plain(change.version, NAME_LIMIT),
        title=plain(change.title, TITLE_LIMIT),
        author=plain(change.author, NAME_LIMIT),
        previous=plain(change.previous, NAME_LIMIT) if change.previous else None,
        environment=service.environment if is_deployment else "",
        succeeded=change.succeeded,
        files=tuple(plain(name, TITLE_LIMIT) for name in change.files),
    )
    return Evidence(source=SOURCE, text=_sentence(fact, request), fact=fact, link=change.link, at=change.at)


def _sentence(fact: ChangeFact, request: ContextRequest) -> str:
    where = f" to {fact.environment}" if fact.environment else ""
    by = f" by {fact.author}" if fact.author else ""
    title = f": {fact.title}" if fact.title != fact.version else ""
    parts = [f"{fact.service} {fact.version} was {_DONE[fact.kind]}{where} at {fact.at:%H:%M:%S} UTC"]
    parts.append(f" ({_distance(fact, request)}){by}{title}")
    if fact.previous:
        parts.append(f"; before it: {fact.previous}")
    if fact.succeeded is False:
        parts.append("; the deployment failed")
    if fact.kind is ChangeKind.MERGE:
        parts.append("; merged is not deployed")
    return "".join(parts)


def _distance(fact: ChangeFact, request: ContextRequest) -> str:
    seconds = (request.onset - fact.at).total_seconds()
    minutes = round(abs(seconds) / 60)
    span = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{span} before the onset" if seconds >= 0 else f"{span} after the onset"
