"""How fast all processes together may call the model: read and written within the ledger's transactions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain.spend import Bucket, Estimate, Limits, ModelCall
from memory.store.schema import rate_buckets
from memory.store.upsert import put

REQUESTS, TOKENS = "requests", "tokens"  # names of buckets


def take(connection: Connection, call: ModelCall, estimate: Estimate, limits: Limits, at: datetime) -> float:
    """Seconds to wait; where there is nothing to wait for it is taken."""
    amounts = {REQUESTS: 1, TOKENS: estimate.tokens}
    buckets = {name: _bucket(connection, name, rate, at) for name, rate in _rates(limits).items()}
    wait = max(
        (bucket.wait(amounts[name], at, is_urgent=call.is_urgent) for name, bucket in buckets.items()), default=0.0
    )
    if wait == 0:
        for name, bucket in buckets.items():
            _put_bucket(connection, name, bucket.taken(amounts[name], at))
    return wait


def give_back(connection: Connection, tokens: int, limits: Limits, at: datetime) -> None:
    """Tokens that were taken and not used; fewer than none where more were used."""
    if tokens and (rate := limits.tokens_per_minute) > 0:
        _put_bucket(connection, TOKENS, _bucket(connection, TOKENS, rate, at).returned(tokens, at))


def _rates(limits: Limits) -> Mapping[str, float]:
    """Those that are set."""
    rates = {REQUESTS: limits.requests_per_minute, TOKENS: limits.tokens_per_minute}
    return {name: rate for name, rate in rates.items() if rate > 0}


def _bucket(connection: Connection, name: str, rate: float, at: datetime) -> Bucket:
    row = connection.execute(select(rate_buckets).where(rate_buckets.c.name == name)).one_or_none()
    return Bucket.full(rate, at) if row is None else Bucket(per_minute=rate, left=row.remaining, at=row.at)


def _put_bucket(connection: Connection, name: str, bucket: Bucket) -> None:
    put(connection, rate_buckets, {"name": name, "remaining": bucket.left, "at": bucket.at}, key=("name",))
