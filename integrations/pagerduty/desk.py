"""Questions and changes of actions, on the source threads, with what they must find out first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from bot.domain.action import ActionCall, ActionRefused, Refusal, Value
from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.ports import Clock
from bot.domain.service_names import normal
from integrations.descriptor import Threads
from integrations.drafted import TURNED_AWAY
from integrations.pagerduty.client import NotThere, PagerDutyClient
from integrations.pagerduty.records import Duty, Known, Standing
from integrations.pagerduty.settings import PagerDutySettings
from integrations.programs.argument import bad, shown

T = TypeVar("T")

PATIENCE = 8.0  # seconds for one request; planning has 30 for its three or four
ID = r"[A-Z0-9]{5,25}"
_ID = re.compile(ID)
SOON = timedelta(minutes=1)


class Desk:
    """Raises SourceError, and ActionRefused where there is nothing that could be meant."""

    def __init__(self, settings: PagerDutySettings, threads: Threads, clock: Clock) -> None:
        self._settings, self._threads, self._clock = settings, threads, clock

    @property
    def sender(self) -> str:
        """Raises ActionRefused."""
        if not self._settings.sender:
            detail = "PAGERDUTY_FROM is not set: PagerDuty asks as whom something is changed."
            raise ActionRefused(Refusal.NOT_SET_UP, detail)
        return self._settings.sender

    async def ask(self, work: Callable[[PagerDutyClient], T]) -> T:
        def ask() -> T:
            with PagerDutyClient(self._settings, deadline=PATIENCE) as client:
                return work(client)

        return await self._threads.run(ask)

    # --- which one is meant ------------------------------------------------------------------------------------------

    async def incident(self, call: ActionCall) -> Standing:
        """The one that is named; else the one that is open of the call's service."""
        named = call.parameters.get("incident")
        if named is not None:
            if not _ID.fullmatch(str(named)):
                raise bad("incident", f"{shown(named)} is no id of an incident of PagerDuty's.")
            try:
                return await self.ask(lambda client: client.incident(str(named)))
            except NotThere:
                raise bad("incident", f"PagerDuty has no incident {shown(named)}.") from None
        if not call.service:
            raise bad("incident", "neither it nor a service is known, so nobody can tell which incident is meant.")
        service = await self.service(call.service, "incident")
        found = (await self.ask(lambda client: client.open_incidents([service.id]))).items
        if len(found) != 1:
            what = f"{service.name} has {len(found) or 'no'} open incident{'s' if len(found) != 1 else ''} in PagerDuty"
            raise bad("incident", f"{what}: say which one is meant.")
        only = found[0].id
        return await self.ask(lambda client: client.incident(only))

    async def service(self, name: str, parameter: str = "service") -> Known:
        """By its id or its name, in whatever spelling."""
        if _ID.fullmatch(name):
            try:
                return await self.ask(lambda client: client.service(name))
            except NotThere:
                raise bad(parameter, f"PagerDuty has no service {shown(name)}.") from None
        found = (await self.ask(lambda client: client.services_named(name))).items
        called = [item for item in found if normal(item.name) == normal(name)]
        if len(called) != 1:
            like = ", ".join(shown(item.name) for item in found[:3])
            near = f"; like it there are {like}" if like else ""
            raise bad(parameter, f"PagerDuty has {len(called) or 'no'} service called {shown(name)}{near}.")
        return called[0]

    async def on_call(self, policy: str) -> tuple[Duty, ...]:
        """Now, by level."""
        if not policy:
            return ()
        now = self._clock.now()
        found = await self.ask(lambda client: client.on_call(policy, since=now, until=now + SOON))
        return tuple(duty for duty in found if duty.is_on(now))


def was_turned_away(error: SourceError) -> bool:
    return error.reason in TURNED_AWAY or (isinstance(error, NotThere) and error.reason is FailureReason.REFUSED)


def people(duties: tuple[Duty, ...], level: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(duty.person for duty in duties if duty.level == level))


INCIDENT: Mapping[str, Value] = {
    "incident": {
        "type": "string", "pattern": f"^{ID}$",
        "description": "PagerDuty's id; the one that is open of the service where it is unset",
    }
}  # fmt: skip
