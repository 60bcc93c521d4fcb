"""The table of replicas, on a connection of its own: a store that is busy must not cost a process its lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    create_engine,
    delete,
    event,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from bot.domain.errors import NotStored
from bot.domain.ports.replicas import Member, MemberState, Process
from memory.store.columns import bounded
from memory.store.replica_schema import replicas

T = TypeVar("T")

ANSWERS_WITHIN = 2  # seconds for connecting and for each statement: a lease must not run out in one that hangs
KEPT = timedelta(days=7)  # of those that are gone: work that was interrupted before that is not taken for theirs
JOINING = 7_302_666  # PostgreSQL's lock for giving out seats; any number that nothing else of ours uses
NOW: ColumnElement[Any] = literal_column(
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
)  # as `Instant` keeps it


class StoredReplicas:
    """The `Roll` port, on PostgreSQL."""

    def __init__(self, url: str) -> None:
        """Opens nothing yet."""
        self._engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=1,
            max_overflow=1,
            pool_timeout=ANSWERS_WITHIN,
            pool_pre_ping=True,
            connect_args={"connect_timeout": ANSWERS_WITHIN, "tcp_user_timeout": ANSWERS_WITHIN * 1000},
        )
        event.listen(self._engine, "connect", _set_up)

    def members(self) -> Sequence[Member]:
        return self._do(_members)

    def join(self, name: str, process: Process, *, over: Member | None) -> Member | None:
        try:
            return self._do(lambda connection: _join(connection, bounded(name), process, over))
        except _Overtaken:
            return None

    def beat(self, me: Member) -> Sequence[Member] | None:
        change = (
            update(replicas)
            .where(replicas.c.holder == me.holder, replicas.c.state != MemberState.GONE)
            .values(beats=replicas.c.beats + 1, beat_at=NOW)
        )

        def work(connection: Connection) -> Sequence[Member] | None:
            # A heartbeat that a crash of the server takes back was given all the same: no fsync is waited for.
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            return _members(connection) if connection.execute(change).rowcount else None

        return self._do(work)

    def fence(self, silent: Member) -> bool:
        as_it_was = (replicas.c.holder == silent.holder, replicas.c.beats == silent.beats)
        change = update(replicas).where(*as_it_was).values(state=MemberState.GONE)
        return self._do(lambda connection: connection.execute(change).rowcount > 0)

    def leave(self, me: Member, state: MemberState) -> None:
        mine = (replicas.c.holder == me.holder, replicas.c.state != MemberState.GONE)
        change = update(replicas).where(*mine).values(state=state)
        self._do(lambda connection: connection.execute(change).rowcount)

    def close(self) -> None:
        self._engine.dispose()

    def _do(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            told = error.orig if isinstance(error, DBAPIError) else error
            raise NotStored(f"the table of replicas cannot be used: {told}") from error


class _Overtaken(Exception):
    """Somebody else joined under this name meanwhile."""


def _set_up(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{ANSWERS_WITHIN}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{ANSWERS_WITHIN}s'")
    connection.commit()  # the pool rolls back what was not committed


def _members(connection: Connection) -> Sequence[Member]:
    return tuple(_member(row) for row in connection.execute(select(replicas).order_by(replicas.c.seat)))


def _member(row: Row[Any]) -> Member:
    return Member(
        name=row.name,
        epoch=row.epoch,
        seat=row.seat,
        beats=row.beats,
        state=MemberState(row.state),
        process=Process(host=row.host, pid=row.pid, space=row.space),
        joined_at=row.joined_at,
        beat_at=row.beat_at,
    )


def _join(connection: Connection, name: str, process: Process, over: Member | None) -> Member:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": JOINING})
    old = (
        replicas.c.state == MemberState.GONE,
        replicas.c.beat_at < NOW - _microseconds(KEPT),
        replicas.c.name != name,
    )
    connection.execute(delete(replicas).where(*old))
    seat = connection.execute(select(func.coalesce(func.max(replicas.c.seat), 0) + 1)).scalar_one()
    epoch = over.epoch + 1 if over else 1
    values = {
        "epoch": epoch,
        "holder": f"{name}/{epoch}",
        "seat": seat,
        "beats": 0,
        "state": MemberState.LIVE,
        "host": process.host,
        "pid": process.pid,
        "space": process.space,
        "joined_at": NOW,
        "beat_at": NOW,
    }
    if over is None:
        try:
            connection.execute(insert(replicas).values(name=name, **values))
        except IntegrityError as error:
            raise _Overtaken from error
    else:
        as_it_was = (replicas.c.name == name, replicas.c.epoch == over.epoch, replicas.c.beats == over.beats)
        if not connection.execute(update(replicas).where(*as_it_was).values(**values)).rowcount:
            raise _Overtaken
    return _member(connection.execute(select(replicas).where(replicas.c.name == name)).one())


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
