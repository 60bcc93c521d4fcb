"""Deletes an incident with everything that was said, stored or learned of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select, update

from bot.domain.remembered import RecordKind
from memory.store.answers import forget_answers, purge_answers
from memory.store.approvals import forget_approvals
from memory.store.codec import Undecodable, decode_alert, decode_delivery
from memory.store.counters import next_number
from memory.store.incidents import IS_OPEN
from memory.store.life import forget_life
from memory.store.passages import drop_passages
from memory.store.records import COUNTER
from memory.store.runs import forget_runs
from memory.store.schema import (
    DONE,
    alerts,
    briefings,
    channel_names,
    deliveries,
    effects,
    episodes,
    feedback,
    findings,
    imported,
    incident_services,
    incidents,
    lessons,
    past_incidents,
    postmortems,
    slack_events,
    timeline,
)
from memory.store.spending import forget_spend
from memory.store.switches import forget_switches

EVENTS_KEPT = 10_000  # of Slack, which repeats one for an hour at most


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """How many rows were deleted."""

    records: int  # of memory: the incident, its postmortem, its lessons
    history: int  # of the incident itself: alerts, findings, briefings, timeline, webhooks, runs, roles, Slack's events

    @property
    def is_nothing(self) -> bool:
        return not (self.records or self.history)


def forget(connection: Connection, incident_id: str) -> Forgotten:
    """What a past incident and a live one of this id left; whether it may be forgotten is the caller's say."""
    _overwrite_what_is_deleted(connection)
    return Forgotten(
        records=_records(connection, incident_id),
        history=_history(connection, incident_id)
        + _model(connection, incident_id)
        + _acting(connection, incident_id)
        + forget_life(connection, incident_id),
    )


def _overwrite_what_is_deleted(connection: Connection) -> None:
    """On SQLite: a process that ends before the file is written anew leaves nothing in its free pages either."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")  # of this connection, from now on


def outdated(connection: Connection, before: datetime) -> list[str]:
    """Ids of incidents that ended, or began where that is all that is known, before that time. Open ones never."""
    over = ~IS_OPEN
    live = select(incidents.c.id).where(over, incidents.c.resolved_at < before)
    still = select(incidents.c.id).where(or_(~over, incidents.c.resolved_at >= before))
    past = select(past_incidents.c.id).where(past_incidents.c.started_at < before, past_incidents.c.id.not_in(still))
    return sorted({*connection.execute(live).scalars(), *connection.execute(past).scalars()})


def purge(connection: Connection, before: datetime) -> int:
    """Webhooks dealt with before that time, and Slack's events but the newest: no sender repeats them. How many."""
    done = delete(deliveries).where(deliveries.c.state == DONE, deliveries.c.received_at < before)
    removed = connection.execute(done).rowcount
    newest = connection.execute(select(func.max(slack_events.c.id))).scalar() or 0
    old = (slack_events.c.id <= newest - EVENTS_KEPT, slack_events.c.outcome.is_not(None))
    removed += connection.execute(delete(slack_events).where(*old)).rowcount
    return removed + purge_answers(connection, before)


def _records(connection: Connection, incident_id: str) -> int:
    of_it = set(connection.execute(select(lessons.c.id).where(lessons.c.incident == incident_id)).scalars())
    removed = _delete(connection, RecordKind.INCIDENT, {incident_id})
    removed += _delete(connection, RecordKind.POSTMORTEM, {incident_id})
    removed += _delete(connection, RecordKind.LESSON, of_it)
    connection.execute(delete(imported).where(imported.c.record == incident_id))
    if removed:
        next_number(connection, COUNTER)
    return removed


_KEYS = {
    RecordKind.INCIDENT: past_incidents.c.id,
    RecordKind.POSTMORTEM: postmortems.c.incident,
    RecordKind.LESSON: lessons.c.id,
}


def _delete(connection: Connection, kind: RecordKind, ids: Collection[str]) -> int:
    removed = 0
    for name in ids:
        removed += connection.execute(delete(_KEYS[kind].table).where(_KEYS[kind] == name)).rowcount
        connection.execute(delete(feedback).where(feedback.c.kind == kind.value, feedback.c.owner == name))
        drop_passages(connection, kind, name)
    return removed


def _history(connection: Connection, incident_id: str) -> int:
    row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
    if row is None:
        return 0
    removed = _webhooks(connection, incident_id)
    removed += _slack(connection, [row.place_channel if row.place_kind == "channel" else None, row.card_ts, row.id])
    removed += connection.execute(delete(effects).where(effects.c.key.contains(incident_id, autoescape=True))).rowcount
    for table in (alerts, incident_services, episodes, channel_names, findings, briefings, timeline):
        removed += connection.execute(delete(table).where(table.c.incident_id == incident_id)).rowcount
    connection.execute(update(incidents).where(incidents.c.merged_into == incident_id).values(merged_into=None))
    return removed + connection.execute(delete(incidents).where(incidents.c.id == incident_id)).rowcount


def _model(connection: Connection, incident_id: str) -> int:
    """What the model said of it; what that cost stays without its name, so that the caps of days hold."""
    return forget_answers(connection, incident_id) + forget_spend(connection, incident_id)


def _acting(connection: Connection, incident_id: str) -> int:
    """Runs with what their steps said, approvals, switches. The audit log stays whole: it holds no outputs."""
    return (
        forget_runs(connection, incident_id)
        + forget_approvals(connection, incident_id)
        + forget_switches(connection, incident_id)
    )


def _webhooks(connection: Connection, incident_id: str) -> int:
    """The deliveries its alerts came in; what they hold of other incidents stays in the alerts of those."""
    bodies = connection.execute(select(alerts.c.body).where(alerts.c.incident_id == incident_id)).scalars()
    told = {(alert.source, alert.fingerprint) for alert in map(decode_alert, bodies)}
    removed = 0
    for source in {source for source, _ in told}:
        for row in connection.execute(select(deliveries.c.id, deliveries.c.body).where(deliveries.c.source == source)):
            try:
                held = {(alert.source, alert.fingerprint) for alert in decode_delivery(row.body).alerts}
            except Undecodable:
                continue
            if held & told:
                removed += connection.execute(delete(deliveries).where(deliveries.c.id == row.id)).rowcount
    return removed


def _slack(connection: Connection, signs: list[str | None]) -> int:
    """Slack's events that name its channel, its card or itself."""
    wanted = [sign.encode() for sign in signs if sign]
    rows = connection.execute(select(slack_events.c.id, slack_events.c.body))
    ids = [row.id for row in rows if any(sign in row.body for sign in wanted)]
    for number in ids:
        connection.execute(delete(slack_events).where(slack_events.c.id == number))
    return len(ids)
