"""An incident's twin in PagerDuty: the `Elsewhere` port. What is done there is done as the user of PAGERDUTY_FROM."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports.life import Reported
from bot.domain.redact import redact
from integrations.descriptor import ActionTools
from integrations.pagerduty.client import NotThere, PagerDutyClient
from integrations.pagerduty.desk import Desk
from integrations.pagerduty.mark import stamp
from integrations.pagerduty.records import Standing
from integrations.pagerduty.settings import PagerDutySettings
from integrations.pagerduty.webhook import SOURCE

NOTE_LIMIT = 1900  # characters: PagerDuty takes 2000, and our mark is among them
RESOLVED = "resolved"


class PagerDutyTwin:
    """Each change looks first: it may be done again, and what stands there already is not written."""

    def __init__(self, settings: PagerDutySettings, tools: ActionTools) -> None:
        self._desk = Desk(settings, tools.threads, tools.clock)

    def concerns(self, incident: Incident) -> Sequence[str]:
        ids = (
            grouped.alert.labels.get("pagerduty_incident", "")
            for grouped in incident.alerts
            if grouped.alert.source == SOURCE  # anyone's alert may have such a label
        )
        return tuple(dict.fromkeys(filter(None, ids)))

    async def acknowledge(self, id: str) -> None:
        await self._desk.ask(lambda client: _set(client, id, "acknowledged"))

    async def resolve(self, id: str) -> None:
        await self._desk.ask(lambda client: _set(client, id, RESOLVED))

    async def note(self, id: str, text: str, *, key: str) -> None:
        said, mark = plain(redact(text), NOTE_LIMIT), stamp(key)
        await self._desk.ask(lambda client: _note(client, id, f"{said}\n\n({mark})", mark))

    async def look(self, id: str) -> Reported | None:
        found = await self._desk.ask(lambda client: _standing(client, id))
        return Reported(id=found.id, status=found.status, address=found.link or None) if found else None


def _set(client: PagerDutyClient, id: str, status: str) -> None:
    found = _standing(client, id)
    if found is None or found.status in (status, RESOLVED):
        return
    try:
        client.change(id, status=status)
    except SourceError as error:
        if error.reason is not FailureReason.REFUSED:
            raise
        now = _standing(client, id)  # somebody resolved it between the two
        if now is not None and now.status != RESOLVED:
            raise


def _note(client: PagerDutyClient, id: str, text: str, mark: str) -> None:
    try:
        if any(mark in note.text for note in client.notes(id)):
            return
        client.add_note(id, text)
    except NotThere:
        return


def _standing(client: PagerDutyClient, id: str) -> Standing | None:
    """None: it was deleted."""
    try:
        return client.incident(id)
    except NotThere:
        return None


def twin(settings: PagerDutySettings, tools: ActionTools) -> PagerDutyTwin | None:
    """None where it is not wanted, and without PAGERDUTY_API_KEY and PAGERDUTY_FROM, which writing needs."""
    is_wanted = settings.in_step and settings.api_key and settings.sender
    return PagerDutyTwin(settings, tools) if is_wanted else None
