"""Calls the next person on call: the `Pager` port of approvals that nobody answers."""

from __future__ import annotations

import logging
from functools import partial

from bot.domain.action import ActionRefused, Refusal
from bot.domain.catalog import Catalog
from bot.domain.errors import SourceError
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.descriptor import ActionTools
from integrations.pagerduty.actions import LONGEST_TITLE, opened
from integrations.pagerduty.client import NotThere, PagerDutyClient
from integrations.pagerduty.desk import Desk, people
from integrations.pagerduty.mark import stamp
from integrations.pagerduty.records import Duty, Standing
from integrations.pagerduty.settings import PagerDutySettings
from integrations.pagerduty.webhook import SOURCE

log = logging.getLogger(__name__)


class PagerDutyPager:
    """Escalates the incident that PagerDuty itself told of; else opens one for the service, with its own key."""

    def __init__(self, settings: PagerDutySettings, tools: ActionTools, catalog: Catalog | None = None) -> None:
        self._desk = Desk(settings, tools.threads, tools.clock)
        self._catalog = catalog

    async def page(self, incident: Incident, sentence: str, *, key: str) -> str:
        """Raises ActionRefused where nobody could be called, or nobody knows whether somebody was."""
        _ = self._desk.sender
        told = plain(redact(f"{incident.id}: {sentence}"), LONGEST_TITLE)
        try:
            found = await self._known(incident)
            called = await self._escalated(found, told, key) if found else ""
            return called or await self._opened(incident, told, key)
        except SourceError as error:
            raise ActionRefused(Refusal.UNREACHABLE, error.detail) from None

    async def _known(self, incident: Incident) -> Standing | None:
        """The open incident of PagerDuty's that this one came from."""
        ids = [one.alert.labels.get("pagerduty_incident", "") for one in incident.alerts if one.alert.source == SOURCE]
        for id in filter(None, ids):
            try:
                found = await self._desk.ask(partial(PagerDutyClient.incident, id=id))
            except NotThere:
                continue
            if found.status != "resolved":
                return found
        return None

    async def _escalated(self, found: Standing, told: str, key: str) -> str:
        """Who is called; "" where nobody is on call after those who were called before."""
        notes = await self._desk.ask(lambda client: client.notes(found.id))
        if any(stamp(key) in note.text for note in notes):
            return f"{_named(found.assigned)} by incident {found.number} in PagerDuty"
        duties = await self._desk.on_call(found.policy)
        level = _next_level(found, duties)
        if level is None:
            return ""

        now = await self._desk.ask(lambda client: client.change(found.id, escalation_level=level))
        try:
            await self._desk.ask(lambda client: client.add_note(found.id, f"{told}\n\n({stamp(key)})"))
        except SourceError as error:  # somebody was called; were it to be said otherwise, one more would be
            log.warning("The note on an escalation could not be written: %s", error)
        return f"{_named(now.assigned or people(duties, level))} by incident {now.number} in PagerDuty"

    async def _opened(self, incident: Incident, told: str, key: str) -> str:
        service = await self._desk.service(self._service(incident))
        found = await self._desk.ask(lambda client: opened(client, service.id, told, key))
        who = found.assigned or people(await self._desk.on_call(service.policy), 1)
        return f"{_named(who)} by incident {found.number} in PagerDuty"

    def _service(self, incident: Incident) -> str:
        known = self._catalog.find(incident.service) if self._catalog else None
        labels = incident.first_alert.labels if incident.alerts else {}
        named = (known.pagerduty_service if known else None) or labels.get("pagerduty_service") or incident.service
        if not named:
            raise ActionRefused(Refusal.NOT_SET_UP, "The incident names no service, so nobody is known to be on call.")
        return named


def _next_level(found: Standing, duties: tuple[Duty, ...]) -> int | None:
    present = max((duty.level for duty in duties if duty.person in found.assigned), default=1)
    return next((level for level in sorted({duty.level for duty in duties}) if level > present), None)


def _named(names: tuple[str, ...]) -> str:
    return " and ".join(names) or "whoever is on call"
