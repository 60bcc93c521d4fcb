"""The durable choreography where several share it: fenced steps, and what is kept of incidents on PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.testing import FakeSource
from bot.workflow_records import forget_workflows
from bot.workflows import SCHEMA, Workflows
from tests.chaos.replica_farm import database
from tests.memory.store.conftest import postgresql
from tests.scene import scene, until

__all__ = ["postgresql"]


class Standing:
    """A membership of one; it holds as the test says, and counts how often it was asked."""

    is_leader = True
    holder = "a/1"

    def __init__(self) -> None:
        self.is_certain = True
        self.asked = 0

    @property
    def holds(self) -> bool:
        self.asked += 1
        return self.is_certain

    async def gone(self, holder: str) -> bool:
        return False


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with database(request.getfixturevalue("postgresql")) as address:
        yield address


async def test_on_one_postgresql_it_ends_adopts_what_others_left_waits_while_fenced_and_forgets(
    url: str, tmp_path: Path
) -> None:
    engine = create_engine(url)

    def rows(columns: str = "workflow_uuid, status") -> list[tuple[str, str]]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {SCHEMA}.workflow_status"))]

    async def nobody_else() -> Collection[str]:
        return ["a/1"]

    async def the_other_lives() -> Collection[str]:
        return ["a/1", "b/1"]

    standing, source = Standing(), FakeSource("prometheus")
    async with scene(tmp_path, sources=(source,)) as stage:
        flows = Workflows(stage.flows, data_dir=tmp_path, executor_id="a/1", store_url=url, membership=standing)
        flows.launch()
        try:
            first, fenced = await stage.incident(), await stage.incident(fingerprint="f2")
            await flows.respond(first)
            await until(lambda: dict(rows()).get(f"respond:{first}") == "SUCCESS")
            assert set(rows("workflow_uuid, executor_id")) == {(f"respond:{first}", "a/1")}

            with engine.begin() as connection:  # as if another process had begun it, and had just died
                gone = {"status": "PENDING", "holder": "b/1"}
                taken = text(f"UPDATE {SCHEMA}.workflow_status SET status = :status, executor_id = :holder")
                connection.execute(taken, gone)
            assert await flows.adopt(the_other_lives) == 0
            assert await flows.adopt(nobody_else) == 1
            await until(lambda: dict(rows()).get(f"respond:{first}") == "SUCCESS")
            assert set(rows("workflow_uuid, executor_id")) == {(f"respond:{first}", "a/1")}
            assert len(source.asked) == 1, "steps that were done are not done again"

            standing.is_certain, asked = False, standing.asked
            await flows.respond(fenced)
            await until(lambda: standing.asked > asked + 5)
            assert len(source.asked) == 1, "others may have taken over"
            standing.is_certain = True
            await until(lambda: dict(rows()).get(f"respond:{fenced}") == "SUCCESS")
            assert len(source.asked) == 2
        finally:
            await flows.close()
    assert not (tmp_path / "workflows.db").exists()
    assert forget_workflows(tmp_path, [first], url) >= 2
    assert [name for name, _ in rows()] == [f"respond:{fenced}"]
    assert forget_workflows(tmp_path, ["INC-0"], url) == 0
    engine.dispose()
