"""`first-responder runbook`, and which runbooks a briefing names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.domain.alert import Severity
from bot.domain.condition import Condition
from bot.domain.context import ContextRequest
from bot.domain.evidence import RunbookFact
from bot.domain.runbook import Runbook, RunbookStep, Trigger
from bot.runbook_files import lint
from bot.testing import NOON, make_alert
from memory.runbooks import RunbookSource, file_schema
from tests.memory.declared_actions import ACTIONS
from tests.memory.runbook_mistakes import GOOD


def command(*arguments: str, folder: Path | str = "runbooks") -> tuple[int, str]:
    environ = {"RUNBOOKS_DIR": str(folder), "COLUMNS": "200", "TERM": "dumb"}
    said = CliRunner().invoke(cli, ["runbook", *arguments], env=environ, catch_exceptions=False)
    return said.exit_code, said.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def test_good_files_are_counted(folder: Path) -> None:
    assert command("lint", folder=folder) == (0, "1 runbook is fine\n")
    assert command("lint", str(folder / "good.yaml")) == (0, "1 runbook is fine\n")
    (folder / "other.yml").write_text(GOOD.replace("id: restart", "id: other"))
    assert command("lint", str(folder)) == (0, "2 runbooks are fine\n")


def test_all_mistakes_are_told_and_the_exit_code_is_1(folder: Path) -> None:
    (folder / "bad.yaml").write_text(GOOD.replace("id: dump", "id: pods").replace("default: 2", "default: 9"))
    (folder / "worse.yaml").write_text("id: [")
    code, said = command("lint", folder=folder)
    assert code == 1
    assert "bad.yaml, line 11: parameters.replicas.default: must be at most 5, not 9; write a default" in said
    assert "bad.yaml, line 19: steps[1].id: pods is the id of an earlier step too; give it another one" in said
    assert "worse.yaml, line " in said
    assert said.splitlines()[-1] == "4 problems in 3 files", said


def test_places_without_runbooks_are_told(tmp_path: Path) -> None:
    code, said = command("lint", str(tmp_path))
    assert (code, said) == (1, f"there are no runbooks in {tmp_path}; a runbook is a file that ends in .yaml\n")
    code, said = command("lint", str(tmp_path / "nowhere"))
    assert code == 1
    assert "there is no such folder" in said


def test_actions_are_checked_where_they_are_known(folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD.replace("kubectl.scale", "kubectl.scael"))
    assert lint({"RUNBOOKS_DIR": str(folder)}, None) == 0
    assert lint({"RUNBOOKS_DIR": str(folder)}, None, ACTIONS) == 1


def test_a_runbook_is_shown_as_what_it_would_do(folder: Path) -> None:
    code, said = command("show", "restart", folder=folder)
    assert code == 0
    for line in (
        "Restart it (restart)",
        "  only when: metrics.exists(m, m.kind == \"saturation\" && m.now > 0.9)",
        "  replicas: int; from 1; to 5; by default 2",
        "     does kubectl.get namespace={{ parameters.namespace }} kind=pods",
        "     if size(steps.pods.names) > 0",
        "     within 120 s, every 15 s, must hold: result.value > 0 of prometheus.query query=up",
        "     can be rolled back by kubectl.rollout_undo namespace=shop name=shop",
        "     60 s at most, tried 3 times",
    ):  # fmt: skip
        assert line in said.splitlines(), said


def test_every_shipped_runbook_can_be_shown() -> None:
    for file in sorted(Path("runbooks").glob("*.yaml")):
        assert command("show", file.stem)[0] == 0
    assert "nothing of it can be run" in command("show", "slow-answers")[1]


def test_an_unknown_runbook_names_the_nearest(folder: Path) -> None:
    assert command("show", "restrt", folder=folder) == (1, "there is no runbook restrt; did you mean restart?\n")


def test_the_schema_is_printed() -> None:
    code, said = command("schema")
    assert code == 0
    assert json.loads(said) == json.loads(json.dumps(file_schema()))


# --- the briefing ----------------------------------------------------------------------------------------------------


def runbook(id: str, trigger: Trigger) -> Runbook:
    return Runbook(id=id, title=id, owner="", trigger=trigger, steps=(RunbookStep(title="Look"),))


async def test_a_briefing_names_no_runbook_that_is_for_other_incidents() -> None:
    by_alert = Trigger(alerts=("High",))
    source = RunbookSource(
        [
            runbook("fits", replace(by_alert, severities=("SEV2",), labels={"cluster": ("prod-*",)})),
            runbook("other-severity", replace(by_alert, severities=("SEV1",))),
            runbook("other-cluster", replace(by_alert, labels={"cluster": ("staging",)})),
            runbook("other-service", replace(by_alert, when=Condition(source="incident.service == 'cart'"))),
            runbook("not-known-yet", replace(by_alert, when=Condition(source="metrics.exists(m, m.now > 1)"))),
        ]
    )
    alert = replace(make_alert(severity=Severity.SEV2), labels={"alertname": "High", "cluster": "prod-eu"})
    request = ContextRequest(incident_id="INC-1", alerts=(alert,), onset=NOON, now=NOON, service=None)
    answer = await source.look(request)
    named = [one.fact.runbook for one in answer.evidence if isinstance(one.fact, RunbookFact)]
    assert sorted(named) == ["fits", "not-known-yet"]
    assert answer.checked == "5 runbooks"
