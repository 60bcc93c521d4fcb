"""The way to PostgreSQL is slow, breaks, hangs and garbles what comes back: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from sqlalchemy import make_url

from bot.lobby import STORE_WITHIN
from memory.store import Store
from tests.chaos.door import door, knock
from tests.chaos.rounds import FACTOR, rounds
from tests.chaos.test_postgresql_restart import database
from tests.chaos.wire import Harm, Wire, wire
from tests.memory.store.samples import run
from tests.scene import until

TURNS = rounds(1)  # of each harm
SENDERS = 4
MEANWHILE = 0.2  # seconds that a harm goes on
BLACK_HOLE = 60.0 if FACTOR >= 5 else 0.4  # seconds without a byte, and without an end
BUSY = 5.0  # seconds more than the limit that an answer may take on a busy machine
LATE = 0.01  # seconds that each answer of the database is late
COMES_AGAIN = 0.02  # seconds after which a sender comes again


def through(url: str, address: tuple[str, int]) -> str:
    """The same database by another way."""
    host, port = address
    there = make_url(url).set(host=host, port=port, query={})
    return there.render_as_string(hide_password=False)


@dataclass(kw_only=True)
class Senders:
    address: str
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds

    async def send(self, sender: int) -> None:
        """Until cancelled."""
        number = 0
        async with aiohttp.ClientSession() as client:
            while True:
                number += 1
                name, began = f"{sender}-{number}", time.monotonic()
                status = await knock(client, self.address, name)
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.statuses[status] += 1
                if status == 202:
                    self.acknowledged.append(name)
                else:
                    await asyncio.sleep(COMES_AGAIN)

    async def accepted_again(self) -> None:
        known = len(self.acknowledged)
        await until(lambda: len(self.acknowledged) >= known + SENDERS)


async def harmed(between: Wire, senders: Senders) -> Counter[str]:
    met = Counter[str]()
    for _ in range(TURNS):
        for harm in Harm:
            await senders.accepted_again()
            before = between.harmed
            between.break_(harm)
            await until(lambda: between.harmed > before)  # noqa: B023 - awaited here
            await asyncio.sleep(BLACK_HOLE if harm is Harm.HANG else MEANWHILE)
            between.heal()
            met[harm] += between.harmed - before
    await senders.accepted_again()
    return met


@pytest.mark.slow
async def test_whatever_the_way_to_the_database_does_what_was_acknowledged_is_there_once(
    postgresql: str, record_property: Callable[[str, object], None]
) -> None:
    socket = f"{make_url(postgresql).query['host']}/.s.PGSQL.5432"
    with database(postgresql) as url:
        async with wire(lambda: asyncio.open_unix_connection(socket), late=LATE) as between:
            store = await Store.open(through(url, between.address))
            async with door(store) as opened:
                senders = Senders(address=opened.address)
                sending = [asyncio.create_task(senders.send(number)) for number in range(SENDERS)]
                met = await harmed(between, senders)
                for task in sending:
                    task.cancel()
                await asyncio.gather(*sending, return_exceptions=True)
            await store.close()
        bodies = [json.loads(str(body)) for (body,) in run(url, "SELECT body FROM deliveries")]
    stored = Counter(alert["fingerprint"] for body in bodies for alert in body["alerts"])
    lost = [name for name in senders.acknowledged if not stored[name]]
    doubled = [name for name, times in stored.items() if times > 1]
    report = (
        f"{', '.join(f'{harm} {times} times' for harm, times in met.items())}: {len(senders.acknowledged)} "
        f"acknowledged, {senders.statuses[503]} told to come again, the slowest after {senders.slowest:.1f} s, "
        f"{len(lost)} lost, {len(doubled)} doubled"
    )
    record_property("report", report)
    print(report)
    assert (lost, doubled) == ([], []), report
    assert set(senders.statuses) <= {202, 503}, report
    assert senders.slowest < STORE_WITHIN + BUSY, report
    assert set(met) == set(Harm), report
