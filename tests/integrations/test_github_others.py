"""What GitHub tells where a repository keeps no deployments: releases, runs of workflows, merges."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import JSONResponse

from bot.domain.errors import SourceError
from bot.domain.evidence import ChangeKind, FailureReason
from integrations.github.changes import alike, deploying
from integrations.github.records import Workflow
from tests.integrations.asking import asked
from tests.integrations.repositories import PAGE, GitHub, facts, look, pull, release, run

CHECKOUT = "acme/checkout"
FORBIDDEN = JSONResponse({"message": "Resource not accessible by personal access token"}, 403)
MOVED = [{"filename": "db/migrate/2_points.rb", "additions": 12, "deletions": 0}]


def flow(number: int, name: str, path: str, state: str = "active") -> Any:
    return {"id": number, "name": name, "path": f".github/workflows/{path}", "state": state}


def with_runs(*runs: Any, name: str = "Deploy") -> GitHub:
    server = GitHub()
    server.repos[f"{CHECKOUT}/actions/workflows"] = {
        "workflows": [flow(1, "CI", "ci.yml"), flow(2, name, "deploy.yml")]
    }
    server.repos[f"{CHECKOUT}/actions/workflows/2/runs"] = {"workflow_runs": list(runs)}
    return server


# --- releases ---------------------------------------------------------------------------------------------------------


async def test_releases_stand_in_where_nothing_is_ever_deployed() -> None:
    server = GitHub()
    server.repos[f"{CHECKOUT}/releases"] = [
        release("v4", -1, draft=True),
        release("v5", None),
        release("v3", -20),
        release("v2", -4000),
    ]
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.version, fact.previous) == (ChangeKind.RELEASE, "v3", "v2")
    assert "was released at" in answer.evidence[0].text
    assert "releases of checkout" in answer.checked
    assert fact.rollback == "", "that it was released does not say that it ran"


async def test_releases_are_compared() -> None:
    server = GitHub()
    server.repos[f"{CHECKOUT}/releases"] = [release("v3", -20, name=""), release("v2", -4000)]
    server.repos[f"{CHECKOUT}/compare/v2...v3"] = {"commits": [], "total_commits": 5, "files": MOVED}
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.commits, fact.added, fact.flags, fact.title) == (5, 12, ("database migration",), "v3")


# --- workflows --------------------------------------------------------------------------------------------------------


async def test_runs_of_the_workflow_that_deploys_stand_in_with_their_conclusion() -> None:
    server = with_runs(run(3, -8, "failure"), run(2, -4000), run(1, -9000))
    server.compared(2, 3, ["Dockerfile"])
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.version, fact.previous) == (ChangeKind.WORKFLOW, "0000000", "0000000")
    assert (fact.succeeded, fact.rollback, fact.flags) == (False, f"{2:040x}", ("infrastructure",))
    assert answer.evidence[0].text == (
        "checkout 0000000: workflow Deploy ran at 09:05:02 UTC (8 min before the onset) by mei: change 3; the run"
        " failed; before it: 0000000; 1 commit by mei, 1 file, +3/-1 lines; touches infrastructure (Dockerfile)"
    )
    assert "workflow runs of checkout" in answer.checked
    assert server.count() <= 12


async def test_a_runs_own_page_is_the_link_where_there_is_nothing_to_compare() -> None:
    answer = await look(with_runs(run(3, -8)))
    assert answer.evidence[0].link == f"{PAGE}/actions/runs/3"


async def test_a_run_under_way_says_so_and_one_that_was_skipped_is_none() -> None:
    answer = await look(with_runs(run(4, -1, "skipped"), run(3, -2, None), run(2, -3, "cancelled")))
    assert [fact.succeeded for fact in facts(answer)] == [None, None]
    assert "; the run is still running" in answer.evidence[0].text
    assert "; the run was cancelled" in answer.evidence[1].text


async def test_only_the_default_branch_tags_and_releases_bring_something_out() -> None:
    answer = await look(
        with_runs(
            run(6, -1, head_branch="feature/x"),
            run(5, -2, event="pull_request"),
            run(4, -3, head_branch="v2.31.0", event="push"),
            run(3, -4, head_branch="checkout-2026.03", event="release"),
            run(2, -5),
        )
    )
    assert [fact.version for fact in facts(answer)] == ["v2.31.0", "checkout-2026.03", "0000000"]


async def test_an_old_run_that_is_run_again_counts_from_now_and_is_going_back() -> None:
    again = run(1, -9000, run_started_at=run(0, -3)["created_at"])
    first = run(1, -9000)
    server = with_runs(again, run(2, -50), first)
    server.compared(1, 2, ["a.py"])
    answer = await look(server)
    assert [fact.is_rollback for fact in facts(answer)] == [True, False]
    assert "went back to 0000000 from 0000000 (workflow Deploy) at 09:10:02 UTC" in answer.evidence[0].text


async def test_a_release_that_a_run_brought_out_is_told_once() -> None:
    server = with_runs(run(3, -8, head_branch="v3", event="release"))
    server.repos[f"{CHECKOUT}/releases"] = [release("v3", -9), release("v2", -30)]
    told = facts(await look(server))
    assert [(fact.kind, fact.version, fact.title) for fact in told] == [
        (ChangeKind.WORKFLOW, "v3", "Release v3"),
        (ChangeKind.RELEASE, "v2", "Release v2"),
    ]


@pytest.mark.parametrize(
    ("name", "file", "environment", "is_picked"),
    [
        ("Deploy", "ship.yml", "production", True),
        ("Build and push", "deploy-prod.yml", "production", True),
        ("CD", "main.yml", "production", True),
        ("Release", "release.yml", "production", True),
        ("Publish image", "image.yml", "production", True),
        ("Deploy staging", "deploy.yml", "production", False),
        ("Deploy staging", "deploy.yml", "staging", True),
        ("Deploy docs", "docs.yml", "production", False),
        ("Deploy preview", "preview.yml", "production", False),
        ("Release drafter", "release-drafter.yml", "production", False),
        ("CI", "ci.yml", "production", False),
        ("Test deployment scripts", "test.yml", "production", False),
    ],
)
def test_workflows_that_deploy_are_known_by_name_and_file(
    name: str, file: str, environment: str, is_picked: bool
) -> None:
    found = deploying([Workflow(id=1, name=name, path=f".github/workflows/{file}")], environment)
    assert bool(found) == is_picked


def test_what_deploys_goes_before_what_releases() -> None:
    flows = [
        Workflow(id=1, name="Release", path="r.yml"),
        Workflow(id=2, name="Deploy", path="d.yml"),
        Workflow(id=3, name="Deploy to production", path="p.yml"),
        Workflow(id=4, name="pages build and deployment", path="dynamic/pages/pages-build-deployment"),
    ]
    assert [flow.id for flow in deploying(flows, "production")] == [3, 2, 1]


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (["prod", "staging"], ("prod",)),
        (["Production / eu", "Production / us"], ("Production / eu", "Production / us")),
        (["payments-production", "checkout-production"], ("checkout-production",)),
        (["github-pages", "reproduction"], ()),
    ],
)
def test_environments_that_mean_production(known: list[str], found: tuple[str, ...]) -> None:
    assert alike(known, "production", "checkout") == found


# --- merges -----------------------------------------------------------------------------------------------------------


async def test_merges_stand_in_last_with_their_files_and_are_said_not_to_be_deployed() -> None:
    server = GitHub()
    server.repos[f"{CHECKOUT}/pulls"] = [
        pull(9, None, -1),
        pull(8, -50, -50),
        pull(7, -9000, -60),
        pull(6, -55, base={"ref": "feature"}),
    ]
    server.repos[f"{CHECKOUT}/pulls/8/files"] = MOVED
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.title, fact.environment) == (ChangeKind.MERGE, "#8 Change 8", "")
    assert (fact.added, fact.flags, fact.commits) == (12, ("database migration",), None)
    assert answer.evidence[0].text.endswith("(db/migrate/2_points.rb); merged is not deployed")
    assert "merges of checkout" in answer.checked


async def test_a_repository_with_nothing_at_all_is_looked_at_and_empty() -> None:
    answer = await look(GitHub())
    assert (answer.evidence, answer.gaps) == ((), ())
    assert answer.checked == "no deployment or release is recorded for checkout, payments, from 03:13 to 09:17 UTC"


# --- what the key may not ---------------------------------------------------------------------------------------------


async def test_without_the_right_to_see_deployments_releases_are_still_told() -> None:
    server = GitHub()
    server.repos[f"{CHECKOUT}/deployments"] = FORBIDDEN
    server.repos[f"{CHECKOUT}/releases"] = [release("v3", -20)]
    answer = await look(server)
    assert [fact.kind for fact in facts(answer)] == [ChangeKind.RELEASE]
    (gap,) = answer.gaps
    assert gap.startswith("Deployments of checkout could not be looked at: GitHub does not allow this key to look (403")
    assert gap.endswith("the key in GITHUB_TOKEN needs read access to deployments.")


async def test_without_the_right_to_see_actions_the_rest_is_still_told() -> None:
    server = GitHub()
    server.repos[f"{CHECKOUT}/actions/workflows"] = FORBIDDEN
    server.repos[f"{CHECKOUT}/pulls"] = [pull(8, -50)]
    answer = await look(server)
    assert [fact.kind for fact in facts(answer)] == [ChangeKind.MERGE]
    assert "Workflow runs of checkout" in answer.gaps[0]
    assert "actions" in answer.gaps[0]


async def test_actions_that_are_switched_off_are_no_gap() -> None:
    server = GitHub()
    server.repos[f"{CHECKOUT}/actions/workflows"] = JSONResponse({"message": "Not Found"}, 404)
    assert (await look(server)).gaps == ()


async def test_where_the_key_may_see_nothing_it_could_not_look() -> None:
    server = GitHub()
    for path in ("deployments", "releases", "actions/workflows", "pulls"):
        server.repos[f"{CHECKOUT}/{path}"] = FORBIDDEN
    with pytest.raises(SourceError) as failed:
        await look(server, asked(neighbours=()))
    assert failed.value.reason is FailureReason.FORBIDDEN


async def test_single_sign_on_is_named_with_what_to_do() -> None:
    server = GitHub()
    sso = {"X-GitHub-SSO": "required; url=https://github.example/orgs/acme/sso"}
    for path in ("deployments", "releases", "actions/workflows", "pulls"):
        server.repos[f"{CHECKOUT}/{path}"] = JSONResponse({"message": "Resource protected"}, 403, headers=sso)
    with pytest.raises(SourceError, match=r"single sign-on .* authorise GITHUB_TOKEN for the organisation"):
        await look(server, asked(neighbours=()))
