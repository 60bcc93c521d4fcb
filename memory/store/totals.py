"""What was spent, added up, and what is held: read and written within a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select
from sqlalchemy.sql.dml import Insert

from bot.domain.spend import Account, Charge, CostLine, ModelCall, Scope
from memory.store.model_schema import MODEL_LIMIT, TASK_LIMIT
from memory.store.schema import bounded, spend_holds, spend_totals, storable
from memory.store.upsert import insert

_KEY = ("scope", "name", "day", "task", "model")
_SUMS = (
    "calls",
    "hits",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "micro_dollars",
)


def day_name(day: date | None) -> str:
    """As a day is stored; empty for the whole life of an incident."""
    return "" if day is None else day.isoformat()


def tokens_and_money(charge: Charge) -> Mapping[str, int]:
    return {
        "input_tokens": charge.input_tokens,
        "output_tokens": charge.output_tokens,
        "cache_read_tokens": charge.cache_read_tokens,
        "cache_write_tokens": charge.cache_write_tokens,
        "micro_dollars": charge.micro_dollars,
    }


def add_up(connection: Connection, call: ModelCall, charge: Charge, day: date, *, is_hit: bool) -> None:
    """Onto every account of the call."""
    rows = [
        {
            "scope": account.scope.value,
            "name": account.name,
            "day": day_name(account.day),
            "task": storable(call.task)[:TASK_LIMIT],
            "model": storable(call.model)[:MODEL_LIMIT],
            "calls": int(not is_hit),
            "hits": int(is_hit),
            **tokens_and_money(charge),
        }
        for account in call.accounts(day).values()
    ]
    connection.execute(_adding(connection.dialect.name), rows)


@cache
def _adding(dialect: str) -> Insert:
    new = insert(dialect, spend_totals)
    sums = {name: spend_totals.c[name] + new.excluded[name] for name in _SUMS}
    return new.on_conflict_do_update(index_elements=list(_KEY), set_=sums)


def spent(connection: Connection, accounts: Mapping[Scope, Account]) -> dict[Scope, int]:
    """Micro-dollars of each account."""
    wanted = (
        select(spend_totals.c.scope, func.sum(spend_totals.c.micro_dollars))
        .where(or_(*(_is(account) for account in accounts.values())))
        .group_by(spend_totals.c.scope)
    )
    found = {Scope(row[0]): int(row[1]) for row in connection.execute(wanted)}
    return {scope: found.get(scope, 0) for scope in accounts}


def held(connection: Connection, accounts: Mapping[Scope, Account], at: datetime) -> dict[Scope, int]:
    """Micro-dollars that calls under way may cost at most, of each account."""
    found = dict.fromkeys(accounts, 0)
    # As many rows as there are calls under way: a handful.
    for row in connection.execute(select(spend_holds).where(spend_holds.c.expires_at > at)):
        for scope, account in accounts.items():
            if _holds(row, account):
                found[scope] += row.micro_dollars
    return found


def lines(connection: Connection, account: Account) -> Sequence[CostLine]:
    """By task and model, the dearest first."""
    wanted = select(spend_totals).where(_is(account)).order_by(spend_totals.c.micro_dollars.desc())
    return tuple(
        CostLine(task=row.task, model=row.model, **{name: getattr(row, name) for name in _SUMS})
        for row in connection.execute(wanted)
    )


def _is(account: Account) -> ColumnElement[bool]:
    table = spend_totals.c
    mine = (table.scope == account.scope.value, table.name == account.name, table.day == day_name(account.day))
    return and_(*mine)


def _holds(row: Row[Any], account: Account) -> bool:
    if account.scope is Scope.INCIDENT:
        return bool(row.incident_id == bounded(account.name))
    if row.day != day_name(account.day):
        return False
    if account.scope is Scope.DAY:
        return True
    return bool((row.person if account.scope is Scope.PERSON else row.service) == bounded(account.name))
