"""Stored deliveries become incidents."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.alert import Alert, AlertStatus
from bot.domain.grouping import WINDOW, Decision, DecisionKind, decide
from bot.domain.incident import IncidentStatus
from bot.domain.ports import Clock, PendingDelivery, TriageDesk, TriageTransaction
from bot.domain.redact import redact
from bot.flows.remarks import hear

logger = logging.getLogger(__name__)

BATCH_DELIVERIES = 50  # for a storm: few enough that the first incidents open while the rest is still read
BATCH_ALERTS = 200  # about 50 ms, in which new webhooks wait for the one writer; a delivery is never split
LATE = timedelta(minutes=1)  # a delivery that waited this long is worth an operator's attention


@dataclass(frozen=True, kw_only=True)
class _Batch:
    changed: tuple[str, ...]
    oldest: datetime | None  # when its first delivery was received; None: nothing was waiting


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
    ) -> None:
        """`on_recovery`: what an incident becomes when none of its alerts fires any more; MONITORING where people have
        the last word.
        """
        self._desk = desk
        self._clock = clock
        self._window = window
        self._on_recovery = on_recovery

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
        work = partial(_triage, limit=limit, window=self._window, on_recovery=self._on_recovery)
        batch = await self._desk.transact(work)
        if batch.oldest is not None and (waited := self._clock.now() - batch.oldest) > LATE:
            logger.warning("triage is behind: a delivery waited %.0f s in the inbox", waited.total_seconds())
        return batch


def _triage(transaction: TriageTransaction, *, limit: int, window: timedelta, on_recovery: IncidentStatus) -> _Batch:
    changed: dict[str, None] = {}  # in order, each once
    deliveries = _up_to(BATCH_ALERTS, transaction.pending(limit))
    for waiting in deliveries:
        for alert in waiting.delivery.alerts:
            incident_id = _place(transaction, alert, waiting.delivery.received_at, window, on_recovery)
            if incident_id is not None:
                changed[incident_id] = None
        for remark in waiting.delivery.remarks:
            incident_id = hear(transaction, remark, waiting.delivery.received_at - window)
            if incident_id is not None:
                changed[incident_id] = None
        transaction.done(waiting.row)
    oldest = deliveries[0].delivery.received_at if deliveries else None
    return _Batch(changed=tuple(changed), oldest=oldest)


def _up_to(alerts: int, waiting: Iterable[PendingDelivery]) -> list[PendingDelivery]:
    """The first deliveries that hold this many alerts together; always one at least."""
    taken: list[PendingDelivery] = []
    for pending in waiting:
        alerts -= len(pending.delivery.alerts)
        if taken and alerts < 0:
            break
        taken.append(pending)
    return taken


def _place(
    transaction: TriageTransaction,
    alert: Alert,
    received_at: datetime,
    window: timedelta,
    on_recovery: IncidentStatus,
) -> str | None:
    """The incident that is new or changed by it, None where nothing changed."""
    episode = transaction.episode(alert.episode)
    is_repeat = episode is not None and alert.status is AlertStatus.FIRING  # the most frequent case needs no incidents
    candidates = () if is_repeat else transaction.candidates(alert, received_at - window)
    decision = decide(alert, episode, candidates, received_at, window=window)
    logger.debug("%s from %s: %s, %s", alert.fingerprint, alert.source, decision.kind, decision.reason)
    return _carry_out(transaction, alert, decision, received_at, on_recovery)


def _carry_out(
    transaction: TriageTransaction,
    alert: Alert,
    decision: Decision,
    received_at: datetime,
    on_recovery: IncidentStatus,
) -> str | None:
    incident_id = decision.incident_id
    if decision.kind is DecisionKind.NEW:
        return transaction.open_incident(redacted(alert), decision.reason, received_at).id
    if decision.kind is DecisionKind.REMEMBER or decision.remember:
        transaction.remember_recovery(alert, received_at)
    if decision.kind in (DecisionKind.REMEMBER, DecisionKind.IGNORE) or incident_id is None:
        return None
    if decision.kind is DecisionKind.JOIN:
        transaction.join(incident_id, redacted(alert), decision.reason, received_at)
    for ended in decision.ends:
        transaction.recover(incident_id, ended, received_at, leads_to=on_recovery)
    return incident_id


def redacted(alert: Alert) -> Alert:
    """As it is kept: monitors copy log lines and connection strings into what they say."""
    return replace(
        alert,
        title=redact(alert.title),
        description=redact(alert.description),
        labels={name: redact(value) for name, value in alert.labels.items()},
        links=tuple(replace(link, title=redact(link.title), url=redact(link.url)) for link in alert.links),
    )
