"""Who does what in an incident, as people ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.life import Holding, Order, Role
from bot.domain.life.wording import person as mention
from bot.domain.ports import Incidents
from bot.domain.ports.kept import Life
from bot.flows.life.assigning import Assigning
from bot.flows.life.handoff import HandingOver


class Roles:
    """The `RoleDesk` port."""

    def __init__(
        self,
        *,
        life: Life,
        incidents: Incidents,
        assigning: Assigning,
        handing_over: HandingOver,
        on_change: Callable[[str], None],
    ) -> None:
        """`on_change`: of this incident something has changed that others show."""
        self._life = life
        self._incidents = incidents
        self._assigning = assigning
        self._handing_over = handing_over
        self._on_change = on_change

    async def assign(self, order: Order, role: Role, person: str) -> str:
        if done := await self._assigning.answered(order):
            return done
        incident = await self._incidents.get(order.incident)
        if refused := _refused(order, incident) or await self._assigning.may_not(order.person, person):
            return refused
        assert incident is not None
        answer = await self._assigning(order, incident, role, person)
        await self._handing_over.follow(incident)
        self._on_change(incident.id)
        return answer

    async def holders(self, incident_id: str) -> Mapping[Role, str]:
        return {one.role: one.person for one in await self._life.roles.of_incident(incident_id) if one.person}

    async def of_person(self, person: str) -> Sequence[Holding]:
        """Of the worst incident first."""
        found: list[Holding] = []
        for incident in await self._incidents.list_open():
            held = await self._life.roles.of_incident(incident.id)
            found += [one for one in held if person and one.person == person]
        return found

    async def offer(self, order: Order, taker: str) -> str:
        incident = await self._incidents.get(order.incident)
        if refused := _refused(order, incident) or await self._assigning.may_not(order.person, taker):
            return refused
        assert incident is not None
        if (await self.holders(incident.id)).get(Role.LEAD) == taker:
            return f"{mention(taker)} leads {incident.id} already."
        return await self._handing_over.offer(order, incident, taker)

    async def answer_offer(self, handoff_id: str, person: str, *, accepted: bool, at: datetime) -> str:
        answer = await self._handing_over.answer(handoff_id, person, accepted=accepted, at=at)
        if handoff := await self._life.handoffs.get(handoff_id):
            self._on_change(handoff.incident)
        return answer


def _refused(order: Order, incident: Incident | None) -> str:
    if incident is None:
        return f"There is no incident {order.incident}."
    if not incident.status.is_open:
        return f"{incident.id} is {incident.status}: roles are given while it goes on. Open it again first."
    return ""
