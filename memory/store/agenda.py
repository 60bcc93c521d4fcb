"""What still has to be done about incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    not_,
    or_,
    select,
    type_coerce,
    update,
)

from bot.domain.alert import Severity
from bot.domain.grouping import BY_HAND
from bot.domain.incident import GroupingReason
from bot.domain.ports import Clock
from memory.store.database import Database
from memory.store.schema import alerts, incidents

# Made once: they are asked after each batch of triage.
_IN_ORDER = select(incidents.c.id).order_by(incidents.c.number)
# One that goes on in another is not briefed any more; its card says so where it has one.
_UNBRIEFED = _IN_ORDER.where(incidents.c.briefed_at.is_(None), incidents.c.merged_into.is_(None))
# What may wait whether it recovers by itself: not what a person declared, and not a storm.
_MAY_WAIT = and_(
    incidents.c.severity.in_((Severity.SEV3.value, Severity.SEV4.value)),
    incidents.c.place_channel.is_(None),
    not_(
        exists().where(
            alerts.c.incident_id == incidents.c.id,
            alerts.c.position == 0,
            or_(alerts.c.source == BY_HAND, alerts.c.reason == GroupingReason.STORM.value),
        )
    ),
)
_MICROSECOND = timedelta(microseconds=1)
_OUTDATED = _IN_ORDER.where(incidents.c.shown_revision < incidents.c.revision, incidents.c.briefed_at.is_not(None))
_SHOW = (
    update(incidents)
    .where(incidents.c.id == bindparam("wanted"), incidents.c.shown_revision < bindparam("seen"))
    .values(shown_revision=bindparam("seen"))
)


class StoredAgenda:
    """The `Agenda` port."""

    def __init__(self, database: Database, grace: timedelta = timedelta(), clock: Clock | None = None) -> None:
        self._database = database
        self._grace = grace
        self._clock = clock

    def waiting(self, grace: timedelta, clock: Clock) -> StoredAgenda:
        """The same, but what is of SEV3 or SEV4 is due only once it lasted so long. What recovered within that time
        never is: it is kept, counted, and shown nowhere.
        """
        return StoredAgenda(self._database, grace, clock)

    async def unbriefed(self) -> Sequence[str]:
        if not self._grace or self._clock is None:
            return await self._ids(_UNBRIEFED)
        is_young = incidents.c.opened_at > self._clock.now() - self._grace
        is_early = and_(_MAY_WAIT, or_(and_(incidents.c.resolved_at.is_(None), is_young), _within(self._grace)))
        return await self._ids(_UNBRIEFED.where(not_(is_early)))

    async def recovered_unshown(self) -> int:
        """How many recovered within the grace time."""
        passed = and_(incidents.c.briefed_at.is_(None), _MAY_WAIT, _within(self._grace))
        wanted = select(func.count()).select_from(incidents).where(passed)
        return await self._database.read(lambda connection: connection.execute(wanted).scalar_one())

    async def outdated(self) -> Sequence[str]:
        return await self._ids(_OUTDATED)

    async def shown(self, incident_id: str, revision: int) -> None:
        values = {"wanted": incident_id, "seen": revision}
        await self._database.writer.write(lambda connection: connection.execute(_SHOW, values).rowcount)

    async def _ids(self, wanted: Select[Any]) -> Sequence[str]:
        return await self._database.read(lambda connection: tuple(connection.execute(wanted).scalars()))


def _within(grace: timedelta) -> ColumnElement[bool]:
    """Over so soon after it was opened. Times are counted in microseconds: see `memory.store.columns.Instant`."""
    lasted = type_coerce(incidents.c.resolved_at, BigInteger) - type_coerce(incidents.c.opened_at, BigInteger)
    return func.coalesce(lasted, grace // _MICROSECOND + 1) <= grace // _MICROSECOND  # NULL: it is not over
