"""Keeps the canvas of an incident's channel showing how things stand."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import Incident, PlaceKind
from bot.domain.life.announcement_text import digest
from bot.domain.life.overview_text import overview
from bot.domain.ports import Clock, Effects, Incidents
from bot.domain.ports.life import Canvases
from bot.flows.life.situations import Situations

log = logging.getLogger(__name__)

PACE = timedelta(minutes=1)  # between two looks: canvases.edit is a tier 3 method, 50 calls a minute for all incidents
# The workspace has no canvases, or does not let us write any: that is so for all incidents.
NO_CANVASES = frozenset(
    {
        "canvas_disabled_user_team",
        "team_tier_cannot_create_channel_canvases",
        "free_teams_cannot_create_non_tabbed_canvases",
        "missing_scope",
        "restricted_action",
        "not_allowed_token_type",
        "unknown_method",
    }
)


class Overview:
    """A `Follower`. Incidents in threads have no canvas."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        effects: Effects,
        canvases: Canvases,
        situations: Situations,
        clock: Clock,
        catalog: Catalog | None = None,
    ) -> None:
        self._incidents = incidents
        self._effects = effects
        self._canvases = canvases
        self._situations = situations
        self._clock = clock
        self._catalog = catalog or Catalog()
        self._looked: dict[str, datetime] = {}  # by incident: when it was written, or found to be up to date
        self._behind: set[str] = set()  # incidents that have changed since
        self._left: set[str] = set()  # incidents whose canvas cannot be written
        self._is_off = False

    async def follow(self, incident: Incident) -> None:
        if self._has_canvas(incident):
            self._behind.add(incident.id)
            await self._look(incident, self._clock.now())

    async def tick(self, now: datetime) -> None:
        """The timeline, roles and follow-ups change without a new revision of the incident."""
        failed: FirstResponderError | None = None
        behind = [await self._incidents.get(one) for one in self._behind]
        for incident in {one.id: one for one in (*await self._incidents.list_open(), *behind) if one}.values():
            try:
                if self._has_canvas(incident):
                    await self._look(incident, now)
            except FirstResponderError as error:  # the others are shown nevertheless
                failed = error
        if failed:
            raise failed

    def _has_canvas(self, incident: Incident) -> bool:
        in_channel = incident.place is not None and incident.place.kind is PlaceKind.CHANNEL
        return in_channel and not self._is_off and incident.id not in self._left

    async def _look(self, incident: Incident, now: datetime) -> None:
        last = self._looked.get(incident.id)
        if last is not None and now - last < PACE:
            return
        self._looked[incident.id] = now
        try:
            await self._write(incident)
        except ChatError as error:
            self._refused(incident, error)
        else:
            self._behind.discard(incident.id)

    async def _write(self, incident: Incident) -> None:
        service = self._catalog.find(incident.service)
        markdown = overview(await self._situations.of(incident), service.links if service else ())
        canvas, shown = _read((await self._effects.begin(_key(incident))).result)
        if shown == digest(markdown) or incident.place is None:
            return
        canvas = await self._canvases.overview(incident.place, markdown, known=canvas)
        await self._effects.finish(_key(incident), json.dumps([canvas, digest(markdown)]))

    def _refused(self, incident: Incident, error: ChatError) -> None:
        """Somebody writes in it now, or Slack is away: later again. Else it is said once and left."""
        if not error.is_final:
            log.info("the canvas of %s is written later: %s", incident.id, error)
            return
        self._behind.discard(incident.id)
        self._left.add(incident.id)
        self._is_off = self._is_off or error.code in NO_CANVASES
        whose = "incidents" if self._is_off else incident.id
        log.warning("the overview of %s is not shown in a canvas: %s", whose, error)


def _read(result: str | None) -> tuple[str, str]:
    """The canvas' id, and the digest of what it shows."""
    canvas, shown = json.loads(result) if result else ("", "")
    return str(canvas), str(shown)


def _key(incident: Incident) -> str:
    return f"life/canvas/{incident.id}"
