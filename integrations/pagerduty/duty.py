"""Who is on call for a service, now and next, for whoever asks in Slack."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.catalog import Catalog
from bot.domain.duty import Turn
from integrations.descriptor import ActionTools
from integrations.pagerduty.desk import Desk
from integrations.pagerduty.look import NEXT_WITHIN
from integrations.pagerduty.settings import PagerDutySettings


class PagerDutyDuties:
    """Needs a key alone: nothing is changed."""

    def __init__(self, settings: PagerDutySettings, tools: ActionTools, catalog: Catalog | None = None) -> None:
        self._desk = Desk(settings, tools.threads, tools.clock)
        self._clock = tools.clock
        self._catalog = catalog

    async def turns(self, service: str) -> Sequence[Turn]:
        """Raises SourceError, and ActionRefused where PagerDuty has no service of that name."""
        known = self._catalog.find(service) if self._catalog else None
        policy = known.escalation_policy if known else None
        if not policy:
            found = await self._desk.service((known.pagerduty_service if known else None) or service)
            policy = found.policy
        if not policy:
            return ()
        now = self._clock.now()
        asked = policy
        duties = await self._desk.ask(lambda client: client.on_call(asked, since=now, until=now + NEXT_WITHIN))
        return tuple(
            Turn(person=duty.person, level=duty.level, policy=duty.policy, start=duty.start, end=duty.end)
            for duty in duties
        )
