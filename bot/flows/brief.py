"""Turn findings into the briefing and the card into it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.briefing import Briefing
from bot.domain.card import CardView, Picture
from bot.domain.catalog import Catalog
from bot.domain.compose import compose
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.evidence import Finding
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.ports import Agenda, Briefings, Cards, Clock, Incidents
from bot.domain.ports.opinion import Opinions
from bot.flows.investigate import request_for
from bot.flows.life.beliefs import Beliefs
from bot.flows.picture import DrawChart
from bot.flows.place import existing

log = logging.getLogger(__name__)


class Brief:
    """The first briefing, and every later version of the same card."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        briefings: Briefings,
        agenda: Agenda,
        cards: Cards,
        draw: DrawChart,
        catalog: Catalog,
        clock: Clock,
        opinions: Opinions | None = None,
        beliefs: Beliefs | None = None,
        on_shown: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`beliefs`: keeps on the timeline what each version holds likeliest. `on_shown`: of the first briefing."""
        self._incidents = incidents
        self._briefings = briefings
        self._agenda = agenda
        self._cards = cards
        self._draw = draw
        self._catalog = catalog
        self._clock = clock
        self._opinions = opinions
        self._beliefs = beliefs
        self._on_shown = on_shown

    async def __call__(self, incident_id: str, found: Sequence[Finding] | None = None) -> Briefing:
        """Shows the incident as it is now; the first time it becomes the first briefing. `found`: its findings, where
        they are at hand. Raises ChatError.
        """
        incident = await existing(self._incidents, incident_id)
        findings = await self._briefings.findings(incident_id) if found is None else found
        if findings is None or incident.card is None:
            raise FirstResponderError(f"{incident_id} has no findings or no card yet")
        drawing = self._draw.begin(incident_id, findings)
        now = self._clock.now()
        briefing = compose(request_for(incident, self._catalog, self._clock), findings, now)
        picture = self._draw.ready(incident_id)
        said = await self._opinions.of(incident, briefing) if self._opinions else None
        await self._show(incident, briefing, picture, said)
        await asyncio.gather(  # one commit, in this order: what is briefed and not shown is shown once more
            self._agenda.shown(incident_id, incident.revision),
            self._briefings.save_briefing(incident_id, briefing, at=now),
        )
        if self._beliefs is not None:
            await self._beliefs(incident, briefing, said)
        if incident.briefed_at is None:
            self._on_shown(incident_id)
        if drawing and picture is None:
            await self._add_picture(incident, briefing, said)
        return briefing

    async def _show(
        self, incident: Incident, briefing: Briefing, picture: Picture | None, said: ModelOpinion | None
    ) -> None:
        assert incident.card is not None
        view = CardView(
            incident=_briefed(incident),
            findings=briefing.findings,
            briefing=briefing,
            picture=picture,
            opinion=said,
        )
        try:
            await self._cards.edit(incident.card, view, last=True)
        except ChatError as error:
            if picture is None or not error.is_final:
                raise
            # Slack may refuse a message for its image alone; the words matter more.
            log.warning("%s: the card is shown without its chart: %s", incident.id, error)
            await self._show(incident, briefing, None, said)

    async def _add_picture(self, incident: Incident, briefing: Briefing, said: ModelOpinion | None) -> None:
        picture = await self._draw.wait(incident.id)
        if picture is not None:
            await self._show(incident, briefing, picture, said)


def _briefed(incident: Incident) -> Incident:
    """As it is once this briefing is shown: looked at, so no longer in triage."""
    is_new = incident.status is IncidentStatus.TRIAGE
    return replace(incident, status=IncidentStatus.INVESTIGATING) if is_new else incident
