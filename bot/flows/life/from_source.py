"""When the source says that it is over and a person is to have the last word."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.domain.errors import ChatError
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Holding, Role
from bot.domain.life.presses import KEEP_OPEN, RESOLVE
from bot.domain.ports import Effects
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Choice, Telling

log = logging.getLogger(__name__)


class AskWhetherOver:
    """A `Follower`, for where a recovery leads to MONITORING: asks the lead, or the place, once for each recovery.

    A recovery is told apart by how many alerts there were: until another one comes nothing can recover again.
    """

    def __init__(self, *, telling: Telling, roles: Kept[Holding], effects: Effects) -> None:
        self._telling = telling
        self._roles = roles
        self._effects = effects
        self._asked: dict[str, int] = {}  # by incident: alerts that there were

    async def follow(self, incident: Incident) -> None:
        is_quiet = incident.alert_count > 0 and incident.firing_count == 0
        if incident.status is not IncidentStatus.MONITORING or not is_quiet or incident.place is None:
            return
        if self._asked.get(incident.id) == incident.alert_count:
            return
        key = f"over?:{incident.id}:{incident.alert_count}"
        if not (await self._effects.begin(key)).result:
            await self._ask(incident, key)
            await self._effects.finish(key, "asked")
        self._asked[incident.id] = incident.alert_count

    async def tick(self, now: datetime) -> None:
        """Nothing is due."""

    async def _ask(self, incident: Incident, key: str) -> None:
        text = f"No alert of {incident.id} fires any more. Is it over?"
        choices = (
            Choice(action=RESOLVE, text="Resolve", value=incident.id),
            Choice(action=KEEP_OPEN, text="Keep open", value=incident.id),
        )
        held = await self._roles.get(f"{incident.id}:{Role.LEAD}")
        try:
            if held is not None and held.person:
                await self._telling.direct(held.person, text, key=f"{key}:told", choices=choices)
            else:
                await self._telling.in_place(incident, text, key=f"{key}:told", choices=choices)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s: nobody can be asked whether it is over: %s", incident.id, error)
