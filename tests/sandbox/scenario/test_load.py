"""Recipes are read strictly, and what is made from them behaves like real metrics."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sandbox.scenario.levels import Fault, Level, Shape
from sandbox.scenario.load import SHIPPED, ScenarioError, load, names
from sandbox.scenario.metrics import log_normal_cdf
from sandbox.scenario.model import Scenario
from sandbox.scenario.webhooks import fingerprint

NOW = 1_795_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "mine"
    shutil.copytree(SHIPPED / "bad-deployment", copy)
    return copy


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("bad-deployment", NOW)


def _edit(folder: Path, old: str, new: str) -> None:
    file = folder / "scenario.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_folder_of_ones_own_loads(folder: Path) -> None:
    assert load(folder, NOW).name == "mine"


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(ScenarioError, match=names()[0]):
        load("no-such-thing", NOW)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("alert_age: 3m", "alert_age: soon", r"scenario\.yaml: alert_age: 'soon' is no duration"),
        ("seed: 20311", "sede: 20311", r"sede: is not known here; did you mean 'seed'"),
        ("seed: 20311", "", r"'seed' is missing"),
        ("  payments:\n    rate", "  paymnts:\n    rate", r"http\.paymnts: 'paymnts' is no service of services\.yaml"),
        ("shape: step", "shape: cliff", r"http\.checkout\.errors\.faults\[0\]\.shape: must be one of step, ramp"),
        ("to: 0.011", "to: high", r"faults\[0\]\.to: must be a number"),
        ("creator: mei,", "creator: nobody,", r"nobody has the handle 'nobody'; people are ana"),
        ("rule: HighErrorRatio", "rule: HighErorRatio", r"alert\.rule: there is no rule 'HighErorRatio'"),
        ("{level: info, per_minute: 9", "{level: loud, per_minute: 9", r"logs\.storefront\[0\]\.level: must be one of"),
        ("{int:1000-9999} 200", "{number} 200", r"logs\.storefront\[0\]\.text: \{number:\} is no placeholder"),
        ("commit: c5, creator", "commit: c9, creator", r"no commit with the key 'c9'"),
        ("people:", "people: [", r"scenario\.yaml: is no YAML"),
    ],
)
def test_a_mistake_is_named_with_file_place_and_remedy(folder: Path, old: str, new: str, complaint: str) -> None:
    _edit(folder, old, new)
    with pytest.raises(ScenarioError, match=complaint):
        load(folder, NOW)


def test_a_missing_catalog_is_named(folder: Path) -> None:
    (folder / "services.yaml").unlink()
    with pytest.raises(ScenarioError, match=r"services\.yaml: the file is missing"):
        load(folder, NOW)


def test_counters_only_go_back_where_a_process_restarts(scenario: Scenario) -> None:
    for item in scenario.series:
        if item.labels["__name__"].endswith(("_total", "_bucket", "_count")):
            falls = np.flatnonzero(np.diff(item.values) < 0)
            restarted = item.labels["service"] in ("checkout", "search") and max(item.values) > 0
            assert len(falls) == (1 if restarted else 0), item.labels


def test_latency_buckets_add_up_to_the_requests(scenario: Scenario) -> None:
    family = "http_request_duration_seconds"
    mine = [s for s in scenario.series if s.labels.get("instance") == "cart-0:8080"]
    buckets = [s for s in mine if s.labels["__name__"] == f"{family}_bucket"]
    assert [b.labels["le"] for b in buckets][-2:] == ["10", "+Inf"]
    growth = np.diff([b.values for b in buckets], axis=1)
    assert (np.diff(growth, axis=0) >= 0).all()
    total = next(s for s in mine if s.labels["__name__"] == f"{family}_count")
    by_code = np.sum([s.values for s in mine if s.labels["__name__"] == "http_requests_total"], axis=0)
    assert (growth[-1] == np.diff(total.values)).all()
    assert (np.diff(by_code) == np.diff(total.values)).all()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Shape.STEP, [1, 5, 5, 5]),
        (Shape.RAMP, [1, 1, 3, 5]),
        (Shape.SPIKE, [1, 1, 5, 1]),
        (Shape.DROP, [1, 5, 5, 1]),
    ],
)
def test_faults_bend_a_level_towards_their_target(shape: Shape, expected: list[float]) -> None:
    level = Level(base=1.0, faults=(Fault(shape=shape, at=0.0, over=10.0, to=5.0, times=1.0),))
    assert level.mean(np.array([-1.0, 0.0, 5.0, 10.0])).tolist() == expected


def test_a_saturating_fault_slows_down_and_a_limit_holds() -> None:
    level = Level(base=0.0, high=95.0, faults=(Fault(shape=Shape.SATURATE, at=0.0, over=10.0, to=100.0, times=1.0),))
    early, late, end = level.mean(np.array([2.5, 5.0, 100.0]))
    assert early > late - early > 0
    assert end == 95.0


def test_the_latency_distribution_has_its_median_where_it_should() -> None:
    shares = log_normal_cdf(np.array([0.1, 0.2, np.inf]), np.array([0.2]), np.array([0.7]))
    assert shares[0] == pytest.approx([0.1610, 0.5, 1.0], abs=1e-4)


def test_fingerprints_are_those_of_prometheus() -> None:
    assert fingerprint({}) == "cbf29ce484222325"  # the hash of nothing at all
    assert fingerprint({"a": "b"}) != fingerprint({"ab": ""})
