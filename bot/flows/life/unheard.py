"""Slack does not take what is to be told of a SEV1: who was paged is told where the page came from."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.ports import Agenda, Effects, Incidents
from bot.domain.ports.life import Elsewhere

SAID = (
    "Slack does not take messages now. The incident is on record ({id}), and everything is told there as soon as Slack "
    "answers again; until then work from here."
)


class Unheard:
    """A `Follower`. One note for each incident and each stretch of silence that it notices."""

    def __init__(
        self, *, incidents: Incidents, agenda: Agenda, elsewhere: Elsewhere, effects: Effects, after: timedelta
    ) -> None:
        """`after`: how long a SEV1 may wait for Slack."""
        self._incidents = incidents
        self._agenda = agenda
        self._elsewhere = elsewhere
        self._effects = effects
        self._after = after
        self._behind_since: dict[str, datetime] = {}  # of cards that show an older state

    async def follow(self, incident: Incident) -> None:
        pass

    async def tick(self, now: datetime) -> None:
        outdated = frozenset(await self._agenda.outdated())
        self._behind_since = {id: self._behind_since.get(id, now) for id in outdated}
        for incident in await self._incidents.list_open():
            if incident.severity is not Severity.SEV1:
                continue
            since = self._behind_since.get(incident.id) if incident.card else incident.opened_at
            if since is not None and now - since >= self._after:
                await self._tell(incident.id, since)

    async def _tell(self, incident_id: str, since: datetime) -> None:
        incident = await self._incidents.get(incident_id)
        for id in self._elsewhere.concerns(incident) if incident else ():
            key = f"unheard:{incident_id}:{id}:{since:%Y%m%dT%H%M%S}"
            if (await self._effects.begin(key)).result is None:
                await self._elsewhere.note(id, SAID.format(id=incident_id), key=key)
                await self._effects.finish(key, "told")
