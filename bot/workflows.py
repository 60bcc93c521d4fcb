"""The durable choreography of an incident; the only file that knows the workflow engine (DBOS).

Rules, each measured against kill -9: workflows hold ids and no domain state; they have no steps of the engine's own,
each of which costs two transactions: after a crash a workflow is gone through again from its beginning, so everything
it does finds in the store or in Slack what was done, and looks before it acts; version and executor id are stated,
since a generated version would strand work after an upgrade.

Where the store is PostgreSQL the engine's tables are there as well, in a schema of their own, and every process may go
on with what another one began: `adopt` puts what a dead process had in hand back into the queue that all take from.
Importing this module costs a second: `bot.app` does so after the first webhook can be accepted.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from dbos import error as engine_errors

from bot.domain.errors import ChatError, NotStored, SettingsError
from bot.domain.evidence import Finding
from bot.domain.ports.replicas import Membership
from bot.flows.respond import Responder

log = logging.getLogger(__name__)
T = TypeVar("T")

VERSION = "1"  # raised only when a change could not go on with what an older one has begun
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds between tries while Slack cannot be used
MOST_RESTARTS = 5  # a response that failed for good is begun again at most so often
CLOSING_THREADS = 4
LATER = 5.0  # seconds that bookmarks, pins and the model let the first briefings of other incidents go before them
SCHEMA = "workflows"  # of the engine's tables on PostgreSQL
CONNECTIONS = 10  # for the threads that work and the one that listens; to PostgreSQL no more than these
# Seconds after which PostgreSQL ends a transaction that nothing happens in: a process that was stopped in the midst of
# one would keep its rows locked while another one adopts them.
IDLE_IN_TRANSACTION = 5.0
SQLITE_PATIENCE = 10.0  # seconds that a write waits for others
WRITES, WRITING = ("INSERT", "UPDATE", "DELETE"), "writing"
FENCE_LOOK = 0.2  # seconds between looks while it is not certain that no other process has taken over
OLDEST_SQLITE = (3, 42)  # the engine's SQL uses unixepoch('subsec') on Python 3.12 and newer

_responder: Responder | None = None
_membership: Membership | None = None  # None: the only process
_tasks: set[asyncio.Task[object]] = set()  # of workflows and steps that are under way
_showing: set[str] = set()  # incidents that are being shown anew, or whose turn in Slack has not come yet
_awaited: set[str] = set()  # incidents without their first briefing
_ahead: dict[str, asyncio.Task[tuple[Finding, ...]]] = {}  # by incident: its sources' answers are on their way
_calm = asyncio.Event()  # set while there are none
_is_closing = False


def _flows() -> Responder:
    assert _responder is not None, "Workflows.launch was not called"
    return _responder


@DBOS.workflow(name="respond")
async def _respond(incident_id: str) -> None:
    _under_way()
    flows = _flows()
    with _unbriefed(incident_id):
        _, found = await asyncio.gather(
            _patiently(lambda: flows.open_place(incident_id, flows.investigate.sources), incident_id),
            _patiently(lambda: _findings(incident_id), incident_id),
        )
        await _patiently(lambda: flows.brief(incident_id, found), incident_id)
    await _once_others_are_briefed()
    await _patiently(lambda: flows.dress(incident_id), incident_id)
    await _analyse(incident_id)


def _ask_ahead(incident_id: str) -> bool:
    """Sources are asked before it is on disk that the response has begun: that takes its time where many do so, and a
    question changes nothing. Whether they were asked just now.
    """
    if incident_id in _awaited or incident_id in _ahead:
        return False
    task = asyncio.create_task(_flows().investigate(incident_id))
    _ahead[incident_id] = task
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return True


async def _findings(incident_id: str) -> tuple[Finding, ...]:
    ahead = _ahead.pop(incident_id, None)
    return await (ahead or _flows().investigate(incident_id))


@DBOS.workflow(name="refresh")
async def _refresh(incident_id: str) -> None:
    _under_way()
    _showing.add(incident_id)
    try:
        await _patiently(lambda: _flows().brief(incident_id), incident_id)
    finally:
        _showing.discard(incident_id)
    await _analyse(incident_id)


async def _analyse(incident_id: str) -> None:
    analyse = _flows().analyse
    if analyse is not None:
        await _patiently(lambda: analyse(incident_id), incident_id)


@contextmanager
def _unbriefed(incident_id: str) -> Iterator[None]:
    """People wait for its first briefing."""
    _awaited.add(incident_id)
    _calm.clear()
    try:
        yield
    finally:
        _awaited.discard(incident_id)
        if not _awaited:
            _calm.set()


async def _once_others_are_briefed() -> None:
    """Where many open at once, all have their briefing before the first has its bookmarks; `LATER` at most."""
    try:
        async with asyncio.timeout(LATER):
            await _calm.wait()
    except TimeoutError:
        pass


def _under_way() -> None:
    """What is begun in the midst of the end is left for the next start."""
    if _is_closing:
        raise asyncio.CancelledError
    task = asyncio.current_task()
    assert task is not None
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _patiently(work: Callable[[], Awaitable[T]], incident_id: str) -> T:
    """Keep trying while Slack or the store cannot be used: an outage delays an incident's card, it does not lose it."""
    _under_way()
    wait = FIRST_WAIT
    while True:
        while _membership is not None and not _membership.holds:  # noqa: ASYNC110 - a thread's clock decides it
            await asyncio.sleep(FENCE_LOOK)
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

    def __init__(
        self,
        responder: Responder,
        *,
        data_dir: Path,
        executor_id: str,
        store_url: str = "",
        membership: Membership | None = None,
    ) -> None:
        """`store_url`: on PostgreSQL the engine's tables stand beside the store's; else in a file in `data_dir`.

        `executor_id`: no two live processes have the same; with a `membership` its holder.
        """
        self._responder = responder
        self._file = data_dir / "workflows.db"
        self._executor_id = executor_id
        self._url = store_url if store_url.startswith("postgresql") else ""
        self._membership = membership
        self._engine: sa.Engine | None = None

    def launch(self) -> None:
        """Call on the thread of the running event loop: recovered work then runs on that loop. Raises SettingsError.

        Two live processes must never share an executor id: the second would take over the first one's running work.
        """
        global _responder, _membership, _is_closing, _calm
        _responder, _membership, _is_closing = self._responder, self._membership, False
        _calm = asyncio.Event()  # of this event loop
        _awaited.clear()
        _ahead.clear()
        _showing.clear()
        config: DBOSConfig = {
            "name": "first-responder",
            "application_version": VERSION,
            "executor_id": self._executor_id,
            "serializer": DBOSPortableJSONSerializer(),  # the default is pickle: rows could run code and not be read
            "notification_listener_polling_interval_sec": 0.2,
            "log_level": "WARNING",
            "max_executor_threads": 8,
        }
        if self._url:
            config["system_database_url"] = _without_driver(self._url)
            config["dbos_system_schema"] = SCHEMA
            config["sys_db_pool_size"] = CONNECTIONS
            config["sys_db_idle_transaction_timeout_sec"] = IDLE_IN_TRANSACTION
        else:
            self._engine = _sqlite_engine(self._file)
            config["system_database_engine"] = self._engine
            config["system_database_url"] = f"sqlite:///{self._file}"
        DBOS(config=config)
        try:
            DBOS.launch()
        except sa.exc.ProgrammingError as error:
            raise SettingsError(
                f"DATABASE_URL: the workflow engine cannot make its tables ({error.orig}). Let this user make a "
                "schema: GRANT CREATE ON DATABASE."
            ) from error

    async def adopt(self, active: Callable[[], Awaitable[Collection[str]]]) -> int:
        """What processes that are not active had in hand is begun again where it stood, by whoever is first. How many.

        Raises NotStored.
        """
        try:
            under_way = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
            holders = {status.executor_id for status in under_way if status.executor_id}
            # Asked afterwards: whoever has something in hand by now had joined before.
            dead = sorted(holders - {self._executor_id} - set(await active())) if holders else []
            # Private, and yet the right one: it puts back what is still that executor's, and nothing that was taken up
            # again meanwhile. The public `resume_workflow` does not look.
            return len(await asyncio.to_thread(DBOS._recover_pending_workflows, dead)) if dead else 0
        except sa.exc.SQLAlchemyError as error:
            raise NotStored(f"the workflow engine's tables cannot be used: {error}") from error

    async def respond(self, incident_id: str) -> None:
        """Begin the response, unless it was begun before."""
        asked = not self._url and _ask_ahead(incident_id)  # of several processes only the one that responds asks
        if not await self._respond(incident_id) and asked and (needless := _ahead.pop(incident_id, None)):
            needless.cancel()

    async def _respond(self, incident_id: str) -> bool:
        """Whether it was begun now."""
        for attempt in range(1, MOST_RESTARTS + 1):
            workflow_id = f"respond:{incident_id}" + (f":{attempt}" if attempt > 1 else "")
            status = await _begun(_respond, workflow_id, incident_id)
            if status not in ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"):
                return not status
            failed = await DBOS.get_workflow_status_async(workflow_id)
            log.warning("%s: an earlier response failed: %s", incident_id, failed and failed.error)
        log.error("%s: the response failed %d times; not begun again", incident_id, MOST_RESTARTS)
        return False

    async def refresh(self, incident_id: str, revision: int) -> None:
        """Show this revision on the card, once. Nothing where an older one still waits to be shown: in a storm more
        would gather than Slack lets through, and this one is asked for again as long as it is not shown.
        """
        if incident_id in _showing:
            return
        await _begun(_refresh, f"refresh:{incident_id}:{revision}", incident_id)

    async def close(self) -> None:
        """Running work is left where it is and goes on at the next start."""
        global _is_closing
        _is_closing = True
        tasks = tuple(_tasks)
        for task in tasks:
            task.cancel()  # not recorded as a failure; what went on would meet a closed store, and that would be one
        await asyncio.gather(*tasks, return_exceptions=True)
        # The engine made its own threads the loop's default ones and ends them: what closes after it needs some too.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CLOSING_THREADS))
        await asyncio.to_thread(self._destroy)

    def _destroy(self) -> None:
        DBOS.destroy()
        if self._engine is not None:
            self._engine.dispose()


async def _begun(workflow: Callable[[str], Coroutine[Any, Any, None]], workflow_id: str, incident_id: str) -> str:
    """Begins it, in one transaction. The status of what has this id already, empty where nothing had."""
    try:
        with SetWorkflowID(workflow_id, workflow_id_reuse_policy="reject"):
            await DBOS.start_workflow_async(workflow, incident_id)
    except engine_errors.DBOSWorkflowIDInUseError as used:
        return str(used.workflow_status)
    return ""


def _without_driver(url: str) -> str:
    """The engine takes psycopg, as the store does."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _sqlite_engine(file: Path) -> sa.Engine:
    """WAL and short transactions; the engine's default (rollback journal) is three times slower."""
    engine = sa.create_engine(
        f"sqlite:///{file}",
        module=_sqlite_module(),
        connect_args={"timeout": SQLITE_PATIENCE, "check_same_thread": False},
        pool_size=CONNECTIONS,  # kept: a new one reads the whole schema first
    )

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    _queue_writes(engine)
    return engine


def _queue_writes(engine: sa.Engine) -> None:
    """One connection writes at a time, whoever comes meanwhile queues. SQLite would have them sleep and look again,
    longer each time: a hundred workflows that begin at once would sleep for seconds.
    """
    turn = threading.Lock()

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _wait(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(WRITES) and not connection.info.get(WRITING):
            # Without a turn it goes on all the same: SQLite's own lock is still there.
            connection.info[WRITING] = turn.acquire(timeout=SQLITE_PATIENCE)

    def done(_connection: object, record: sa.pool.ConnectionPoolEntry, *_: object) -> None:
        if record.info.pop(WRITING, False):
            turn.release()

    sa.event.listen(engine, "checkin", done)
    sa.event.listen(engine, "invalidate", done)


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
