"""Grouping accuracy: what it counts, and that templates reach it on systems of many kinds."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from bench.log_made import made
from bench.log_onset import place
from bench.log_recorded import recorded
from bench.logs import ACCURACY_GOAL, accuracy
from bot.domain.logpattern import TemplateMiner


def test_only_clusters_with_exactly_the_true_lines_count() -> None:
    truth = ["a", "a", "b", "c", "c", "d"]
    assert accuracy(truth, ["1", "1", "2", "3", "3", "4"]) == 1.0
    assert accuracy(truth, ["1", "1", "2", "3", "9", "4"]) == pytest.approx(4 / 6)  # c is split
    assert accuracy(truth, ["1", "1", "2", "3", "3", "2"]) == pytest.approx(4 / 6)  # b and d are one
    assert accuracy(truth, ["1", "1", "1", "3", "3", "4"]) == pytest.approx(3 / 6)  # b fell in with a


def test_lines_of_many_kinds_of_systems_are_grouped_as_they_were_made() -> None:
    found = []
    for log in made(800, seed=5):
        miner = TemplateMiner()
        templates = [miner.add(line) for line in log.lines]
        found.append(accuracy(log.truth, [template.final().text for template in templates]))
    assert statistics.fmean(found) >= ACCURACY_GOAL


def test_made_logs_are_the_same_for_the_same_seed_and_hold_every_template() -> None:
    assert made(60, seed=3) == made(60, seed=3) != made(60, seed=4)
    for log in made(60):
        assert len(log.lines) == len(log.truth) == 60
        assert "{" not in "".join(set(log.truth)) or log.lines != log.truth


def test_a_new_pattern_is_found_among_noise() -> None:
    assert statistics.fmean(place(seed) <= 5 for seed in range(8)) >= 0.75


def test_recorded_logs_are_read_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    assert recorded() == ()
    folder = tmp_path / "loghub" / "Apache"
    folder.mkdir(parents=True)
    text = (
        'LineId,Time,Content,EventId,EventTemplate\n1,now,"child 1, found",E1,"child <*>, found"\n2,now,gone,E2,gone\n'
    )
    (folder / "Apache_2k.log_structured.csv").write_text(text)
    (log,) = recorded()
    assert (log.system, log.lines, log.truth) == ("Apache", ("child 1, found", "gone"), ("E1", "E2"))
