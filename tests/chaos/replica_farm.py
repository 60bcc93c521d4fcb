"""Several processes on one PostgreSQL database, and the outside that they act on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from memory.store import Store
from memory.store.upgrade import prepare
from tests.chaos.replica_child import VERBS
from tests.scene import PATIENCE, until

WORLD = (
    "CREATE TABLE world (id bigserial PRIMARY KEY, subject text, verb text, holder text, "
    "at timestamptz DEFAULT clock_timestamp())"
)


class Child:
    """`lines`: what it told, with the time it came at."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name, self._process, self._log = name, process, log
        self.lines: list[tuple[float, str]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.lines.append((time.monotonic(), line.decode().rstrip("\n")))

    def count(self, begin: str) -> int:
        return sum(1 for _, line in self.lines if line.startswith(begin))

    @property
    def leads(self) -> bool:
        return self.count("leads") > self.count("follows")

    async def heard(self, begin: str, *, more_than: int = 0) -> str:
        """The newest line that begins so, once there are more than so many."""
        await until(lambda: self.count(begin) > more_than or self._process.returncode is not None)
        found = [line for _, line in self.lines if line.startswith(begin)]
        assert len(found) > more_than, f"{self.name} ended with {self._process.returncode}: {self.log()[-3000:]}"
        return found[-1]

    def respond(self, *incident_ids: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(incident_ids).encode() + b"\n")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            status = await self._process.wait()
            await self._reading
        return status

    def log(self) -> str:
        return self._log.read_text()

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.ended()


class Farm:
    def __init__(self, url: str, folder: Path, engine: Engine, store: Store) -> None:
        self.url, self.store = url, store
        self._folder, self._engine = folder, engine
        self._children: list[Child] = []

    async def start(self, name: str, *, lease: float) -> Child:
        data = self._folder / name
        data.mkdir(exist_ok=True)
        log = data / f"{len(self._children)}.log"
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "tests.chaos.replica_child", name, self.url, str(data), str(lease))
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=errors)
        child = Child(name, process, log)
        self._children.append(child)
        return child

    async def pair(self, *, lease: float) -> tuple[Child, Child]:
        """Both at work; the first leads."""
        one, other = await self.start("a", lease=lease), await self.start("b", lease=lease)
        await asyncio.gather(one.heard("ready"), other.heard("ready"))
        await until(lambda: one.leads or other.leads)
        return (one, other) if one.leads else (other, one)

    async def event(self, event_id: str, channel: str) -> None:
        """One of Slack's, recorded as the process does that Slack sent it to."""
        body = {"type": "event_callback", "event_id": event_id, "event": {"type": "message", "channel": channel}}
        await self.store.slack_events.record(event_id, json.dumps(body).encode())

    def effects(self) -> Counter[tuple[str, str]]:
        return Counter((row.subject, row.verb) for row in self.rows("SELECT subject, verb FROM world"))

    def order(self, verb: str) -> list[str]:
        return [str(row.subject) for row in self.rows(f"SELECT subject FROM world WHERE verb = '{verb}' ORDER BY id")]

    def workflows(self) -> Counter[str]:
        try:
            return Counter(row.status for row in self.rows("SELECT status FROM workflows.workflow_status"))
        except ProgrammingError:  # nobody has made them yet
            return Counter()

    def rows(self, query: str) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(text(query)).all()

    async def done(self, incidents: Sequence[str], events: Sequence[str]) -> None:
        """Until every incident was responded to and every event handled."""
        wanted = {(incident, verb) for incident in incidents for verb in VERBS} | {(event, "event") for event in events}
        left = "SELECT 1 FROM slack_events WHERE outcome IS NULL LIMIT 1"
        await self._until(lambda: wanted <= self.effects().keys())
        await self._until(lambda: set(self.workflows()) <= {"SUCCESS"})
        await self._until(lambda: not self.rows(left))

    async def _until(self, condition: Callable[[], object]) -> None:
        try:
            await until(condition)
        except AssertionError:
            logs = "\n".join(f"--- {child.name}\n{child.log()[-2000:]}" for child in self._children)
            raise AssertionError(f"{self.workflows()} {self.rows('SELECT * FROM replicas')}\n{logs}") from None

    async def end(self) -> None:
        for child in self._children:
            await child.end()


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a new one."""
    name = f"farm_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@asynccontextmanager
async def farm(server: str, folder: Path) -> AsyncIterator[Farm]:
    with database(server) as url:
        engine = create_engine(url)
        prepare(engine)
        with engine.begin() as connection:
            connection.execute(text(WORLD))
        store = await Store.open(url)
        made = Farm(url, folder, engine, store)
        try:
            yield made
        finally:
            await made.end()
            await store.close()
            engine.dispose()
