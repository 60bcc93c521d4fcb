"""Ask one source: within its deadline, its rate budget, and not at all while it keeps failing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alert import Severity
from bot.domain.breaker import Admission, Breaker, BreakerState
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason, Finding, Outcome
from bot.domain.pace import Pace
from bot.domain.ports import Clock, ContextSource
from bot.domain.safe_finding import without_secrets

log = logging.getLogger(__name__)

# Of the deadline, that an ask may wait for the rate budget: sources answer by 0.9 of the time they were promised, and
# most long before, so what is waited here is seldom missed there.
WAIT_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What holds for a source that belongs to somebody else: a breaker, and `rate` asks a minute."""

    clock: Clock
    rate: float


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How one ask of a source went, and what that says of the next."""

    finding: Finding
    was_asked: bool  # False: our own breaker or rate budget kept it back
    breaker: BreakerState
    again_at: datetime | None  # while the breaker is not closed


Watch = Callable[[Asked], None]


class Guard:
    """`deadline` in seconds. Without limits it is a source of our own: never kept back, it costs nobody anything."""

    def __init__(
        self,
        source: ContextSource,
        *,
        deadline: float,
        limits: Limits | None = None,
        watch: Watch = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = source.name
        self.deadline = deadline
        self._source = source
        self._limited = _Limited(limits) if limits else None
        self._watch = watch
        self._sleep = sleep
        self._abandoned: set[asyncio.Task[Answer]] = set()  # past their deadline; held until they end

    async def ask(self, request: ContextRequest) -> Finding:
        """Never raises but for cancellation, and returns at the deadline at the latest."""
        limited = self._limited
        if limited is None:
            finding, _ = await self._bounded(request, self.deadline)
            return self._told(finding, was_asked=True)
        admission = limited.admission(is_urgent=any(alert.severity is Severity.SEV1 for alert in request.alerts))
        if not admission.may_ask:
            reason = limited.breaker.reason or FailureReason.UNREACHABLE
            detail = limited.breaker.sentence(self.name, admission)
            return self._told(_failure(self.name, 0.0, reason, detail), was_asked=False)
        wait = limited.wait()
        if wait > self.deadline * WAIT_SHARE:
            return self._told(self._over_budget(limited.pace.per_minute), was_asked=False)
        return self._told(await self._admitted(request, limited, admission, wait), was_asked=True)

    async def _admitted(self, request: ContextRequest, limited: _Limited, admission: Admission, wait: float) -> Finding:
        limited.begin(admission)
        finding, retry_after = None, None
        try:
            if wait:
                await self._sleep(wait)
            finding, retry_after = await self._bounded(request, self.deadline - wait)
        finally:
            # With less time than it was promised, being late is no failure of the source's own.
            says_nothing = finding is None or (finding.reason is FailureReason.TOO_SLOW and wait > 0)
            limited.end(admission, None if says_nothing else finding, retry_after)
        return finding

    # --- one ask -----------------------------------------------------------------------------------------------------

    async def _bounded(self, request: ContextRequest, seconds: float) -> tuple[Finding, float | None]:
        """Also how long the source asked not to be asked again, in seconds."""
        began = time.perf_counter()
        look = asyncio.create_task(self._source.look(request))
        try:
            done, _ = await asyncio.wait({look}, timeout=seconds)
        finally:
            if not look.done():
                self._abandon(look)
        if not done:
            return self._too_slow(), None
        if look.cancelled():  # by the source itself: nobody else has the task
            return _failed(self.name, began, FailureReason.BUG, f"{self.name} gave up in the middle of its work."), None
        try:
            return _found(self.name, began, look.result()), None
        except SourceError as error:
            return _failed(self.name, began, error.reason, error.detail), error.retry_after
        # The one broad except of the program: whatever goes wrong inside one source must not cost the briefing.
        except Exception as error:
            log.exception("source %s failed in an unforeseen way", self.name)
            why = f"{self.name} could not be asked: our own code failed ({type(error).__name__}); see the bot's log."
            return _failed(self.name, began, FailureReason.BUG, why), None

    def _abandon(self, look: asyncio.Task[Answer]) -> None:
        # Not awaited: a client that swallows its cancellation must not hold the briefing up.
        look.cancel()
        self._abandoned.add(look)
        look.add_done_callback(self._forget)

    def _forget(self, look: asyncio.Task[Answer]) -> None:
        self._abandoned.discard(look)
        if not look.cancelled():
            look.exception()  # looked at, so that nobody warns of it: the deadline was told already

    # --- what is told ------------------------------------------------------------------------------------------------

    def _told(self, finding: Finding, *, was_asked: bool) -> Finding:
        finding = without_secrets(finding)
        breaker = self._limited.breaker if self._limited else Breaker()
        self._watch(Asked(finding=finding, was_asked=was_asked, breaker=breaker.state, again_at=breaker.again_at))
        return finding

    def _too_slow(self) -> Finding:
        detail = f"{self.name} did not answer within {self.deadline:g} s."
        return _failure(self.name, self.deadline, FailureReason.TOO_SLOW, detail)

    def _over_budget(self, rate: float) -> Finding:
        limit = f"our own limit of {rate:g} asks of {self.name} a minute"
        detail = f"{limit} is used up, not one of its own; SOURCE_RATES sets it."
        return _failure(self.name, 0.0, FailureReason.HELD_BACK, detail)


class _Limited:
    """The breaker and the rate budget of one source as they are now."""

    def __init__(self, limits: Limits) -> None:
        self._clock = limits.clock
        self.breaker = Breaker()
        self.pace = Pace.full(limits.rate, limits.clock.now())

    def admission(self, *, is_urgent: bool) -> Admission:
        return self.breaker.admission(self._clock.now(), is_urgent=is_urgent)

    def wait(self) -> float:
        """Seconds until the rate budget allows one more ask."""
        return self.pace.wait(self._clock.now())

    def begin(self, admission: Admission) -> None:
        now = self._clock.now()
        self.pace = self.pace.taken(now)
        if admission is Admission.PROBE:
            self.breaker = self.breaker.probing(now)

    def end(self, admission: Admission, finding: Finding | None, retry_after: float | None) -> None:
        """Without a finding the ask said nothing about the source."""
        now, is_probe = self._clock.now(), admission is Admission.PROBE
        if finding is None or finding.outcome is Outcome.SKIPPED:
            self.pace = self.pace.returned(now) if finding else self.pace
            self.breaker = self.breaker.left() if is_probe else self.breaker
        elif finding.reason is None:
            self.breaker = self.breaker.answered()
        else:
            told = finding.reason, finding.detail
            self.breaker = self.breaker.failed(*told, now, wait=retry_after, is_probe=is_probe)


def _found(name: str, began: float, answer: Answer) -> Finding:
    seconds = time.perf_counter() - began
    if answer.skipped:
        return Finding(source=name, outcome=Outcome.SKIPPED, seconds=seconds, detail=answer.skipped)
    return Finding(
        source=name,
        outcome=Outcome.FOUND if answer.evidence else Outcome.NOTHING,
        seconds=seconds,
        evidence=answer.evidence,
        checked=answer.checked,
        chart=answer.chart,
        series=answer.series,
        gaps=answer.gaps,
    )


def _failed(name: str, began: float, reason: FailureReason, detail: str) -> Finding:
    return _failure(name, time.perf_counter() - began, reason, detail)


def _failure(name: str, seconds: float, reason: FailureReason, detail: str) -> Finding:
    return Finding(source=name, outcome=Outcome.FAILED, seconds=seconds, reason=reason, detail=detail)
