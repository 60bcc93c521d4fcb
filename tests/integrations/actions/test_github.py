"""Workflows and reverts against the sandbox's GitHub, over the real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import JSONResponse

from bot.domain.action import Action, ActionRefused, Ending, Refusal, Reversibility, Risk
from bot.domain.errors import SettingsError
from bot.domain.setting import read
from integrations.github import dispatching
from integrations.github.actions import Asked
from integrations.github.dispatching import DispatchWorkflow
from integrations.github.reverting import RevertPull
from integrations.github.settings import GitHubSettings
from sandbox.github.server import create_app
from sandbox.serve import serving
from tests.integrations.actions.bench import call, done, github_settings, lent
from tests.sandbox.github.conftest import NOW, REPO, sha, small

KEY = "R-1:back:0:act"


@dataclass
class Bench:
    now: float = NOW
    ends_well: bool = True
    started: list[tuple[str, str, str, Mapping[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # verb and path
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)  # in the place of the server's own
    dispatch: Action = field(init=False)
    revert: Action = field(init=False)
    again: Action = field(init=False)  # a dispatch after a restart: it remembers nothing

    async def on_dispatch(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> bool:
        self.started.append((repository, workflow, ref, inputs))
        return self.ends_well

    async def pause(self, seconds: float) -> None:
        self.now += seconds

    @property
    def writes(self) -> list[str]:
        return [path for verb, path in self.asked if verb != "GET"]


@asynccontextmanager
async def bench(**settings: str) -> AsyncIterator[Bench]:
    made = Bench()
    app = create_app(small(), clock=lambda: made.now, on_dispatch=made.on_dispatch, runs_take=10.0)

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked = scope["method"], scope["path"].removeprefix(f"/api/v3/repos/{REPO}")
            made.asked.append(asked)
            if asked in made.answers:
                await made.answers[asked](scope, receive, send)
                return
        await app(scope, receive, send)

    async with serving(counting) as url:
        with lent(datetime.fromtimestamp(NOW, UTC)) as tools:
            given = read(GitHubSettings, {**github_settings(url), **settings})
            made.dispatch = DispatchWorkflow(Asked(given, tools), tools.clock, pause=made.pause)
            made.again = DispatchWorkflow(Asked(given, tools), tools.clock, pause=made.pause)
            made.revert = RevertPull(Asked(given, tools))
            yield made


def start(workflow: str = "rollback.yml", timeout: float = 600.0, **more: Any) -> Any:
    given = {"repository": REPO, "workflow": workflow, "ref": "main", "inputs": {"version": "v1.1.0"}, **more}
    return call("github.dispatch_workflow", timeout=timeout, **given)


async def test_a_plan_pins_the_workflow_and_the_commit_and_starts_nothing() -> None:
    async with bench() as github:
        plan = await github.dispatch.plan(start())
        assert plan.target == "workflow rollback.yml of acme/checkout"
        assert plan.lines[0].startswith("start .github/workflows/rollback.yml (id ")
        assert plan.lines[0].endswith(f"of acme/checkout on main, now at {sha(5)}")
        assert plan.lines[1:] == ("version = v1.1.0",)
        assert (plan.risk, plan.radius.count) == (Risk.CHANGE, 1)
        assert github.writes == []


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("", Reversibility.IRREVERSIBLE),
        ("acme/checkout/deploy.yml", Reversibility.IRREVERSIBLE),
        ("acme/checkout/rollback.yml", Reversibility.REVERSIBLE),
        ("acme/other/*,Acme/Checkout/*", Reversibility.REVERSIBLE),
    ],
)
async def test_only_what_operators_say_can_be_undone_counts_so(known: str, told: Reversibility) -> None:
    async with bench(GITHUB_REVERSIBLE_WORKFLOWS=known) as github:
        assert (await github.dispatch.plan(start())).reversibility is told


async def test_it_starts_the_workflow_and_waits_for_its_end() -> None:
    async with bench() as github:
        told = await done(github.dispatch, start(), KEY)
        assert (told.ending, told.values["conclusion"]) == (Ending.SUCCEEDED, "success"), told
        ((repository, workflow, ref, inputs),) = github.started
        assert (repository, workflow, ref, inputs["version"]) == (REPO, "rollback.yml", "main", "v1.1.0")
        assert github.now >= NOW + 10, "it was looked at until it was over"
        assert str(told.values["url"]).endswith(f"/actions/runs/{told.values['run']}")


async def test_a_run_that_fails_is_a_failure() -> None:
    async with bench() as github:
        github.ends_well = False
        told = await done(github.dispatch, start(), KEY)
        assert (told.ending, told.values["conclusion"]) == (Ending.FAILED, "failure")


async def test_another_commit_on_the_branch_is_another_plan() -> None:
    async with bench() as github:
        plan = await github.dispatch.plan(start())
        github.now += 2 * 3600  # somebody merged meanwhile
        with pytest.raises(ActionRefused) as refused:
            await github.dispatch.run(plan, key=KEY)
        assert refused.value.reason is Refusal.NOT_ALLOWED
        assert github.started == []


async def test_a_repetition_finds_its_run_and_starts_no_second_one() -> None:
    async with bench() as github:
        first = await done(github.dispatch, start(), KEY)
        for action in (github.dispatch, github.again):
            told = await done(action, start(), KEY)
            assert told.values["run"] == first.values["run"]
        assert len(github.started) == 1
        other = await done(github.again, start(), "R-2:back:0:act")
        assert other.values["run"] != first.values["run"]


async def test_a_run_that_does_not_end_in_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "EVERY", 0.05)
    async with bench() as github:
        plan = await github.dispatch.plan(start(timeout=1.0))
        github.pause = asyncio.sleep  # type: ignore[method-assign, assignment]
        slow = DispatchWorkflow(github.dispatch._asked, github.dispatch._clock)  # type: ignore[attr-defined]
        told = await slow.run(plan, key=KEY)
        assert (told.ending, len(github.started)) == (Ending.UNKNOWN, 1)
        assert "has not ended in time" in told.summary


async def test_a_dispatch_without_an_answer_is_unknown_and_not_sent_again() -> None:
    async with bench() as github:
        plan = await github.dispatch.plan(start())
        workflow = plan.lines[0].partition("(id ")[2].partition(")")[0]
        path = "POST", f"/actions/workflows/{workflow}/dispatches"
        github.answers[path] = JSONResponse({"message": "Server Error"}, 502)
        told = await github.dispatch.run(plan, key=KEY)
        assert told.ending is Ending.UNKNOWN
        assert len(github.writes) == 1
        github.answers[path] = JSONResponse({"message": "Must have admin rights"}, 403)
        assert (await github.dispatch.run(plan, key=KEY)).ending is Ending.FAILED


@pytest.mark.parametrize(
    ("more", "parameter"),
    [({"workflow": "ci.yml"}, "workflow"), ({"repository": "acme/empty"}, "workflow"), ({"ref": "nowhere"}, "")],
)
async def test_what_is_not_there_or_not_allowed_is_refused(more: Any, parameter: str) -> None:
    async with bench() as github:
        with pytest.raises(ActionRefused) as refused:
            await github.dispatch.plan(start(**more))
        assert refused.value.parameter == parameter
        assert github.writes == []


# --- reverting -------------------------------------------------------------------------------------------------------


def revert(number: int = 11) -> Any:
    return call("github.revert_pull", repository=REPO, number=number)


async def test_a_revert_is_planned_from_the_merge_commit() -> None:
    async with bench() as github:
        plan = await github.revert.plan(revert())
        assert plan.target == "pull request #11 of acme/checkout (Pool)"
        assert plan.lines[0] == f"open a pull request to main that reverts #11 (Pool), merged as {sha(5)}"
        assert plan.lines[1].startswith("on a new branch first-responder/revert-11-...")
        assert (plan.risk, plan.reversibility) == (Risk.CHANGE, Reversibility.REVERSIBLE)
        assert github.writes == []


async def test_a_revert_opens_one_pull_request_however_often_it_is_done() -> None:
    async with bench() as github:
        told = await done(github.revert, revert(), KEY)
        assert (told.ending, told.values["number"]) == (Ending.SUCCEEDED, 9001), told
        assert github.writes == ["/git/commits", "/git/refs", "/pulls"]
        again = await done(github.revert, revert(), KEY)
        assert (again.values["number"], len(github.writes)) == (9001, 3)
        assert "before" in again.summary


async def test_a_revert_that_was_broken_off_goes_on_where_it_was() -> None:
    async with bench() as github:
        github.answers["POST", "/pulls"] = JSONResponse({"message": "Server Error"}, 502)
        assert (await done(github.revert, revert(), KEY)).ending is Ending.UNKNOWN
        del github.answers["POST", "/pulls"]
        told = await done(github.revert, revert(), KEY)
        assert told.ending is Ending.SUCCEEDED
        assert github.writes.count("/git/refs") == 1


async def test_what_was_not_merged_cannot_be_reverted() -> None:
    async with bench() as github:
        await done(github.revert, revert(), KEY)
        with pytest.raises(ActionRefused) as refused:
            await github.revert.plan(revert(9001))  # its own, still open
        assert (refused.value.parameter, "never merged" in refused.value.detail) == ("number", True)


async def test_what_was_merged_as_several_commits_is_left_to_people() -> None:
    async with bench() as github:
        files = [{"filename": "one.py"}, {"filename": "two.py"}, {"filename": "three.py"}]
        github.answers["GET", "/pulls/11/files"] = JSONResponse(files)
        with pytest.raises(ActionRefused) as refused:
            await github.revert.plan(revert())
        assert "by hand" in refused.value.detail


@pytest.mark.parametrize("wrong", ["acme/checkout", "acme/checkout/rollback.sh", "a/b/../c.yml", "a/b/c.yml=1x"])
def test_workflows_that_cannot_be_meant_stop_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="GITHUB_WORKFLOWS"):
        read(GitHubSettings, {"GITHUB_WORKFLOWS": wrong})
