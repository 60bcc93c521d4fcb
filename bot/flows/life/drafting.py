"""Draft what people are told. Nothing is sent by it."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.catalog import Catalog
from bot.domain.life import Audience
from bot.domain.life.update_drafts import internal_draft, public_draft
from bot.domain.ports import Clock, Incidents
from bot.flows.life.situations import Situations

PUBLIC_NAME_TAG = "public-name:"  # of a service in the catalog: "public-name:Card payments"


class Drafting:
    def __init__(
        self,
        *,
        incidents: Incidents,
        situations: Situations,
        clock: Clock,
        public_name: Callable[[str | None], str] = lambda _: "",
    ) -> None:
        """`public_name`: what customers call a service; "" where it has no such name."""
        self._incidents = incidents
        self._situations = situations
        self._clock = clock
        self._public_name = public_name

    async def __call__(self, incident_id: str, audience: Audience) -> str:
        incident = await self._incidents.get(incident_id)
        if incident is None:
            return ""
        if audience is Audience.PUBLIC:
            return public_draft(incident, self._clock.now(), self._public_name(incident.service))
        return internal_draft(await self._situations.of(incident))


def public_names(catalog: Catalog) -> Callable[[str | None], str]:
    """By the services' tags."""

    def name_of(service: str | None) -> str:
        found = catalog.find(service)
        named = [tag for tag in found.tags if tag.startswith(PUBLIC_NAME_TAG)] if found else []
        return named[0].removeprefix(PUBLIC_NAME_TAG).strip() if named else ""

    return name_of
