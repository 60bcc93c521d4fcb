"""Every shipped scenario is large enough, hangs together and holds its known cause and its distractors."""

from __future__ import annotations

import json
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bot.domain.briefing import CauseKind
from bot.domain.evidence import SignalKind
from sandbox.prometheus.promql.engine import Evaluation, parse
from sandbox.prometheus.promql.frame import Frame, anywhere
from sandbox.prometheus.promql.store import Store
from sandbox.scenario.load import load, names, truth
from sandbox.scenario.metrics import STEP
from sandbox.scenario.model import AlertRule, Scenario
from sandbox.scenario.webhooks import timestamp

NOW = 1_795_000_000.0
HOUR = 3600.0

every_scenario = pytest.mark.parametrize("name", names())


@cache
def _loaded(name: str) -> Scenario:
    return load(name, NOW)


@cache
def _store(name: str) -> Store:
    return Store(_loaded(name).series)


def _ask(name: str, query: str, at: np.ndarray[Any, np.dtype[np.float64]]) -> Frame:
    blocks = _store(name).until(NOW + 2 * HOUR)
    value = Evaluation(blocks=blocks, at=at, start=float(at[0]), end=float(at[-1])).evaluate(parse(query))
    assert isinstance(value, Frame)
    return value


def _catalog(name: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((_loaded(name).folder / "services.yaml").read_text())["services"]
    return services


def _files(name: str, folder: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(Path(file).read_text()) for file in sorted((_loaded(name).folder / folder).glob("*.yaml"))]


def _trigger(name: str) -> AlertRule:
    scenario = _loaded(name)
    return next(rule for rule in scenario.rules if rule.firing_since == scenario.onset)


def test_there_are_at_least_three() -> None:
    assert len(names()) >= 3


@every_scenario
def test_it_is_of_realistic_size(name: str) -> None:
    scenario = _loaded(name)
    assert len(scenario.series) >= 60
    assert sum(line.at <= NOW for line in scenario.logs) >= 20_000
    assert 6 <= len(_catalog(name)) <= 10
    assert len(scenario.people) >= 6
    assert len(scenario.commits) >= 3


@every_scenario
def test_it_covers_seven_hours_before_and_two_after_now(name: str) -> None:
    scenario = _loaded(name)
    for times in (scenario.series[0].times, [line.at for line in scenario.logs]):
        assert times[0] <= NOW - 7 * HOUR + 60
        assert times[-1] >= NOW + 2 * HOUR
    assert set(np.diff(scenario.series[0].times).round(6)) == {STEP}


@every_scenario
def test_it_loads_quickly(name: str) -> None:
    began = time.process_time()
    load(name, NOW)
    assert time.process_time() - began < 2


@every_scenario
def test_the_same_moment_gives_the_same_scenario(name: str) -> None:
    assert load(name, NOW) == _loaded(name)


@every_scenario
def test_all_times_move_with_now(name: str) -> None:
    later = load(name, NOW + 86_400)
    assert later.onset == _loaded(name).onset + 86_400
    assert [s.values for s in later.series] == [s.values for s in _loaded(name).series]
    assert [line.message for line in later.logs] == [line.message for line in _loaded(name).logs]


@every_scenario
def test_every_signal_of_the_catalog_has_data_all_the_time(name: str) -> None:
    at = np.arange(NOW - 6 * HOUR, NOW, 300.0)
    for service, entry in _catalog(name).items():
        for signal in entry["signals"]:
            assert signal["kind"] in set(SignalKind)
            for query in filter(None, (signal["query"], signal.get("limit_query"))):
                frame = _ask(name, query, at)
                assert len(frame.labels) == 1, f"{service}: {query} gives {len(frame.labels)} series"
                assert frame.present.all(), f"{service}: {query} has gaps"
                assert np.isfinite(frame.values).all(), f"{service}: {query} is not finite"


@every_scenario
def test_the_alert_fires_at_the_onset_and_not_before(name: str) -> None:
    scenario, rule = _loaded(name), _trigger(name)
    at = np.arange(scenario.onset - 7 * HOUR, NOW, STEP)
    holds = anywhere(_ask(name, rule.query, at).present)
    first = float(at[np.argmax(holds)])
    assert holds.any()
    assert abs(first + rule.duration - scenario.onset) <= 2 * STEP
    assert holds[at >= first].all()


@every_scenario
def test_other_rules_fire_when_they_say_and_else_never(name: str) -> None:
    scenario = _loaded(name)
    at = np.arange(scenario.onset - 7 * HOUR, NOW, STEP)
    for rule in scenario.rules:
        holds = anywhere(_ask(name, rule.query, at).present)
        if rule.firing_since is None:
            assert not holds.any(), f"{rule.name} holds and should not"
        else:
            first = float(at[np.argmax(holds)])
            assert abs(first + rule.duration - rule.firing_since) <= 2 * STEP, rule.name


@every_scenario
def test_the_webhook_is_what_its_vendor_sends(name: str) -> None:
    scenario = _loaded(name)
    payload = json.loads(json.dumps(scenario.webhook.payload))
    if scenario.webhook.source == "pagerduty":
        incident = payload["event"]["data"]
        assert payload["event"]["event_type"] == "incident.triggered"
        assert incident["service"]["summary"] == _trigger(name).labels["service"]
        assert incident["created_at"].endswith("Z")
        assert _trigger(name).name in incident["title"]
    else:
        alert = payload["alerts"][0]
        assert payload["version"] == "4"
        assert alert["startsAt"] == timestamp(scenario.onset)
        assert alert["labels"]["service"] in _catalog(name)
        assert alert["generatorURL"].startswith("http://prometheus.example/graph?g0.expr=")


def test_both_kinds_of_sender_are_there() -> None:
    assert {_loaded(name).webhook.source for name in names()} >= {"pagerduty", "alertmanager"}


@every_scenario
def test_its_cause_is_about_a_service_of_the_catalog(name: str) -> None:
    known = truth(name)
    assert known.cause_kind in set(CauseKind)
    assert known.service in _catalog(name)
    assert len(known.story) > 80


@every_scenario
def test_no_server_can_see_the_cause(name: str) -> None:
    told = truth(name).story[:40]
    assert told not in json.dumps(_loaded(name).webhook.payload)
    assert not any(told in line.message for line in _loaded(name).logs)


@every_scenario
def test_a_new_error_pattern_appears_with_the_trouble(name: str) -> None:
    scenario = _loaded(name)
    service = truth(name).service
    errors = [line for line in scenario.logs if line.service == service and line.level == "error" and line.at <= NOW]
    kinds = Counter(line.fields["error.type"] for line in errors if "error.type" in line.fields)
    assert len(kinds) == 1
    assert kinds.total() > 50
    assert min(line.at for line in errors if "error.type" in line.fields) > scenario.onset - 8 * 60
    assert any("error.type" not in line.fields and line.at < scenario.onset - HOUR for line in errors), "no old errors"


@every_scenario
def test_it_distracts(name: str) -> None:
    scenario = _loaded(name)
    cause = truth(name)
    innocent = [
        item
        for item in scenario.deployments
        if 0 < scenario.onset - item.at < 6 * HOUR and item.ref != cause.subject and item.state == "success"
    ]
    assert innocent, "no innocent deployment in the last six hours"
    assert scenario.distractors, "no unrelated alert"
    noise = {line.service for line in scenario.logs if line.level in ("warn", "error") and line.at < NOW - 2 * HOUR}
    assert len(noise) >= 4, "too little noise in the logs"


@every_scenario
def test_past_incidents_and_runbooks_are_complete(name: str) -> None:
    services = _catalog(name)
    history, runbooks = _files(name, "history"), _files(name, "runbooks")
    assert len(history) >= 8
    assert len(runbooks) >= 4
    for item in history:
        assert item["service"] in services
        assert item["cause_kind"] in set(CauseKind)
        assert item["cause"]
        assert item["fix"]
        assert item["days_ago"] > 0
    similar = [h for h in history if (h["service"], h["cause_kind"]) == (truth(name).service, truth(name).cause_kind)]
    assert 1 <= len(similar) <= 2
    ids = {item["id"] for item in runbooks}
    assert all(item["steps"] and item["trigger"] for item in runbooks)
    assert {runbook for entry in services.values() for runbook in entry.get("runbooks", ())} <= ids


@every_scenario
def test_the_alerting_service_has_people_on_call_at_two_levels(name: str) -> None:
    scenario = _loaded(name)
    policy = _catalog(name)[_trigger(name).labels["service"]]["escalation_policy"]
    levels = {o.level for o in scenario.oncalls if o.escalation_policy == policy and o.start < NOW < o.end}
    assert levels == {1, 2}


@every_scenario
def test_names_agree_everywhere(name: str) -> None:
    scenario, services = _loaded(name), _catalog(name)
    assert {s.labels["service"] for s in scenario.series} <= set(services)
    assert {line.service for line in scenario.logs} <= set(services)
    assert {entry["repository"] for entry in services.values()} >= set(scenario.commits)
    assert all(set(entry["depends_on"]) <= set(services) for entry in services.values())
    assert {o.escalation_policy for o in scenario.oncalls} <= {e["escalation_policy"] for e in services.values()}


@every_scenario
def test_each_deployment_has_one_before_it_to_go_back_to(name: str) -> None:
    scenario = _loaded(name)
    per_repository = Counter(item.repository for item in scenario.deployments)
    assert min(per_repository.values()) >= 2
    assert [d.at for d in scenario.deployments] == sorted((d.at for d in scenario.deployments), reverse=True)
    shas = {commit.sha for commits in scenario.commits.values() for commit in commits}
    assert {d.sha for d in scenario.deployments} | {p.merge_sha for p in scenario.pulls} <= shas
