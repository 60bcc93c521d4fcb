"""Give a role to a person: kept, told to them with its duties, on the timeline, and said where people work."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from bot.domain.approval import PersonKind
from bot.domain.errors import ChatError, NotStored
from bot.domain.incident import Incident, PlaceKind
from bot.domain.life import Holding, Order, Role
from bot.domain.life.role_words import is_already, is_now, not_for, told_holder
from bot.domain.ports import Clock, Effects, Timeline, TimelineEvent
from bot.domain.ports.acting import Directory
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Surroundings, Telling

log = logging.getLogger(__name__)

ROLE_EVENT = "role"  # the timeline's kind
TRIES = 5  # of a write that others may be faster with: people give roles, no machine does


class Assigning:
    """An order is carried out once. What a crash has cut off is done when the order comes again."""

    def __init__(
        self,
        *,
        life: Life,
        timeline: Timeline,
        effects: Effects,
        telling: Telling,
        directory: Directory,
        clock: Clock,
        surroundings: Surroundings | None = None,
    ) -> None:
        """`surroundings`: invites holders into the incident's channel."""
        self._life = life
        self._timeline = timeline
        self._effects = effects
        self._telling = telling
        self._directory = directory
        self._clock = clock
        self._surroundings = surroundings

    async def may_not(self, *people: str) -> str:
        """Why one of them can give or have no role; "" where all can. Raises ChatError where Slack cannot be asked."""
        asked = [person for person in people if person]
        found = await self._directory.people(asked)
        for person in asked:
            kind = found[person].kind if person in found else PersonKind.UNKNOWN
            if kind is not PersonKind.MEMBER:
                return not_for(person, kind)
        return ""

    async def answered(self, order: Order) -> str:
        """What this order was answered with before; "" where it is new, or was cut off."""
        return (await self._effects.begin(_key(order))).result or ""

    async def __call__(self, order: Order, incident: Incident, role: Role, person: str) -> str:
        """`person`: "" for nobody. Raises NotStored, ChatError."""
        if done := await self.answered(order):
            return done
        holding = await self._keep(order, incident, role, person)
        if holding is None:
            answer = is_already(incident, role, person)
        else:
            answer = is_now(incident, role, holding.person)
            if holding.person == person:  # nobody has been given it since a crash
                await self._told(order, incident, holding, answer)
        await self._effects.finish(_key(order), answer)
        return answer

    async def _keep(self, order: Order, incident: Incident, role: Role, person: str) -> Holding | None:
        """As it is kept now. None: nothing was to be changed.

        The version that is replaced is written down first: where it is gone after a crash, the order was carried out.
        """
        planned = f"{_key(order)}/replaces"
        for _ in range(TRIES):
            current = await self._life.roles.get(f"{incident.id}:{role}")
            version = current.version if current else 0
            before = (await self._effects.begin(planned)).result
            if before and current is not None and version > int(before):
                return current
            if (current.person if current else "") == person:
                return None
            await self._effects.finish(planned, str(version))
            wanted = Holding(
                incident=incident.id,
                role=role,
                person=person,
                since=self._clock.now(),
                by=order.person,
                version=max(version, 1),
            )
            if current is None and await self._life.roles.add(wanted):
                return wanted
            if current is not None and (kept := await self._life.roles.put(wanted)):
                return kept
            await self._effects.finish(planned, "")  # somebody else was faster
        raise NotStored(f"the {role} of {incident.id} is being changed by others")

    async def _told(self, order: Order, incident: Incident, holding: Holding, sentence: str) -> None:
        key, at = _key(order), holding.since
        event = TimelineEvent(incident_id=incident.id, at=at, kind=ROLE_EVENT, text=sentence, actor=order.person)
        await self._timeline.add(event, key=key)
        if holding.person:
            await self._to_holder(order, incident, holding)
        aloud = holding.role is Role.LEAD
        said = self._telling.in_place(incident, sentence, key=f"{key}/place", aloud=aloud)
        await _unless_refused(said, holding)

    async def _to_holder(self, order: Order, incident: Incident, holding: Holding) -> None:
        by = order.person if order.person != holding.person else ""
        text = told_holder(incident, holding.role, by)
        if self._surroundings is not None and incident.place and incident.place.kind is PlaceKind.CHANNEL:
            await _unless_refused(self._surroundings.invite(incident.place, holding.person), holding)
        await _unless_refused(self._telling.direct(holding.person, text, key=f"{_key(order)}/direct"), holding)


async def _unless_refused(work: Awaitable[object], holding: Holding) -> None:
    """What Slack refuses for good is not tried again: the role is theirs all the same."""
    try:
        await work
    except ChatError as error:
        if not error.is_final:
            raise
        log.warning("%s is given to %s, but not all was told: %s", holding.id, holding.person or "nobody", error)


def _key(order: Order) -> str:
    return f"life/role/{order.id}"
