"""A recovery is watched over Prometheus's own protocol: the real source, against a server that answers from a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.evidence import Outcome
from bot.domain.life.recovery import look_at
from bot.domain.setting import read
from bot.flows.guard import Guard
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.source import PrometheusSource
from sandbox.serve import serving
from tests.integrations.asking import ONSET, asked, tools
from tests.integrations.test_prometheus_source import Level, Prometheus

BACK_AT = timedelta(hours=6)


def came_back(good: float, bad: float) -> Level:
    """Bad for forty minutes from the onset on, good, and bad again after six hours."""
    edges = [(ONSET + timedelta(minutes=after)).timestamp() for after in (-1, 40, 360)]
    return lambda moment: bad if edges[0] <= moment < edges[1] or moment >= edges[2] else good


@pytest.mark.parametrize(
    ("query", "level", "words"),
    [
        ("checkout:errors:ratio > 0.05", came_back(0.003, 0.12), "12 %"),
        ("checkout:up < 1", came_back(3, 0), "threshold is 1"),
        ("checkout:up == 0", came_back(1, 0), "threshold is 0"),
    ],
)
async def test_the_alerts_own_expression_says_whether_it_is_back(query: str, level: Level, words: str) -> None:
    measured = query.split(" ")[0]
    alert = asked().alert
    request = asked(alerts=(type(alert)(**{**vars(alert), "query": query}),))
    server = Prometheus({measured: level})
    async with serving(server.app()) as url:
        settings = read(PrometheusSettings, {"PROMETHEUS_URL": url})
        with tools() as lent:
            guard = Guard(PrometheusSource(settings, lent), deadline=60.0)
            then = await guard.ask(request)
            looks = []
            for passed in (timedelta(minutes=20), timedelta(hours=2), BACK_AT + timedelta(minutes=30)):
                now = ONSET + passed
                fresh = await guard.ask(asked(alerts=request.alerts, now=now))
                assert fresh.outcome is Outcome.FOUND
                looks.append(look_at((then,), fresh, now))
    assert [look.holds if look else None for look in looks] == [True, False, True]
    last = looks[-1]
    assert last is not None
    assert words in last.sentence
    assert last.link is not None
    assert measured.split(":")[0] in last.link


async def test_a_prometheus_that_has_lost_the_series_tells_nothing() -> None:
    server = Prometheus({"checkout:errors:ratio": {}})
    async with serving(server.app()) as url:
        settings = read(PrometheusSettings, {"PROMETHEUS_URL": url})
        with tools() as lent:
            fresh = await Guard(PrometheusSource(settings, lent), deadline=60.0).ask(asked())
    assert look_at((), fresh, asked().now) is None
