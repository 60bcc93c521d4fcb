"""Who comes to the place of an incident that was merged is told where it goes on."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Tie, TieKind
from bot.domain.ports import Incidents
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Telling

log = logging.getLogger(__name__)


class PointToSurvivor:
    """A `Follower`."""

    def __init__(self, *, incidents: Incidents, ties: Kept[Tie], telling: Telling) -> None:
        self._incidents = incidents
        self._ties = ties
        self._telling = telling
        self._told: set[str] = set()

    async def follow(self, incident: Incident) -> None:
        into = incident.merged_into
        if into is None or incident.id in self._told:
            return
        at = incident.resolved_at or incident.opened_at
        await self._ties.add(Tie(incident=incident.id, other=into, kind=TieKind.MERGED, by="", at=at))
        try:
            await self._telling.in_place(incident, await self._text(incident, into), key=f"merged:{incident.id}")
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s: nobody can be told there where it goes on: %s", incident.id, error)
        self._told.add(incident.id)

    async def _text(self, incident: Incident, into: str) -> str:
        survivor = await self._incidents.get(into)
        where = f" in <#{survivor.place.channel}>" if survivor and survivor.place else ""
        card = survivor.card.permalink if survivor and survivor.card else None
        linked = f"<{card}|{into}>" if card else into
        return f"{incident.id} goes on as {linked}{where}. Please go on there; its alerts are there already."

    async def tick(self, now: datetime) -> None:
        """Nothing is due."""
