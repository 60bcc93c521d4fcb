"""One incident's questions to PagerDuty, asked at once as far as they do not wait for each other, and the answers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.service_names import normal
from bot.domain.terms import terms
from integrations.descriptor import Threads
from integrations.pagerduty.client import Clients, NotThere, Page, PagerDutyClient
from integrations.pagerduty.records import Changed, Duty, Happened, Known, Noted

T = TypeVar("T")

RECENT = timedelta(days=30)  # what is asked of a service's own incidents
NEXT_WITHIN = timedelta(days=14)  # whose turn is next: rotations are mostly of one or two weeks
SAME_TROUBLE = timedelta(minutes=15)  # an incident of PagerDuty's that opened so near the onset is this one
SAME_CHANGE = timedelta(minutes=2)  # how far apart two tools tell of one change
MOST_NOTED = 3  # incidents whose notes are read; each costs a request
REMEMBERED = timedelta(hours=6)  # what the plan lacks and what services are called is not asked again for so long

# What is asked, as people call it.
SERVICE, DUTY, RECENTS, OPEN = "the service", "who is on call", "recent incidents", "open incidents"
CHANGES, ALL_CHANGES = "change events", "change events of the account"
PAST, NOTES = "incidents that PagerDuty thinks alike", "notes"
ORDER = (SERVICE, DUTY, RECENTS, OPEN, CHANGES, ALL_CHANGES, PAST, NOTES)  # in which they are told
# 404 of these means that the account does not have the feature.
FEATURES = frozenset({ALL_CHANGES, PAST})


@dataclass
class Memory:
    """What one process has learnt of the account."""

    services: dict[str, tuple[datetime, Page[Known]]] = field(default_factory=dict)  # by the name that was asked for
    refusals: dict[str, tuple[datetime, SourceError]] = field(default_factory=dict)  # by what was asked

    def refusal(self, what: str, now: datetime) -> SourceError | None:
        at, error = self.refusals.get(what, (None, None))
        return error if at and now - at < REMEMBERED else None

    def named(self, name: str, now: datetime) -> Page[Known] | None:
        at, found = self.services.get(name, (None, None))
        return found if at and now - at < REMEMBERED else None


@dataclass
class Look:
    """`service_id` and `policy`: what the catalog or the alert says, if anything."""

    request: ContextRequest
    threads: Threads
    clients: Clients
    memory: Memory
    service_id: str
    policy: str
    incident: str  # PagerDuty's id of this very incident; "" where the alert did not come from there
    known: Known | None = None
    is_by_name: bool = False
    like: tuple[str, ...] = ()  # names of PagerDuty's services that only come near
    is_stale: bool = False  # PagerDuty has no service of the id that the catalog names
    duties: tuple[Duty, ...] = ()
    recent: Page[Happened] | None = None
    open: Page[Happened] | None = None
    past: tuple[Happened, ...] = ()
    changes: Page[Changed] | None = None
    all_changes: Page[Changed] | None = None
    notes: dict[str, tuple[Noted, ...]] = field(default_factory=dict)  # by the incident's id
    asked: dict[str, bool] = field(default_factory=dict)  # what, and whether it was answered
    errors: dict[str, SourceError] = field(default_factory=dict)  # by what
    done: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    # --- who is meant ------------------------------------------------------------------------------------------------

    @property
    def own(self) -> str:
        """The id of the burning service; "" where it is not known."""
        return self.known.id if self.known else ""

    def name_of(self, id: str, name: str) -> str | None:
        """Which of the request's services PagerDuty speaks of; None: none of them."""
        if id and id == self.own:
            return self.request.service_name
        by_id = next((s.name for s in self.request.neighbours if id and s.pagerduty_service == id), None)
        return by_id or next((s.name for s in self.request.neighbours if _is_called(s, name)), None)

    @property
    def dependencies(self) -> tuple[Service, ...]:
        service = self.request.service
        return tuple(s for s in self.request.neighbours if service and s.name in service.depends_on)

    # --- the questions -----------------------------------------------------------------------------------------------

    def questions(self) -> list[Coroutine[Any, Any, None]]:
        return [self._find(), self._duty(), self._recents(), self._opens(), self._changes(), self._all_changes(),
                self._alike(), self._notes()]  # fmt: skip

    async def _ask(self, what: str, call: Callable[[PagerDutyClient], T]) -> T | None:
        """None where it could not be answered: then `errors` says why."""
        now = self.request.now
        self.asked[what] = self.asked.get(what, False)
        try:
            if refusal := self.memory.refusal(what, now):
                raise refusal
            answer = await self.threads.run(partial(self.clients.call, call))
        except SourceError as error:
            if error.reason is FailureReason.NOT_ON_PLAN or (what in FEATURES and isinstance(error, NotThere)):
                self.memory.refusals.setdefault(what, (now, error))
            self.errors[what] = error
            return None
        self.asked[what] = True
        return answer

    async def _find(self) -> None:
        """By the id that is known; asked for by name where there is none or PagerDuty does not know it."""
        try:
            if self.service_id and self.policy:
                self.known = Known(id=self.service_id, name="", policy=self.policy)
            elif self.service_id:
                self.known = await self._ask(SERVICE, lambda client: client.service(self.service_id))
                self.is_stale = isinstance(self.errors.get(SERVICE), NotThere)
            if self.known is None and (self.is_stale or not self.service_id):
                await self._by_name()
        finally:
            self.done[SERVICE].set()

    async def _by_name(self) -> None:
        name = self.request.service_name
        if not name:
            return
        found = self.memory.named(name, self.request.now)
        if found is None:
            found = await self._ask(SERVICE, lambda client: client.services_named(name))
            if found is None:
                return
            self.errors.pop(SERVICE, None)
            self.memory.services[name] = (self.request.now, found)
        service = self.request.service or Service(name=name)
        called = [item for item in found.items if _is_called(service, item.name)]
        if len(called) == 1:
            self.known, self.is_by_name = called[0], True
        else:
            self.like = tuple(item.name for item in found.items)

    async def _duty(self) -> None:
        if not self.policy:
            await self.done[SERVICE].wait()
        policy = self.policy or (self.known.policy if self.known else "")
        if policy:
            since, until = self.request.now, self.request.now + NEXT_WITHIN
            self.duties = await self._ask(DUTY, lambda client: client.on_call(policy, since=since, until=until)) or ()

    async def _recents(self) -> None:
        try:
            await self.done[SERVICE].wait()
            if own := self.own:
                until = self.request.now
                self.recent = await self._ask(
                    RECENTS, lambda client: client.incidents(own, since=until - RECENT, until=until)
                )
        finally:
            self.done[RECENTS].set()

    async def _opens(self) -> None:
        """Of the service and its dependencies; of the whole account where PagerDuty's id of one is not known."""
        try:
            await self.done[SERVICE].wait()
            ids = [self.own, *(s.pagerduty_service or "" for s in self.dependencies)]
            if any(ids) or self.dependencies:
                wanted = () if self.dependencies and "" in ids[1:] else tuple(id for id in ids if id)
                self.open = await self._ask(OPEN, lambda client: client.open_incidents(wanted))
        finally:
            self.done[OPEN].set()

    async def _changes(self) -> None:
        await self.done[SERVICE].wait()
        if own := self.own:
            self.changes = await self._ask(CHANGES, self._changes_of(own))

    async def _all_changes(self) -> None:
        """PagerDuty does not filter these by service: one question for all neighbours."""
        await self.done[SERVICE].wait()
        if self.request.neighbours:
            self.all_changes = await self._ask(ALL_CHANGES, self._changes_of(""))

    def _changes_of(self, service: str) -> Callable[[PagerDutyClient], Page[Changed]]:
        since, until = self.request.changes_since, self.request.now
        return lambda client: client.changes(service, since=since, until=until)

    async def _alike(self) -> None:
        try:
            if self.incident:
                self.past = await self._ask(PAST, lambda client: client.past_incidents(self.incident)) or ()
        finally:
            self.done[PAST].set()

    async def _notes(self) -> None:
        jobs: list[Awaitable[None]] = [self._notes_of(self.incident)] if self.incident else []
        await asyncio.gather(*jobs, self._notes_of_others())

    async def _notes_of_others(self) -> None:
        for what in (RECENTS, OPEN, PAST):
            await self.done[what].wait()
        wanted = self.worth_reading()[: MOST_NOTED - bool(self.incident)]
        await asyncio.gather(*(self._notes_of(item.id) for item in wanted))

    async def _notes_of(self, incident: str) -> None:
        found = await self._ask(NOTES, lambda client: client.notes(incident))
        if found is not None:
            self.notes[incident] = found

    # --- what came back ----------------------------------------------------------------------------------------------

    def opened(self) -> list[Happened]:
        """Incidents of the service itself that are open now; newest first."""
        listed = [*(self.recent.items if self.recent else ()), *(self.open.items if self.open else ())]
        found = {i.id: i for i in listed if i.is_open and i.service_id == self.own and i.id != self.incident}
        return sorted(found.values(), key=lambda item: item.at, reverse=True) if self.own else []

    def opened_below(self) -> list[tuple[str, Happened]]:
        """Open incidents of direct dependencies, with the catalog's name; the oldest first: it may be the cause."""
        names = {service.name for service in self.dependencies}
        pairs = [(self.name_of(i.service_id, i.service_name), i) for i in (self.open.items if self.open else ())]
        return sorted(((n, i) for n, i in pairs if n in names), key=lambda pair: pair[1].at)

    def earlier(self) -> list[Happened]:
        """The service's incidents of the last days that are not this trouble; newest first."""
        near = self.request.onset - SAME_TROUBLE
        listed = self.recent.items if self.recent else ()
        found = [i for i in listed if i.id != self.incident and not (i.is_open and i.at >= near)]
        return sorted(found, key=lambda item: item.at, reverse=True)

    def alike(self) -> list[Happened]:
        """What PagerDuty thinks alike and is older than the recent ones."""
        listed = {item.id for item in (*self.earlier(), *self.opened())}
        return [item for item in self.past if item.id not in listed and item.id != self.incident]

    def worth_reading(self) -> list[Happened]:
        """Whose notes say most, best first: the last one, those called as this one is, then what is open below."""
        title, earlier = set(terms(self.request.alert.title)), self.earlier()
        thought = {item.id for item in self.past}
        similar = sorted(
            earlier, key=lambda item: (item.id in thought, len(title & set(terms(item.title)))), reverse=True
        )
        below = [item for _, item in self.opened_below()]
        ordered = [*earlier[:1], *self.opened()[:1], *below[:1], *similar, *self.alike(), *below[1:]]
        return list({item.id: item for item in ordered}.values())

    def changed(self) -> list[tuple[str, Changed]]:
        """With the catalog's name of the service; the burning one's first, then newest first, each once."""
        own = self.request.service_name or ""
        found = [(own, item) for item in (self.changes.items if self.changes else ())]
        for item in self.all_changes.items if self.all_changes else ():
            names = dict.fromkeys(self.name_of(id, name) for id, name in item.services)
            found += [(name, item) for name in names if name]
        within = [(name, i) for name, i in found if self.request.changes_since <= i.at <= self.request.now]
        return sorted(_once(within), key=lambda pair: (pair[0] != own, -pair[1].at.timestamp()))


def _once(found: Iterable[tuple[str, Changed]]) -> list[tuple[str, Changed]]:
    """The same words about the same service at the same time are one change, told by two tools or in two answers."""
    kept: dict[tuple[str, str], list[Changed]] = {}
    for name, item in found:
        same = kept.setdefault((name, normal(item.summary)), [])
        if not any(abs(item.at - other.at) <= SAME_CHANGE for other in same):
            same.append(item)
    return [(name, item) for (name, _), items in kept.items() for item in items]


def _is_called(service: Service, name: str) -> bool:
    """Whether PagerDuty's name is one of the service's, in whatever spelling."""
    return bool(normal(name)) and normal(name) in {normal(known) for known in (service.name, *service.aliases)}
