"""All four sources against the replay servers of the shipped scenarios: what points at the truth is found."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.catalog import Catalog
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, ChangeFact, ChangeKind, LogFact, MetricFact, OnCallFact
from bot.domain.setting import read
from integrations.descriptor import CheckState, WebhookRequest
from integrations.registry import discover
from memory.catalog import load_catalog
from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.github.server import create_app as github
from sandbox.pagerduty.server import create_app as pagerduty
from sandbox.prometheus.server import create_app as prometheus
from sandbox.scenario.load import load, names, truth
from sandbox.scenario.model import Scenario, Truth
from sandbox.serve import serving
from tests.integrations.asking import KEY, tools

SERVERS = {"prometheus": prometheus, "elasticsearch": elasticsearch, "github": github, "pagerduty": pagerduty}
DEADLINE = 60.0  # the machine may be busy with other things; how fast sources are is measured elsewhere


@dataclass(frozen=True)
class Looked:
    scenario: Scenario
    truth: Truth
    request: ContextRequest
    answers: Mapping[str, Answer]
    checks: Mapping[str, Any]

    def facts(self, source: str, kind: type[Any]) -> list[Any]:
        return [item.fact for item in self.answers[source].evidence if isinstance(item.fact, kind)]


def request_of(scenario: Scenario, catalog: Catalog, now: datetime) -> ContextRequest:
    integration = discover()[scenario.webhook.source]
    secrets = {"PAGERDUTY_WEBHOOK_SECRETS": KEY, "ALERTMANAGER_TOKEN": KEY, "GENERIC_WEBHOOK_SECRETS": KEY}
    assert integration.alert_format is not None
    alert_format = integration.alert_format(read(integration.settings, secrets))
    assert alert_format is not None
    body = json.dumps(scenario.webhook.payload).encode()
    alerts = alert_format.parse(WebhookRequest(headers={}, body=body, received_at=now)).alerts
    service = catalog.find(alerts[0].service)
    assert service is not None
    return ContextRequest(
        incident_id="INC-2026-0001",
        alerts=alerts,
        onset=min(alert.started_at for alert in alerts),
        now=now,
        service=service,
        neighbours=catalog.neighbours(service.name),
    )


async def look(name: str) -> Looked:
    now = time.time()
    scenario = load(name, now)
    request = request_of(scenario, load_catalog(scenario.folder / "services.yaml"), datetime.fromtimestamp(now, UTC))
    environ = {"GITHUB_TOKEN": KEY, "PAGERDUTY_API_KEY": KEY, "PAGERDUTY_WEBHOOK_SECRETS": KEY}
    async with AsyncExitStack() as stack:
        for vendor, create_app in SERVERS.items():
            app = create_app(scenario, clock=lambda: now)
            environ[f"{vendor.upper()}_URL"] = await stack.enter_async_context(serving(app))
        lent = stack.enter_context(tools(deadline=DEADLINE))
        integrations = {vendor: discover()[vendor] for vendor in SERVERS}
        settings = {vendor: read(item.settings, environ) for vendor, item in integrations.items()}
        sources = [item.sources(settings[vendor], lent)[0] for vendor, item in integrations.items() if item.sources]
        answers = await asyncio.gather(*(source.look(request) for source in sources))
        checks = {
            vendor: await item.check(settings[vendor], lent) for vendor, item in integrations.items() if item.check
        }
    return Looked(scenario, truth(name), request, dict(zip(SERVERS, answers, strict=True)), checks)


@pytest.fixture(scope="module", params=names())
def looked(request: pytest.FixtureRequest) -> Looked:
    return asyncio.run(look(request.param))


def test_the_alerts_own_expression_moved_near_the_onset(looked: Looked) -> None:
    trigger = looked.facts("prometheus", MetricFact)[0]
    assert trigger.is_trigger
    assert trigger.service == looked.request.service_name
    assert trigger.limit is not None
    assert trigger.before < trigger.limit < trigger.now
    assert trigger.moved_at is not None
    assert -timedelta(minutes=10) <= trigger.moved_at - looked.request.onset <= timedelta(minutes=1)


def test_the_chart_has_the_threshold_and_both_sides_of_the_onset(looked: Looked) -> None:
    chart = looked.answers["prometheus"].chart
    assert chart is not None
    assert chart.threshold is not None
    times = [at for at, _ in chart.series[0].points]
    assert times[0] < looked.request.onset.timestamp() - 3000
    assert times[-1] > looked.request.onset.timestamp()


def test_a_signal_of_the_true_culprit_moved_and_most_others_did_not(looked: Looked) -> None:
    facts = looked.facts("prometheus", MetricFact)
    assert any(fact.service == looked.truth.service and fact.moved for fact in facts)
    still = [fact for fact in facts if not fact.moved]
    assert len(still) > len(facts) / 2
    assert {fact.service for fact in facts} == {service.name for service in looked.request.services}


def test_no_signal_moved_that_the_incident_has_nothing_to_do_with(looked: Looked) -> None:
    """Long before the onset nothing had happened to the signals of the scenario's services."""
    for fact in looked.facts("prometheus", MetricFact):
        assert fact.moved_at is None or looked.request.onset - fact.moved_at < timedelta(minutes=40), fact


def test_the_true_culprits_logs_have_a_new_pattern(looked: Looked) -> None:
    new = [fact for fact in looked.facts("elasticsearch", LogFact) if fact.is_new]
    assert any(fact.service == looked.truth.service and fact.count >= 10 for fact in new)
    first = looked.facts("elasticsearch", LogFact)[0]
    assert first.is_new, "what is new comes first"
    assert first.first_seen is not None
    assert abs(first.first_seen - looked.request.onset) < timedelta(minutes=10)


def test_counts_of_new_patterns_are_those_of_the_scenario(looked: Looked) -> None:
    fact = looked.facts("elasticsearch", LogFact)[0]
    words = fact.query.rpartition('message : "')[2].rstrip('"')
    begin, end = looked.request.onset.timestamp() - 600, looked.request.now.timestamp()
    true = sum(
        words in line.message and line.service == fact.service and line.level == fact.level
        for line in looked.scenario.logs
        if begin <= line.at < end
    )
    assert fact.count == true


def test_every_deployment_within_the_window_is_told_with_the_version_before(looked: Looked) -> None:
    facts = looked.facts("github", ChangeFact)
    repositories = {service.repository: service.name for service in looked.request.services}
    since, now = looked.request.changes_since.timestamp(), looked.request.now.timestamp()
    expected = {
        (repositories[item.repository], item.ref)
        for item in looked.scenario.deployments
        if item.repository in repositories and since <= item.at <= now and item.environment == "production"
    }
    assert {(fact.service, fact.version) for fact in facts} == expected
    assert all(fact.kind is ChangeKind.DEPLOYMENT and fact.previous and fact.author for fact in facts)
    assert all(fact.files for fact in facts if fact.service == looked.request.service_name)


def test_two_levels_of_on_call_are_told_with_their_addresses(looked: Looked) -> None:
    facts = looked.facts("pagerduty", OnCallFact)
    assert [fact.level for fact in facts][:2] == [1, 2]
    people = {person.name: person.email for person in looked.scenario.people}
    assert all(people[fact.person] == fact.email for fact in facts)


def test_every_source_says_what_it_looked_at(looked: Looked) -> None:
    for source, answer in looked.answers.items():
        assert str(looked.request.service_name) in answer.checked or source == "pagerduty", answer.checked
        assert "UTC" in answer.checked


def test_every_sentence_is_one_plain_line(looked: Looked) -> None:
    for answer in looked.answers.values():
        for item in answer.evidence:
            assert item.text
            assert "\n" not in item.text
            assert len(item.text) < 500
            assert item.id == ""


def test_check_finds_all_four_well(looked: Looked) -> None:
    for results in looked.checks.values():
        assert all(result.state is CheckState.OK for result in results), results


def test_there_are_scenarios_to_look_at() -> None:
    assert len(names()) >= 3
