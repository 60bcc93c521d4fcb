"""What an expert would look at: discovered signals, other days, what runs out; against the replay server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse

from bot.domain.catalog import Service, Signal
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, ForecastFact, MetricFact, SignalKind
from bot.domain.ranking.observed import Signal as Observed
from bot.domain.setting import read
from integrations.prometheus.budget import AT_ONCE, MOST, RESERVED
from integrations.prometheus.names import Known, known, whose
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.source import PrometheusSource
from sandbox.prometheus.server import create_app
from sandbox.scenario.load import load
from sandbox.scenario.model import TimeSeries
from sandbox.serve import serving
from tests.integrations.asking import ALERT, NOW, ONSET, asked, tools

UNTIL, BEGAN = NOW.timestamp(), ONSET.timestamp()
SCENARIO = load("bad-deployment", UNTIL)  # its series are replaced
HOUR, DAY = 3600.0, 86400.0

Level = Callable[[float], float]  # unix seconds to a value


def made(
    name: str, level: Level, *, hours: float = 2.0, every: float = 15.0, until: float = UNTIL, **more: Any
) -> TimeSeries:
    """`more` are its labels."""
    labels: dict[str, str] = more
    count = int(hours * HOUR / every)
    times = tuple(until - every * (count - index) for index in range(count + 1))
    return TimeSeries(labels={"__name__": name, **labels}, times=times, values=tuple(level(at) for at in times))


def flat(value: float) -> Level:
    return lambda at: value


def step(before: float, after: float) -> Level:
    return lambda at: after if at >= BEGAN - 60 else before


def counter(rate: float) -> Level:
    return lambda at: rate * (at - UNTIL + 30 * DAY)


def http(service: str, label: str = "service", errors: Level | None = None, **more: Any) -> list[TimeSeries]:
    """Twenty requests a second, each of about 50 ms."""
    own: dict[str, Any] = {label: service}
    edges = {"0.025": 0.0, "0.1": 20.0, "1": 20.0, "+Inf": 20.0}
    return [
        made("http_requests_total", counter(20), code="200", **own, **more),
        made("http_requests_total", errors or counter(0.02), code="500", **own, **more),
        *(
            made("http_request_duration_seconds_bucket", counter(rate), le=le, **own, **more)
            for le, rate in edges.items()
        ),
    ]


@dataclass
class Counted:
    """The replay server behind a count of its requests; `refuses` answers in its place."""

    series: Sequence[TimeSeries]
    refuses: Callable[[str], JSONResponse | None] = lambda path: None
    paths: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        scenario = replace(SCENARIO, series=tuple(self.series), rules=())
        self.app = create_app(scenario, clock=lambda: UNTIL)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        self.paths[scope["path"]] += 1
        await (self.refuses(scope["path"]) or self.app)(scope, receive, send)


async def look(server: Counted, request: ContextRequest, *, deadline: float = 20.0, **environ: str) -> Answer:
    async with serving(server) as url:
        settings = read(PrometheusSettings, {"PROMETHEUS_URL": url, "PROMETHEUS_RATE_WINDOW": "2m", **environ})
        with tools(deadline=deadline) as lent:
            return await PrometheusSource(settings, lent).look(request)


def about(
    service: str = "checkout",
    *signals: Signal,
    query: str | None = None,
    neighbours: Sequence[Service] = (),
    **changes: Any,
) -> ContextRequest:
    labels = {"alertname": "Alert", **changes.pop("labels", {})}
    alert = replace(ALERT, query=query, service=service, labels=labels)
    own = Service(name=service, signals=signals, depends_on=changes.pop("depends_on", ()))
    return asked(alerts=(alert,), service=own, neighbours=tuple(neighbours), **changes)


def metrics(answer: Answer) -> dict[tuple[str, str], MetricFact]:
    facts = [item.fact for item in answer.evidence if isinstance(item.fact, MetricFact)]
    return {(fact.service, fact.metric): fact for fact in facts if not fact.is_trigger}


def forecasts(answer: Answer) -> list[tuple[ForecastFact, str]]:
    return [(item.fact, item.text) for item in answer.evidence if isinstance(item.fact, ForecastFact)]


def trigger(answer: Answer) -> MetricFact:
    return next(i.fact for i in answer.evidence if isinstance(i.fact, MetricFact) and i.fact.is_trigger)


# What exists


async def test_golden_signals_are_found_without_a_word_in_the_catalog() -> None:
    answer = await look(Counted(http("checkout")), about())
    found = metrics(answer)
    assert [metric for _, metric in found] == ["error ratio", "p95 latency", "traffic"]
    assert found["checkout", "traffic"].latest == pytest.approx(20.02)
    assert found["checkout", "error ratio"].latest == pytest.approx(0.001, rel=0.01)
    latency = next(item.text for item in answer.evidence if "p95" in item.text)
    assert latency.startswith("p95 latency of checkout is 96.2 ms now (p50 62.5 ms, p99 99.2 ms), 96.2 ms before")


@pytest.mark.parametrize(
    ("label", "value"),
    [("service", "checkout"), ("job", "shop/checkout"), ("app", "checkout"), ("container", "checkout")],
)
async def test_the_services_name_may_be_in_any_label_that_exporters_use(label: str, value: str) -> None:
    answer = await look(Counted(http(value, label)), about())
    fact = metrics(answer)["checkout", "traffic"]
    assert f'{label}="{value}"' in fact.query


async def test_pods_are_known_by_their_deployments_name_and_others_are_not() -> None:
    pods = {"checkout-7c9f6d8b5d-x2x4z": 8e8, "checkout-7c9f6d8b5d-zzzzz": 9e8, "checkout-worker-5d8b6c9f7d-bbbbb": 7e9}
    series = [
        made("container_memory_working_set_bytes", flat(size), pod=pod, container="app") for pod, size in pods.items()
    ]
    series += [
        made("kube_pod_container_resource_limits", flat(1e9), pod=pod, container="app", resource="memory")
        for pod in pods
    ]
    fact = metrics(await look(Counted(series), about()))["checkout", "memory"]
    assert fact.latest in (8e8, 9e8)
    assert fact.limit == 1e9


async def test_what_the_catalog_asks_is_not_asked_again_by_a_template() -> None:
    own = Signal(
        name="failures", kind=SignalKind.ERRORS, query='sum(rate(http_requests_total{code="500"}[2m]))', unit="1/s"
    )
    answer = await look(Counted(http("checkout")), about("checkout", own))
    assert [metric for _, metric in metrics(answer)] == ["failures", "p95 latency", "traffic"]


async def test_metrics_of_a_service_that_is_gone_are_found_as_they_were_before() -> None:
    series = [replace(one, times=one.times[:-20], values=one.values[:-20]) for one in http("checkout")]
    assert series[0].times[-1] < UNTIL - 240
    answer = await look(Counted(series), about())
    assert ("checkout", "traffic") in metrics(answer)


async def test_neighbours_share_requests_and_dependants_are_asked_for_symptoms_alone() -> None:
    names = [f"caller{number}" for number in range(12)]
    series = [one for name in ("checkout", "payments", *names) for one in http(name)]
    series += [made("go_goroutines", flat(40), service=name) for name in ("checkout", "payments", *names)]
    neighbours = [Service(name=name) for name in ("payments", *names)]
    server = Counted(series)
    answer = await look(server, about(neighbours=neighbours, depends_on=("payments",)))
    found = metrics(answer)
    assert {service for service, metric in found if metric == "error ratio"} == {"checkout", "payments", *names}
    assert {one.service for one in answer.series if one.metric == "goroutines"} == {"checkout", "payments"}
    assert sum(server.paths.values()) < 20
    assert 'service="caller3"' in found["caller3", "traffic"].query
    assert "caller4" not in found["caller3", "traffic"].query


async def test_without_discovery_the_rest_is_told_and_the_gap_is_said() -> None:
    own = Signal(name="errors", kind=SignalKind.ERRORS, query="sum(rate(http_requests_total[2m]))", unit="1/s")

    class NoForms(Counted):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] == "POST":
                return await JSONResponse({"status": "error", "error": "too long"}, 422)(scope, receive, send)
            await super().__call__(scope, receive, send)

    answer = await look(NoForms(http("checkout")), about("checkout", own))
    assert list(metrics(answer)) == [("checkout", "errors")]
    assert any("(about what metrics exist)" in gap for gap in answer.gaps), answer.gaps


async def test_what_the_ranking_gets_says_what_each_series_is_about() -> None:
    series = [*http("checkout"), made("go_goroutines", flat(40), service="checkout")]
    answer = await look(Counted(series), about())
    assert {(one.service, one.metric, one.signal) for one in answer.series} == {
        ("checkout", "error ratio", Observed.ERRORS),
        ("checkout", "p95 latency", Observed.LATENCY),
        ("checkout", "p50 latency", Observed.LATENCY),
        ("checkout", "p99 latency", Observed.LATENCY),
        ("checkout", "traffic", Observed.TRAFFIC),
        ("checkout", "goroutines", Observed.USE),
    }
    moments = {tuple(at for at, _ in one.points)[-100:] for one in answer.series}
    assert len(moments) == 1, "all series have their samples at the same moments"


# Other days


def daily(base: float, at_this_hour: Mapping[int, float]) -> Level:
    """`base`, and other values within the hour before now on earlier days."""

    def level(at: float) -> float:
        ago = UNTIL - at
        day = round(ago / DAY)
        return at_this_hour[day] if day in at_this_hour and day * DAY <= ago <= day * DAY + HOUR else base

    return level


async def usual_of(level: Level, days: float) -> tuple[float | None, str]:
    series = [made("queue_age_seconds", level, hours=days * 24 + 2, every=60, service="checkout")]
    answer = await look(Counted(series), about(query="max(queue_age_seconds) > 5"))
    return trigger(answer).usual, answer.evidence[0].text


async def test_what_is_usual_at_this_hour_is_the_median_of_three_earlier_days() -> None:
    usual, text = await usual_of(daily(2.0, {1: 8.0, 2: 30.0, 7: 9.0}), 8)
    assert usual == pytest.approx(9.0)
    assert "2 s before, at this hour it is usually 9 s" in text


async def test_it_is_not_mentioned_where_it_is_as_before() -> None:
    usual, text = await usual_of(flat(2.0), 8)
    assert usual == pytest.approx(2.0)
    assert "usually" not in text


@pytest.mark.parametrize(("days", "expected"), [(3, 6.0), (1.2, 8.0), (0.2, None)])
async def test_only_days_that_the_data_reach_count(days: float, expected: float | None) -> None:
    usual, _ = await usual_of(daily(2.0, {1: 8.0, 2: 4.0, 7: 9.0}), days)
    assert usual == (None if expected is None else pytest.approx(expected))


async def test_golden_signals_of_the_burning_service_know_their_other_days_and_neighbours_do_not() -> None:
    series = [
        made("http_requests_total", counter(rate), hours=50, every=60, code="200", service=service)
        for service, rate in {"checkout": 20.0, "payments": 30.0}.items()
    ]
    request = about(neighbours=[Service(name="payments")], depends_on=("payments",))
    found = metrics(await look(Counted(series), request))
    assert found["checkout", "traffic"].usual == pytest.approx(20.0)
    assert found["payments", "traffic"].usual is None


# What runs out


async def test_a_resource_of_the_catalog_that_climbs_is_foretold() -> None:
    own = Signal(name="heap", kind=SignalKind.SATURATION, query="heap_bytes", unit="bytes", limit=2**30)
    climb = made("heap_bytes", lambda at: 2**30 * (0.5 + (at - UNTIL + HOUR) / HOUR * 0.25), service="checkout")
    ((fact, text),) = forecasts(await look(Counted([climb]), about("checkout", own)))
    assert (fact.service, fact.subject, fact.limit) == ("checkout", "heap", 2**30)
    assert abs(fact.runs_out_at - NOW - timedelta(hours=1)) < timedelta(minutes=2)
    assert text == (
        "heap of checkout reaches its limit in about 60 min, 10:17 UTC, if it goes on as it did lately: "
        "768 MiB of 1 GiB now, 256 MiB more each hour"
    )


async def test_a_processor_that_is_busy_does_not_run_out() -> None:
    own = Signal(name="CPU", kind=SignalKind.SATURATION, query="cores_used", unit="cores", limit=2)
    busy = made("cores_used", lambda at: 1.5 + (at - UNTIL + HOUR) / HOUR * 0.4, service="checkout")
    assert forecasts(await look(Counted([busy]), about("checkout", own))) == []


async def test_what_is_full_is_told_as_full() -> None:
    own = Signal(
        name="connections", kind=SignalKind.SATURATION, query="pool", unit="connections", limit_query="pool_max"
    )
    pool = made("pool", lambda at: min(50.0, 20 + (at - BEGAN + 300) / 10), service="checkout")
    ((fact, text),) = forecasts(await look(Counted([pool, made("pool_max", flat(50))]), about("checkout", own)))
    assert BEGAN - 60 < fact.runs_out_at.timestamp() < BEGAN + 60
    assert text == "connections of checkout is at its limit: 50 of 50 connections, since 09:13 UTC at the latest"


async def test_the_disk_of_the_machine_that_the_alert_names_is_foretold() -> None:
    machine: dict[str, Any] = {"instance": "db-1:9100", "mountpoint": "/data", "fstype": "ext4", "device": "/dev/sda1"}
    left = made(
        "node_filesystem_avail_bytes", lambda at: 10e9 - (at - UNTIL) / HOUR * 2e9, hours=7, every=60, **machine
    )
    size = made("node_filesystem_size_bytes", flat(100e9), hours=7, every=60, **machine)
    answer = await look(Counted([left, size]), about(labels={"instance": "db-1:9100"}))
    ((fact, text),) = forecasts(answer)
    assert fact.subject == "disk space of /data"
    assert abs(fact.runs_out_at - NOW - timedelta(hours=5)) < timedelta(minutes=5)
    assert text.startswith("disk space of /data of checkout runs out in about 5 h, 14:1")
    assert "90 % of 100 % now, 2 % more each hour" in text


@pytest.mark.parametrize(("days", "told"), [(3.0, True), (13.0, True), (15.0, False), (-0.5, True)])
async def test_a_certificate_is_told_within_two_weeks_of_its_end(days: float, told: bool) -> None:
    ends = made(
        "probe_ssl_earliest_cert_expiry", flat(UNTIL + days * DAY), instance="https://checkout.shop.example/health"
    )
    found = forecasts(await look(Counted([ends]), about()))
    assert [fact.subject for fact, _ in found] == ["certificate of https://checkout.shop.example/health"] * told
    if days == 3.0:
        assert found[0][1].endswith("of checkout ends in 3 days, 07 March 09:17 UTC")
    if days < 0:
        assert found[0][1].endswith("of checkout ended 12 h ago, 03 March 21:17 UTC")


async def test_callers_resources_are_not_foretold_and_dependencies_are() -> None:
    climbing = lambda at: 100 * (0.5 + (at - UNTIL + HOUR) / HOUR * 0.25)  # noqa: E731
    signal = Signal(name="pool", kind=SignalKind.SATURATION, query="", unit="connections", limit=100)
    neighbours = [Service(name=name, signals=(replace(signal, query=f"pool_{name}"),)) for name in ("payments", "web")]
    series = [made(f"pool_{name}", climbing) for name in ("payments", "web")]
    answer = await look(Counted(series), about(neighbours=neighbours, depends_on=("payments",)))
    assert [fact.service for fact, _ in forecasts(answer)] == ["payments"]


# The budget


async def test_dozens_of_neighbours_cost_sixty_requests_and_what_matters_is_among_them() -> None:
    kinds = (SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.LATENCY, SignalKind.SATURATION)
    names = [f"near{number}" for number in range(40)]

    def signals(name: str) -> tuple[Signal, ...]:
        return tuple(
            Signal(name=f"own {kind}", kind=kind, query=f'go_goroutines{{service="{name}"}}') for kind in kinds
        )

    neighbours = [Service(name=name, signals=signals(name)) for name in names]
    machine: dict[str, Any] = {"mountpoint": "/data", "fstype": "ext4"}
    series = [
        *http("checkout"),
        made("go_goroutines", flat(40), service="checkout"),
        *(made("go_goroutines", step(40, 400), service=name) for name in names),
        made(
            "node_filesystem_avail_bytes", lambda at: 10e9 - (at - UNTIL) / HOUR * 2e9, instance="db-1:9100", **machine
        ),
        made("node_filesystem_size_bytes", flat(100e9), instance="db-1:9100", **machine),
    ]
    request = about(
        query='sum(rate(http_requests_total{service="checkout"}[2m])) > 5',
        neighbours=neighbours,
        depends_on=tuple(names[:25]),
        labels={"instance": "db-1:9100"},
    )
    server = Counted(series)
    answer = await look(server, request)
    assert MOST - RESERVED <= sum(server.paths.values()) <= MOST
    found = metrics(answer)
    assert trigger(answer).latest == pytest.approx(20.02)
    assert ("checkout", "p95 latency") in found
    assert ("checkout", "goroutines") in found
    assert [fact.subject for fact, _ in forecasts(answer)] == ["disk space of /data"]
    near = Counter(service for service, _ in found if service != "checkout")
    assert set(near) <= set(names[:25]), "dependencies come before dependants"
    assert {metric for service, metric in found if service in near} <= {f"own {kind}" for kind in kinds[:3]}
    assert any("questions were left out, to spare Prometheus" in gap for gap in answer.gaps)


async def test_who_is_told_to_slow_down_stops() -> None:
    signals = tuple(Signal(name=f"s{n}", kind=SignalKind.SATURATION, query=f"s{n}") for n in range(40))
    refused = JSONResponse({"status": "error", "error": "too many"}, 429)
    server = Counted(http("checkout"), refuses=lambda path: refused if path.endswith("query_range") else None)
    with pytest.raises(Exception, match="limits how often"):
        await look(server, about("checkout", *signals))
    assert sum(server.paths.values()) <= 2 * AT_ONCE


# The alert's own expression


async def test_of_an_or_the_side_that_fired_is_told() -> None:
    series = [made("lag_seconds", flat(2), service="checkout"), made("depth", step(10, 900), service="checkout")]
    fact = trigger(await look(Counted(series), about(query="max(lag_seconds) > 60 or max(depth) > 500")))
    assert (fact.query, fact.limit, fact.latest) == ("max(depth)", 500, 900)


async def test_a_threshold_that_differs_by_series_is_the_one_of_that_series() -> None:
    sizes = {"a:1": 1000.0, "b:1": 50.0}
    series = [made("pool_max", flat(size), instance=name) for name, size in sizes.items()]
    series += [made("pool_in_use", flat(20) if name == "a:1" else step(10, 48), instance=name) for name in sizes]
    request = about(query="pool_in_use > 0.9 * pool_max", labels={"instance": "b:1"})
    fact = trigger(await look(Counted(series), request))
    assert (fact.latest, fact.limit) == (48, 45)


async def test_an_alert_on_what_is_absent_is_told_by_how_many_there_are() -> None:
    gone = made("up", flat(1), job="checkout", until=BEGAN - 360)  # it is seen for five minutes more
    answer = await look(Counted([gone, made("other", flat(1))]), about(query='absent(up{job="checkout"})'))
    fact = trigger(answer)
    assert (fact.before, fact.latest, fact.limit, fact.kind) == (1, 0, 0, SignalKind.AVAILABILITY)
    assert fact.moved


# Names


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [
        ("service", "checkout", "checkout"),
        ("service", "checkout-worker", "checkout-worker"),
        ("service", "checkout2", None),
        ("pod", "checkout-7c9f6d8b5d-x2x4z", "checkout"),
        ("pod", "checkout-0", "checkout"),
        ("pod", "checkout-x2x4z", "checkout"),
        ("pod", "checkout-worker-7c9f6d8b5d-x2x4z", "checkout-worker"),
        ("pod", "checkout-canary-7c9f6d8b5d-x2x4z", None),
        ("job", "shop/checkout", "checkout"),
        ("job", "checkout-worker", "checkout-worker"),
        ("instance", "checkout:8080", "checkout"),
        ("instance", "checkout.shop.svc:8080", "checkout"),
        ("instance", "https://checkout/health", "checkout"),
        ("instance", "10.0.0.7:9100", "checkout"),
        ("instance", "10.0.0.8:9100", None),
        ("consumergroup", "checkout-events", "checkout"),
        ("consumergroup", "checkout-worker-events", "checkout-worker"),
        ("envoy_cluster_name", "outbound|8080||checkout.shop.svc.cluster.local", "checkout"),
        ("service", "c.eckout", None),
        ("service", "odd(name", "odd(name"),
    ],
)
def test_a_labels_value_names_a_service(label: str, value: str, expected: str | None) -> None:
    services = [
        Known(service="checkout", names=("checkout",), told={"instance": ("10.0.0.7:9100",)}),
        Known(service="checkout-worker", names=("checkout-worker",)),
        Known(service="odd(name", names=("odd(name",)),
        Known(service="c.eckout2", names=("c.eckout2",)),
    ]
    assert whose(value, label, services) == expected


def test_dependencies_that_the_catalog_does_not_know_are_looked_for_as_well() -> None:
    request = about(
        neighbours=[Service(name="web"), Service(name="cart", log_name="cart-api", aliases=("basket",))],
        depends_on=("redis", "cart"),
    )
    found = known(request)
    assert [one.service for one in found] == ["checkout", "redis", "cart", "web"]
    assert found[2].names == ("cart", "cart-api", "basket")
