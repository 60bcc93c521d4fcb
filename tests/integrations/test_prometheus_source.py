"""The Prometheus source against a small server that answers from a table of queries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.catalog import Service, Signal
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import AlertFact, Answer, FailureReason, MetricFact, SignalKind
from bot.domain.setting import read
from integrations.prometheus import INTEGRATION
from integrations.prometheus.budget import AT_ONCE, MOST
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.source import PrometheusSource
from sandbox.prometheus.parameters import parameters_of
from sandbox.serve import serving
from tests.integrations.asking import ALERT, CHECKOUT, KEY, NOW, ONSET, PAYMENTS, REQUEST, asked, tools

Level = Callable[[float], Any]  # unix seconds to a value


def step(before: float, after: float, *, at: float = -60.0) -> Level:
    return lambda moment: after if moment >= ONSET.timestamp() + at else before


def flat(value: Any) -> Level:
    return lambda moment: value


@dataclass
class Prometheus:
    """Answers by the query's exact text; `series` of several labels where a mapping by label value is given."""

    levels: Mapping[str, Level | Mapping[str, Level]]
    rules: list[Any] = field(default_factory=list)
    alerts: list[Any] = field(default_factory=list)
    there: list[dict[str, str]] = field(default_factory=list)  # what its discovery finds
    discoveries: list[str] = field(default_factory=list)
    slow: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    refuses_all: bool = False
    asked: list[str] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    running: int = 0
    most: int = 0

    def app(self) -> Starlette:
        routes = [
            Route("/api/v1/query_range", self.range, methods=["GET", "POST"]),
            Route("/api/v1/query", self.instant, methods=["GET", "POST"]),
            Route("/api/v1/rules", self.told({"groups": [{"name": "g", "rules": self.rules}]})),
            Route("/api/v1/alerts", self.told({"alerts": self.alerts})),
        ]
        return Starlette(routes=routes)

    def told(self, data: Any) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return JSONResponse({"status": "success", "data": data})

        return answer

    async def range(self, request: Request) -> Response:
        params = await _parameters(request)
        start, end, width = (float(params[name]) for name in ("start", "end", "step"))
        if params["query"].startswith("group by (__name__"):
            self.discoveries.append(params["query"])
            labels = [{"metric": labels, "values": [[start, "1"]]} for labels in self.there]
            return JSONResponse(_success("matrix", labels))
        self.steps.append(width)
        times = [start + width * index for index in range(int((end - start) / width) + 1)]
        return await self.answer(request, lambda level: {"values": [[at, _wire(level(at))] for at in times]}, "matrix")

    async def instant(self, request: Request) -> Response:
        params = await _parameters(request)
        at = float(params["time"])
        if params["query"] == "vector(1)":
            return JSONResponse(_success("vector", [{"metric": {}, "value": [at, "1"]}]))
        return await self.answer(request, lambda level: {"value": [at, _wire(level(at))]}, "vector")

    async def answer(self, request: Request, shape: Callable[[Level], Any], kind: str) -> Response:
        query = (await _parameters(request))["query"].replace("{}", "")
        self.asked.append(query)
        self.headers.append(request.headers)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(30 if query in self.slow else 0.001)
        self.running -= 1
        if self.refuses_all or query in self.refused:
            said = {"status": "error", "errorType": "bad_data", "error": f"no such thing in {query}"}
            return JSONResponse(said, 400)
        found = self.levels.get(query, {})
        levels = {"": found} if callable(found) else found
        result = [{"metric": {"instance": name} if name else {}, **shape(level)} for name, level in levels.items()]
        return JSONResponse(_success(kind, result))


async def _parameters(request: Request) -> Mapping[str, str]:
    return dict((await parameters_of(request)).pairs)


def _wire(value: Any) -> str:
    return value if isinstance(value, str) else repr(float(value))


def _success(kind: str, result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


USUAL: dict[str, Level | Mapping[str, Level]] = {
    "checkout:errors:ratio": step(0.003, 0.12),
    "checkout:connections": flat(20),
    "checkout:connections:max": flat(100),
    "payments:rate": flat(61.5),
}


async def look(
    server: Prometheus, request: ContextRequest = REQUEST, *, deadline: float = 60.0, **environ: str
) -> Answer:
    async with serving(server.app()) as url:
        settings = read(PrometheusSettings, {"PROMETHEUS_URL": url, **environ})
        with tools(deadline=deadline) as lent:
            return await PrometheusSource(settings, lent).look(request)


def metrics(answer: Answer) -> list[MetricFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, MetricFact)]


async def test_the_alerts_own_expression_is_told_first_and_charted() -> None:
    answer = await look(Prometheus(USUAL))
    trigger = metrics(answer)[0]
    assert trigger.is_trigger
    assert (trigger.service, trigger.metric, trigger.unit) == ("checkout", "error ratio", "ratio")
    assert trigger.before == pytest.approx(0.003)
    assert trigger.now == trigger.latest == pytest.approx(0.12)
    assert trigger.limit == 0.05
    assert trigger.moved_at is not None
    assert abs(trigger.moved_at - ONSET) <= timedelta(seconds=75)
    assert answer.evidence[0].text.startswith(
        "error ratio of checkout is 12 % now, 0.3 % before (x40), moved at 09:12:"
    )
    assert "the alert's threshold is 5 %" in answer.evidence[0].text
    assert "g0.expr=checkout%3Aerrors%3Aratio" in (answer.evidence[0].link or "")
    assert answer.chart is not None
    assert answer.chart.threshold == 0.05
    assert answer.chart.onset == ONSET
    assert len(answer.chart.series) == 1
    assert answer.chart.series[0].points[0][0] <= (ONSET - timedelta(minutes=59)).timestamp()


async def test_signals_that_did_not_move_are_told_as_well() -> None:
    answer = await look(Prometheus(USUAL))
    assert [(fact.service, fact.metric, fact.moved) for fact in metrics(answer)] == [
        ("checkout", "error ratio", True),
        ("checkout", "connections in use", False),
        ("payments", "traffic", False),
    ]
    connections = metrics(answer)[1]
    assert connections.limit == 100
    text = answer.evidence[1].text
    assert text == "connections in use of checkout is 20 of 100 connections now, 20 connections before, it did not move"
    assert "3 signals of checkout, payments" in answer.checked
    assert "08:13 to 09:17 UTC" in answer.checked


async def test_the_rule_is_found_where_the_alert_carries_no_expression() -> None:
    rule = {"name": "CheckoutErrors", "query": "checkout:errors:ratio > 0.05", "type": "alerting"}
    other = {"name": "Other", "query": "x > 1", "type": "alerting", "labels": {}}
    recording = {"name": "r:x", "query": "sum(x)", "type": "recording"}
    server = Prometheus(USUAL, rules=[recording, other, rule])
    by_label = await look(server, asked(alerts=(replace(ALERT, query=None),)))
    by_word = await look(
        server, asked(alerts=(replace(ALERT, query=None, labels={}, title="[FIRING:1] CheckoutErrors checkout"),))
    )
    for answer in (by_label, by_word):
        assert metrics(answer)[0].is_trigger
        assert metrics(answer)[0].limit == 0.05


async def test_an_alert_of_another_monitor_is_matched_to_what_fires_for_its_service_at_that_time() -> None:
    def firing(service: str, minutes: float) -> Any:
        since = (ONSET + timedelta(minutes=minutes)).isoformat()
        return {"labels": {"alertname": "E", "service": service}, "state": "firing", "activeAt": since}

    def rule(name: str, query: str, alert: Any) -> Any:
        return {"name": name, "query": query, "type": "alerting", "alerts": [alert]}

    server = Prometheus(
        USUAL,
        rules=[
            rule("Old", "payments:rate > 1", firing("checkout", -90)),
            rule("Elsewhere", "payments:rate > 2", firing("payments", 0)),
            rule("Errors", "checkout:errors:ratio > 0.05", firing("checkout", -1)),
        ],
    )
    answer = await look(server, asked(alerts=(replace(ALERT, query=None, labels={}, title="Customers cannot pay"),)))
    assert metrics(answer)[0].is_trigger
    assert metrics(answer)[0].query.startswith("checkout:errors:ratio")


async def test_without_an_expression_the_signals_are_told_and_the_lack_is_said() -> None:
    answer = await look(Prometheus(USUAL), asked(alerts=(replace(ALERT, query="avg:cpu{*} > 3", labels={}),)))
    assert not any(fact.is_trigger for fact in metrics(answer))
    assert answer.chart is None
    assert "The alert's own expression is not known to Prometheus." in answer.gaps


async def test_of_several_series_the_one_the_alert_names_is_told_and_five_are_charted() -> None:
    levels = {f"host-{number}": step(0.003, 0.01 * number) for number in range(1, 9)}
    server = Prometheus({**USUAL, "checkout:errors:ratio": levels})
    alert = replace(ALERT, labels={**ALERT.labels, "instance": "host-4"})
    named = await look(server, asked(alerts=(alert,)))
    assert metrics(named)[0].now == pytest.approx(0.04)
    worst = await look(server)
    assert metrics(worst)[0].now == pytest.approx(0.08)
    assert "the worst of 8 series" in worst.evidence[0].text
    assert worst.chart is not None
    assert [series.name for series in worst.chart.series] == ["host-8", "host-7", "host-6", "host-5", "host-4"]


async def test_a_threshold_that_is_a_metric_becomes_its_value() -> None:
    alert = replace(ALERT, query="checkout:connections > 0.15 * checkout:connections:max")
    server = Prometheus({**USUAL, "0.15 * checkout:connections:max": flat(15)})
    answer = await look(server, asked(alerts=(alert,)))
    assert metrics(answer)[0].limit == 15


async def test_other_alerts_that_fire_are_told_and_the_own_one_is_not() -> None:
    def alert(name: str, service: str, minutes: float, state: str = "firing") -> Any:
        since = (ONSET + timedelta(minutes=minutes)).isoformat()
        labels = {"alertname": name, "service": service, "severity": "page"}
        return {"labels": labels, "state": state, "activeAt": since}

    alerts = [
        alert("DiskFull", "reports", -133),
        alert("CheckoutErrors", "checkout", 0),
        alert("PaymentsSlow", "payments", 2),
        alert("Soon", "checkout", 0, "pending"),
    ]
    answer = await look(Prometheus(USUAL, alerts=alerts))
    facts = [item.fact for item in answer.evidence if isinstance(item.fact, AlertFact)]
    assert [(fact.name, fact.service) for fact in facts] == [("PaymentsSlow", "payments"), ("DiskFull", "reports")]
    assert "PaymentsSlow fires for payments as well, since 09:15:02 UTC (2 min after this alert)" in [
        item.text for item in answer.evidence
    ]


async def test_a_service_without_signals_is_asked_for_the_metrics_that_exist() -> None:
    names = ("http_requests_total", "http_request_duration_seconds_bucket", "of_no_template_total")
    server = Prometheus({}, there=[{"__name__": name, "app": 'odd"name\\'} for name in names])
    service = Service(name='odd"name\\')
    answer = await look(
        server,
        asked(service=service, neighbours=(), alerts=(replace(ALERT, query=None),)),
        PROMETHEUS_SERVICE_LABEL="app",
    )
    (discovery,) = server.discoveries
    assert 'app=~"odd\\"name' in discovery
    assert any('http_requests_total{app="odd\\"name\\\\",code=~"5.."}' in query for query in server.asked)
    assert any("histogram_quantile(0.95" in query for query in server.asked)
    assert not any("of_no_template" in query or "grpc" in query for query in server.asked)
    assert answer.evidence == ()
    assert any("no samples for error ratio of odd" in gap for gap in answer.gaps)


async def test_where_nothing_is_known_of_a_service_that_is_said() -> None:
    answer = await look(Prometheus({}), asked(service=Service(name="ghost"), neighbours=()))
    assert any("No metrics" in gap and "ghost" in gap for gap in answer.gaps)


async def test_an_alert_without_a_service_takes_its_name_from_its_series() -> None:
    alert = replace(ALERT, service=None, query="errors > 0.05")
    server = Prometheus({"errors": step(0.003, 0.12)})
    answer = await look(server, asked(alerts=(alert,), service=None, neighbours=()))
    assert metrics(answer)[0].service == "the service"
    assert "no signals" in answer.checked


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "twelve", ""])
async def test_values_that_are_no_numbers_are_no_samples(value: str) -> None:
    server = Prometheus(dict.fromkeys(USUAL, flat(value)))
    answer = await look(server)
    assert answer.evidence == ()
    assert answer.chart is None
    assert any("no samples for" in gap for gap in answer.gaps)


async def test_a_signal_that_is_refused_costs_only_itself() -> None:
    answer = await look(Prometheus(USUAL, refused=frozenset({"payments:rate"})))
    assert len(metrics(answer)) == 2
    (failed,) = [gap for gap in answer.gaps if "failed" in gap]
    assert failed.startswith("1 query failed because Prometheus refused the request (400")
    assert "no such thing in payments:rate" in failed
    assert "(about traffic of payments)" in failed


async def test_when_every_question_is_refused_it_could_not_look() -> None:
    with pytest.raises(SourceError, match="refused") as failed:
        await look(Prometheus(USUAL, refuses_all=True))
    assert failed.value.reason is FailureReason.REFUSED


async def test_what_was_answered_in_time_is_told_and_the_rest_is_counted() -> None:
    answer = await look(Prometheus(USUAL, slow=frozenset({"payments:rate"})), deadline=3.0)
    assert len(metrics(answer)) == 2
    assert any("failed" in gap or "no answer in time" in gap for gap in answer.gaps)


async def test_questions_are_bounded_at_once_and_in_all() -> None:
    signals = tuple(Signal(name=f"s{n}", kind=SignalKind.TRAFFIC, query=f"s{n}") for n in range(100))
    server = Prometheus({f"s{n}": flat(1) for n in range(100)})
    answer = await look(server, asked(service=replace(CHECKOUT, signals=signals), neighbours=(PAYMENTS,)))
    assert len(server.asked) <= MOST
    assert server.most <= AT_ONCE
    assert any("questions were left out" in gap for gap in answer.gaps)


async def test_the_step_grows_with_the_incident() -> None:
    server = Prometheus(USUAL)
    await look(server, asked(now=ONSET + timedelta(days=3)))
    span = timedelta(days=3, hours=1).total_seconds()
    assert all(span / width <= 300 for width in server.steps)
    server.steps.clear()
    await look(server)
    assert set(server.steps) == {15.0}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PROMETHEUS_TOKEN": KEY}, f"Bearer {KEY}"),
        ({"PROMETHEUS_USER": "ana", "PROMETHEUS_PASSWORD": KEY}, "Basic "),
    ],
)
async def test_credentials_and_tenant_are_sent(environ: Mapping[str, str], expected: str) -> None:
    server = Prometheus(USUAL)
    await look(server, REQUEST, deadline=60.0, PROMETHEUS_TENANT="team-a", **environ)
    assert all(headers["authorization"].startswith(expected) for headers in server.headers)
    assert all(headers["x-scope-orgid"] == "team-a" for headers in server.headers)


async def test_links_use_the_address_that_people_reach() -> None:
    answer = await look(Prometheus(USUAL), PROMETHEUS_PUBLIC_URL="https://prometheus.acme.example/")
    assert all((item.link or "").startswith("https://prometheus.acme.example/graph?") for item in answer.evidence)


async def test_hostile_labels_are_made_fit_to_show() -> None:
    alerts = [
        {
            "labels": {"alertname": "x\u202e\n" + "y" * 500, "service": "<!channel>"},
            "state": "firing",
            "activeAt": NOW.isoformat(),
        }
    ]
    answer = await look(Prometheus(USUAL, alerts=alerts))
    fact = next(item.fact for item in answer.evidence if isinstance(item.fact, AlertFact))
    assert "\u202e" not in fact.name
    assert len(fact.name) <= 120


async def test_check_counts_rules_and_alerts() -> None:
    server = Prometheus({}, rules=[{"name": "A", "query": "a > 1", "type": "alerting"}])
    async with serving(server.app()) as url:
        with tools() as lent:
            assert INTEGRATION.check is not None
            (result,) = await INTEGRATION.check(read(PrometheusSettings, {"PROMETHEUS_URL": url}), lent)
    assert result.state == "ok"
    assert "1 alerting rules, 0 alerts firing" in result.detail
