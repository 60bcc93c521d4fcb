"""Bits flip in the database's file: what of it is audit log is found, and nobody is told that it is whole."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from bot.domain.audit import verify
from bot.domain.errors import FirstResponderError
from memory.store import Store
from tests.chaos.rounds import rounds
from tests.memory.store.acting_samples import note

ENTRIES = 40
FLIPS = rounds(40)


def live_bytes(file: Path) -> Iterator[int]:
    """Offsets of the file at which values of entries stand that the chain covers."""
    with closing(sqlite3.connect(file)) as store:
        details = [str(row[0]) for row in store.execute("SELECT details FROM audit_entries")]
        hashes = [str(row[0]) for row in store.execute("SELECT hash FROM audit_entries")]
    data = file.read_bytes()
    for value in {*details, *hashes}:
        at = data.find(value.encode())
        while at >= 0:
            yield from range(at, at + len(value.encode()))
            at = data.find(value.encode(), at + 1)


async def entries(file: Path) -> None:
    store = await Store.open(f"sqlite:///{file}")
    for number in range(ENTRIES):
        await store.audit.append([note(f"R-{number}", details={"step": "restart", "number": number})])
    await store.close()


async def found(file: Path) -> str:
    """By what the flip is noticed; "" where it is not."""
    try:
        store = await Store.open(f"sqlite:///{file}")
    except FirstResponderError:
        return "at the start"
    try:
        return "by verifying" if await store.audit.through(verify) else ""
    except FirstResponderError:
        return "by reading"
    finally:
        await store.close()


async def test_a_bit_that_flips_in_the_audit_log_is_found(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice = random.Random(seed)
    whole, flipped = tmp_path / "whole.db", tmp_path / "flipped.db"
    await entries(whole)
    assert await found(whole) == ""
    offsets = sorted(live_bytes(whole))
    noticed: Counter[str] = Counter()
    for _ in range(FLIPS):
        shutil.copy(whole, flipped)
        data = bytearray(flipped.read_bytes())
        at = dice.choice(offsets)
        data[at] ^= 1 << dice.randrange(8)
        flipped.write_bytes(bytes(data))
        noticed[await found(flipped)] += 1
    report = f"{FLIPS - noticed['']} of {FLIPS} flips found"
    record_property("report", report)
    print(report, dict(noticed), len(offsets))
    assert noticed[""] == 0, f"seed {seed}: {report}"
