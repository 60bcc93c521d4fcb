"""Our evaluator and the real Prometheus answer the same queries over the same samples."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.prometheus.server import create_app
from sandbox.scenario.load import load
from sandbox.scenario.model import Scenario
from sandbox.serve import serving
from tests.sandbox.prometheus.real import IS_INSTALLED, real_prometheus

pytestmark = [
    pytest.mark.skipif(
        not IS_INSTALLED, reason="needs the real server to compare with: install Debian's prometheus package"
    ),
    pytest.mark.asyncio(loop_scope="module"),
]

# Version 3 closed ranges on the other side. Samples are taken `PHASE` after full quarters of a minute, and asked for in
# between, so that no sample lies on the edge of a range and both versions must agree.
PHASE = 7.0
AFTER_NOW = 4.3
STEP = 37.0
HOURS = 2.0
SERVICES = frozenset({"checkout", "notifications", "customers"})
CLOSE = 1e-9

RATIO = (
    'sum(rate(http_requests_total{service="checkout",code=~"5.."}[2m])) '
    '/ sum(rate(http_requests_total{service="checkout"}[2m]))'
)
POOL = "db_pool_connections_in_use"
QUERIES = (
    POOL,
    RATIO,
    RATIO + " > 0.05",
    RATIO + " > bool 0.05",
    "-" + POOL,
    "rate(http_requests_total[5m])",
    "irate(http_requests_total[1m])",
    "increase(http_requests_total[15m])",
    "resets(http_requests_total[30m])",
    "sum by (code) (rate(http_requests_total[2m] offset 10m))",
    'sum without (instance, job) (rate(http_requests_total{code!="200"}[2m]))',
    'count by (service) (http_requests_total{code!~"2..|3.."})',
    f"delta({POOL}[10m])",
    f"idelta({POOL}[10m])",
    f"deriv({POOL}[20m])",
    f"predict_linear({POOL}[20m], 3600)",
    f"changes({POOL}[10m])",
    *(
        f"{how}_over_time({POOL}[7m])"
        for how in ("avg", "min", "max", "sum", "count", "last", "stddev", "stdvar", "present")
    ),
    f"quantile_over_time(0.9, {POOL}[10m])",
    "histogram_quantile(0.95, sum by (service, le) (rate(http_request_duration_seconds_bucket[5m])))",
    'histogram_quantile(0.5, rate(http_request_duration_seconds_bucket{service="notifications"}[1m]))',
    f"topk(2, {POOL})",
    "bottomk by (service) (1, http_requests_total)",
    f"quantile(0.3, {POOL})",
    f"stddev({POOL})",
    f"stdvar by (service) ({POOL})",
    f"group({POOL})",
    f"max({POOL}) - min({POOL}) + avg({POOL}) ^ 2 % 7",
    f"{POOL} / on(service, pool) db_pool_connections_max * 100",
    "http_requests_total / ignoring(code) group_left http_request_duration_seconds_count",
    f"sum by (service) (rate(http_requests_total[2m])) * on(service) group_right(pool) {POOL}",
    f"{POOL} > 12 and on(service) sum by (service) (http_requests_total) > 10",
    f'{POOL}{{service="customers"}} or on(service) db_pool_connections_max',
    f'{POOL} unless {POOL}{{service="checkout"}}',
    f"10 < {POOL}",
    f"{POOL} == bool 14",
    "abs(sin_is_absent) or vector(3)",
    f"ceil({POOL} / 7) + floor({POOL} / 7) + round({POOL} / 7, 0.5)",
    f"clamp({POOL}, 12, 14) + clamp_min({POOL}, 13) + clamp_max({POOL}, 13)",
    f"ln({POOL}) + log2({POOL}) + log10({POOL}) + exp({POOL} / 100) + sqrt({POOL}) + sgn({POOL} - 12)",
    f"scalar({POOL}) + time()",
    f'scalar({POOL}{{service="checkout"}}) * 2',
    f"timestamp({POOL})",
    f"time() - timestamp({POOL} offset 5m)",
    "absent(nothing_of_the_kind{service='checkout', code=~'5..'})",
    f"absent({POOL})",
    f'label_replace({POOL}, "team", "$1-team", "pool", "(.*)-db")',
    f'label_join({POOL}, "both", "/", "service", "pool")',
    "max_over_time(sum by (service) (rate(http_requests_total[1m]))[10m:30s])",
    f"avg_over_time({POOL}[10m:1m] offset 3m)",
    f"{POOL} @ end() - {POOL} @ start()",
    "app_build_info",
    "count by (service) (app_build_info)",
    '{__name__=~"db_pool_.*", service="checkout"}',
    "hour() + minute() / 60 + day_of_week()",
    f"{POOL} / 0 - {POOL} / 0",
    f"count({POOL} > 13) or vector(0)",
    f"sum by (service) ({POOL} > 13) or 0 * sum by (service) ({POOL})",
    f'label_replace(max by (service) ({POOL}), "side", "value", "", "")'
    ' or label_replace(vector(5), "side", "limit", "", "")',
    'group by (__name__, service) ({__name__=~"http_requests_total|up",service=~"checkout|customers"})'
    ' or group by (__name__, service, le) ({__name__=~".*_bucket",service=~"checkout",le="+Inf"})',
    f'label_replace(quantile_over_time(0.5, (sum({POOL}))[20m:2m] offset 30m), "ago", "30m", "", "")',
)
INSTANT = (
    f"sort({POOL})",
    f"sort_desc({POOL})",
    f"topk(1, {POOL})",
    f"{POOL}[1m]",
    f"rate({POOL}[1m])",
    "42",
    '"words"',
    "vector(1) == 2",
)
WRONG = (
    "unheard_of(up)",
    "sum(",
    "rate(up)",
    POOL + " * on(job) " + POOL,
    "http_requests_total / ignoring(code) http_request_duration_seconds_count",
    'label_replace(http_requests_total, "code", "x", "code", ".*")',
    POOL + "[5m]",
    '"words"',
)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    now = time.time() // 15 * 15 - 15 + PHASE
    loaded = load("bad-deployment", now)
    since = now - HOURS * 3600 - 900
    first = next(i for i, at in enumerate(loaded.series[0].times) if at > since)
    cut = loaded.series[0].times[first:]
    kept = []
    for item in loaded.series:
        if item.labels["service"] in SERVICES:
            times = cut if len(item.times) == len(loaded.series[0].times) else item.times
            kept.append(replace(item, times=times, values=item.values[-len(times) :]))
    return replace(loaded, series=tuple(kept))


@pytest.fixture(scope="module")
def real(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    with real_prometheus(scenario.series, folder, until=scenario.loaded_at + AFTER_NOW) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(scenario: Scenario) -> AsyncIterator[str]:
    async with serving(create_app(scenario, clock=lambda: scenario.loaded_at + AFTER_NOW)) as address:
        yield address


async def _ask(base: str, path: str, parameters: Mapping[str, Any]) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{base}/api/v1/{path}", params=parameters) as answer:
        return answer.status, await answer.json()


def _span(scenario: Scenario) -> dict[str, float]:
    end = scenario.loaded_at + AFTER_NOW
    return {"start": end - HOURS * 3600, "end": end, "step": STEP}


def _by_labels(data: Any) -> dict[str, list[Any]]:
    found = {}
    for item in data["result"]:
        points = item["values"] if "values" in item else [item["value"]]
        found[repr(sorted(item["metric"].items()))] = points
    return found


def _assert_alike(mine: Any, theirs: Any) -> None:
    assert mine["resultType"] == theirs["resultType"]
    if mine["resultType"] in ("scalar", "string"):
        assert mine["result"] == theirs["result"]
        return
    left, right = _by_labels(mine), _by_labels(theirs)
    assert sorted(left) == sorted(right)
    for labels, points in left.items():
        assert [at for at, _ in points] == pytest.approx([at for at, _ in right[labels]], abs=0.0011), labels
        for (at, a), (_, b) in zip(points, right[labels], strict=True):
            assert _is_close(float(a), float(b)), f"{labels} at {at}: {a} against {b}"


def _is_close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=CLOSE, abs_tol=1e-12)


@pytest.mark.parametrize("query", QUERIES)
async def test_a_range_query_gives_what_the_real_one_gives(
    query: str, ours: str, real: str, scenario: Scenario
) -> None:
    parameters = {"query": query, **_span(scenario)}
    status, mine = await _ask(ours, "query_range", parameters)
    expected, theirs = await _ask(real, "query_range", parameters)
    assert (status, expected) == (200, 200), (mine, theirs)
    _assert_alike(mine["data"], theirs["data"])


@pytest.mark.parametrize("query", INSTANT + QUERIES)
async def test_an_instant_query_gives_what_the_real_one_gives(
    query: str, ours: str, real: str, scenario: Scenario
) -> None:
    parameters = {"query": query, "time": scenario.loaded_at + 1.7}
    _, mine = await _ask(ours, "query", parameters)
    _, theirs = await _ask(real, "query", parameters)
    _assert_alike(mine["data"], theirs["data"])
    if query.startswith("sort"):
        assert list(_by_labels(mine["data"])) == list(_by_labels(theirs["data"]))


@pytest.mark.parametrize("query", WRONG)
async def test_a_wrong_query_is_refused_as_the_real_one_refuses(
    query: str, ours: str, real: str, scenario: Scenario
) -> None:
    parameters = {"query": query, **_span(scenario)}
    status, mine = await _ask(ours, "query_range", parameters)
    expected, theirs = await _ask(real, "query_range", parameters)
    assert (status, mine["status"], mine["errorType"]) == (expected, theirs["status"], theirs["errorType"])


async def test_an_unknown_function_is_refused_in_the_same_words(ours: str, real: str, scenario: Scenario) -> None:
    parameters = {"query": "sum(unheard_of(up))"}
    assert await _ask(ours, "query", parameters) == await _ask(real, "query", parameters)


async def test_labels_and_series_are_the_same(ours: str, real: str, scenario: Scenario) -> None:
    span = {"start": scenario.loaded_at - 3600, "end": scenario.loaded_at}
    for path in ("labels", "label/service/values", "label/__name__/values"):
        assert await _ask(ours, path, span) == await _ask(real, path, span)
    chosen = {"match[]": 'db_pool_connections_max{service=~"c.*"}', **span}
    mine, theirs = [(await _ask(base, "series", chosen))[1] for base in (ours, real)]
    assert sorted(map(str, map(sorted, map(dict.items, mine["data"])))) == sorted(
        map(str, map(sorted, map(dict.items, theirs["data"])))
    )
