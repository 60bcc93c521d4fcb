"""What GitHub's deployments tell about an incident, against a small server that answers from a table of paths."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse

from bot.domain.errors import SourceError
from bot.domain.evidence import ChangeKind, FailureReason
from bot.domain.redact import HIDDEN
from tests.integrations.asking import ALERT, CHECKOUT, ONSET, PAYMENTS, asked
from tests.integrations.repositories import PAGE, GitHub, commit, facts, look


async def test_a_deployment_is_told_with_the_version_before_and_what_it_changed() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(3, -8, "v2.31.0"),
        server.deploy(2, -4000, "v2.30.4"),
        server.deploy(1, -9000, "v2.30.3"),
    ]
    server.compared(2, 3, ["checkout/loyalty.py", "tests/x.py", "requirements.txt"], authors=("mei", "kwame", "mei"))
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.version, fact.previous) == (ChangeKind.DEPLOYMENT, "v2.31.0", "v2.30.4")
    assert (fact.succeeded, fact.author, fact.environment) == (True, "mei", "production")
    assert fact.files == ("requirements.txt", "checkout/loyalty.py", "tests/x.py"), "what deserves a look comes first"
    assert (fact.authors, fact.commits, fact.added, fact.removed) == (("mei", "kwame"), 3, 9, 3)
    assert fact.flags == ("dependencies",)
    assert (fact.rollback, fact.is_rollback) == (f"{2:040x}", False)
    assert fact.at == ONSET - timedelta(minutes=8)
    assert answer.evidence[0].text == (
        "checkout v2.31.0 was deployed to production at 09:05:02 UTC (8 min before the onset) by mei: change 3; before"
        " it: v2.30.4 (commit 0000000); 3 commits by mei, kwame, 3 files, +9/-3 lines; touches dependencies"
        " (requirements.txt)"
    )
    assert answer.evidence[0].link == fact.compare == f"{PAGE}/compare/a...b"
    environments = [query.get("environment") for path, query in server.queries if path.endswith("/deployments")]
    assert environments == ["production", "production"]
    assert answer.checked.startswith("deployments of checkout, no deployment or release is recorded for payments, ")
    assert answer.gaps == ()


async def test_what_touches_the_failing_path_is_told_first() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -4000, "v1")]
    files = ["checkout/cart.py", "checkout/loyalty.py", "migrations/0042_points.py", "tests/test_loyalty.py"]
    server.compared(1, 2, files)
    alert = replace(ALERT, labels={**ALERT.labels, "handler": "/api/v1/loyalty/{id}"})
    answer = await look(server, asked(alerts=(alert,)))
    assert facts(answer)[0].flags == ("the failing path", "database migration")
    assert facts(answer)[0].files[:2] == ("checkout/loyalty.py", "migrations/0042_points.py")
    assert answer.evidence[0].text.endswith(
        "touches the failing path (checkout/loyalty.py); touches database migration (migrations/0042_points.py)"
    )


async def test_a_failed_deployment_is_never_the_version_to_go_back_to() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(4, -8, "v4"),
        server.deploy(3, -30, "v3", "failure"),
        server.deploy(2, -5000, "v2", "error"),
        server.deploy(1, -9000, "v1", "inactive"),
    ]
    answer = await look(server)
    found = {fact.version: fact for fact in facts(answer)}
    assert (found["v4"].previous, found["v4"].rollback) == ("v1", f"{1:040x}")
    assert found["v3"].succeeded is False
    assert "checkout v3 failed to deploy to production at" in answer.evidence[1].text
    assert set(found) == {"v4", "v3"}


async def test_without_one_that_succeeded_no_way_back_is_promised() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -4000, "v1", None)]
    (fact,) = facts(await look(server))
    assert (fact.previous, fact.rollback) == ("v1", "")


async def test_a_deployment_under_way_is_neither_good_nor_bad_and_told_as_such() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -2, "v2", "in_progress"),
        server.deploy(1, -3, "v1", None),
    ]
    answer = await look(server)
    assert [fact.succeeded for fact in facts(answer)] == [None, None]
    assert "checkout v2 is being deployed to production, begun at 09:11:02 UTC" in answer.evidence[0].text
    assert "checkout v1 was deployed to production" in answer.evidence[1].text


async def test_the_newest_status_counts_in_whatever_order_they_come() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -8, "v1")]
    server.repos["acme/checkout/deployments/1/statuses"] = [
        {"id": 1, "state": "in_progress", "created_at": "2026-03-04T09:05:10Z"},
        {"id": 3, "state": "failure", "created_at": "2026-03-04T09:06:10Z"},
        {"id": 2, "state": "queued", "created_at": "2026-03-04T09:05:02Z"},
    ]
    assert [fact.succeeded for fact in facts(await look(server))] == [False]


async def test_going_back_is_recognised_and_told_with_what_it_took_away() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(5, -2, "v2.30.4", sha=f"{2:040x}"),
        server.deploy(3, -8, "v2.31.0"),
        server.deploy(2, -4000, "v2.30.4"),
    ]
    server.compared(2, 3, ["a.py", "b.py"], authors=("mei", "kwame"))
    answer = await look(server)
    back, new = facts(answer)
    assert (back.is_rollback, back.previous, back.rollback, back.commits) == (True, "v2.31.0", "", 2)
    assert (new.is_rollback, new.previous, new.rollback) == (False, "v2.30.4", f"{2:040x}")
    assert answer.evidence[0].text == (
        "checkout went back to v2.30.4 from v2.31.0 at 09:11:02 UTC (2 min before the onset) by mei: change 5; takes"
        " back 2 commits by mei, kwame, 2 files, +6/-2 lines"
    )


async def test_going_back_from_what_failed_to_deploy_is_going_back_too() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(4, -2, "v1", sha=f"{1:040x}"),
        server.deploy(3, -8, "v2", "failure"),
        server.deploy(1, -4000, "v1"),
    ]
    assert [fact.is_rollback for fact in facts(await look(server))] == [True, False]


async def test_an_older_commit_that_was_never_deployed_here_is_seen_to_be_older() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(3, -8, "hotfix"), server.deploy(2, -4000, "v2")]
    server.compared(2, 3, [], authors=(), total_commits=0, behind_by=4, status="behind")
    server.compared(3, 2, ["a.py"], authors=("mei",) * 4)
    answer = await look(server)
    assert (facts(answer)[0].is_rollback, facts(answer)[0].commits) == (True, 4)
    assert "went back to hotfix from v2" in answer.evidence[0].text


async def test_a_version_that_lacks_commits_of_the_one_before_says_so() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(3, -8, "v1.9.1"), server.deploy(2, -4000, "v2")]
    server.compared(2, 3, ["a.py"], behind_by=7, status="diverged")
    assert "; it lacks 7 commits of v2" in (await look(server)).evidence[0].text


async def test_the_same_commit_deployed_again_is_not_the_version_before() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(3, -8, "v2", sha="a" * 40),
        server.deploy(2, -3000, "v2", sha="a" * 40),
        server.deploy(1, -4000, "v1"),
    ]
    (fact,) = facts(await look(server))
    assert (fact.previous, fact.is_rollback) == ("v1", False)


async def test_a_change_after_the_onset_is_kept_and_said_to_be() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, 2, "v1")]
    answer = await look(server)
    assert "(2 min after the onset)" in answer.evidence[0].text


async def test_a_branch_or_commit_is_shown_as_a_short_commit() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -8, "refs/heads/main", sha="abcdef1" + "0" * 33, description=None),
        server.deploy(1, -4000, "f" * 40),
    ]
    (fact,) = facts(await look(server))
    assert (fact.version, fact.title, fact.previous) == ("abcdef1", "abcdef1", "0000000")


async def test_where_nothing_was_described_the_newest_commit_speaks() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -8, "v2", description=None),
        server.deploy(1, -4000, "v1"),
    ]
    server.repos[f"acme/checkout/commits/{2:040x}"] = commit(2, "mei")
    (fact,) = facts(await look(server))
    assert fact.title == "Add loyalty discounts"
    server.compared(1, 2, ["a.py"])
    server.asked.clear()
    (fact,) = facts(await look(server))
    assert fact.title == "Add loyalty discounts"
    assert not any("/commits/" in path for path in server.asked), "the comparison has told it already"


async def test_deployments_before_the_window_are_no_news_but_the_last_is_named() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -4000, "v1")]
    answer = await look(server)
    assert answer.evidence == ()
    assert "deployments of checkout" in answer.checked
    assert "from 03:13 to 09:17 UTC; the last of checkout was v1 on 01 Mar 14:33 UTC" in answer.checked
    assert not any("statuses" in path for path in server.asked), "no status is asked for what is not told"


async def test_an_environment_that_is_called_a_little_otherwise_is_found() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(3, -8, "v3", environment="staging"),
        server.deploy(2, -9, "v2", environment="prod-eu"),
        server.deploy(1, -4000, "v1", environment="prod-eu"),
    ]
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.version, fact.environment, fact.previous) == ("v2", "prod-eu", "v1")
    assert "deployments of checkout to prod-eu" in answer.checked


async def test_an_environment_that_does_not_exist_is_told() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(3, -8, "v3", environment="staging")]
    answer = await look(server)
    assert facts(answer) == []
    (gap,) = answer.gaps
    assert gap == (
        "checkout has no deployment to production on GitHub, but to staging: is its environment in the catalog right?"
    )


async def test_two_services_of_one_repository_are_asked_for_once() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -8, "v1")]
    answer = await look(server, asked(neighbours=(replace(PAYMENTS, repository="Acme/Checkout"),)))
    assert [fact.service for fact in facts(answer)] == ["checkout"]
    assert len([path for path in server.asked if path.lower() == "acme/checkout/deployments"]) == 1


# --- a dependency that changed shortly before -------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "is_compared"), [(-20, True), (-200, False), (30, False)])
async def test_a_dependency_is_compared_where_it_changed_shortly_before(minutes: float, is_compared: bool) -> None:
    server = GitHub()
    server.repos["acme/payments/deployments"] = [
        server.deploy(2, minutes, "v2", of="acme/payments"),
        server.deploy(1, -4000, "v1", of="acme/payments"),
    ]
    server.compared(1, 2, ["payments/loyalty.py", "go.mod"], name="acme/payments")
    (fact,) = facts(await look(server))
    assert (fact.previous, fact.flags) == ("v1", ("dependencies",) if is_compared else ())
    assert bool(fact.rollback) == is_compared, "only what was asked for is known to have succeeded"


async def test_a_dependant_is_never_compared() -> None:
    server = GitHub()
    server.repos["acme/payments/deployments"] = [
        server.deploy(2, -20, "v2", of="acme/payments"),
        server.deploy(1, -4000, "v1", of="acme/payments"),
    ]
    await look(server, asked(service=replace(CHECKOUT, depends_on=())))
    assert not any("compare" in path for path in server.asked)


# --- what could not be looked at --------------------------------------------------------------------------------------


async def test_a_repository_that_is_not_visible_costs_only_itself() -> None:
    server = GitHub(known=("acme/checkout",))
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -8, "v1")]
    ledger = replace(PAYMENTS, name="ledger", repository="acme/ledger")
    answer = await look(server, asked(neighbours=(PAYMENTS, ledger)))
    assert len(facts(answer)) == 1
    assert answer.gaps == (
        "Changes of payments, ledger could not be looked at: GitHub has no repository acme/payments, acme/ledger, or"
        " GITHUB_TOKEN may not see them (404): check the name in the catalog, and what the key may read.",
    )


async def test_a_neighbour_that_cannot_be_looked_at_does_not_fail_the_source() -> None:
    answer = await look(GitHub(known=("acme/checkout",)))
    assert answer.evidence == ()
    assert "payments could not be looked at" in answer.gaps[0]


async def test_when_the_burning_services_repository_is_not_found_it_could_not_look() -> None:
    with pytest.raises(SourceError, match=r"GitHub has no repository acme/checkout, or GITHUB_TOKEN may not see it"):
        await look(GitHub(known=("acme/payments",)))


async def test_versions_that_are_gone_are_told_and_the_change_is_too() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -4000, "v1")]
    answer = await look(server)
    assert facts(answer)[0].version == "v2"
    assert facts(answer)[0].compare.endswith(f"/acme/checkout/compare/{1:040x}...{2:040x}")  # type: ignore[union-attr]
    assert answer.gaps == ("GitHub no longer has v1 or v2 of checkout: what changed between them is not known.",)


async def test_a_comparison_that_is_refused_is_told_with_what_the_key_needs() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -4000, "v1")]
    said = {"message": "Resource not accessible by personal access token"}
    server.repos[f"acme/checkout/compare/{1:040x}...{2:040x}"] = JSONResponse(said, 403)
    answer = await look(server)
    assert len(facts(answer)) == 1
    (gap,) = answer.gaps
    assert gap.startswith("What v2 of checkout changed could not be looked at: GitHub does not allow this key")
    assert gap.endswith("the key in GITHUB_TOKEN needs read access to contents.")


async def test_outcomes_that_cannot_be_read_are_told_and_the_deployment_is_too() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -8, "v1")]
    server.repos["acme/checkout/deployments/1/statuses"] = JSONResponse({"message": "oops"}, 502)
    answer = await look(server)
    assert facts(answer)[0].succeeded is None
    assert answer.gaps[0].startswith("How deployments of checkout ended could not be looked at: GitHub has a failure")


@pytest.mark.parametrize("body", ["<html>", "[", '{"files": 7}', "", "[1]"])
async def test_a_comparison_of_another_shape_costs_only_itself(body: str) -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -4000, "v1")]
    compared = JSONResponse(None)
    compared.body = body.encode()
    compared.headers["content-length"] = str(len(body))
    server.repos[f"acme/checkout/compare/{1:040x}...{2:040x}"] = compared
    answer = await look(server)
    assert len(facts(answer)) == 1
    assert "is not what its API says" in answer.gaps[0]


async def test_more_files_than_github_lists_are_said_to_be_more() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(2, -8, "v2"), server.deploy(1, -4000, "v1")]
    server.compared(1, 2, [f"docs/{n}.md" for n in range(300)])
    answer = await look(server)
    (fact,) = facts(answer)
    assert (len(fact.files), fact.added, fact.removed, fact.flags) == (50, None, None, ())
    assert "300 files or more, +900/-300 lines or more" in answer.evidence[0].text
    assert answer.gaps[0].startswith("GitHub lists no more than 300 files of a comparison")


async def test_without_a_repository_there_is_nothing_to_ask() -> None:
    answer = await look(GitHub(), asked(service=replace(CHECKOUT, repository=None), neighbours=()))
    assert "no repository" in answer.skipped


@pytest.mark.parametrize(
    "name", ["checkout", "acme/../admin", "acme/check out", "https://github.com/acme/checkout", "acme/..", "../user"]
)
async def test_a_name_that_is_no_repository_is_not_asked_for(name: str) -> None:
    server = GitHub()
    with pytest.raises(SourceError, match="owner/name") as failed:
        await look(server, asked(service=replace(CHECKOUT, repository=name), neighbours=()))
    assert failed.value.reason is FailureReason.REFUSED
    assert server.asked == []


async def test_hostile_words_are_made_fit_to_show() -> None:
    hidden = "password=" + "h" * 12
    bad = "v1\u202e\n<!channel>\u200b"
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -8, bad, description=f"{hidden} <!channel>\u200b " + "x" * 900, creator={"login": bad}),
        server.deploy(1, -4000, f"old {bad}"),
    ]
    files = ["a\u202e.py", "migrations/" + "m" * 900 + ".sql", "b\n*c*.py"]
    server.compared(1, 2, files, authors=(bad,), html_url="javascript:alert(1)")
    answer = await look(server)
    (fact,) = facts(answer)
    told = [answer.evidence[0].text, answer.checked, *answer.gaps, fact.version, fact.title, fact.author, *fact.files]
    told += [*fact.authors, fact.previous or ""]
    assert all(text.isprintable() for text in told)
    assert hidden not in repr(answer)
    assert HIDDEN in fact.title
    assert (len(fact.title), max(map(len, fact.files))) == (160, 160)
    assert len(answer.evidence[0].text) < 900
    assert answer.evidence[0].link.startswith("http://127.0.0.1")  # type: ignore[union-attr]


async def test_a_ref_cannot_change_the_question() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -8, "v2", sha="abc?per_page=1#"),
        server.deploy(1, -4000, "v1"),
    ]
    await look(server)
    assert f"acme/checkout/compare/{1:040x}...abc?per_page=1#" in server.asked, "the ref stays a part of the path"


async def test_hundreds_of_deployments_cost_no_more_than_a_few() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1000 - n, 3 - n, f"v{1000 - n}") for n in range(100)]
    for n in range(100):
        server.compared(999 - n, 1000 - n, ["a.py"])
    answer = await look(server)
    told = facts(answer)
    assert len(told) == 10
    assert told[0].version == "v999", "what came shortly before the onset goes before what came after it"
    assert [fact.version for fact in told if fact.commits] == ["v999", "v998", "v997"]
    assert server.count() <= 12
    assert answer.gaps[:2] == (
        "checkout was deployed 100 times or more: only the newest were read.",
        "Of 100 changes of checkout the 10 nearest the onset are told, 90 more are not.",
    )
