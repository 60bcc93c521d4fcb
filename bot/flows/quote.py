"""Answer a question with what is known already, quoted: what holds when no model can be asked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

from bot.domain.answers import Answer, Event, Material, Topic, answer, topics
from bot.domain.answers.compose import Nearest
from bot.domain.briefing import Briefing
from bot.domain.catalog import Catalog, Service
from bot.domain.compose import compose
from bot.domain.incident import Incident
from bot.domain.ports import Briefings, Clock, Similar, Timeline
from bot.domain.remembered import Recalled
from bot.flows.investigate import request_for

MOST_PAST = 3
MOST_SERVICES = 3
_NAME = re.compile(r"[A-Za-z0-9][\w./-]*")


class Quoting:
    def __init__(
        self,
        *,
        briefings: Briefings,
        timeline: Timeline,
        catalog: Catalog,
        similar: Similar,
        nearest: Nearest,
        clock: Clock,
    ) -> None:
        self._briefings = briefings
        self._timeline = timeline
        self._catalog = catalog
        self._similar = similar
        self._nearest = nearest
        self._clock = clock

    async def __call__(self, question: str, incident: Incident | None, names: Mapping[str, str]) -> Answer:
        """`names`: what people are called, by user id. Raises NotStored."""
        material = await self.material(question, incident, names)
        return answer(question, material, self._nearest)

    async def material(self, question: str, incident: Incident | None, names: Mapping[str, str]) -> Material:
        services = self._services(question, incident)
        return Material(
            briefing=await self._briefing(incident),
            events=await self._events(incident, names),
            services=services,
            dependants=self._catalog.dependants(services[0].name) if services else (),
            past=await self._past(question, incident, services),
        )

    def _services(self, question: str, incident: Incident | None) -> tuple[Service, ...]:
        """Those that the question names, else the one that hurts."""
        words = [word.strip(".,") for word in _NAME.findall(question)]
        joined = ["-".join(pair) for pair in itertools.pairwise(words)]
        named = [self._catalog.services.get(word.lower()) or _exact(self._catalog, word) for word in (*joined, *words)]
        found = tuple({service.name: service for service in named if service}.values())[:MOST_SERVICES]
        if found or incident is None:
            return found
        own = self._catalog.resolve(incident.service, incident.first_alert.labels if incident.alerts else {}).service
        return (own,) if own else ()

    async def _briefing(self, incident: Incident | None) -> Briefing | None:
        findings = await self._briefings.findings(incident.id) if incident else None
        if incident is None or findings is None:
            return None
        return compose(request_for(incident, self._catalog, self._clock), findings, self._clock.now())

    async def _events(self, incident: Incident | None, names: Mapping[str, str]) -> tuple[Event, ...]:
        if incident is None:
            return ()
        return tuple(
            Event(
                at=event.at, kind=event.kind, text=event.text, who=names.get(event.actor, event.actor), link=event.link
            )
            for event in await self._timeline.of(incident.id)
        )

    async def _past(
        self, question: str, incident: Incident | None, services: Sequence[Service]
    ) -> tuple[Recalled, ...]:
        """For an incident: what is like it. Elsewhere, and for words of one's own: what is like the question."""
        of_this = incident is not None and Topic.BEFORE in topics(question)
        text = _said(incident) if incident and of_this else question
        service = services[0].name if services else (incident.service if incident else None)
        if not text.strip():
            return ()
        found = await self._similar(text, service, most=MOST_PAST + 1)
        return tuple(one for one in found if incident is None or one.past.id != incident.id)[:MOST_PAST]


def _exact(catalog: Catalog, word: str) -> Service | None:
    """Only names that are more than an everyday word: "catalog" may be a service, or not."""
    return catalog.find(word) if "-" in word or "_" in word else None


def _said(incident: Incident) -> str:
    """What the monitors said."""
    alerts = (grouped.alert for grouped in incident.alerts)
    parts = (part for a in alerts for part in (a.title, a.labels.get("alertname", ""), a.description) if part)
    return "\n".join(dict.fromkeys(parts))
