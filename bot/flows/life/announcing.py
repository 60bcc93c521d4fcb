"""One post for each public incident in the announcement channel, edited as it goes on."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.approval import Message
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import Incident
from bot.domain.life import Announcement
from bot.domain.life.announcement_text import announcement_text, digest, hidden_text
from bot.domain.ports import Clock, Incidents
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Telling
from bot.flows.life.situations import Situations

log = logging.getLogger(__name__)

# Another process may be posting it at this moment; once this long has passed, it has crashed.
GRACE = timedelta(seconds=30)
TRIES = 3  # of an edit that others may be faster with


class Announcing:
    """A `Follower`."""

    def __init__(
        self,
        *,
        life: Life,
        incidents: Incidents,
        telling: Telling,
        situations: Situations,
        clock: Clock,
        channel: str,
        least: Severity = Severity.SEV4,
    ) -> None:
        """`channel`: by name; "" announces nothing. `least`: the mildest severity that is announced."""
        self._life = life
        self._incidents = incidents
        self._telling = telling
        self._situations = situations
        self._clock = clock
        self._channel = channel
        self._least = least
        self._mine: set[str] = set()  # incidents whose post was begun by this process
        self._begun: dict[str, datetime] = {}  # by incident: since when it is known that somebody began its post

    async def follow(self, incident: Incident) -> None:
        if not self._channel:
            return
        known = await self._life.announcements.get(incident.id)
        try:
            if known is None:
                await self._begin(incident)
            elif known.ts:
                await self._show(known, incident)
            elif incident.id in self._mine:
                await self._post(known, incident, look=True)
            else:
                self._begun.setdefault(incident.id, self._clock.now())
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s is not announced in #%s: %s", incident.id, self._channel, error)

    async def tick(self, now: datetime) -> None:
        failed: FirstResponderError | None = None
        for incident_id in [one for one, since in self._begun.items() if now - since >= GRACE]:
            try:
                await self._take_over(incident_id)
            except FirstResponderError as error:  # the others are announced nevertheless
                failed = error
        if failed:
            raise failed

    async def _take_over(self, incident_id: str) -> None:
        """What somebody began to post and did not finish."""
        incident = await self._incidents.get(incident_id)
        if incident is not None:
            self._mine.add(incident_id)
            await self.follow(incident)
        del self._begun[incident_id]

    async def _begin(self, incident: Incident) -> None:
        if not self._is_announced(incident) or not incident.status.is_open or incident.place is None:
            return
        begun = Announcement(incident=incident.id, channel="", ts="")
        if await self._life.announcements.add(begun):
            self._mine.add(incident.id)
            await self._post(begun, incident, look=False)
        else:
            self._begun.setdefault(incident.id, self._clock.now())

    async def _post(self, begun: Announcement, incident: Incident, *, look: bool) -> None:
        """`look`: it may be there already, and show how things stood then."""
        text = await self._text(incident)
        message = await self._telling.in_channel(self._channel, text, key=f"life/announce/{incident.id}")
        if look:
            await self._telling.change(message, text)
        await self._life.announcements.put(
            replace(begun, channel=message.channel, ts=message.ts, shown=digest(text))
        )  # None: another process has found it, and shows it

    async def _show(self, known: Announcement, incident: Incident) -> None:
        for _ in range(TRIES):
            text = await self._text(incident)
            if known.shown == digest(text):
                return
            await self._changed(known, text)
            if await self._life.announcements.put(replace(known, shown=digest(text))):
                return
            # Somebody else wrote at the same time, perhaps what was older: read again and write what is true now.
            known = await self._life.announcements.get(incident.id) or known
            known = replace(known, shown="")
            incident = await self._incidents.get(incident.id) or incident

    async def _changed(self, known: Announcement, text: str) -> None:
        try:
            await self._telling.change(Message(channel=known.channel, ts=known.ts), text)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("the announcement of %s is not up to date: %s", known.incident, error)  # it may be deleted

    async def _text(self, incident: Incident) -> str:
        if incident.is_private or incident.merged_into is not None:
            return hidden_text(incident)
        return announcement_text(await self._situations.of(incident))

    def _is_announced(self, incident: Incident) -> bool:
        is_bad_enough = not self._least.is_worse_than(incident.severity)
        return is_bad_enough and not incident.is_private and incident.merged_into is None
