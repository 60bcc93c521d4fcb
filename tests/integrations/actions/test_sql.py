"""Statements against real databases: SQLite, and a PostgreSQL that is started for these tests."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from bot.domain.action import Action, ActionRefused, BlastRadius, Ending, Refusal, Risk, Value
from bot.domain.errors import SettingsError
from bot.domain.setting import read
from integrations.sql import statement
from integrations.sql.database import NothingDone
from integrations.sql.settings import SqlSettings
from integrations.sql.sqlite import SQLite
from integrations.sql.tokens import BadStatement
from tests.integrations.actions.bench import SCHEMA, call, database, done, lent, offered

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Mapping[str, Action]]:
    with lent() as tools:
        yield offered("sql", tools, SQL_URLS=f"production/main=sqlite:///{database(tmp_path)}")


@pytest.fixture
def address(postgresql: str) -> str:
    """Of a PostgreSQL with five rows."""
    url = postgresql.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists jobs")
        connection.execute(SCHEMA)
        connection.execute("insert into jobs select n, 'job ' || n, 'stuck' from generate_series(1, 5) as n")
    return url


@pytest.fixture
def postgres(address: str) -> Iterator[Mapping[str, Action]]:
    with lent() as tools:
        yield offered("sql", tools, SQL_URLS=f"production/main={address.replace(',', '%2C')}")


@pytest.fixture(params=["sqlite", "postgres"])
def sql(request: pytest.FixtureRequest) -> Mapping[str, Action]:
    found: Mapping[str, Action] = request.getfixturevalue(request.param)
    return found


def query(text: str, timeout: float = 20.0, **values: Value) -> Any:
    return call("sql.query", timeout=timeout, database="main", statement=text, values=values)


def execute(text: str, most_rows: int = 1, timeout: float = 20.0, **values: Value) -> Any:
    return call("sql.execute", timeout=timeout, database="main", statement=text, values=values, most_rows=most_rows)


async def count(sql: Mapping[str, Action], where: str) -> Value:
    return (await done(sql["sql.query"], query(f"select count(*) from jobs where {where}"))).values["value"]


# --- both ------------------------------------------------------------------------------------------------------------


async def test_rows_are_told_by_name_and_as_a_table(sql: Mapping[str, Action]) -> None:
    told = await done(sql["sql.query"], query("select id, name from jobs where id < :most order by id", most=3))
    assert told.ending is Ending.SUCCEEDED, told
    assert told.values["rows"] == ({"id": 1, "name": "job 1"}, {"id": 2, "name": "job 2"})
    assert told.output == "id  name\n1   job 1\n2   job 2"
    assert "value" not in told.values


async def test_one_row_has_a_value(sql: Mapping[str, Action]) -> None:
    assert (await done(sql["sql.query"], query("select count(*) from jobs;"))).values["value"] == 5


async def test_values_are_never_part_of_the_statement(sql: Mapping[str, Action]) -> None:
    hostile = "x' or '1' = '1"
    told = await done(sql["sql.query"], query("select id from jobs where name = :name", name=hostile))
    assert (told.ending, told.values["count"]) == (Ending.SUCCEEDED, 0)
    told = await done(sql["sql.query"], query("select id from jobs where name like 'job %' and id = :id", id=1))
    assert told.values["value"] == 1, "a percent sign is no value"


async def test_of_many_rows_the_first_are_told(sql: Mapping[str, Action]) -> None:
    many = "select a.id from jobs a, jobs b, jobs c, jobs d order by a.id"
    told = await done(sql["sql.query"], query(many))
    assert (told.values["count"], told.is_cut) == (200, True)


async def test_a_statement_that_the_database_refuses_says_why(sql: Mapping[str, Action]) -> None:
    told = await done(sql["sql.query"], query("select nothing_like_it from jobs"))
    assert told.ending is Ending.FAILED
    assert "nothing_like_it" in told.summary


async def test_a_change_is_kept_where_it_touches_no_more_than_was_approved(sql: Mapping[str, Action]) -> None:
    action = sql["sql.execute"]
    plan = await action.plan(execute("update jobs set state = 'ready' where id <= :id", most_rows=3, id=3))
    assert (plan.risk, plan.radius) == (Risk.CHANGE, BlastRadius(count=3, unit="rows"))
    assert plan.lines[1:] == (":id is 3", "undone where it is about more than 3 rows")
    await action.preview(plan)
    assert await count(sql, "state = 'ready'") == 0, "neither a plan nor a preview changes anything"
    told = await action.run(plan, key="k")
    assert (told.ending, told.values["count"]) == (Ending.SUCCEEDED, 3)
    assert await count(sql, "state = 'ready'") == 3


async def test_a_change_that_touches_more_is_undone(sql: Mapping[str, Action]) -> None:
    told = await done(sql["sql.execute"], execute("delete from jobs where id > 0", most_rows=4))
    assert told.ending is Ending.FAILED
    assert "5 rows, and at most 4 were approved" in told.summary
    assert await count(sql, "id > 0") == 5


async def test_deleting_is_destroying(sql: Mapping[str, Action]) -> None:
    assert (await sql["sql.execute"].plan(execute("delete from jobs where id = 1"))).risk is Risk.DESTROY


async def test_inserted_rows_count_too(sql: Mapping[str, Action]) -> None:
    two = "insert into jobs (id, name) values (:a, 'x'), (:b, 'y') returning id"
    assert (await done(sql["sql.execute"], execute(two, most_rows=1, a=11, b=12))).ending is Ending.FAILED
    told = await done(sql["sql.execute"], execute(two, most_rows=2, a=11, b=12))
    assert (told.ending, told.values["count"]) == (Ending.SUCCEEDED, 2), told
    assert await count(sql, "id > 10") == 2


async def test_a_change_that_breaks_a_rule_is_undone_as_a_whole(sql: Mapping[str, Action]) -> None:
    told = await done(sql["sql.execute"], execute("update jobs set id = 1 where id > :id", most_rows=5, id=1))
    assert told.ending is Ending.FAILED
    assert await count(sql, "id = 1") == 1


async def test_the_environment_decides_on_the_database(tmp_path: Path) -> None:
    with lent() as tools:
        made = offered("sql", tools, SQL_URLS=f"staging/main=sqlite:///{database(tmp_path)}")
        with pytest.raises(ActionRefused) as refused:
            await made["sql.query"].plan(query("select 1"))
        assert (refused.value.reason, refused.value.parameter) == (Refusal.NOT_ALLOWED, "database")


# --- SQLite ----------------------------------------------------------------------------------------------------------


async def test_a_long_query_is_ended_in_sqlite(sqlite: Mapping[str, Action]) -> None:
    endless = "with recursive n as (select 1 as i union all select i + 1 from n) select count(*) from n"
    told = await done(sqlite["sql.query"], query(endless, timeout=0.5))
    assert told.ending is Ending.TIMED_OUT


async def test_a_cancelled_change_in_sqlite_is_unknown_and_leaves_no_half(
    sqlite: Mapping[str, Action], tmp_path: Path
) -> None:
    action = sqlite["sql.execute"]
    plan = await action.plan(execute("update jobs set state = 'ready' where id > :id", most_rows=5, id=0))
    holder = sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)
    holder.execute("begin immediate")  # others wait for it
    task = asyncio.create_task(action.run(plan, key="k"))
    await asyncio.sleep(0)
    task.cancel()
    try:
        assert (await task).ending is Ending.UNKNOWN
    except asyncio.CancelledError:  # it had not begun at all
        pass
    holder.execute("rollback")
    holder.close()
    assert await count(sqlite, "state = 'ready'") in (0, 5)


async def test_sqlite_itself_holds_a_read_to_reading(tmp_path: Path) -> None:
    """Whatever would slip through the words."""
    path = database(tmp_path)
    with lent() as tools:
        backend = SQLite(str(path), tools.threads)
        for text in ("delete from jobs", "attach 'x' as y", "pragma writable_schema = 1", "create table x (y)"):
            forged = replace(statement.read("select 1"), text=text)
            with pytest.raises(NothingDone):
                await backend.look(forged, {}, 5.0)
        made = offered("sql", tools, SQL_URLS=f"production/main=sqlite:///{path}")
        assert await count(made, "id > 0") == 5


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def busy(address: str, text: str, name: str) -> AsyncIterator[asyncio.Task[Any]]:
    """Somebody's query that goes on, until it is ended."""
    connection = await psycopg.AsyncConnection.connect(address, application_name=name)
    task = asyncio.create_task(connection.execute(text))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()


LONG = "select pg_sleep(120)"
FIND = """
    select pid, backend_start::text as began, left(query, 80) as query from pg_stat_activity
    where application_name = :name and state = 'active' order by pid
"""
END = "select pg_terminate_backend(pid) from pg_stat_activity where pid = :pid and backend_start::text = :began"


async def found(sql: Mapping[str, Action], name: str, wanted: int = 1) -> tuple[Mapping[str, Any], ...]:
    async with asyncio.timeout(60):
        while True:
            rows: Any = (await done(sql["sql.query"], query(FIND, name=name))).values["rows"]
            if len(rows) == wanted:
                return tuple(rows)


async def test_a_long_query_is_found_and_ended(postgres: Mapping[str, Action], address: str) -> None:
    async with busy(address, LONG, "nightly-report") as task:
        (row,) = await found(postgres, "nightly-report")
        assert row["query"] == LONG
        asked = execute(END, pid=row["pid"], began=row["began"])
        plan = await postgres["sql.execute"].plan(asked)
        assert (plan.risk, plan.radius) == (Risk.DESTROY, BlastRadius(count=1, unit="connections"))
        assert await postgres["sql.execute"].preview(plan) == "Rows that fit now: 1."
        assert not task.done()
        told = await postgres["sql.execute"].run(plan, key="k")
        assert (told.ending, told.values["count"]) == (Ending.SUCCEEDED, 1), told
        with pytest.raises(psycopg.errors.AdminShutdown):
            await asyncio.wait_for(task, 60)
        again = await postgres["sql.execute"].run(plan, key="k")
        assert (again.ending, again.values["count"]) == (Ending.SUCCEEDED, 0), "the process's start tells them apart"


async def test_no_more_connections_are_ended_than_were_approved(postgres: Mapping[str, Action], address: str) -> None:
    everybody = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = :name"
    async with busy(address, LONG, "crowd") as one, busy(address, LONG, "crowd") as other:
        await found(postgres, "crowd", wanted=2)
        told = await done(postgres["sql.execute"], execute(everybody, most_rows=1, name="crowd"))
        assert told.ending is Ending.FAILED
        assert "2 rows" in told.summary
        assert not any(task.done() for task in (one, other)), "they are counted before the first is ended"
        told = await done(postgres["sql.execute"], execute(everybody, most_rows=2, name="crowd"))
        assert told.values["count"] == 2


async def test_a_read_that_takes_too_long_is_ended_by_the_database(postgres: Mapping[str, Action]) -> None:
    endless = "select count(*) from generate_series(1, 100000000) a, generate_series(1, 100000) b"
    told = await done(postgres["sql.query"], query(endless, timeout=1.0))
    assert told.ending is Ending.TIMED_OUT, told
    left = "select count(*) from pg_stat_activity where query like '%100000000%' and pid <> pg_backend_pid()"
    assert (await done(postgres["sql.query"], query(left))).values["value"] == 0


async def test_a_change_that_waits_for_a_lock_gives_up_and_changes_nothing(
    postgres: Mapping[str, Action], address: str
) -> None:
    with psycopg.connect(address) as holder:
        holder.execute("update jobs set name = name where id = 1")
        told = await done(
            postgres["sql.execute"], execute("update jobs set state = 'x' where id = :id", timeout=1.0, id=1)
        )
        assert told.ending is Ending.FAILED
        assert "Nothing was changed" in told.summary


async def test_a_read_only_transaction_holds_where_the_words_did_not(
    postgres: Mapping[str, Action], address: str
) -> None:
    """A view whose function writes: nothing of the statement shows it."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create or replace function sly() returns int language sql as "
                           "$$ delete from jobs; select 1 $$")  # fmt: skip
        connection.execute("create or replace view innocent as select sly() as x")
    told = await done(postgres["sql.query"], query("select x from innocent"))
    assert told.ending is Ending.FAILED
    assert "read-only" in told.summary
    assert await count(postgres, "id > 0") == 5


async def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    password = "p" * 12
    with lent() as tools:
        url = f"production/main=postgresql://bot:{password}@127.0.0.1:1/shop"
        made = offered("sql", tools, SQL_URLS=url)
        plan = await made["sql.query"].plan(query("select 1"))
        assert plan.target == "database main of production (PostgreSQL shop at 127.0.0.1:1)"
        told = await made["sql.query"].run(plan, key="k")
        assert told.ending is Ending.FAILED
        assert password not in repr((plan, told))


async def test_the_shipped_runbook_runs_as_it_stands(postgres: Mapping[str, Action], address: str) -> None:
    steps = yaml.safe_load((ROOT / "runbooks" / "database-connections-used-up.yaml").read_text())["steps"]
    by_id = {step["id"]: step for step in steps}
    for name in ("holders", "room", "longest"):
        told = await done(postgres["sql.query"], query(by_id[name]["parameters"]["statement"]))
        assert told.ending is Ending.SUCCEEDED, told
    idle = await done(postgres["sql.query"], query(by_id["idle"]["parameters"]["statement"], minutes=5))
    assert (idle.ending, idle.values["rows"]) == (Ending.SUCCEEDED, ())
    ending, verify = by_id["terminate"]["parameters"]["statement"], by_id["terminate"]["verify"]["parameters"]
    async with await psycopg.AsyncConnection.connect(address) as idler:
        await idler.execute("select 1")  # and then nothing: idle in transaction
        row = await (await idler.execute(
            "select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()"
        )).fetchone()  # fmt: skip
        assert row is not None
        values = {"pid": row[0], "began": row[1]}
        told = await done(postgres["sql.execute"], execute(ending, **values))
        assert (told.ending, told.values["count"]) == (Ending.SUCCEEDED, 1), told
        async with asyncio.timeout(60):
            while (await done(postgres["sql.query"], query(verify["statement"], **values))).values["value"] != 0:
                pass
        with pytest.raises(psycopg.OperationalError):
            await idler.execute("select 1")


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["select a.id from jobs a join jobs b on a.id = b.id where a.name in ('x', 'y') and exists (select 1 from jobs)",
     "with recent as (select * from jobs) select count(*) filter (where id > 1) over () from recent",
     "select case when id > 1 then 'a;b--c' else 'x' end, cast(id as numeric(10, 2)), id::varchar(10) from jobs",
     "select pg_size_pretty(pg_database_size(current_database()))", "values (1), (2)", "select 5 % 2 -> 'a'",
     "select \"select\", \"drop\" from jobs",
     "select extract(epoch from now()), row_number() over (order by id) from jobs"],
)  # fmt: skip
def test_usual_questions_are_taken(text: str) -> None:
    assert statement.read(text).text == text


def test_the_words_of_a_text_are_not_words_of_the_statement() -> None:
    assert statement.read("select 'drop table jobs; delete from jobs' as told").first == "select"
    with pytest.raises(BadStatement):
        statement.read("select ''; drop table jobs")


def test_connections_that_are_to_be_ended_are_counted_by_the_same_rows() -> None:
    found = statement.change("select pg_terminate_backend(pid) from pg_stat_activity where pid = (:pid)")
    assert found.counting == (
        "select count(*) from (select 1 as one from pg_stat_activity where pid = (:pid)) as touched"
    )


@pytest.mark.parametrize(
    "urls",
    ["main=sqlite:////x", "production/main", "production/main=mysql://h/d", "production/main=postgresql://h",
     "production/main=sqlite://x", "production/a=sqlite:////x, production/a=sqlite:////y", "Production/x=sqlite:////x"],
)  # fmt: skip
def test_addresses_that_cannot_be_meant_stop_the_start(urls: str) -> None:
    with pytest.raises(SettingsError, match="SQL_URLS"):
        read(SqlSettings, {"SQL_URLS": urls})
