"""What only looks or waits: metrics, log lines, time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.action import Action, ActionRefused, Ending
from integrations.waiting import Manual, Wait
from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.scenario.load import load
from sandbox.serve import serving
from tests.integrations.actions.bench import call, done, lent, offered, prometheus
from tests.integrations.asking import dead_port


def one(value: object, **labels: str) -> Any:
    return {"metric": labels, "value": [1.0, value]}


ANSWERS: Mapping[str, Any] = {
    "ratio": [one("0.25")],
    "many": [one("1", pod="a"), one("3", pod="b")],
    "nan": [one("NaN")],
    "range load": [{"metric": {}, "values": [[1.0, "1"], [2.0, "5"], [3.0, "3"]]}],
    "hundreds": [one(str(n), n=str(n)) for n in range(60)],
}


async def asked(query: str, **more: Any) -> Any:
    async with serving(prometheus(ANSWERS)) as url:
        with lent() as tools:
            action = offered("prometheus", tools, PROMETHEUS_URL=url)["prometheus.query"]
            return await done(action, call("prometheus.query", query=query, **more))


async def test_one_number_is_the_value() -> None:
    told = await asked("ratio")
    assert (told.ending, told.values["value"], told.summary) == (Ending.SUCCEEDED, 0.25, "It is 0.25.")


async def test_of_several_series_none_is_the_value() -> None:
    told = await asked("many")
    assert "value" not in told.values
    assert (told.values["count"], told.values["min"], told.values["max"]) == (2, 1.0, 3.0)
    assert told.values["series"] == ({"labels": {"pod": "a"}, "value": 1.0}, {"labels": {"pod": "b"}, "value": 3.0})
    assert told.output == "{pod=a} 1\n{pod=b} 3"


@pytest.mark.parametrize("query", ["none", "nan"])
async def test_no_data_is_told_and_is_no_zero(query: str) -> None:
    told = await asked(query)
    assert (told.ending, told.values) == (Ending.SUCCEEDED, {"count": 0, "series": ()})
    assert "no data" in told.summary


@pytest.mark.parametrize(
    ("reduce", "value"), [("last", 3.0), ("first", 1.0), ("min", 1.0), ("max", 5.0), ("mean", 3.0), ("sum", 9.0)]
)
async def test_a_time_is_made_one_number(reduce: str, value: float) -> None:
    assert (await asked("load", minutes=30, reduce=reduce)).values["value"] == value


async def test_of_very_many_series_some_are_told() -> None:
    told = await asked("hundreds")
    assert (told.values["count"], len(told.values["series"]), told.is_cut) == (60, 20, True)


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    with lent() as tools:
        action = offered("prometheus", tools, PROMETHEUS_URL=dead_port())["prometheus.query"]
        told = await done(action, call("prometheus.query", query="up"))
    assert told.ending is Ending.FAILED
    assert "PROMETHEUS_URL" in told.summary


# --- log lines -------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def logs() -> AsyncIterator[Action]:
    scenario = load("bad-deployment", time.time())
    async with serving(elasticsearch(scenario)) as url:
        with lent(datetime.now(UTC)) as tools:
            yield offered("elasticsearch", tools, ELASTICSEARCH_URL=url)["elasticsearch.search"]


@pytest.mark.asyncio(loop_scope="module")
async def test_lines_are_counted_and_the_newest_told(logs: Action) -> None:
    all_lines = await done(logs, call("elasticsearch.search", query="*", lines=5))
    assert all_lines.ending is Ending.SUCCEEDED, all_lines
    total = all_lines.values["count"]
    assert isinstance(total, int)
    assert total > 5
    assert len(all_lines.output.splitlines()) == 5
    assert all_lines.is_cut
    own = await done(logs, call("elasticsearch.search", query="*", service="checkout", lines=50))
    assert isinstance(own.values["count"], int)
    assert 0 < own.values["count"] < total
    assert all(" checkout " in line for line in own.output.splitlines())
    errors = await done(logs, call("elasticsearch.search", query="log.level:ERROR AND service.name:checkout", lines=0))
    assert (errors.ending, errors.output) == (Ending.SUCCEEDED, "")
    none = await done(logs, call("elasticsearch.search", query='"no line says this at all"'))
    assert (none.values["count"], none.summary) == (0, "0 lines fit.")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_query_that_cannot_be_read_says_so(logs: Action) -> None:
    told = await done(logs, call("elasticsearch.search", query="service.name:("))
    assert told.ending is Ending.FAILED


# --- time and people -------------------------------------------------------------------------------------------------


async def test_time_passes() -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    told = await done(Wait(pause), call("wait", timeout=301.0, seconds=300))
    assert (told.ending, waited) == (Ending.SUCCEEDED, [300.0])


async def test_a_wait_can_be_given_up() -> None:
    begun = asyncio.Event()

    async def pause(seconds: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    action = Wait(pause)
    task = asyncio.create_task(done(action, call("wait", timeout=4000.0 - 400, seconds=3000)))
    await begun.wait()
    task.cancel()
    told = await task
    assert (told.ending, "stopped" in told.summary) == (Ending.FAILED, True)


async def test_what_a_person_does_is_never_run() -> None:
    plan = await Manual().plan(call("manual", timeout=3600.0, instructions="Look.\nThen tell."))
    assert plan.lines == ("Look.", "Then tell.")
    with pytest.raises(ActionRefused, match="person"):
        await Manual().run(plan, key="k")
