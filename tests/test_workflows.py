"""The durable choreography on the real engine: what was begun ends, once, whatever stops it in between."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot import workflows as module
from bot.domain.context import ContextRequest
from bot.domain.errors import ChatError, NotStored
from bot.domain.evidence import Answer
from bot.testing import FakeSource, make_alert
from bot.workflow_records import forget_workflows
from bot.workflows import MOST_RESTARTS, Workflows
from tests.scene import Scene, raising, scene, until


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as built:
        yield built


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)


@asynccontextmanager
async def running(stage: Scene, folder: Path) -> AsyncIterator[Workflows]:
    """From launch to an orderly stop."""
    engine = Workflows(stage.flows, data_dir=folder, executor_id="test-0")
    engine.launch()
    try:
        yield engine
    finally:
        await engine.close()


def rows(folder: Path, query: str, file: str = "workflows.db") -> list[Any]:
    with sqlite3.connect(folder / file) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def statuses(folder: Path) -> dict[str, str]:
    return dict(rows(folder, "select workflow_uuid, status from workflow_status"))


def payloads(folder: Path) -> list[str]:
    """What workflows and steps were given, and what came of them."""
    columns = "select m.name, p.name from sqlite_master m, pragma_table_info(m.name) p where m.type = 'table'"
    kept = [(table, column) for table, column in rows(folder, columns) if column in ("inputs", "output", "error")]
    assert len(kept) >= 3
    found = [value for table, column in kept for (value,) in rows(folder, f'select "{column}" from "{table}"')]
    return [value for value in found if value is not None]


async def ended(folder: Path, workflow_id: str, status: str = "SUCCESS") -> None:
    await until(lambda: statuses(folder).get(workflow_id) == status)


async def test_place_and_investigation_run_together_then_the_briefing_then_the_dressing(
    stage: Scene, tmp_path: Path
) -> None:
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await ended(tmp_path, f"respond:{incident_id}")
    assert rows(tmp_path, "select 1 from operation_outputs") == [], "steps of the engine's cost two transactions each"
    assert (await stage.get(incident_id)).briefed_at is not None
    assert len(stage.chat.posted) == len(stage.chat.pinned) == len(stage.chat.dressed) == 1


async def test_the_investigation_does_not_wait_for_slack(stage: Scene, tmp_path: Path) -> None:
    source = FakeSource("prometheus")
    stage = stage.restarted(sources=(source,))
    stage.chat.fail = raising("open_channel", ChatError("unreachable", is_final=False), times=10**6)
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await until(lambda: source.asked)
    assert stage.chat.posted == {}


async def test_begun_twice_it_runs_once(stage: Scene, tmp_path: Path) -> None:
    source = FakeSource("prometheus")
    stage = stage.restarted(sources=(source,))
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await asyncio.gather(*(engine.respond(incident_id) for _ in range(3)))
        await ended(tmp_path, f"respond:{incident_id}")
        await engine.respond(incident_id)
    assert list(statuses(tmp_path)) == [f"respond:{incident_id}"]
    assert len(source.asked) == 1


@pytest.mark.parametrize("write", ["open_channel", "post", "edit"])
async def test_while_slack_is_away_it_keeps_trying_and_then_finishes(stage: Scene, tmp_path: Path, write: str) -> None:
    stage.chat.fail = raising(write, ChatError("unreachable", is_final=False), times=4)
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await ended(tmp_path, f"respond:{incident_id}")
    assert len(stage.chat.posted) == 1


async def test_while_the_store_refuses_it_keeps_trying_and_then_finishes(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = stage.store.briefings.save_findings
    left = [3]

    async def refusing(*arguments: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise NotStored("the disk is full")
        await save(*arguments)

    monkeypatch.setattr(stage.store.briefings, "save_findings", refusing)
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await ended(tmp_path, f"respond:{incident_id}")
    assert left == [0]


async def test_what_failed_for_good_is_begun_again_at_each_start_five_times_at_most(
    stage: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage.chat.fail = raising("post", ChatError("is_archived", is_final=True), times=10**6)
    incident_id = await stage.incident()
    for start in range(1, MOST_RESTARTS + 2):
        async with running(stage, tmp_path) as engine:
            await engine.respond(incident_id)
            await until(lambda: "PENDING" not in statuses(tmp_path).values())
        assert len(statuses(tmp_path)) == min(start, MOST_RESTARTS)
    assert set(statuses(tmp_path).values()) == {"ERROR"}
    assert f"{incident_id}: the response failed {MOST_RESTARTS} times; not begun again" in caplog.text


async def test_begun_again_it_finishes_where_the_reason_is_gone(stage: Scene, tmp_path: Path) -> None:
    stage.chat.fail = raising("post", ChatError("is_archived", is_final=True))
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await ended(tmp_path, f"respond:{incident_id}", "ERROR")
    async with running(stage.restarted(), tmp_path) as engine:
        await engine.respond(incident_id)
        await ended(tmp_path, f"respond:{incident_id}:2")
    assert len(stage.chat.posted) == len(stage.chat.channels) == 1


@pytest.mark.parametrize("write", ["open_channel", "post", "edit"])
async def test_a_stop_in_the_middle_is_no_failure_and_the_next_start_goes_on(
    stage: Scene, tmp_path: Path, write: str
) -> None:
    reached: list[str] = []

    def away(name: str) -> None:
        if name == write:
            reached.append(name)
            raise ChatError("unreachable", is_final=False)

    stage.chat.fail = away
    source = FakeSource("prometheus")
    stage = stage.restarted(sources=(source,))
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await until(lambda: reached)
        await until(lambda: rows(tmp_path, "select 1 from findings", "store.db"))
    assert statuses(tmp_path) == {f"respond:{incident_id}": "PENDING"}
    stage.chat.fail = lambda _: None
    async with running(stage.restarted(), tmp_path):  # recovery alone goes on: nobody begins it anew
        await ended(tmp_path, f"respond:{incident_id}")
    assert len(stage.chat.posted) == len(stage.chat.channels) == 1
    assert len(source.asked) == 1, "what was found before the stop is not asked again"


async def test_a_revision_is_shown_once_and_the_next_one_again(stage: Scene, tmp_path: Path) -> None:
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    (versions,) = stage.chat.posted.values()
    async with running(stage, tmp_path) as engine:
        for revision in (2, 3):
            await stage.join(incident_id, make_alert(fingerprint=f"f{revision}"))
            before = len(versions)
            for _ in range(3):
                await engine.refresh(incident_id, revision)
            await ended(tmp_path, f"refresh:{incident_id}:{revision}")
            await engine.refresh(incident_id, revision)
            assert len(versions) == before + 1
    assert await stage.store.agenda.outdated() == ()


async def test_rows_are_json_and_hold_ids_only(stage: Scene, tmp_path: Path) -> None:
    """Pickled rows could run code when they are read, and could not be read by a later version."""
    stage.chat.fail = raising("post", ChatError("is_archived", is_final=True))
    failing, fine = await stage.incident(title="The title"), await stage.incident(fingerprint="f2", title="The title")
    async with running(stage, tmp_path) as engine:
        await engine.respond(failing)
        await ended(tmp_path, f"respond:{failing}", "ERROR")
        await engine.respond(fine)
        await ended(tmp_path, f"respond:{fine}")
    values = payloads(tmp_path)
    assert any(failing in value for value in values)
    for value in values:
        json.loads(value)
        assert "The title" not in value
    raw = b"".join(file.read_bytes() for file in tmp_path.glob("workflows.db*"))
    assert b"\x80\x04\x95" not in raw
    assert b"gASV" not in raw, "the start of a pickle in base64"


async def test_after_an_orderly_stop_the_rest_can_still_close(stage: Scene, tmp_path: Path) -> None:
    """The engine lends the event loop its threads; whatever closes after it needs some as well."""
    incident_id = await stage.incident()
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        await ended(tmp_path, f"respond:{incident_id}")
    assert await asyncio.to_thread(lambda: "done") == "done"


async def test_its_database_survives_a_power_cut(stage: Scene, tmp_path: Path) -> None:
    async with running(stage, tmp_path) as engine:
        assert engine._engine is not None
        with engine._engine.connect() as connection:
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        assert found == ["wal", 2]


async def test_a_forgotten_incident_leaves_no_trace_in_the_engine_s_file(stage: Scene, tmp_path: Path) -> None:
    gone, kept = await stage.incident(), await stage.incident(make_alert(fingerprint="f9", service="orders"))
    async with running(stage, tmp_path) as engine:
        for incident_id in (gone, kept):
            await engine.respond(incident_id)
            await ended(tmp_path, f"respond:{incident_id}")
        await engine.refresh(gone, 7)
        await ended(tmp_path, f"refresh:{gone}:7")
    assert gone.encode() in written(tmp_path)
    assert forget_workflows(tmp_path, [gone]) >= 2
    assert gone.encode() not in written(tmp_path)
    assert list(statuses(tmp_path)) == [f"respond:{kept}"]
    assert forget_workflows(tmp_path / "elsewhere", [gone]) == 0


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("workflows.db*"))


class Held:
    """A source that answers about the first incident at once, and about others once its door is open."""

    name = "held"

    def __init__(self, first: str = "") -> None:
        self.first = first
        self.door = asyncio.Event()
        self.asked: list[str] = []

    async def look(self, request: ContextRequest) -> Answer:
        self.asked.append(request.incident_id)
        if request.incident_id != self.first:
            await self.door.wait()
        return Answer()


async def two(stage: Scene, held: Held) -> tuple[str, str]:
    """The first is answered at once, the second is not."""
    held.first = await stage.incident()
    return held.first, await stage.incident(make_alert(fingerprint="f9", service="orders"))


async def test_sources_are_asked_while_the_engine_still_writes_it_down(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, begun = Held(), module._begun
    stage = stage.restarted(sources=(held,))
    incident_id = await stage.incident()

    async def slow(*arguments: Any) -> str:
        await until(lambda: held.asked)
        return await begun(*arguments)

    monkeypatch.setattr(module, "_begun", slow)
    async with running(stage, tmp_path) as engine:
        await engine.respond(incident_id)
        held.door.set()
        await ended(tmp_path, f"respond:{incident_id}")
        await engine.respond(incident_id)
    assert held.asked == [incident_id]


async def test_bookmarks_and_pins_let_the_briefings_of_others_go_first(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATER", 60.0)
    held = Held()
    stage = stage.restarted(sources=(held,))
    quick, slow = await two(stage, held)
    briefed: list[int] = []
    dress = stage.chat.dress

    async def dressing(*arguments: Any) -> tuple[str, ...]:
        briefed.append(sum(versions[-1].briefing is not None for versions in stage.chat.posted.values()))
        return await dress(*arguments)

    monkeypatch.setattr(stage.chat, "dress", dressing)
    async with running(stage, tmp_path) as engine:
        await asyncio.gather(engine.respond(quick), engine.respond(slow))
        await until(lambda: any(versions[-1].briefing for versions in stage.chat.posted.values()))
        held.door.set()
        for incident_id in (quick, slow):
            await ended(tmp_path, f"respond:{incident_id}")
    assert briefed == [2, 2]


async def test_they_do_not_wait_for_ever_for_a_briefing_that_does_not_come(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATER", 0.05)
    held = Held()
    stage = stage.restarted(sources=(held,), deadline=600.0)
    quick, slow = await two(stage, held)
    async with running(stage, tmp_path) as engine:
        await asyncio.gather(engine.respond(quick), engine.respond(slow))
        await ended(tmp_path, f"respond:{quick}")
        assert len(stage.chat.dressed) == 1
    assert statuses(tmp_path)[f"respond:{slow}"] == "PENDING"


async def test_writers_of_the_engine_s_file_queue_instead_of_finding_it_locked(tmp_path: Path) -> None:
    engine = module._sqlite_engine(tmp_path / "some.db")

    def add(number: int) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=0")  # SQLite itself would refuse at once
            connection.exec_driver_sql(f"INSERT INTO things VALUES ({number})")
            connection.exec_driver_sql(f"UPDATE things SET number = number WHERE number = {number}")

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE things (number INTEGER)")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO things VALUES (0)")
        waiting = [asyncio.create_task(asyncio.to_thread(add, number)) for number in range(1, 6)]
        await until(lambda: engine.pool.checkedout() > 1)  # type: ignore[attr-defined]
        assert not any(task.done() for task in waiting)
    await asyncio.gather(*waiting)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM things").scalar() == 6
    engine.dispose()
