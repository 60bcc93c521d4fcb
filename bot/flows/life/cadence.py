"""Ask for the next update when it is due: whoever does communications, else the lead, else those who work on it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.incident import Incident
from bot.domain.life import Cadence, Role
from bot.domain.life.nudge_words import nudge_text
from bot.domain.life.pace_of_updates import (
    basis_of,
    claimed,
    first_plan,
    nudged,
    replanned,
    snoozed,
    span_of,
    stopped,
    updated,
)
from bot.domain.life.presses import SNOOZE, WRITE_UPDATE
from bot.domain.ports import Clock, Effects, Incidents
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Choice, Telling

log = logging.getLogger(__name__)

SNOOZES = (15, 60)  # minutes
TRIES = 5  # of a write that others may be faster with
_ASKED = (Role.COMMUNICATIONS, Role.LEAD)


class Cadences:
    """A `Follower`. A nudge is claimed before it is sent, and its key is the time at which it was due."""

    def __init__(self, *, life: Life, incidents: Incidents, effects: Effects, telling: Telling, clock: Clock) -> None:
        self._life = life
        self._incidents = incidents
        self._effects = effects
        self._telling = telling
        self._clock = clock

    # --- what is planned ---------------------------------------------------------------------------------------------

    async def follow(self, incident: Incident) -> None:
        newest = max((update.at for update in await self._life.updates.of_incident(incident.id)), default=None)
        basis = basis_of(incident)
        if await self._life.cadences.get(incident.id) is None:
            if span_of(incident) is None:
                return
            if await self._life.cadences.add(first_plan(incident, newest)):
                await self._effects.finish(_basis_key(incident.id), basis)
                return
        was = (await self._effects.begin(_basis_key(incident.id))).result or ""
        if was != basis:
            now = self._clock.now()
            await self._change(incident.id, lambda plan: replanned(plan, incident, was=was, now=now))
            await self._effects.finish(_basis_key(incident.id), basis)
        if newest is not None:
            await self._change(incident.id, lambda plan: updated(plan, incident, newest, None))

    async def updated(self, incident: Incident, at: datetime, next_in: timedelta | None) -> datetime | None:
        """An update went out. When the next one is due."""
        if await self._life.cadences.get(incident.id) is None:
            start = Cadence(incident=incident.id, next_at=None)
            if await self._life.cadences.add(start):
                await self._effects.finish(_basis_key(incident.id), basis_of(incident))
        plan = await self._change(incident.id, lambda plan: updated(plan, incident, at, next_in))
        return plan.due if plan else None

    async def snooze(self, incident: Incident, length: timedelta) -> datetime | None:
        """Until when; None where nobody is asked anyway."""
        now = self._clock.now()
        plan = await self._life.cadences.get(incident.id)
        if plan is None or plan.next_at is None or not incident.status.is_open:
            return None
        plan = await self._change(incident.id, lambda plan: snoozed(plan, now, length))
        return plan.due if plan else None

    async def _change(self, incident_id: str, decide: Callable[[Cadence], Cadence]) -> Cadence | None:
        """As it is kept afterwards; None where there is none."""
        for _ in range(TRIES):
            plan = await self._life.cadences.get(incident_id)
            if plan is None or (after := decide(plan)) == plan:
                return plan
            if kept := await self._life.cadences.put(after):
                return kept
        raise NotStored(f"the cadence of {incident_id} is being changed by others")

    # --- what is due -------------------------------------------------------------------------------------------------

    async def tick(self, now: datetime) -> None:
        failed: FirstResponderError | None = None
        for plan in await self._life.cadences.due(now):
            try:
                await self._nudge(plan, now)
            except FirstResponderError as error:  # the others are asked nevertheless
                log.warning("nobody was asked for an update of %s: %s", plan.incident, error)
                failed = error
        if failed:
            raise failed

    async def _nudge(self, plan: Cadence, now: datetime) -> None:
        incident = await self._incidents.get(plan.incident)
        if incident is None or not incident.status.is_open:
            await self._life.cadences.put(stopped(plan))
            return
        wanted = claimed(plan, now)
        kept = await self._life.cadences.put(wanted) if wanted else None
        if kept is None or kept.due is None:
            return
        await self._ask(incident, kept, kept.due)
        await self._life.cadences.put(nudged(kept, incident, now))  # or an update came meanwhile

    async def _ask(self, incident: Incident, plan: Cadence, due: datetime) -> None:
        key = f"life/nudge/{incident.id}/{due.isoformat()}"
        holders = {one.role: one.person for one in await self._life.roles.of_incident(incident.id) if one.person}
        text, choices = nudge_text(incident, plan.updated_at, self._clock.now()), _choices(incident.id)
        for person in (*dict.fromkeys(holders[role] for role in _ASKED if role in holders), ""):
            try:
                if person:
                    await self._telling.direct(person, text, key=key, choices=choices)
                else:
                    await self._telling.in_place(incident, text, key=key, choices=choices)
                return
            except ChatError as error:
                if not error.is_final:
                    raise
                log.warning("%s cannot be asked for an update of %s: %s", person or "nobody", incident.id, error)


def _choices(incident_id: str) -> tuple[Choice, ...]:
    snoozes = (Choice(action=SNOOZE, text=f"Snooze {m} min", value=f"{incident_id} {m}") for m in SNOOZES)
    return (Choice(action=WRITE_UPDATE, text="Write update", value=incident_id), *snoozes)


def _basis_key(incident_id: str) -> str:
    return f"life/cadence/{incident_id}"
