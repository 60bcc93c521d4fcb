"""Moves alerts between incidents. Positions stay without gaps: what is shown of large incidents rests on that."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, literal, select, update

from memory.store.codec import decode_alert
from memory.store.columns import bounded
from memory.store.schema import alerts, episodes, incident_services, timeline
from memory.store.upsert import add_all

# A position that is taken is refused row by row: all go below zero first.
_AWAY = (
    update(alerts)
    .where(alerts.c.id == bindparam("row"))
    .values(incident_id=bindparam("to"), position=-bindparam("place", type_=alerts.c.position.type) - 1)
)
_HERE = (
    update(alerts)
    .where(alerts.c.incident_id == bindparam("to"), alerts.c.position < 0)
    .values(position=-alerts.c.position - 1)
)


def rows_of(connection: Connection, *incident_ids: str) -> list[int]:
    """Numbers of the rows of their alerts, in order of arrival."""
    wanted = select(alerts.c.id).where(alerts.c.incident_id.in_(incident_ids)).order_by(alerts.c.id)
    return list(connection.execute(wanted).scalars())


def hold(connection: Connection, incident_id: str, rows: Sequence[int]) -> None:
    """These and no others are its alerts from now on, in this order; so are their episodes and where it burns."""
    connection.execute(_AWAY, [{"row": row, "to": incident_id, "place": place} for place, row in enumerate(rows)])
    connection.execute(_HERE, {"to": incident_id})
    theirs = select(alerts.c.episode).where(alerts.c.incident_id == incident_id)
    connection.execute(update(episodes).where(episodes.c.episode.in_(theirs)).values(incident_id=incident_id))
    burn(connection, incident_id)


def burn(connection: Connection, incident_id: str) -> None:
    """Its services and environments as its alerts have them, each with the newest of its alerts."""
    wanted = select(alerts.c.position, alerts.c.body).where(alerts.c.incident_id == incident_id)
    newest: dict[tuple[str, str], int] = {}
    for row in connection.execute(wanted.order_by(alerts.c.position)):
        alert = decode_alert(row.body)
        if alert.service is not None:
            newest[bounded(alert.service), bounded(alert.environment or "")] = row.position
    connection.execute(delete(incident_services).where(incident_services.c.incident_id == incident_id))
    places = [
        {"service": service, "incident_id": incident_id, "environment": environment, "position": position}
        for (service, environment), position in newest.items()
    ]
    add_all(connection, incident_services, places)


def retell(connection: Connection, incident_id: str, into: str, kinds: Collection[str]) -> None:
    """What was told of the first in these kinds is told of the second as well."""
    told = timeline.c
    same = (told.happened_at, told.kind, told.text, told.actor, told.link)
    there = select(literal(f"{into}/of/") + told.key, literal(into), *same).where(
        told.incident_id == incident_id, told.kind.in_(kinds)
    )
    names = ["key", "incident_id", *(column.name for column in same)]
    connection.execute(insert(timeline).from_select(names, there.order_by(told.id)))
