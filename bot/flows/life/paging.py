"""Who is on call, and calling them: asked first, done once."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from bot.domain.action import ActionRefused
from bot.domain.catalog import Catalog, Service
from bot.domain.duty import Turn, levels, lines, on_at
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Incident
from bot.domain.life import Order
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Incidents, Timeline, TimelineEvent
from bot.domain.ports.acting import Pager
from bot.domain.service_names import normal

T = TypeVar("T")

PAGE_EVENT = "page"  # the timeline's kind
TITLE_SHOWN, NAME_SHOWN = 140, 80  # characters
NOT_SET_UP = "PagerDuty is not set up (PAGERDUTY_API_KEY and PAGERDUTY_FROM)"


class Duties(Protocol):
    """Who is on call for a service, now and next. Raises FirstResponderError, ActionRefused where nobody can tell."""

    async def turns(self, service: str) -> Sequence[Turn]: ...


@dataclass(frozen=True, kw_only=True)
class _Target:
    name: str  # of the service
    service: Service | None  # as the catalog has it


class Paging:
    """The `PagingDesk`."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        incidents: Incidents,
        timeline: Timeline,
        clock: Clock,
        duties: Duties | None = None,
        pager: Pager | None = None,
    ) -> None:
        """Without `duties` nobody knows who is on call, without `pager` nobody can be called; both is said."""
        self._catalog = catalog
        self._incidents = incidents
        self._timeline = timeline
        self._clock = clock
        self._duties = duties
        self._pager = pager

    async def who(self, service: str) -> str:
        target = self._meant(service)
        if self._duties is None:
            return f"{NOT_SET_UP}, so I do not know who is on call for {target.name}.{_owner(target)}"
        turns = await _or_refused(self._duties.turns(target.name))
        if not turns:
            return f"PagerDuty has nobody on call for {target.name}.{_owner(target)}"
        policy = next((turn.policy for turn in turns if turn.policy), "")
        heading = f"On call for {target.name}{f' ({policy})' if policy else ''}:"
        return "\n".join([heading, *lines(turns, self._clock.now())])

    async def ask(self, incident: Incident, target: str) -> str:
        meant = self._of(incident, target)
        if self._pager is None:
            raise FirstResponderError(f"{NOT_SET_UP}, so nobody can be paged from here.{_owner(meant)}".rstrip("."))
        about = f"about {incident.id} ({plain(bare_title(incident.title), TITLE_SHOWN)})"
        called = await self._called(meant)
        further = " Whoever was called already is passed over for the next level." if _is_own(incident, meant) else ""
        return f"Page {called} for {meant.name}, {about}? They are called at once.{further}"

    async def page(self, order: Order, target: str) -> str:
        incident = await self._incidents.get(order.incident)
        if incident is None:
            raise FirstResponderError(f"There is no incident {order.incident}")
        meant = self._of(incident, target)
        if self._pager is None:
            raise FirstResponderError(f"{NOT_SET_UP}, so nobody can be paged from here")
        # Of another service there is no incident in PagerDuty that could be escalated: one is opened for it.
        about = incident if _is_own(incident, meant) else replace(incident, service=meant.name, alerts=())
        sentence = f"help is asked for with {incident.severity} {plain(bare_title(incident.title), TITLE_SHOWN)}"
        who = await _or_refused(self._pager.page(about, sentence, key=order.id))
        event = TimelineEvent(
            incident_id=incident.id,
            at=self._clock.now(),
            kind=PAGE_EVENT,
            text=f"Paged {who} for {meant.name}",
            actor=order.person,
        )
        await self._timeline.add(event, key=f"page:{order.id}")
        return f"{who} was paged for {meant.name}."

    # --- who is meant ------------------------------------------------------------------------------------------------

    def _of(self, incident: Incident, target: str) -> _Target:
        named = target or incident.service or ""
        if not named:
            raise FirstResponderError(f"{incident.id} names no service: say whom to page, `page checkout`")
        return self._meant(named) if target else _Target(name=named, service=self._catalog.find(named))

    def _meant(self, named: str) -> _Target:
        """A service, or the most critical one of a team. Raises FirstResponderError."""
        found = self._catalog.resolve(named)
        if found.service is not None:
            return _Target(name=found.service.name, service=found.service)
        owned = [one for one in self._catalog.services.values() if normal(named) in _names_of_owner(one)]
        if owned:
            first = min(owned, key=lambda one: (one.tier or 99, one.name))
            return _Target(name=first.name, service=first)
        near = f"; near it are {', '.join(found.nearest)}" if found.nearest else ""
        raise FirstResponderError(f"I know no service or team “{plain(named, NAME_SHOWN)}”{near}")

    async def _called(self, meant: _Target) -> str:
        """Who would be, as far as that can be told now."""
        if self._duties is None:
            return "whoever is on call"
        try:
            turns = await _or_refused(self._duties.turns(meant.name))
        except FirstResponderError:
            return "whoever is on call"
        now = self._clock.now()
        for level in levels(turns):
            if people := on_at(turns, level, now):
                return f"{' and '.join(people)} (level {level})"
        return "whoever is on call"


async def _or_refused(work: Awaitable[T]) -> T:
    try:
        return await work
    except ActionRefused as error:
        raise FirstResponderError(error.detail.rstrip(".")) from None


def _names_of_owner(service: Service) -> set[str]:
    """Also without "team", as people say it."""
    own = normal(service.owner)
    return {own, normal(service.owner.lower().removesuffix("team").rstrip("- "))} - {""} if own else set()


def _is_own(incident: Incident, meant: _Target) -> bool:
    return incident.service in (meant.name, *(meant.service.aliases if meant.service else ()))


def _owner(target: _Target) -> str:
    service = target.service
    if service is None or not service.owner:
        return ""
    where = f", {' '.join(service.channels)}" if service.channels else ""
    return f" It belongs to {service.owner}{where}."
