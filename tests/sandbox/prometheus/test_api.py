"""The API answers in Prometheus' shapes, refuses as it does and never shows the future."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.prometheus.server import create_app
from sandbox.prometheus.wire import go_exponent, number
from sandbox.scenario.load import load
from sandbox.serve import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = 1_795_000_000.0
POOL = 'db_pool_connections_in_use{service="checkout"}'
SCENARIO = load("bad-deployment", NOW)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    _CLOCK.now = NOW
    return _CLOCK


_CLOCK = Clock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        serving(create_app(SCENARIO, clock=_CLOCK)) as base,
        aiohttp.ClientSession(f"{base}/api/v1/") as session,
    ):
        yield session


async def _get(http: aiohttp.ClientSession, path: str, status: int = 200, /, **parameters: Any) -> Any:
    async with http.get(path, params=parameters) as answer:
        body = await answer.json()
        assert answer.status == status, body
        return body


async def test_an_instant_query_answers_with_text_values(http: aiohttp.ClientSession, clock: Clock) -> None:
    body = await _get(http, "query", query=POOL)
    [sample] = body["data"]["result"]
    assert body["status"] == "success"
    assert body["data"]["resultType"] == "vector"
    assert sample["metric"]["__name__"] == "db_pool_connections_in_use"
    assert sample["value"][0] == int(NOW)
    assert float(sample["value"][1]) > 0


async def test_a_form_is_read_like_the_address(http: aiohttp.ClientSession, clock: Clock) -> None:
    form = {"query": POOL, "start": str(NOW - 60), "end": str(NOW), "step": "15s"}
    async with http.post("query_range", data=form) as answer:
        posted = await answer.json()
    assert posted == await _get(http, "query_range", **form)
    assert len(posted["data"]["result"][0]["values"]) == 5


async def test_times_may_be_rfc_3339(http: aiohttp.ClientSession, clock: Clock) -> None:
    body = await _get(http, "query", query="time()", time="2026-11-18T09:33:20.5Z")
    assert body["data"] == {"resultType": "scalar", "result": [1794994400.5, "1794994400.5"]}


@pytest.mark.parametrize(
    ("path", "parameters", "words"),
    [
        ("query", {}, 'invalid parameter "query": 1:1: parse error: no expression found in input'),
        ("query", {"query": "sum(up"}, 'invalid parameter "query": 1:1: parse error: unclosed left parenthesis'),
        ("query", {"query": "rate(up)"}, 'expected type range vector in call to function "rate", got instant vector'),
        (
            "query",
            {"query": "up", "time": "noon"},
            'invalid parameter "time": cannot parse "noon" to a valid timestamp',
        ),
        ("query", {"query": "up", "time": "Inf"}, 'invalid parameter "time"'),
        ("query", {"query": "up", "limit": "-1"}, 'invalid parameter "limit": limit must be non-negative'),
        ("query_range", {"query": "up", "start": 1, "end": 2}, 'invalid parameter "step": cannot parse ""'),
        ("query_range", {"query": "up", "start": 2, "end": 1, "step": 1}, "must not be before start time"),
        ("query_range", {"query": "up", "start": 1, "end": 2, "step": 0}, "zero or negative query resolution"),
        ("query_range", {"query": "up", "start": 0, "end": 11001, "step": 1}, "exceeded maximum resolution of 11,000"),
        ("query_range", {"query": "up[5m]", "start": 1, "end": 2, "step": 1}, 'invalid expression type "range vector"'),
        ("series", {}, "no match[] parameter provided"),
        ("series", {"match[]": "sum(up)"}, 'invalid parameter "match[]"'),
        ("label/no-label/values", {}, 'invalid label name: "no-label"'),
        ("rules", {"type": "odd"}, 'invalid parameter "type": not supported value "odd"'),
    ],
)
async def test_bad_parameters_are_refused_with_400(
    http: aiohttp.ClientSession, clock: Clock, path: str, parameters: dict[str, Any], words: str
) -> None:
    body = await _get(http, path, 400, **parameters)
    assert (body["status"], body["errorType"]) == ("error", "bad_data")
    assert words in body["error"]


async def test_exactly_eleven_thousand_steps_are_answered(http: aiohttp.ClientSession, clock: Clock) -> None:
    body = await _get(http, "query_range", query="vector(1)", start=NOW, end=NOW + 11000, step=1)
    assert len(body["data"]["result"][0]["values"]) == 11001


async def test_what_cannot_be_executed_is_422(http: aiohttp.ClientSession, clock: Clock) -> None:
    body = await _get(http, "query", 422, query=f"{POOL} * on(job) http_requests_total")
    assert body["errorType"] == "execution"
    assert "many-to-many matching not allowed" in body["error"]


async def test_the_future_is_not_shown(http: aiohttp.ClientSession, clock: Clock) -> None:
    span = {"query": POOL, "start": NOW - 600, "end": NOW + 3600, "step": 15}
    times = [at for at, _ in (await _get(http, "query_range", **span))["data"]["result"][0]["values"]]
    assert NOW + 270 <= times[-1] <= NOW + 300  # only the lookback carries the newest sample on
    assert (await _get(http, "query", query=f"count_over_time({POOL}[5m])", time=NOW + 900))["data"]["result"] == []
    clock.now = NOW + 600
    times = [at for at, _ in (await _get(http, "query_range", **span))["data"]["result"][0]["values"]]
    assert NOW + 870 <= times[-1] <= NOW + 900


async def test_a_series_that_ended_is_gone_after_five_minutes(http: aiohttp.ClientSession, clock: Clock) -> None:
    ended = SCENARIO.onset - 115
    old = 'app_build_info{service="checkout",version="v2.30.4"}'
    assert len((await _get(http, "query", query=old, time=ended + 250))["data"]["result"]) == 1
    assert (await _get(http, "query", query=old, time=ended + 301))["data"]["result"] == []


async def test_a_limit_cuts_with_a_warning(http: aiohttp.ClientSession, clock: Clock) -> None:
    for path, parameters in (("query", {"query": "up"}), ("labels", {}), ("series", {"match[]": "up"})):
        body = await _get(http, path, limit=2, **parameters)
        found = body["data"]["result"] if path == "query" else body["data"]
        assert len(found) == 2
        assert body["warnings"] == ["results truncated due to limit"]


async def test_rules_can_be_asked_for_by_name(http: aiohttp.ClientSession, clock: Clock) -> None:
    body = await _get(http, "rules", **{"rule_name[]": "HighErrorRatio", "type": "alert"})
    [group] = body["data"]["groups"]
    [rule] = group["rules"]
    assert (rule["state"], rule["type"], rule["duration"]) == ("firing", "alerting", 60)
    assert rule["query"].endswith("> 0.05")
    [alert] = rule["alerts"]
    assert alert["labels"]["alertname"] == "HighErrorRatio"
    assert float(alert["value"]) > 0.1
    assert (await _get(http, "rules", **{"rule_name[]": "Nothing"}))["data"]["groups"] == []


async def test_a_rule_is_quiet_before_the_onset(http: aiohttp.ClientSession, clock: Clock) -> None:
    clock.now = SCENARIO.onset - 600
    body = await _get(http, "rules", **{"rule_name[]": "HighErrorRatio"})
    assert body["data"]["groups"][0]["rules"][0]["state"] == "inactive"


async def test_alerts_are_those_that_fire_now(http: aiohttp.ClientSession, clock: Clock) -> None:
    body = await _get(http, "alerts")
    assert {alert["labels"]["alertname"]: alert["state"] for alert in body["data"]["alerts"]} == {
        "HighErrorRatio": "firing",
        "CertificateExpiringSoon": "firing",
    }


async def test_labels_metadata_targets_and_build(http: aiohttp.ClientSession, clock: Clock) -> None:
    assert "checkout" in (await _get(http, "label/service/values"))["data"]
    assert "le" in (await _get(http, "labels"))["data"]
    metadata = (await _get(http, "metadata"))["data"]
    assert metadata["http_requests_total"] == [{"type": "counter", "help": "", "unit": ""}]
    assert metadata["http_request_duration_seconds"][0]["type"] == "histogram"
    targets = (await _get(http, "targets"))["data"]["activeTargets"]
    assert {target["health"] for target in targets} == {"up"}
    assert (await _get(http, "status/buildinfo"))["data"]["version"].startswith("3.")


async def test_ready_is_plain_text(http: aiohttp.ClientSession) -> None:
    async with http.get("/-/ready") as answer:
        assert (answer.status, await answer.text()) == (200, "Prometheus Server is Ready.\n")


async def test_the_client_library_of_the_bot_reads_it(http: aiohttp.ClientSession, clock: Clock) -> None:
    import asyncio

    from prometheus_api_client import PrometheusConnect

    def ask() -> Any:
        client = PrometheusConnect(url=str(http._base_url).removesuffix("/api/v1/"))
        assert client.check_prometheus_connection()
        return client.custom_query(POOL)

    assert len(await asyncio.to_thread(ask)) == 1


async def test_a_chart_of_all_services_is_fast(http: aiohttp.ClientSession, clock: Clock) -> None:
    query = "sum by (service, code) (rate(http_requests_total[2m]))"
    span = {"query": query, "start": NOW - 5385, "end": NOW, "step": 15}
    await _get(http, "query_range", **span)
    began = time.process_time()
    body = await _get(http, "query_range", **span)
    assert len(body["data"]["result"]) == 36
    assert time.process_time() - began < 0.3  # 0.05 s on one quiet core


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e21, "1" + "0" * 21), (1e-7, "0.0000001"), (float("nan"), "NaN"), (-1e400, "-Inf")],
)
async def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


async def test_rules_give_values_with_an_exponent() -> None:
    assert [go_exponent(x) for x in (0.17, 1.0, 1200960.0)] == ["1.7e-01", "1e+00", "1.20096e+06"]
