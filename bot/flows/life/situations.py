"""Reads how an incident stands from all that is on record of it."""

from __future__ import annotations

from typing import Protocol

from bot.domain.briefing import Briefing
from bot.domain.incident import Incident
from bot.domain.life.situation import Situation
from bot.domain.ports import Clock, Timeline
from bot.domain.ports.acting import Approvals, Runs
from bot.domain.ports.kept import Life


class LatestBriefing(Protocol):
    async def latest(self, incident_id: str) -> Briefing | None: ...


class Situations:
    def __init__(
        self,
        *,
        life: Life,
        briefings: LatestBriefing,
        timeline: Timeline,
        runs: Runs,
        approvals: Approvals,
        clock: Clock,
    ) -> None:
        self._life = life
        self._briefings = briefings
        self._timeline = timeline
        self._runs = runs
        self._approvals = approvals
        self._clock = clock

    async def of(self, incident: Incident) -> Situation:
        """Raises NotStored."""
        life, id_ = self._life, incident.id
        now = self._clock.now()
        plan = await life.cadences.get(id_)
        return Situation(
            incident=incident,
            now=now,
            holders={one.role: one.person for one in await life.roles.of_incident(id_) if one.person},
            briefing=await self._briefings.latest(id_),
            events=await self._timeline.of(id_),
            runs=await self._runs.of_incident(id_),
            requests=[
                request
                for request in await self._approvals.open_requests()
                if request.incident == id_ and request.expires_at > now
            ],
            follow_ups=await life.follow_ups.of_incident(id_),
            updates=await life.updates.of_incident(id_),
            next_update_at=plan.due if plan else None,
        )
