"""What follows when a version is brought out in a scenario: the trouble ends where it was the cause, and only there."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sandbox.prometheus.promql.engine import Evaluation, parse
from sandbox.prometheus.promql.frame import Frame
from sandbox.prometheus.promql.store import Store
from sandbox.scenario.course import after
from sandbox.scenario.load import RECIPE, SHIPPED, ScenarioError, load, names
from sandbox.scenario.model import AlertRule, Scenario
from sandbox.scenario.remedy import RESTARTS_AFTER, ROLLS_OVER, Remedy, Rollout, relief

NOW = 1_795_000_000.0
AT = 240.0  # seconds after the onset: somebody has looked at the briefing, and approved
REMEDIED = ("bad-dependency-deployment", "bad-deployment", "memory-leak")
BEFORE = {"bad-dependency-deployment": "v6.0.4", "bad-deployment": "v2.30.4", "memory-leak": "v12.7.2"}
WELL = 0.01  # share of failing requests below which the shipped runbook is content
VERIFIED, OVER = 75.0, 130.0  # seconds after the rollout: the runbook's window of a minute, the rules' of two


@cache
def scenario(name: str) -> Scenario:
    return load(name, NOW)


@cache
def rolled(name: str, service: str, *versions: str) -> Scenario:
    """Each version 5 minutes after the one before."""
    rollouts = [Rollout(at=AT + 300 * n, service=service, version=version) for n, version in enumerate(versions)]
    found = scenario(name)
    for count in range(1, len(rollouts) + 1):
        found = after(found, rollouts[:count])
    return found


def back(name: str) -> Scenario:
    remedy = scenario(name).remedy
    assert remedy is not None
    return rolled(name, remedy.service, BEFORE[name])


def asked(found: Scenario, query: str, at: float) -> Frame:
    """`at` in seconds after the rollout."""
    moment = np.array([found.onset + AT + at])
    blocks = Store(found.series).until(float(moment[0]))
    value = Evaluation(blocks=blocks, at=moment, start=moment[0], end=moment[0], lookback=300.0).evaluate(parse(query))
    assert isinstance(value, Frame)
    return value


def error_ratio(found: Scenario, service: str, at: float) -> float:
    counted = f'sum(rate(http_requests_total{{service="{service}"%s}}[1m]))'
    errors = counted % ',code=~"5.."'
    return float(asked(found, f"{errors} / {counted % ''}", at).values[0, 0])


def rule(found: Scenario) -> AlertRule:
    return next(rule for rule in found.rules if rule.name == found.webhook.rule)


def holds(found: Scenario, at: float) -> bool:
    return bool(asked(found, rule(found).query, at).present.any())


def test_those_with_a_remedy_are_those_that_a_version_caused() -> None:
    assert tuple(name for name in names() if "\nremedy:" in (SHIPPED / name / RECIPE).read_text()) == REMEDIED


@pytest.mark.parametrize("name", REMEDIED)
def test_nothing_that_was_seen_before_changes(name: str) -> None:
    old, new = scenario(name), back(name)
    at = old.onset + AT
    known = {tuple(sorted(item.labels.items())): item for item in new.series}
    for item in old.series:
        now = known[tuple(sorted(item.labels.items()))]
        count = sum(1 for moment in item.times if moment < at)
        assert now.times[:count] == item.times[:count]
        assert now.values[:count] == item.values[:count], item.labels
    assert [line for line in new.logs if line.at < at] == [line for line in old.logs if line.at < at]
    assert list(new.logs) == sorted(new.logs, key=lambda line: line.at)


@pytest.mark.parametrize("name", REMEDIED)
def test_going_back_ends_the_errors_within_two_minutes(name: str) -> None:
    service = scenario(name).webhook.rule and rule(scenario(name)).labels["service"]
    new = back(name)
    assert error_ratio(new, service, 0.0) > 5 * WELL
    assert all(error_ratio(new, service, at) < WELL for at in (VERIFIED, OVER, 600.0, 3600.0))
    assert error_ratio(scenario(name), service, OVER) > 5 * WELL, "without it they go on"


@pytest.mark.parametrize("name", ["bad-dependency-deployment", "bad-deployment"])
def test_the_alert_holds_until_then_and_is_over_then(name: str) -> None:
    new = back(name)
    assert holds(new, 0.0)
    assert not any(holds(new, at) for at in (OVER, 600.0, 3600.0))
    assert holds(scenario(name), OVER)


def test_counters_go_on_and_begin_anew_where_the_service_restarts() -> None:
    old, new = scenario("bad-deployment"), back("bad-deployment")
    at = old.onset + AT
    for item in new.series:
        if not item.labels["__name__"].endswith(("_total", "_bucket", "_count")):
            continue
        first = sum(1 for moment in item.times if moment < at) - 1
        falls = np.flatnonzero(np.diff(item.values[first:]) < 0)
        is_its_own = item.labels["service"] == "checkout"
        assert len(falls) <= is_its_own, item.labels
        assert len(falls) or not is_its_own or item.values[first] < 100, "that many are not there again at once"
        if len(falls):
            assert item.times[first + falls[0] + 1] - at == pytest.approx(RESTARTS_AFTER, abs=15.0)


def test_the_lines_of_the_failure_stop_and_those_of_every_day_go_on() -> None:
    new = back("bad-deployment")
    begin = new.onset + AT + ROLLS_OVER
    later = [line for line in new.logs if begin < line.at < begin + 600]
    assert not [line for line in later if "loyalty_tier" in line.message or "upstream checkout" in line.message]
    placed = [line for line in later if line.service == "checkout" and " placed, " in line.message]
    assert 40 < len(placed) < 100, "seven a minute"
    assert {line.fields["service.version"] for line in placed} == {"v2.30.4"}


def test_the_service_tells_the_version_that_it_runs() -> None:
    def versions(at: float) -> set[str]:
        frame = asked(back("bad-deployment"), 'app_build_info{service="checkout"}', at)
        return {labels["version"] for labels, there in zip(frame.labels, frame.present[:, 0], strict=True) if there}

    assert versions(0.0) == {"v2.31.0"}
    assert versions(600.0) == {"v2.30.4"}


@pytest.mark.parametrize(
    ("name", "service", "version", "alerted"),
    [
        ("failing-dependency", "checkout", "v4.9.0", "checkout"),  # the deployment had nothing to do with it
        ("bad-deployment", "search", "v5.4.1", "checkout"),  # the wrong service
        ("bad-deployment", "checkout", "v2.31.0", "checkout"),  # the same version once more
        ("bad-dependency-deployment", "transfers", "v15.2.0", "transfers"),
    ],
)
def test_what_was_not_the_cause_changes_nothing(name: str, service: str, version: str, alerted: str) -> None:
    new = rolled(name, service, version)
    for at in (VERIFIED, OVER, 600.0):
        assert error_ratio(new, alerted, at) > 5 * WELL
        assert holds(new, at)
    assert len(new.series) == len(scenario(name).series)


def test_any_other_version_helps_and_the_bad_one_brings_it_back() -> None:
    new = rolled("bad-deployment", "checkout", "v2.30.3", "v2.31.0")
    assert error_ratio(new, "checkout", VERIFIED) < WELL
    assert error_ratio(new, "checkout", 300 + VERIFIED) > 5 * WELL
    assert holds(new, 300 + OVER)


def test_trouble_fades_in_a_line_and_what_is_undone_on_the_way_turns_there() -> None:
    remedy = Remedy(service="a", away_from="v2")

    def left(*rollouts: tuple[float, str, str]) -> list[float]:
        made = relief(remedy, [Rollout(at=at, service=of, version=version) for at, of, version in rollouts])
        assert made is not None
        return [float(share) for share in made.left(np.array([-50.0, 0.0, 5.0, 10.0, 20.0, 30.0, 100.0]))]

    assert left((0.0, "a", "v1")) == [1, 1, 0.75, 0.5, 0, 0, 0]
    assert left((0.0, "a", "v1"), (10.0, "a", "v2")) == [1, 1, 0.75, 0.5, 0.75, 1, 1]
    assert left((0.0, "a", "v2")) == [1] * 7
    assert relief(remedy, [Rollout(at=0.0, service="b", version="v1")]) is None
    assert relief(None, [Rollout(at=0.0, service="a", version="v1")]) is None


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        ("service: chekout, away_from: v2.31.0", r"remedy\.service: nothing was ever deployed of it"),
        ("service: checkout, away_from: v9", r"remedy\.away_from: was never deployed; versions are v2\.30\.2"),
        ("service: checkout", r"'away_from' is missing"),
    ],
)
def test_a_mistake_in_a_remedy_is_told(tmp_path: Path, new: str, complaint: str) -> None:
    folder = shutil.copytree(SHIPPED / "bad-deployment", tmp_path / "mine")
    file = folder / "scenario.yaml"
    text = file.read_text()
    stated = "service: checkout, away_from: v2.31.0"
    assert stated in text
    file.write_text(text.replace(stated, new))
    with pytest.raises(ScenarioError, match=complaint):
        load(folder, NOW)
