"""Stored deliveries become incidents."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.domain.flapping import FlapLimits
from bot.domain.grouping import WINDOW
from bot.domain.incident import IncidentStatus
from bot.domain.maintenance import MaintenanceWindow
from bot.domain.ports import Clock, PendingDelivery, TriageDesk, TriageTransaction
from bot.domain.self_alert import MOST, LoopBreaker
from bot.domain.self_alert import WINDOW as ECHO_WINDOW
from bot.domain.storm import StormLimits
from bot.domain.together import NOTHING_LEARNED, Learned
from bot.flows.remarks import hear
from bot.flows.sorting import Rules, Sorting, no_neighbours, redacted

__all__ = ["BATCH_ALERTS", "BATCH_DELIVERIES", "Triage", "redacted"]

logger = logging.getLogger(__name__)

BATCH_DELIVERIES = 50  # for a storm: few enough that the first incidents open while the rest is still read
BATCH_ALERTS = 200  # about 50 ms, in which new webhooks wait for the one writer; a delivery is never split
LATE = timedelta(minutes=1)  # a delivery that waited this long is worth an operator's attention


@dataclass(frozen=True, kw_only=True)
class _Batch:
    changed: tuple[str, ...]
    oldest: datetime | None  # when its first delivery was received; None: nothing was waiting
    breaker: LoopBreaker
    dropped: int  # alerts about the bot itself


class Triage:
    """Decides where each alert of the waiting deliveries belongs, and writes it down in the same transaction.

    Times are those of receipt, so that triage of what was stored before a crash ends as it would have without one.
    """

    def __init__(
        self,
        desk: TriageDesk,
        *,
        clock: Clock,
        window: timedelta = WINDOW,
        on_recovery: IncidentStatus = IncidentStatus.RESOLVED,
        neighbours: Callable[[str], Mapping[str, str]] = no_neighbours,
        learned: Callable[[], Learned] = lambda: NOTHING_LEARNED,
        storm: StormLimits | None = None,
        flapping: FlapLimits | None = None,
        maintenance: Sequence[MaintenanceWindow] = (),
    ) -> None:
        """`on_recovery`: what an incident becomes when none of its alerts fires any more; MONITORING where people have
        the last word. `neighbours`: what lies around a service, as `bot.domain.dependencies` tells it. `learned`: what
        fired together before, as it is known now. Without limits there is no storm and nothing flaps.
        """
        self._desk = desk
        self._clock = clock
        self._learned = learned
        self._rules = Rules(
            window=window,
            on_recovery=on_recovery,
            neighbours=neighbours,
            storm=storm,
            flapping=flapping,
            maintenance=tuple(maintenance),
        )
        self._breaker = LoopBreaker()
        self._told_of_echo: datetime | None = None
        self._released_at: datetime | None = None  # when deliveries that were held were last made pending again

    async def run_once(self, limit: int = BATCH_DELIVERIES) -> tuple[str, ...]:
        """One batch, one transaction. Ids of the incidents that are new or changed. Raises NotStored.

        Nothing changed does not mean that nothing waits: `drain` goes on until the inbox is empty.
        """
        return (await self._next(limit)).changed

    async def drain(self, limit: int = BATCH_DELIVERIES) -> AsyncIterator[tuple[str, ...]]:
        """Batch after batch until nothing waits: the changed incidents of each. Raises NotStored."""
        while (batch := await self._next(limit)).oldest is not None:
            yield batch.changed

    async def _next(self, limit: int) -> _Batch:
        now = self._clock.now()
        is_release = self._is_release_due(now)
        batch = await self._desk.transact(
            partial(
                _triage,
                rules=self._rules,
                learned=self._learned(),
                breaker=self._breaker,
                now=now,
                limit=limit,
                release=is_release,
            )
        )
        # Only now: a transaction that failed is run again, and has changed nothing.
        self._breaker = batch.breaker
        if is_release:
            self._released_at = now
        if batch.dropped:
            self._tell_of_echo(now)
        if batch.oldest is not None and (waited := self._clock.now() - batch.oldest) > LATE:
            logger.warning("triage is behind: a delivery waited %.0f s in the inbox", waited.total_seconds())
        return batch

    def _tell_of_echo(self, now: datetime) -> None:
        if self._told_of_echo is None or now - self._told_of_echo >= ECHO_WINDOW:
            self._told_of_echo = now
            minutes = ECHO_WINDOW.total_seconds() / 60
            logger.warning("alerts about the bot itself are dropped: more than %d came in %d min", MOST, minutes)

    def _is_release_due(self, now: datetime) -> bool:
        """At the start, and when a maintenance is over; also where the settings have none any more."""
        last = self._released_at
        return last is None or any(last < window.until <= now for window in self._rules.maintenance)


def _triage(
    transaction: TriageTransaction,
    *,
    rules: Rules,
    learned: Learned,
    breaker: LoopBreaker,
    now: datetime,
    limit: int,
    release: bool,
) -> _Batch:
    if release:
        transaction.release()
    changed: dict[str, None] = {}  # in order, each once
    sorting = Sorting(transaction, rules, learned, breaker, now)
    deliveries = _up_to(BATCH_ALERTS, transaction.pending(limit))
    for waiting in deliveries:
        for alert in waiting.delivery.alerts:
            changed.update(dict.fromkeys(sorting.place(alert, waiting.delivery.received_at)))
        for remark in waiting.delivery.remarks:
            incident_id = hear(transaction, remark, waiting.delivery.received_at - rules.window)
            if incident_id is not None:
                changed[incident_id] = None
        if held := sorting.held():
            transaction.hold(waiting.row, held)
        else:
            transaction.done(waiting.row)
    changed.update(dict.fromkeys(sorting.finish()))
    oldest = deliveries[0].delivery.received_at if deliveries else None
    return _Batch(changed=tuple(changed), oldest=oldest, breaker=sorting.breaker, dropped=sorting.dropped)


def _up_to(alerts: int, waiting: Iterable[PendingDelivery]) -> list[PendingDelivery]:
    """The first deliveries that hold this many alerts together; always one at least."""
    taken: list[PendingDelivery] = []
    for pending in waiting:
        alerts -= len(pending.delivery.alerts)
        if taken and alerts < 0:
            break
        taken.append(pending)
    return taken
