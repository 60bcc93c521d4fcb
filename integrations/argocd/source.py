"""Asks Argo CD what it deployed of the burning service and its neighbours, and how it finds them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, Evidence
from integrations.argocd.client import VENDOR, Application, ArgoCdClient
from integrations.argocd.reading import changes, conditions, of_change, of_condition
from integrations.argocd.settings import ArgoCdSettings
from integrations.descriptor import Tools
from integrations.threads import run_until

SOURCE = "argocd"
BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told
MOST_SERVICES = 12  # each costs one request
AT_ONCE = 6
MOST_CHANGES = 10  # of one application, which is also how many it keeps unless told otherwise


class ArgoCdSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: ArgoCdSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    async def look(self, request: ContextRequest) -> Answer:
        services = _services(request)
        if not services:
            return Answer(skipped="the alert names no service to look for in Argo CD")
        budget = self._deadline * BUDGET_SHARE
        ends = asyncio.get_running_loop().time() + budget
        async with ArgoCdClient(self._settings, self._threads, deadline=self._deadline) as client:
            look = _Look(request, self._settings, client)
            await run_until(ends, [look.ask(service) for service in services])
        evidence = tuple(item for service in services for item in look.evidence(service))
        if not evidence and (look.errors or not look.found):
            raise next(iter(look.errors.values()), VENDOR.too_slow(budget))
        if not any(look.found.values()):
            names = ", ".join(map(self._settings.application_of, services))
            return Answer(skipped=f"no application of Argo CD is called {names}")
        return Answer(evidence=evidence, gaps=tuple(look.gaps(services)), checked=look.checked(services))


def _services(request: ContextRequest) -> tuple[str, ...]:
    """The burning one first."""
    own = (request.service_name,) if request.service_name else ()
    return tuple(dict.fromkeys((*own, *(service.name for service in request.neighbours))))[:MOST_SERVICES]


@dataclass
class _Look:
    """One incident's questions, and what came back by service; None: there is no such application."""

    request: ContextRequest
    settings: ArgoCdSettings
    client: ArgoCdClient
    found: dict[str, Application | None] = field(default_factory=dict)
    errors: dict[str, SourceError] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, service: str) -> None:
        async with self.slots:
            try:
                self.found[service] = await self.client.application(self.settings.application_of(service))
            except SourceError as error:
                self.errors[service] = error

    def evidence(self, service: str) -> Iterator[Evidence]:
        application = self.found.get(service)
        if application is None:
            return
        link = self.client.page(application)
        for change in [*changes(service, application.status, self.request.changes_since)][:MOST_CHANGES]:
            text = of_change(change, self.request.onset)
            yield Evidence(source=SOURCE, text=text, fact=change, link=link, at=change.at)
        for condition in conditions(service, application):
            text = of_condition(condition)
            yield Evidence(source=SOURCE, text=text, fact=condition, link=link, at=condition.since)

    def checked(self, services: Sequence[str]) -> str:
        known = [service for service in services if self.found.get(service)]
        since = f"from {self.request.changes_since:%H:%M} to {self.request.now:%H:%M} UTC"
        told = [f"deployments, health and sync of {', '.join(known)}, {since}"]
        if missing := [service for service, application in self.found.items() if application is None]:
            told.append(f"no application for {', '.join(missing)}")
        return "; ".join(told)

    def gaps(self, services: Sequence[str]) -> Iterator[str]:
        for reason in dict.fromkeys(error.detail for error in self.errors.values()):
            names = ", ".join(name for name, error in self.errors.items() if error.detail == reason)
            yield f"{names} could not be looked at: {reason.rstrip('.')}"
        if late := [service for service in services if service not in self.found and service not in self.errors]:
            yield f"no answer in time about {', '.join(late)}"
