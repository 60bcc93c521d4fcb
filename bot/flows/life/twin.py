"""Keeps an incident's twin in the tool that alerted in step: taken on, noted, resolved."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alert import AlertStatus, Delivery, Remark, RemarkKind
from bot.domain.errors import FirstResponderError, SourceError
from bot.domain.evidence import FailureReason
from bot.domain.incident import GroupedAlert, Incident
from bot.domain.ports import Clock, Effects, Inbox, Incidents, Timeline, TimelineEvent
from bot.domain.ports.life import Elsewhere, Reported
from bot.flows.life.surroundings import Names

log = logging.getLogger(__name__)

_PERSON = re.compile(r"[UW][A-Z0-9]+")  # Slack's user ids; other actors are integrations, and the bot itself
REST = timedelta(seconds=60)  # after the tool did not answer: it is not asked for each incident every few seconds


@dataclass(frozen=True, kw_only=True)
class _Duty:
    """Something to do over there. `key` is the same each time it comes up."""

    key: str
    id: str
    note: str = ""


class Twin:
    """A `Follower`.

    No loop: what came from over there is no word of a person here, so it is not told there again; and what is done
    there is looked at first, so that nothing is written that stands there already. Each thing is done once, and again
    after a crash that came before that was noted.
    """

    def __init__(
        self,
        *,
        elsewhere: Elsewhere,
        incidents: Incidents,
        timeline: Timeline,
        effects: Effects,
        inbox: Inbox,
        names: Names,
        clock: Clock,
        on_accepted: Callable[[], None],
    ) -> None:
        """`on_accepted`: something that was missed while we were away is in the inbox."""
        self._elsewhere = elsewhere
        self._incidents = incidents
        self._timeline = timeline
        self._effects = effects
        self._inbox = inbox
        self._names = names
        self._clock = clock
        self._on_accepted = on_accepted
        self._began = clock.now()
        self._done: set[str] = set()
        self._behind: set[str] = set()  # incidents that wait for the tool to answer again
        self._not_before = self._began

    async def follow(self, incident: Incident) -> None:
        if incident.merged_into is not None:
            return  # its alerts, and their twins, are the other's
        if self._clock.now() < self._not_before:
            self._behind.add(incident.id)
            return
        whole = await self._incidents.get(incident.id)
        ids = self._elsewhere.concerns(whole) if whole else ()
        if whole is None or not ids:
            return
        try:
            await self._keep_in_step(whole, ids)
        except SourceError as error:
            log.warning("%s is out of step with what alerted of it: %s", incident.id, error)
            self._behind.add(incident.id)
            self._not_before = self._clock.now() + max(REST, timedelta(seconds=error.retry_after or 0))

    async def tick(self, now: datetime) -> None:
        """Those that the tool did not answer for are looked at again."""
        for incident_id in sorted(self._behind):
            if now < self._not_before:
                return
            incident = await self._incidents.get(incident_id)
            self._behind.discard(incident_id)
            try:
                if incident is not None:
                    await self.follow(incident)
            except FirstResponderError:
                self._behind.add(incident_id)
                raise

    async def _keep_in_step(self, incident: Incident, ids: Sequence[str]) -> None:
        for id in ids:
            await self._catch_up(incident, id)
            await self._acknowledge(incident, id)
        if not incident.is_private:
            await self._annotate(incident, ids)
        for id in ids:
            await self._resolve(incident, id)

    # --- from here to there ------------------------------------------------------------------------------------------

    async def _acknowledge(self, incident: Incident, id: str) -> None:
        """What fired when it was taken on; what came, or came back, later may still call somebody."""
        taken_on = incident.acknowledged_at
        if taken_on is None or not incident.status.is_open:
            return
        if any(one.is_firing and one.received_at <= taken_on for one in self._members(incident, id)):
            await self._once(_Duty(key=f"twin:{incident.id}:{id}:acknowledged", id=id), self._elsewhere.acknowledge)

    async def _resolve(self, incident: Incident, id: str) -> None:
        """Each time that it is over anew."""
        if incident.resolved_at is not None:
            over = f"twin:{incident.id}:{id}:over:{incident.resolved_at.isoformat()}"
            await self._once(_Duty(key=over, id=id), self._elsewhere.resolve)

    async def _annotate(self, incident: Incident, ids: Sequence[str]) -> None:
        """With what people decided since it belongs to this incident."""
        told = [event for event in await self._timeline.of(incident.id) if _is_decision(event)]
        names = await self._names.names_of(dict.fromkeys(event.actor for event in told)) if told else {}
        for id in ids:
            since = min(grouped.received_at for grouped in self._members(incident, id))
            for event in told:
                if event.at >= since:
                    by = f"{names[event.actor]}, " if event.actor in names else ""
                    key = f"twin:{incident.id}:{id}:{event.at.isoformat()}:{event.text}"
                    await self._note(_Duty(key=key, id=id, note=f"{event.text} ({by}{incident.id} in Slack)"))

    async def _note(self, duty: _Duty) -> None:
        async def write(id: str) -> None:
            await self._elsewhere.note(id, duty.note, key=duty.key)

        await self._once(duty, write)

    async def _once(self, duty: _Duty, do: Callable[[str], Awaitable[None]]) -> None:
        if duty.key in self._done:
            return
        if (await self._effects.begin(duty.key)).result is None:
            try:
                await do(duty.id)
            except SourceError as error:
                if error.reason is not FailureReason.REFUSED:
                    raise
                log.warning("%s is left undone: %s", duty.key, error)
            await self._effects.finish(duty.key, "done")
        self._done.add(duty.key)

    # --- from there to here ------------------------------------------------------------------------------------------

    async def _catch_up(self, incident: Incident, id: str) -> None:
        """What was said there while we were away: senders of webhooks give up after a while."""
        key = f"looked:{id}"
        if incident.opened_at >= self._began or not incident.status.is_open or key in self._done:
            return
        found = await self._elsewhere.look(id)
        for grouped in self._members(incident, id) if found else ():
            missed = _missed(incident, grouped, found, self._clock.now()) if found else None
            if missed is not None:
                await self._inbox.accept(missed)
                self._on_accepted()
        self._done.add(key)

    def _members(self, incident: Incident, id: str) -> list[GroupedAlert]:
        return [one for one in incident.alerts if id in self._elsewhere.concerns(replace(incident, alerts=(one,)))]


def _missed(incident: Incident, grouped: GroupedAlert, found: Reported, now: datetime) -> Delivery | None:
    alert = grouped.alert
    key = f"missed/{found.id}/{found.status}/{alert.episode}"
    if found.status == "resolved" and grouped.is_firing:
        over = replace(alert, status=AlertStatus.RESOLVED, ended_at=max(now, alert.started_at))
        return Delivery(source=alert.source, key=key, received_at=now, alerts=(over,))
    if found.status == "acknowledged" and incident.acknowledged_at is None:
        remark = Remark(
            kind=RemarkKind.ACKNOWLEDGED,
            source=alert.source,
            fingerprint=alert.fingerprint,
            key=key,
            at=now,
            text=f"Acknowledged where it was alerted ({alert.source})",
        )
        return Delivery(source=alert.source, key=key, received_at=now, alerts=(), remarks=(remark,))
    return None


def _is_decision(event: TimelineEvent) -> bool:
    return event.kind == "status" and _PERSON.fullmatch(event.actor) is not None
