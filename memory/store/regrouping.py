"""Two incidents become one, one becomes two: within a transaction of triage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.domain.errors import FirstResponderError
from bot.domain.incident import GroupedAlert, GroupingReason, Incident
from bot.domain.lifecycle import why_not_merged, why_not_split
from bot.domain.ports import Said
from memory.store import lifecycle
from memory.store.changes import Changes
from memory.store.counters import next_number
from memory.store.incidents import grouped_of, header, with_alerts
from memory.store.moving import burn, hold, retell, rows_of
from memory.store.schema import alerts, incidents, timeline

_TOLD_OF_ALERTS = frozenset({"alert"})


def was_told(connection: Connection, key: str) -> bool:
    return connection.execute(select(timeline.c.id).where(timeline.c.key == key)).first() is not None


def numbered(connection: Connection, make: Callable[[str], Incident], at: datetime) -> tuple[Incident, int]:
    """An incident with the next id of the year, and its number over all years."""
    in_year = next_number(connection, f"incidents of {at.year}")
    number = next_number(connection, "incidents")
    return make(f"INC-{at.year}-{in_year:04d}"), number


def merge(connection: Connection, incident_id: str, into: str, said: Said) -> tuple[Incident, Incident]:
    """As the port says; everything that was changed before is written."""
    before, other = header(connection, incident_id), header(connection, into)
    what = f"merged/{said.key}"
    if was_told(connection, f"{incident_id}/{what}"):
        return before, other
    if refusal := why_not_merged(before, other):
        raise FirstResponderError(refusal)
    gone, stays = lifecycle.merged(before, other, said.at)
    changes = Changes()
    for each in (gone, stays):
        changes.change_incident(each)
        changes.say(each, what, "status", said.text, said.at, said.who)
    if stays.severity is not other.severity:
        changes.say_severity(other, stays, said.at)
    changes.write(connection)
    hold(connection, into, rows_of(connection, incident_id, into))
    burn(connection, incident_id)
    retell(connection, incident_id, into, _TOLD_OF_ALERTS)
    _lead_on(connection, incident_id, into)
    return gone, stays


def _lead_on(connection: Connection, incident_id: str, into: str) -> None:
    """What was merged into the first goes on in the second as well."""
    earlier = update(incidents).where(incidents.c.merged_into == incident_id)
    connection.execute(earlier.values(merged_into=into, revision=incidents.c.revision + 1))


def split(connection: Connection, incident_id: str, positions: Sequence[int], said: Said) -> Incident | None:
    """As the port says; everything that was changed before is written."""
    before = header(connection, incident_id)
    what = f"split/{said.key}"
    if was_told(connection, f"{incident_id}/{what}"):
        return None
    if refusal := why_not_split(before, positions):
        raise FirstResponderError(refusal)
    leaving_at = frozenset(positions)
    leaving = _at(connection, incident_id, sorted(leaving_at))
    first = next(place for place in range(before.alert_count) if place not in leaving_at)
    was_first, is_first = (_at(connection, incident_id, [place])[0][1].alert for place in (0, first))
    told = [grouped for _, grouped in leaving]
    new, number = numbered(connection, lambda name: lifecycle.split_off(name, before, told, said.at), said.at)
    changes = Changes()
    changes.open_incident(new, number)
    changes.change_incident(lifecycle.left_behind(before, told, was_first, is_first))
    changes.say(new, "opened", "status", f"Incident opened, {new.severity}", said.at)
    for each in (before, new):
        changes.say(each, what, "status", said.text, said.at, said.who)
    for place, grouped in enumerate(told):
        changes.say_alert(new, f"split/{place}", grouped)
    changes.write(connection)
    _part(connection, incident_id, new.id, [row for row, _ in leaving])
    return with_alerts(new, _as_opened(told))


def _part(connection: Connection, incident_id: str, new_id: str, leaving: Sequence[int]) -> None:
    gone = frozenset(leaving)
    staying = [row for row in rows_of(connection, incident_id) if row not in gone]
    hold(connection, new_id, leaving)
    hold(connection, incident_id, staying)
    opens = update(alerts).where(alerts.c.incident_id == new_id, alerts.c.position == 0)
    connection.execute(opens.values(reason=GroupingReason.NEW_CONDITION.value))


def _as_opened(told: Sequence[GroupedAlert]) -> tuple[GroupedAlert, ...]:
    return (replace(told[0], reason=GroupingReason.NEW_CONDITION), *told[1:])


def _at(connection: Connection, incident_id: str, positions: Sequence[int]) -> list[tuple[int, GroupedAlert]]:
    """Each with the number of its row."""
    mine = (alerts.c.incident_id == incident_id, alerts.c.position.in_(positions))
    wanted = select(alerts).where(*mine).order_by(alerts.c.position)
    return [(row.id, grouped_of(row)) for row in connection.execute(wanted)]
