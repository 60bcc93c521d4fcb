"""The durable choreography of an incident; the only file that knows the workflow engine (DBOS).

Rules, each measured against kill -9: workflows hold ids and no domain state; each gathered coroutine runs exactly one
step (the engine numbers steps by the order they start in); steps run at least once, so everything they do looks before
it acts; version and executor id are stated, since a generated version would strand work after an upgrade.
Importing this module costs a second: `bot.app` does so after the first webhook can be accepted.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from bot.domain.errors import ChatError, NotStored, SettingsError
from bot.flows.respond import Responder

log = logging.getLogger(__name__)
T = TypeVar("T")

VERSION = "1"  # raised only when a change would not replay the steps of running workflows
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds between tries while Slack cannot be used
MOST_RESTARTS = 5  # a response that failed for good is begun again at most so often
CLOSING_THREADS = 4
OLDEST_SQLITE = (3, 42)  # the engine's SQL uses unixepoch('subsec') on Python 3.12 and newer

_responder: Responder | None = None
_steps: set[asyncio.Task[object]] = set()  # that run a step now


def _flows() -> Responder:
    assert _responder is not None, "Workflows.launch was not called"
    return _responder


@DBOS.step(name="open_place")
async def _open_place(incident_id: str) -> None:
    await _patiently(lambda: _flows().open_place(incident_id, _flows().investigate.sources), incident_id)


@DBOS.step(name="investigate")
async def _investigate(incident_id: str) -> None:
    await _patiently(lambda: _flows().investigate(incident_id), incident_id)


@DBOS.step(name="brief")
async def _brief(incident_id: str) -> None:
    await _patiently(lambda: _flows().brief(incident_id), incident_id)


@DBOS.step(name="dress")
async def _dress(incident_id: str) -> None:
    await _patiently(lambda: _flows().dress(incident_id), incident_id)


@DBOS.step(name="analyse")
async def _analyse(incident_id: str) -> None:
    analyse = _flows().analyse
    if analyse is not None:
        await _patiently(lambda: analyse(incident_id), incident_id)


@DBOS.workflow(name="respond")
async def _respond(incident_id: str) -> None:
    await asyncio.gather(_open_place(incident_id), _investigate(incident_id))
    await _brief(incident_id)
    await _dress(incident_id)
    await _analyse(incident_id)


@DBOS.workflow(name="refresh")
async def _refresh(incident_id: str) -> None:
    await _brief(incident_id)
    await _analyse(incident_id)


async def _patiently(work: Callable[[], Awaitable[T]], incident_id: str) -> T:
    """Keep trying while Slack or the store cannot be used: an outage delays an incident's card, it does not lose it."""
    task = asyncio.current_task()
    assert task is not None
    _steps.add(task)
    task.add_done_callback(_steps.discard)
    wait = FIRST_WAIT
    while True:
        try:
            return await work()
        except (ChatError, NotStored) as error:
            if isinstance(error, ChatError) and error.is_final:
                raise
            log.warning("%s: not possible now (%s); trying again in %.1f s", incident_id, error, wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


class Workflows:
    """Starts responses; what was started is finished, whatever crashes in between."""

    def __init__(self, responder: Responder, *, data_dir: Path, executor_id: str) -> None:
        self._responder = responder
        self._file = data_dir / "workflows.db"
        self._executor_id = executor_id
        self._engine: sa.Engine | None = None

    def launch(self) -> None:
        """Call on the thread of the running event loop: recovered work then runs on that loop.

        Two live processes must never share an executor id: the second would take over the first one's running work.
        """
        global _responder
        _responder = self._responder
        self._engine = _sqlite_engine(self._file)
        config: DBOSConfig = {
            "name": "first-responder",
            "system_database_engine": self._engine,
            "system_database_url": f"sqlite:///{self._file}",
            "application_version": VERSION,
            "executor_id": self._executor_id,
            "serializer": DBOSPortableJSONSerializer(),  # the default is pickle: rows could run code and not be read
            "notification_listener_polling_interval_sec": 0.2,
            "log_level": "WARNING",
            "max_executor_threads": 8,
        }
        DBOS(config=config)
        DBOS.launch()

    async def respond(self, incident_id: str) -> None:
        """Begin the response, unless it was begun before."""
        for attempt in range(1, MOST_RESTARTS + 1):
            workflow_id = f"respond:{incident_id}" + (f":{attempt}" if attempt > 1 else "")
            status = await DBOS.get_workflow_status_async(workflow_id)
            if status is None:
                with SetWorkflowID(workflow_id):
                    await DBOS.start_workflow_async(_respond, incident_id)
                return
            if status.status not in ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"):
                return
            log.warning("%s: an earlier response failed: %s", incident_id, status.error)
        log.error("%s: the response failed %d times; not begun again", incident_id, MOST_RESTARTS)

    async def refresh(self, incident_id: str, revision: int) -> None:
        """Show this revision on the card, once."""
        workflow_id = f"refresh:{incident_id}:{revision}"
        if await DBOS.get_workflow_status_async(workflow_id) is None:
            with SetWorkflowID(workflow_id):
                await DBOS.start_workflow_async(_refresh, incident_id)

    async def close(self) -> None:
        """Running work is left where it is and goes on at the next start."""
        steps = tuple(_steps)
        for step in steps:
            step.cancel()  # not recorded as a failure; what went on would meet a closed store, and that would be one
        await asyncio.gather(*steps, return_exceptions=True)
        # The engine made its own threads the loop's default ones and ends them: what closes after it needs some too.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CLOSING_THREADS))
        await asyncio.to_thread(self._destroy)

    def _destroy(self) -> None:
        DBOS.destroy()
        if self._engine is not None:
            self._engine.dispose()


def _sqlite_engine(file: Path) -> sa.Engine:
    """WAL and short transactions; the engine's default (rollback journal) is three times slower."""
    engine = sa.create_engine(
        f"sqlite:///{file}", module=_sqlite_module(), connect_args={"timeout": 10.0, "check_same_thread": False}
    )

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def _sqlite_module() -> object:
    python: tuple[int, ...] = tuple(sys.version_info[:2])
    if python < (3, 12) or sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return sqlite3
    try:
        import pysqlite3
    except ImportError:
        raise SettingsError(
            f"SQLite {sqlite3.sqlite_version} is too old for the workflow engine on Python 3.12 and newer "
            "(3.42 is needed): use Python 3.11, a newer system, or install pysqlite3-binary."
        ) from None
    return pysqlite3
