"""Calls everything that looks after an incident when it has changed, and when time has passed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from bot.domain.errors import FirstResponderError, NotStored
from bot.domain.incident import Incident
from bot.domain.ports import Clock, Incidents
from bot.domain.ports.following import Follower

log = logging.getLogger(__name__)

IDLE = 15.0  # seconds between two looks where nobody wakes it: nudges and reminders are not more exact than that
AFTER_FAILURE = 5.0  # seconds
# After a look comes a rest of so many times its length: where many incidents change at once each of them wakes it, and
# one look serves them all.
REST, LONGEST_REST = 1.0, 2.0  # the latter in seconds
RECENTLY = timedelta(hours=26)  # an incident that was over is followed as long as it is watched, and a little longer


class Following:
    """The store is the memory: after a start everything is followed once, whatever was done before the crash.

    A follower that fails keeps none of the others waiting; it is called again with the next look.
    """

    def __init__(
        self,
        *,
        incidents: Incidents,
        followers: Sequence[Follower],
        clock: Clock,
        idle: float = IDLE,
        recently: timedelta = RECENTLY,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`leads`: of several processes one follows; whoever becomes the one follows everything anew."""
        self._incidents = incidents
        self._followers = tuple(followers)
        self._clock = clock
        self._idle = idle
        self._recently = recently
        self._leads = leads
        self._wake = asyncio.Event()
        self._seen: list[dict[str, int]] = [{} for _ in self._followers]  # the revision that each has followed
        self._again: set[str] = set()

    def wake(self, incident_id: str = "") -> None:
        """Something has changed; with an id: of this incident, also where its revision is as it was."""
        if incident_id:
            self._again.add(incident_id)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            began = time.monotonic()
            wait = self._idle if await self.look() else min(AFTER_FAILURE, self._idle)
            await asyncio.sleep(min(REST * (time.monotonic() - began), LONGEST_REST))
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def look(self) -> bool:
        """Once. False where something is to be done again."""
        again, self._again = self._again, set()
        if not self._leads():
            for seen in self._seen:
                seen.clear()
            return True
        for seen in self._seen:
            for incident_id in again:
                seen.pop(incident_id, None)
        try:
            recent = await self._incidents.list_recent(self._clock.now() - self._recently)
        except NotStored as error:
            log.warning("incidents are not followed now: %s", error)
            return False
        followed = [await self._follow(number, incident) for incident in recent for number in range(len(self._seen))]
        now = self._clock.now()
        ticked = [await self._done(follower.tick(now), follower) for follower in self._followers]
        return all(followed) and all(ticked)

    async def _follow(self, number: int, incident: Incident) -> bool:
        follower, seen = self._followers[number], self._seen[number]
        if seen.get(incident.id) == incident.revision:
            return True
        if not await self._done(follower.follow(incident), follower, incident.id):
            return False
        seen[incident.id] = incident.revision
        return True

    async def _done(self, work: Awaitable[None], follower: Follower, about: str = "") -> bool:
        try:
            await work
        except FirstResponderError as error:
            log.warning("%s %s is behind: %s", type(follower).__name__, about, error)
            return False
        return True
