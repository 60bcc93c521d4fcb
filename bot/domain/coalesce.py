"""When an incident is analysed anew: a storm of alerts costs a few analyses, not one for each.

    news --> evidence the same? --> nothing
         --> one is running?    --> one waits, for the newest evidence
         --> too soon?          --> one waits, until the distance is over
         --> start

The distance between two starts grows: 3 minutes, 12, 48, then an hour. So whatever comes in, there are three analyses
in the first hour at most; after an hour without news it is 3 minutes again. People who ask do not wait for it.

Pure: the time is passed in, every change is a new value. One value for each incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_DISTANCE = timedelta(minutes=3)  # most of a storm's alerts come in the first minutes
GROWTH = 4
LONGEST_DISTANCE = timedelta(hours=1)
QUIET = timedelta(hours=1)  # without news: what comes then is another turn of the incident
LONGEST_RUN = timedelta(minutes=15)  # a run that has not ended by then died with its process


class Turn(StrEnum):
    """What news of an incident lead to."""

    START = "start"  # now: call `started`
    WAIT = "wait"  # from now on one waits
    WAITING = "waiting"  # one waits already, and will see this as well
    UNCHANGED = "unchanged"  # the evidence is what was analysed last, or what is being analysed


@dataclass(frozen=True, kw_only=True)
class Coalescer:
    """What is known of an incident's analyses."""

    analysed: str = ""  # digest of the evidence of the last one that succeeded
    running: str | None = None  # digest of the evidence that is being analysed
    waiting: str | None = None  # digest of the newest evidence that is to be analysed
    is_asked: bool = False  # a person waits for the one that waits
    started_at: datetime | None = None
    distance: timedelta = timedelta()  # from the last start to the next
    news_at: datetime | None = None

    @classmethod
    def resumed(cls, analyses: Sequence[tuple[datetime, str]]) -> Coalescer:
        """After a restart, from the analyses that are kept: when each was made and of which evidence, oldest first."""
        state = cls()
        for at, digest in analyses:
            state = replace(state._rested(at), waiting=digest).started(at).ended(succeeded=True)
        return state

    def news(self, digest: str, now: datetime, *, is_asked: bool = False) -> tuple[Coalescer, Turn]:
        """The evidence has this digest now. `is_asked`: a person wants the analysis."""
        known = self._rested(now)
        if digest == (known.analysed if known.running is None else known.running):
            # Also where something else waited: the evidence is back at this.
            return replace(known, waiting=None, is_asked=False), Turn.UNCHANGED
        news_at = known.news_at if digest == known.waiting else now
        told = replace(known, waiting=digest, is_asked=known.is_asked or is_asked, news_at=news_at)
        if told.is_due(now):
            return told, Turn.START
        return told, Turn.WAIT if known.waiting is None else Turn.WAITING

    def is_due(self, now: datetime) -> bool:
        """Whether the one that waits may start."""
        at = self.next_at(now)
        return at is not None and now >= at

    def next_at(self, now: datetime) -> datetime | None:
        """When the one that waits may start, if nothing else happens; None where none waits or one is running."""
        if self.waiting is None or self._is_running(now):
            return None
        if self.started_at is None or self.is_asked:
            return now
        return self.started_at + self.distance

    def started(self, now: datetime) -> Coalescer:
        """The one that waits is being analysed."""
        grown = min(max(self.distance * GROWTH, FIRST_DISTANCE), LONGEST_DISTANCE)
        return replace(self, running=self.waiting, waiting=None, is_asked=False, started_at=now, distance=grown)

    def ended(self, *, succeeded: bool) -> Coalescer:
        """What failed may be tried again with the same evidence, after the distance."""
        if self.running is None:
            return self
        return replace(self, running=None, analysed=self.running if succeeded else self.analysed)

    def _rested(self, now: datetime) -> Coalescer:
        known = self if self._is_running(now) else self.ended(succeeded=False)
        last = max((at for at in (self.news_at, self.started_at) if at is not None), default=None)
        if last is None or now - last < QUIET:
            return known
        return replace(known, distance=timedelta())

    def _is_running(self, now: datetime) -> bool:
        return self.running is not None and self.started_at is not None and now - self.started_at < LONGEST_RUN
