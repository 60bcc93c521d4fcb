"""After an incident is over its trigger is looked at for a while. What comes back opens the incident again.

Everything is kept before it is done: a look is claimed by compare-and-set, so that two replicas look once, and is made
again where a process died in its midst.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.catalog import Catalog
from bot.domain.evidence import Finding
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Watch, WatchState
from bot.domain.life.recovery import CANCELLED, Look, blind, conditions, look_at, next_look, request_of_logs
from bot.domain.life.watched import continued, left, looked
from bot.domain.ports import Clock
from bot.domain.ports.life import Telling
from bot.flows.guard import Guard
from bot.flows.investigate import request_for
from bot.flows.life.settling import LEASE, Conclude, Reopen, Settling, WatchRecord

SPAN = timedelta(hours=24)  # a day has seen every hour's load once
AT_ONCE = 4  # looks in one tick: they share the sources' rate budgets with briefings, which must not wait for them
LOGS = frozenset({"elasticsearch"})  # sources that are asked about a window that ends now


class Watching:
    """The `Follower` of recoveries."""

    def __init__(
        self,
        *,
        record: WatchRecord,
        guards: Sequence[Guard],
        telling: Telling,
        reopen: Reopen,
        conclude: Conclude,
        catalog: Catalog,
        clock: Clock,
        span: timedelta = SPAN,
        on_end: Callable[[Watch], None] = lambda _: None,
    ) -> None:
        """`guards`: in the order in which they are asked, until one can tell; best Prometheus, probe, logs. `reopen`:
        as `SteerDesk.move` with REOPEN. `conclude`: as `Learn.conclude`. A `span` of zero watches nothing. `on_end` is
        for counting.
        """
        self._record = record
        self._guards = tuple(guards)
        self._catalog = catalog
        self._clock = clock
        self._span = span
        self._settling = Settling(
            record=record,
            telling=telling,
            reopen=reopen,
            conclude=conclude,
            successor=self._successor,
            clock=clock,
            on_end=on_end,
        )
        self._compared: set[str] = set()  # incidents that were held against the watches when they opened
        self._conditions: dict[str, frozenset[tuple[str, str]]] = {}  # by watch: what fired in its incident

    # --- Follower ----------------------------------------------------------------------------------------------------

    async def follow(self, incident: Incident) -> None:
        """Also where a process ended before it had told of a watch that was over."""
        if incident.status is IncidentStatus.RESOLVED:
            await self._begin(incident)
        for watch in await self._record.watches.of_incident(incident.id):
            if watch.state is not WatchState.WATCHING:
                self._settling.add(watch, is_mine=False)
            elif incident.status is not IncidentStatus.RESOLVED:
                await self._left(watch, incident)
        if incident.status.is_open and incident.id not in self._compared:
            await self._compare(incident)
            self._compared.add(incident.id)
        await self._settling.all()

    async def tick(self, now: datetime) -> None:
        due = await self._record.watches.due(now, limit=AT_ONCE)
        done = await asyncio.gather(*(self._attend(watch, now) for watch in due), return_exceptions=True)
        await self._settling.all()
        for error in done:
            if isinstance(error, BaseException):
                raise error

    # --- a watch begins, and ends because of what others do -----------------------------------------------------------

    async def _begin(self, incident: Incident) -> None:
        since = incident.resolved_at
        now = self._clock.now()
        if since is None or not self._span or since + self._span <= now:
            return
        # Named after the moment, not the revision: what is changed of a resolved incident begins no second watch.
        name = f"{incident.id}:{since:%Y%m%dT%H%M%S}"
        if await self._record.watches.get(name) is None:
            until = since + self._span
            first = next_look(since, until, now)
            watch = Watch(id=name, incident=incident.id, since=since, until=until, next_at=first)
            await self._record.watches.add(watch)

    async def _left(self, watch: Watch, incident: Incident) -> None:
        """`incident` may have its first alert alone."""
        whole = await self._record.incidents.get(incident.id)
        await self._keep(left(watch, incident, whole.alerts if whole else ()))

    async def _compare(self, opened: Incident) -> None:
        for watch in await self._record.watches.in_state(WatchState.WATCHING):
            if opened.opened_at > watch.since and await self._is_the_same(opened, watch):
                await self._keep(continued(watch, opened))

    async def _successor(self, watch: Watch) -> Incident | None:
        """A newer incident of the same condition: after some time an alert no longer joins the old one."""
        for one in reversed(await self._record.incidents.list_recent(watch.since)):
            if one.opened_at > watch.since and await self._is_the_same(one, watch):
                return one
        return None

    async def _is_the_same(self, opened: Incident, watch: Watch) -> bool:
        if opened.id == watch.incident or opened.merged_into is not None:
            return False
        if watch.id not in self._conditions:
            over = await self._record.incidents.get(watch.incident)
            self._conditions[watch.id] = conditions(over.alerts) if over else frozenset()
        return bool(conditions(opened.alerts[:1]) & self._conditions[watch.id])

    # --- a look ------------------------------------------------------------------------------------------------------

    async def _attend(self, watch: Watch, now: datetime) -> None:
        claimed = await self._record.watches.put(replace(watch, next_at=now + LEASE))
        if claimed is None:
            return
        incident = await self._record.incidents.get(watch.incident)
        if incident is None:
            await self._keep(replace(claimed, state=WatchState.ENDED, sentence=CANCELLED))
        elif incident.status is not IncidentStatus.RESOLVED:
            await self._left(claimed, incident)
        elif (successor := await self._successor(claimed)) is not None:
            await self._keep(continued(claimed, successor))
        else:
            look = await self._look(incident)
            await self._keep(looked(claimed, look, self._clock.now()))

    async def _look(self, incident: Incident) -> Look:
        request = request_for(incident, self._catalog, self._clock)
        before = await self._record.briefings.findings(incident.id) or ()
        asked: list[Finding] = []
        for guard in self._guards:
            asked.append(await guard.ask(request_of_logs(request) if guard.name in LOGS else request))
            if (look := look_at(before, asked[-1], request.now)) is not None:
                return look
        return blind(asked)

    async def _keep(self, watch: Watch) -> None:
        """Whatever state it is in; where somebody else was faster, what they kept counts."""
        kept = await self._record.watches.put(watch)
        if kept is not None and kept.state is not WatchState.WATCHING:
            self._settling.add(kept, is_mine=True)
