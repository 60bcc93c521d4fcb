"""The runbooks that come along, and those of the sandbox: they load, they can be rendered, their digest is stable."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml

from bot.domain.action import ActionResult, Ending, Risk, Value
from bot.domain.runbook import (
    ActionUse,
    CatalogKind,
    Runbook,
    RunbookStep,
    RunValues,
    elements,
    parse_output,
    render,
    resolve_parameters,
    run_values,
)
from bot.domain.runbook.template import Single
from memory.runbooks import load_runbooks
from tests.docs.pages import example
from tests.memory.declared_actions import ACTIONS

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {runbook.id: runbook for runbook in load_runbooks(ROOT / "runbooks", ACTIONS)}
RUNNABLE = [id for id, runbook in SHIPPED.items() if runbook.can_run]
SCHEMAS = {action.name: action.parameters for action in ACTIONS}
RISKS = {action.name: action.risk for action in ACTIONS}
INCIDENT: Mapping[str, Value] = {
    "id": "INC-2026-0042", "title": "t", "severity": "SEV1", "status": "triage", "service": "checkout",
    "environment": "production", "started_at": "2026-11-20T12:00:00+00:00", "alert": "High",
    "labels": {"namespace": "shop", "database": "orders"}, "alerts": (),
}  # fmt: skip
TOLD: Mapping[str, Single] = {
    "public_url": "https://shop.example/health", "direct_url": "http://10.0.0.7:8080/health",
    "repository": "shop/checkout", "version": "v1.4.1", "present_version": "v1.5.0",
}  # fmt: skip
# What the steps before gave, where all went well.
GAVE: Mapping[str, Mapping[str, Value]] = {
    "room": {"value": 3, "used": 91}, "space": {"used": 97}, "share": {"value": 0.95},
    "pods": {"names": ("checkout-1",)},
    "idle": {"rows": ({"pid": 7, "began": "2026-11-20"},)}, "rotated": {"files": ("/var/log/app/a.log.1",)},
    "inside": {"status": 200}, "outside": {"status": 502}, "refused": {"count": 40},
}  # fmt: skip


def catalog(kind: CatalogKind) -> Collection[str]:
    return ("checkout",) if kind is CatalogKind.SERVICES else ()


def at_the_end(runbook: Runbook, **told: Single) -> RunValues:
    given = {name: value for name, value in {**TOLD, **told}.items() if name in {p.name for p in runbook.parameters}}
    parameters = resolve_parameters(runbook.parameters, given, INCIDENT, catalog)
    done: Mapping[str, Value] = {"ending": "succeeded", "succeeded": True, "summary": "", "output": "", "seconds": 1.0}
    steps = {step.id: {**done, **GAVE.get(step.id, {})} for step in runbook.steps}
    return replace(run_values(INCIDENT, parameters), steps=steps)


def each(step: RunbookStep, values: RunValues) -> list[RunValues]:
    if step.foreach is None:
        return [values]
    return [replace(values, item=item) for item in elements(step.foreach, values)]


def test_what_was_promised_is_there() -> None:
    assert SHIPPED.keys() >= {
        "high-memory", "database-connections-used-up", "go-back-to-the-version-before", "disk-is-filling-up",
        "gateway-connectivity", "slow-answers", "something-it-calls-is-failing", "roll-back-with-a-workflow",
    }  # fmt: skip
    assert len(RUNNABLE) == 6


@pytest.mark.parametrize("id", RUNNABLE)
def test_every_action_of_a_shipped_runbook_can_be_rendered(id: str) -> None:
    runbook = SHIPPED[id]
    values = at_the_end(runbook)
    assert (values.environment, values.service) == ("production", "checkout")
    for step in runbook.steps:
        for here in each(step, values):
            for use in step.uses:
                call = render(use, here, schema=SCHEMAS[use.action])
                assert "{{" not in str(call.parameters), "a template is left"


@pytest.mark.parametrize("id", RUNNABLE)
def test_conditions_of_a_shipped_runbook_can_be_decided(id: str) -> None:
    runbook = SHIPPED[id]
    values = at_the_end(runbook)
    result: Mapping[str, Value] = {"succeeded": True, "ending": "succeeded", "value": 0.5, "count": 1, "status": 200}
    for step in runbook.steps:
        if step.only_if:
            step.only_if.holds(values.as_mapping())
        for here in each(step, values):
            for check in (step.precheck, step.verify.check if step.verify else None):
                if check:
                    check.holds.holds(replace(here, result=result).as_mapping())


@pytest.mark.parametrize("id", RUNNABLE)
def test_whatever_changes_anything_is_checked_or_told(id: str) -> None:
    """Checks, previews and what only gathers are reads; what changes a service has something to verify."""
    for step in SHIPPED[id].steps:
        assert step.use is not None
        around = [use for use in step.uses if use is not step.use and not (step.rollback and use is step.rollback.use)]
        assert {RISKS[use.action] for use in around} <= {Risk.READ}
        if step.use.action.startswith(("kubectl.", "sql.")) and RISKS[step.use.action] is not Risk.READ:
            assert step.verify, f"{id}: {step.id} changes something and does not look whether it helped"


def test_only_files_of_the_chosen_folder_are_removed() -> None:
    runbook = SHIPPED["disk-is-filling-up"]
    step = runbook.step("remove")
    assert step.precheck is not None
    values = at_the_end(runbook)
    for file, is_within in (("/var/log/app/a.log.1", True), ("/etc/passwd.gz", False), ("/var/log/app/../x.gz", False),
                            ("/var/log/application/a.gz", False)):  # fmt: skip
        assert step.precheck.holds.holds(replace(values, item=file).as_mapping()) is is_within
    assert step.risk(Risk.READ) is Risk.DESTROY


def test_what_df_and_du_really_say_is_read(tmp_path: Path) -> None:
    for name in ("app.log", "app.log.1", "old.gz", "dir.gz.d/keep.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 50_000)
    runbook = SHIPPED["disk-is-filling-up"]
    told = {"folder": str(tmp_path), "larger_than": "10K"}
    values = run_values(INCIDENT, told)
    found: dict[str, Value] = {}
    for id in ("space", "rotated", "room"):
        step = runbook.step(id)
        asked = render(step, values, schema=SCHEMAS["exec"]).parameters
        argv = [asked["program"], *_words(asked["options"]), "--", *_words(asked["arguments"])]
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=True, timeout=120)
        assert step.output is not None
        result = ActionResult(ending=Ending.SUCCEEDED, summary="", output=done.stdout)
        found |= {f"{id}.{name}": value for name, value in parse_output(step.output, result).items()}
    files = found["rotated.files"]
    assert isinstance(files, tuple)
    assert sorted(map(str, files)) == [str(tmp_path / "app.log.1"), str(tmp_path / "old.gz")]
    assert found["space.used"] == found["room.used"]
    assert isinstance(found["room.used"], int)


def _words(value: Value) -> tuple[Value, ...]:
    assert isinstance(value, tuple)
    return value


def test_a_heap_dump_is_taken_only_where_it_is_asked_for_and_worth_it() -> None:
    runbook = SHIPPED["high-memory"]
    condition = runbook.step("dump").only_if
    assert condition is not None
    assert not condition.holds(at_the_end(runbook).as_mapping())
    assert condition.holds(at_the_end(runbook, heap_dump=True).as_mapping())
    assert not condition.holds(at_the_end(runbook, heap_dump=True, dump_above=0.99).as_mapping())


def test_the_text_of_runbooks_from_before_is_kept() -> None:
    commands = [step.command for step in SHIPPED["go-back-to-the-version-before"].steps if step.command]
    assert "kubectl -n NAMESPACE rollout undo deployment/SERVICE" in commands
    assert "pg_terminate_backend" in SHIPPED["database-connections-used-up"].step("terminate").command


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "sandbox" / "scenarios").glob("*/runbooks")), ids=lambda p: p.parent.name
)
def test_runbooks_that_are_text_stay_valid(folder: Path) -> None:
    for runbook in load_runbooks(folder, ACTIONS):
        assert not runbook.can_run
        assert all(step.title and step.use is None for step in runbook.steps)


@pytest.mark.parametrize("holding", ["id: slow-search", "id: queue-stuck"])
def test_the_examples_of_the_page_load(holding: str, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(example("docs/runbooks.md", "yaml", holding))
    (runbook,) = load_runbooks(tmp_path, ACTIONS)
    assert holding.endswith(runbook.id)


# --- the digest ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", SHIPPED)
def test_the_digest_stays_when_a_file_is_laid_out_otherwise(id: str, tmp_path: Path) -> None:
    text = (ROOT / "runbooks" / f"{id}.yaml").read_text()
    for at, layout in enumerate((
        yaml.safe_dump(yaml.safe_load(text), default_flow_style=True, sort_keys=False),
        yaml.safe_dump(yaml.safe_load(text), indent=6, width=40, sort_keys=False),
        f"# a remark\n{text}\n# another",
    )):  # fmt: skip
        (tmp_path / str(at)).mkdir()
        (tmp_path / str(at) / "one.yaml").write_text(layout)
        (again,) = load_runbooks(tmp_path / str(at), ACTIONS)
        assert again == SHIPPED[id]
        assert again.digest == SHIPPED[id].digest
    assert re.fullmatch("[0-9a-f]{64}", SHIPPED[id].digest)


def test_any_field_that_differs_gives_another_digest() -> None:
    step = SHIPPED["go-back-to-the-version-before"].step("undo")
    other = SHIPPED["disk-is-filling-up"].step("remove")
    seen = {SHIPPED["high-memory"].digest}
    changed = 0
    for field in fields(RunbookStep):
        value = getattr(other, field.name)
        if value == getattr(step, field.name):
            value = {"retries": 1, "continue_on_failure": True}.get(field.name, "x")
        runbook = replace(SHIPPED["high-memory"], steps=(replace(step, **{field.name: value}),))
        seen.add(runbook.digest)
        changed += 1
    assert len(seen) == changed + 1


def test_the_order_of_steps_and_parameters_is_part_of_the_digest() -> None:
    runbook = SHIPPED["high-memory"]
    assert replace(runbook, steps=runbook.steps[::-1]).digest != runbook.digest
    assert replace(runbook, parameters=runbook.parameters[::-1]).digest != runbook.digest


def test_uses_are_all_that_a_step_may_do() -> None:
    step = SHIPPED["go-back-to-the-version-before"].step("undo")
    assert [use.action for use in step.uses] == [
        "kubectl.rollout_undo", "kubectl.describe", "kubectl.get", "prometheus.query", "kubectl.rollout_undo",
    ]  # fmt: skip
    assert step.use == ActionUse(action="kubectl.rollout_undo", parameters=step.uses[0].parameters)
