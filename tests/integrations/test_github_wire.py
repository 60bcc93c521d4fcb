"""The GitHub source against the replay server: the same history, kept in different ways, under limits and faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, ChangeKind, FailureReason
from bot.domain.setting import read
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource
from sandbox.github.server import create_app
from sandbox.github.shapes import Kept
from sandbox.scenario.model import Scenario
from sandbox.serve import serving
from tests.integrations.asking import KEY, asked, tools
from tests.integrations.repositories import facts
from tests.sandbox.github.conftest import NOW, REPO, many, sha, small

MOMENT = datetime.fromtimestamp(NOW, UTC)
REQUEST = replace(asked(neighbours=()), onset=MOMENT, now=MOMENT)


@asynccontextmanager
async def asking(scenario: Scenario, **options: Any) -> AsyncIterator[tuple[GitHubSource, aiohttp.ClientSession]]:
    options = {"clock": lambda: NOW, "token": KEY, **options}
    async with serving(create_app(scenario, **options)) as url, aiohttp.ClientSession(url) as http:
        with tools() as lent:
            yield GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, "GITHUB_TOKEN": KEY}), lent), http


async def look(scenario: Scenario, **options: Any) -> Answer:
    async with asking(scenario, **options) as (source, _):
        return await source.look(REQUEST)


@pytest.mark.parametrize(
    ("keeps", "kind", "version"),
    [
        ({Kept.DEPLOYMENTS, Kept.RUNS}, ChangeKind.DEPLOYMENT, "v1.2.0"),
        ({Kept.RELEASES}, ChangeKind.RELEASE, "v1.2.0"),
        ({Kept.RUNS}, ChangeKind.WORKFLOW, "v1.2.0"),
        (set(), ChangeKind.MERGE, sha(5)[:7]),
    ],
    ids=["deployments", "releases", "runs", "merges"],
)
async def test_one_history_is_told_however_it_is_kept(keeps: set[Kept], kind: ChangeKind, version: str) -> None:
    answer = await look(small(), keeps=frozenset(keeps))
    newest = facts(answer)[0]
    assert (newest.kind, newest.version) == (kind, version)
    assert "checkout/db.py" in newest.files
    assert answer.gaps == ()
    assert f"{kind.value}s of checkout" in answer.checked


async def test_a_run_on_the_default_branch_and_the_one_before_it_are_told() -> None:
    told = facts(await look(small(), keeps=frozenset({Kept.RUNS})))
    assert [(fact.version, fact.previous, fact.succeeded) for fact in told] == [
        ("v1.2.0", sha(4)[:7], None),
        (sha(4)[:7], "v1.1.0", True),
    ]
    assert told[0].rollback == sha(4)


async def test_what_is_deployed_right_now_is_told_to_be_under_way_and_then_how_it_ended() -> None:
    now = [NOW]
    async with asking(small(), clock=lambda: now[0]) as (source, _):
        assert "v1.2.0 is being deployed" in (await source.look(REQUEST)).evidence[0].text
        now[0] += 40
        assert "v1.2.0 failed to deploy" in (await source.look(REQUEST)).evidence[0].text


async def test_a_change_of_hundreds_of_files_is_told_as_far_as_github_tells_it() -> None:
    answer = await look(many(files=450, commits=3))
    (fact,) = facts(answer)
    assert (fact.commits, set(fact.authors), len(fact.files), fact.added) == (3, {"ana", "ben"}, 50, None)
    assert "GitHub lists no more than 300 files" in answer.gaps[0]


async def test_a_burst_limit_leaves_what_was_answered_and_is_waited_for() -> None:
    now = [NOW]
    async with asking(small(), clock=lambda: now[0], burst=2) as (source, http):
        answer = await source.look(REQUEST)
        assert [fact.version for fact in facts(answer)] == ["v1.2.0"]
        assert any("its secondary limit, against bursts" in gap for gap in answer.gaps)
        with pytest.raises(SourceError) as failed:
            await source.look(REQUEST)
        assert failed.value.reason is FailureReason.RATE_LIMITED
        async with http.get("/rate_limit") as told:
            assert (await told.json())["rate"]["used"] == 2, "nothing more was asked"


async def test_the_hours_limit_is_kept_to() -> None:
    async with asking(small(), rate_limit=3) as (source, _):
        await source.look(REQUEST)
        with pytest.raises(SourceError, match=r"all 3 of this hour are used"):
            await source.look(REQUEST)


@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        ({"kind": "status", "status": 401}, FailureReason.UNAUTHORISED, "check GITHUB_TOKEN"),
        ({"kind": "status", "status": 404}, FailureReason.REFUSED, "may not see it"),
        ({"kind": "status", "status": 451}, FailureReason.REFUSED, "refused the request"),
        ({"kind": "status", "status": 500}, FailureReason.UNREACHABLE, "failure of its own"),
        ({"kind": "reset"}, FailureReason.UNREACHABLE, "cannot be reached"),
        ({"kind": "garbage"}, FailureReason.NONSENSE, "not what its API says"),
        (
            {"kind": "status", "status": 301, "headers": {"Location": "https://login.example/"}},
            FailureReason.NONSENSE,
            "sends us to another address",
        ),
    ],
)
async def test_each_failure_is_told_and_mends_itself(fault: dict[str, Any], reason: FailureReason, words: str) -> None:
    async with asking(small()) as (source, http):
        async with http.post("/sandbox/faults", json={**fault, "times": 1}) as armed:
            assert armed.status == 201
        with pytest.raises(SourceError) as failed:
            await source.look(REQUEST)
        assert failed.value.reason is reason
        assert words in failed.value.detail
        assert facts(await source.look(REQUEST))


async def test_a_wrong_token_is_not_shown() -> None:
    with pytest.raises(SourceError) as failed:
        await look(small(), token="n" * 32)
    assert failed.value.reason is FailureReason.UNAUTHORISED
    assert KEY not in str(failed.value)


async def test_links_are_those_of_the_pages() -> None:
    (evidence,) = (await look(small())).evidence
    assert evidence.link == f"https://github.example/{REPO}/compare/{sha(3)}...{sha(5)}"
