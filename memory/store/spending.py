"""The ledger's transactions: a call is held to its estimate before it is made, and charged once after it.

    hold ----> settle      what it did cost is charged, whatever the estimate was
         \\---> release     it was not made
         \\---> expires     its process died; what it cost is known to the vendor alone

Nobody passes the last dollar twice: checking and holding are one transaction, and such transactions come one after the
other. On SQLite its write lock sees to that. On PostgreSQL a lock of the transaction does; who does not get it at once
tries again later and holds no other lock meanwhile, so that a group of writes of two processes never waits crosswise.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, text, update

from bot.domain.errors import NotStored
from bot.domain.spend import (
    Account,
    Charge,
    CostReport,
    Estimate,
    Hold,
    Limits,
    ModelCall,
    Notice,
    Refusal,
    Scope,
    Verdict,
    cap_of,
    decide,
    near,
    reached,
    throttled,
)
from memory.store.database import Database
from memory.store.rates import give_back, take
from memory.store.schema import charges, spend_holds, spend_notices, spend_totals
from memory.store.totals import add_up, day_name, held, lines, spent, tokens_and_money
from memory.store.upsert import add

T = TypeVar("T")

SPEND_LOCK = 7_202_612  # PostgreSQL only; any fixed number that nothing else of ours uses
TRIES, BETWEEN_TRIES = 400, 0.01  # seconds; the lock is held for the milliseconds of a commit
HOLD_FOR = timedelta(minutes=15)  # longer than any call: the client of the model gives up after 10 minutes by default


@dataclass(frozen=True)
class _Busy:
    """Another process is at the ledger at this moment."""


class Spending:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(
        self, call: ModelCall, estimate: Estimate, limits: Limits, *, at: datetime, is_stopped: bool = False
    ) -> Hold | Refusal:
        """Whether it may be made now; if so it counts from now on. Raises NotStored."""
        return await self._alone(partial(_hold, call, estimate, limits, at, is_stopped))

    async def settle(self, held_call: Hold, charge: Charge, limits: Limits, *, at: datetime) -> Sequence[Notice]:
        """Charges it, also when it has expired meanwhile; a second time changes nothing. Gives what people are to be
        told now, and nobody else is given. Raises NotStored."""
        return await self._alone(partial(_settle, held_call, charge, limits, at))

    async def release(self, held_call: Hold, limits: Limits, *, at: datetime) -> None:
        """It was not made, or cost nothing. Raises NotStored."""
        await self._alone(partial(_release, held_call, limits, at))

    async def hit(self, call: ModelCall, *, at: datetime) -> None:
        """An answer was given again without a call. Raises NotStored."""
        await self._alone(partial(_hit, call, at))

    async def check(self, call: ModelCall, estimate: Estimate, limits: Limits, *, at: datetime) -> Verdict:
        """What `hold` would say of the caps, without holding. Raises NotStored."""

        def read(connection: Connection) -> Verdict:
            return decide(call, estimate, _used(connection, call.accounts(_day(at)), at), limits.caps)

        return await self._database.read(read)

    async def cost(self, account: Account, limits: Limits, *, at: datetime) -> CostReport:
        """Raises NotStored."""

        def read(connection: Connection) -> CostReport:
            under_way = held(connection, {account.scope: account}, at)[account.scope]
            cap = cap_of(account.scope, limits.caps)
            return CostReport(account=account, lines=lines(connection, account), held=under_way, cap=cap)

        return await self._database.read(read)

    async def _alone(self, work: Callable[[Connection], T]) -> T:
        for _ in range(TRIES):
            done = await self._database.writer.write(lambda connection: _locked(connection, work))
            if not isinstance(done, _Busy):
                return done
            await asyncio.sleep(BETWEEN_TRIES)
        raise NotStored("the ledger of what the model costs was in use without a pause")


def forget_spend(connection: Connection, incident_id: str) -> int:
    """What an incident cost no longer names it; days, people and services keep what they spent. How many rows."""
    changed = 0
    for table in (charges, spend_holds):
        nameless = update(table).where(table.c.incident_id == incident_id).values(incident_id=None)
        changed += connection.execute(nameless).rowcount
    for table in (spend_totals, spend_notices):
        mine = (table.c.scope == Scope.INCIDENT.value, table.c.name == incident_id)
        changed += connection.execute(delete(table).where(*mine)).rowcount
    return changed


# --- within a transaction that nobody else of the ledger runs at that moment -----------------------------------------


def _locked(connection: Connection, work: Callable[[Connection], T]) -> T | _Busy:
    if connection.dialect.name == "postgresql":
        mine = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": SPEND_LOCK})
        if not mine.scalar():
            return _Busy()
    return work(connection)


def _hold(
    call: ModelCall, estimate: Estimate, limits: Limits, at: datetime, is_stopped: bool, connection: Connection
) -> Hold | Refusal:
    connection.execute(delete(spend_holds).where(spend_holds.c.expires_at <= at))
    day = _day(at)
    accounts = call.accounts(day)
    verdict = decide(call, estimate, _used(connection, accounts, at), limits.caps, is_stopped=is_stopped)
    if not verdict.is_allowed:
        return Refusal(verdict=verdict, notices=_untold(connection, [reached(verdict, accounts)], at))
    wait = take(connection, call, estimate, limits, at)
    if wait > 0:
        return Refusal(verdict=throttled(wait), wait=wait)
    made = Hold(
        id=uuid.uuid4().hex,
        call=call,
        estimate=estimate,
        decision=verdict.decision,
        day=day,
        expires_at=at + HOLD_FOR,
    )
    connection.execute(spend_holds.insert(), _held_values(made))
    return made


def _settle(made: Hold, charge: Charge, limits: Limits, at: datetime, connection: Connection) -> Sequence[Notice]:
    connection.execute(delete(spend_holds).where(spend_holds.c.id == made.id))
    if not add(connection, charges, _charged(made.id, made.call, charge, made.day, at, is_hit=False)):
        return ()
    add_up(connection, made.call, charge, made.day, is_hit=False)
    give_back(connection, made.estimate.tokens - charge.tokens, limits, at)
    accounts = made.call.accounts(made.day)
    totals = spent(connection, accounts)
    return _untold(connection, [near(accounts[scope], totals[scope], limits.caps) for scope in accounts], at)


def _release(made: Hold, limits: Limits, at: datetime, connection: Connection) -> None:
    if connection.execute(delete(spend_holds).where(spend_holds.c.id == made.id)).rowcount:
        give_back(connection, made.estimate.tokens, limits, at)


def _hit(call: ModelCall, at: datetime, connection: Connection) -> None:
    nothing = Charge(micro_dollars=0)
    connection.execute(charges.insert(), _charged(uuid.uuid4().hex, call, nothing, _day(at), at, is_hit=True))
    add_up(connection, call, nothing, _day(at), is_hit=True)


def _used(connection: Connection, accounts: Mapping[Scope, Account], at: datetime) -> Mapping[Scope, int]:
    under_way = held(connection, accounts, at)
    return {scope: paid + under_way[scope] for scope, paid in spent(connection, accounts).items()}


def _untold(connection: Connection, notices: Sequence[Notice | None], at: datetime) -> Sequence[Notice]:
    """Those that nobody was given yet."""
    return tuple(notice for notice in notices if notice is not None and _is_new(connection, notice, at))


def _is_new(connection: Connection, notice: Notice, at: datetime) -> bool:
    account = notice.account
    values = {"scope": account.scope.value, "name": account.name, "day": day_name(account.day)}
    return add(connection, spend_notices, {**values, "kind": notice.kind.value, "at": at})


def _held_values(made: Hold) -> Mapping[str, Any]:
    return {
        "id": made.id,
        "day": day_name(made.day),
        "incident_id": made.call.incident_id,
        "service": made.call.service,
        "person": made.call.person,
        "micro_dollars": made.estimate.micro_dollars,
        "expires_at": made.expires_at,
    }


def _charged(name: str, call: ModelCall, charge: Charge, day: date, at: datetime, *, is_hit: bool) -> Mapping[str, Any]:
    return {
        "hold": name,
        "at": at,
        "day": day_name(day),
        "incident_id": call.incident_id,
        "service": call.service,
        "person": call.person,
        "task": call.task,
        "model": call.model,
        "is_hit": is_hit,
        "request_id": charge.request_id,
        **tokens_and_money(charge),
    }


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
