"""Whether a source that keeps failing is worth asking. Pure: the time is passed in, every change is a new value.

    closed --3 failures in a row--> open --its pause is over--> half-open (one asks, the others do not)
       ^                              ^                              |
       +---------- an answer ---------+------- another failure ------+   each pause twice the last

What opens it is what costs a briefing time or makes things worse: no answer, a late one, nonsense, a limit. A refusal
(credentials, permission, plan, bad request) never does: it comes at once, so asking again is cheap, its sentence says
exactly what to mend, and the first incident after the mending finds it mended. Our own bugs say nothing of the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.evidence import FailureReason

OPENS_AFTER = 3  # failures in a row: one is chance, two a restart under way
FIRST_PAUSE = timedelta(seconds=30)  # a restart or a failover is over by then; also what a SEV1 waits at most
LONGEST_PAUSE = timedelta(minutes=5)  # asking a dead source costs one briefing its deadline: every five minutes is fair
LONGEST_HOLD = timedelta(minutes=15)  # however long a vendor asks us to wait: its clock or its header may be wrong
GROWTH = 2

COUNTED = frozenset(
    {FailureReason.UNREACHABLE, FailureReason.TOO_SLOW, FailureReason.NONSENSE, FailureReason.RATE_LIMITED}
)


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # one incident is asking, to see whether it answers again


class Admission(StrEnum):
    """Whether an incident may ask."""

    ASK = "ask"
    PROBE = "probe"  # ask, and let the others know how it went: nobody else asks meanwhile
    PAUSED = "paused"
    HELD = "held"  # the vendor itself asked us to wait
    PROBED = "probed"  # another incident is asking at this moment

    @property
    def may_ask(self) -> bool:
        return self in (Admission.ASK, Admission.PROBE)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """What a source's last asks say about the next one."""

    failures: int = 0  # in a row
    reason: FailureReason | None = None  # of the last one
    detail: str = ""  # of the last one, a plain sentence
    failed_at: datetime | None = None
    pause: timedelta = FIRST_PAUSE  # the one under way, or the next
    again_at: datetime | None = None  # from then on it may be asked; None while closed
    is_hold: bool = False
    probed_at: datetime | None = None  # since when one incident asks

    @property
    def state(self) -> BreakerState:
        if self.again_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.probed_at is None else BreakerState.HALF_OPEN

    def admission(self, now: datetime, *, is_urgent: bool) -> Admission:
        """`is_urgent`: a SEV1 waits no longer than the first pause, however often the source has failed."""
        if self.again_at is None:
            return Admission.ASK
        if self.probed_at is not None and now < self.probed_at + FIRST_PAUSE:
            return Admission.PROBED
        if now >= self.again_at or (self.failed_at is not None and now < self.failed_at):  # or the clock was set back
            return Admission.PROBE
        if self.is_hold:
            return Admission.HELD
        is_due = self.failed_at is not None and now >= self.failed_at + FIRST_PAUSE
        return Admission.PROBE if is_urgent and is_due else Admission.PAUSED

    def probing(self, now: datetime) -> Breaker:
        return replace(self, probed_at=now)

    def left(self) -> Breaker:
        """The ask ended without a word about the source: cancelled, nothing to ask, or a bug of ours."""
        return replace(self, probed_at=None)

    def answered(self) -> Breaker:
        return Breaker()

    def failed(
        self,
        reason: FailureReason,
        detail: str,
        now: datetime,
        *,
        wait: float | None = None,
        is_probe: bool = False,
    ) -> Breaker:
        """`wait`: seconds for which the vendor asked not to be asked; counts for limits alone."""
        if reason is FailureReason.BUG:
            return self.left() if is_probe else self
        if reason not in COUNTED:
            return self.answered()
        told = replace(self, failures=self.failures + 1, reason=reason, detail=detail, failed_at=now)
        if reason is FailureReason.RATE_LIMITED and wait is not None:
            hold = timedelta(seconds=min(max(0.0, wait), LONGEST_HOLD.total_seconds()))
            until = max(now + hold, self.again_at or now)
            return replace(told, again_at=until, is_hold=True, probed_at=None)
        if is_probe and self.again_at is not None:
            return told._paused(min(self.pause * GROWTH, LONGEST_PAUSE), now)
        if self.again_at is None and told.failures >= OPENS_AFTER:
            return told._paused(FIRST_PAUSE, now)
        return told  # still closed; or asked before it opened, which says nothing new

    def _paused(self, pause: timedelta, now: datetime) -> Breaker:
        return replace(self, pause=pause, again_at=now + pause, is_hold=False, probed_at=None)

    def sentence(self, name: str, admission: Admission) -> str:
        """Why it was not asked, for people."""
        last = f" The last time: {self.detail}" if self.detail else ""
        if admission is Admission.HELD:
            return f"{name} asked us to wait and is asked again from {self._again}.{last}"
        count = f"the last {self.failures} times" if self.failures > 1 else "the last time"
        if admission is Admission.PROBED:
            return f"{name} gave no usable answer {count}; another incident is asking it at this moment.{last}"
        return f"{name} gave no usable answer {count} and is asked again from {self._again}.{last}"

    @property
    def _again(self) -> str:
        return f"{self.again_at:%H:%M:%S} UTC" if self.again_at else "now on"
