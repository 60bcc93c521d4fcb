"""The real client reads a small history, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import aiohttp
import pytest
from github import Auth, BadCredentialsException, Github, GithubException, UnknownObjectException
from github.GithubRetry import GithubRetry
from github.Repository import Repository

from sandbox.github.server import create_app
from sandbox.serve import serving
from tests.sandbox.github.conftest import HOUR, NOW, REPO, sha, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
MOMENT = datetime.fromtimestamp(NOW, UTC)


def _client(address: str, *, token: str | None = "t" * 20, per_page: int = 30) -> Github:
    return Github(
        auth=Auth.Token(token) if token else None,
        base_url=address,
        per_page=per_page,
        retry=GithubRetry(total=0),
        seconds_between_requests=0,
    )


async def _ask(address: str, work: Callable[[Repository], T], *, per_page: int = 30) -> T:
    def run() -> T:
        with _client(address, per_page=per_page) as github:
            return work(github.get_repo(REPO))

    return await asyncio.to_thread(run)


async def test_a_repository(address: str) -> None:
    repo = await _ask(address, lambda repo: repo)
    assert (repo.full_name, repo.default_branch, repo.owner.login) == (REPO, "main", "acme")
    assert repo.html_url == "https://github.example/acme/checkout"
    other = await _ask(address, lambda repo: repo.get_branch("main").commit.sha)
    assert other == sha(5)


async def test_deployments_are_listed_newest_first_and_none_from_the_future(address: str) -> None:
    found = await _ask(address, lambda repo: list(repo.get_deployments()))
    assert [item.id for item in found] == [9004, 9003, 9002, 9001]
    newest = found[0]
    assert (newest.ref, newest.sha, newest.environment, newest.creator.login) == (
        "v1.2.0",
        sha(5),
        "production",
        "ben",
    )
    assert newest.created_at == MOMENT - timedelta(seconds=10)
    assert newest.payload == {"change": "5"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"environment": "production"}, [9004, 9002, 9001]),
        ({"environment": "nowhere"}, []),
        ({"sha": sha(4)}, [9003]),
        ({"ref": "v1.0.0"}, [9001]),
        ({"environment": "staging", "ref": "v1.0.0"}, []),
    ],
)
async def test_deployments_are_filtered(address: str, wanted: dict[str, str], expected: list[int]) -> None:
    assert await _ask(address, lambda repo: [item.id for item in repo.get_deployments(**wanted)]) == expected


async def test_pages_are_followed_to_the_end(address: str) -> None:
    def work(repo: Repository) -> tuple[list[int], int, list[int], list[str]]:
        deployments = repo.get_deployments()
        return (
            [item.id for item in deployments],
            deployments.totalCount,
            [item.id for item in deployments.reversed],
            [item.sha for item in repo.compare(sha(1), "main", comparison_commits_per_page=2).commits],
        )

    forwards, total, backwards, compared = await _ask(address, work, per_page=2)
    assert forwards == [9004, 9003, 9002, 9001] == backwards[::-1]
    assert total == 4
    assert compared == [sha(n) for n in (2, 3, 4, 5)]


async def test_a_deployment_has_its_last_state_once_it_is_rolled_out(address: str) -> None:
    def work(repo: Repository) -> tuple[list[str], list[str]]:
        running, done = repo.get_deployment(9004), repo.get_deployment(9002)
        return [s.state for s in running.get_statuses()], [s.state for s in done.get_statuses()]

    assert await _ask(address, work) == (["in_progress"], ["success", "in_progress"])
    async with serving(create_app(small(), clock=lambda: NOW + 30)) as later:
        assert (await _ask(later, work))[0] == ["failure", "in_progress"]


async def test_commits(address: str) -> None:
    def work(repo: Repository) -> dict[str, list[str]]:
        since = MOMENT - timedelta(hours=25)
        return {
            "all": [c.sha for c in repo.get_commits()],
            "path": [c.sha for c in repo.get_commits(path="checkout/api.py")],
            "folder": [c.sha for c in repo.get_commits(path="checkout")],
            "window": [c.sha for c in repo.get_commits(since=since, until=MOMENT - timedelta(minutes=90))],
            "tag": [c.sha for c in repo.get_commits(sha="v1.1.0")],
            "author": [c.sha for c in repo.get_commits(author="ben")],
        }

    assert await _ask(address, work) == {
        "all": [sha(n) for n in (5, 4, 3, 2, 1)],
        "path": [sha(5), sha(2)],
        "folder": [sha(5), sha(4), sha(2)],
        "window": [sha(4), sha(3)],
        "tag": [sha(3), sha(2), sha(1)],
        "author": [sha(4)],
    }


async def test_a_commit_with_its_files_parent_and_pull_request(address: str) -> None:
    def work(repo: Repository) -> tuple[list[str], list[str], str | None, list[int], datetime]:
        found = repo.get_commit(sha(5)[:8])
        pulls = [pull.number for pull in found.get_pulls()]
        date = found.commit.author.date
        return [f.filename for f in found.files], [p.sha for p in found.parents], found.author.login, pulls, date

    files, parents, author, pulls, date = await _ask(address, work)
    assert (files, parents, author, pulls) == (["checkout/api.py", "checkout/db.py"], [sha(4)], "ana", [11])
    assert date == MOMENT - timedelta(seconds=HOUR)


@pytest.mark.parametrize(
    ("base", "head", "status", "ahead", "behind", "files"),
    [
        ("v1.1.0", "v1.2.0", "ahead", 2, 0, ["checkout/api.py", "checkout/db.py"]),
        ("main", sha(3), "behind", 0, 2, []),
        ("v1.2.0", "main", "identical", 0, 0, []),
    ],
)
async def test_comparisons(
    address: str, base: str, head: str, status: str, ahead: int, behind: int, files: list[str]
) -> None:
    found = await _ask(address, lambda repo: repo.compare(base, head))
    assert (found.status, found.ahead_by, found.behind_by, found.total_commits) == (status, ahead, behind, ahead)
    assert [file.filename for file in found.files] == files
    assert [commit.sha for commit in found.commits] == [sha(4), sha(5)][:ahead]


async def test_releases_and_tags_are_the_versions_that_were_deployed(address: str) -> None:
    def work(repo: Repository) -> tuple[list[str], list[str], str, str]:
        release = repo.get_latest_release()
        same = repo.get_release("v1.2.0")
        assert same.id == release.id
        return [r.tag_name for r in repo.get_releases()], [t.name for t in repo.get_tags()], release.tag_name, same.body

    versions = ["v1.2.0", "v1.1.0", "v1.0.0"]
    assert await _ask(address, work) == (versions, versions, "v1.2.0", "Deploy v1.2.0")


async def test_workflow_runs(address: str) -> None:
    def work(repo: Repository) -> dict[str, list[str]]:
        day = (MOMENT - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "all": [str(run.conclusion) for run in repo.get_workflow_runs()],
            "running": [run.head_sha for run in repo.get_workflow_runs(status="in_progress")],
            "branch": [run.head_sha for run in repo.get_workflow_runs(branch=repo.get_branch("main"))],
            "created": [run.head_branch for run in repo.get_workflow_runs(created=f">={day}")],
            "range": [run.head_branch for run in repo.get_workflow_runs(created=f"*..{day}")],
        }

    assert await _ask(address, work) == {
        "all": ["None", "success", "success", "success"],
        "running": [sha(5)],
        "branch": [sha(4)],
        "created": ["v1.2.0", "main", "v1.1.0"],
        "range": ["v1.0.0"],
    }


async def test_pull_requests(address: str) -> None:
    def work(repo: Repository) -> tuple[list[int], list[int], list[int], bool, list[str]]:
        closed = [p.number for p in repo.get_pulls(state="closed", sort="updated", direction="desc")]
        oldest = [p.number for p in repo.get_pulls(state="all", sort="created", direction="asc")]
        one = repo.get_pull(11)
        assert one.merged_at == MOMENT - timedelta(seconds=HOUR)
        return closed, oldest, [p.number for p in repo.get_pulls()], one.merged, [f.filename for f in one.get_files()]

    files = ["checkout/api.py", "checkout/db.py"]
    assert await _ask(address, work) == ([11, 10], [10, 11], [], True, files)


MISSING: list[Callable[[Repository], object]] = [
    lambda repo: repo.get_deployment(9005),
    lambda repo: repo.get_deployment(1),
    lambda repo: repo.get_pull(12),
    lambda repo: repo.get_contents("runbooks/checkout.md"),
    lambda repo: repo.get_branch("develop"),
    lambda repo: repo.get_release("v1.3.0"),
    lambda repo: repo.compare("main", "v9").status,
    lambda repo: list(repo.get_commits(sha="v9")),
]


@pytest.mark.parametrize("work", MISSING, ids=range(len(MISSING)))
async def test_what_is_not_there_is_not_found(address: str, work: Callable[[Repository], object]) -> None:
    with pytest.raises(UnknownObjectException) as caught:
        await _ask(address, work)
    assert caught.value.data["status"] == "404"


async def test_other_refusals(address: str) -> None:
    with pytest.raises(GithubException) as caught:
        await _ask(address, lambda repo: repo.get_commit("f" * 40))
    assert (caught.value.status, caught.value.data["message"]) == (422, f"No commit found for SHA: {'f' * 40}")

    def empty() -> None:
        with _client(address) as github:
            list(github.get_repo("acme/empty").get_commits())

    with pytest.raises(GithubException) as caught:
        await asyncio.to_thread(empty)
    assert caught.value.status == 409


async def test_tokens_are_checked() -> None:
    token = "s" * 32
    async with serving(create_app(small(), clock=lambda: NOW, token=token)) as base:

        def login(given: str | None) -> str:
            with _client(base, token=given) as github:
                return github.get_user().login

        def repo(given: str | None) -> str:
            with _client(base, token=given) as github:
                return github.get_repo(REPO).full_name

        assert await asyncio.to_thread(login, token) == "first-responder-bot"
        with pytest.raises(BadCredentialsException):
            await asyncio.to_thread(login, "x" * 32)
        with pytest.raises(UnknownObjectException):
            await asyncio.to_thread(repo, None)
        async with aiohttp.ClientSession(base) as http:
            for header, status in ((f"Bearer {token}", 200), (f"token {token}", 200), ("Basic eDp5", 401)):
                async with http.get("/user", headers={"Authorization": header}) as answer:
                    assert answer.status == status


async def test_requests_are_counted_and_run_out() -> None:
    now = [NOW]
    async with (
        serving(create_app(small(), clock=lambda: now[0], rate_limit=2)) as base,
        aiohttp.ClientSession(base) as http,
    ):
        for left in (1, 0):
            async with http.get(f"/repos/{REPO}") as answer:
                assert (answer.status, answer.headers["x-ratelimit-remaining"]) == (200, str(left))
        async with http.get(f"/repos/{REPO}") as answer:
            assert answer.status == 403
            assert (await answer.json())["message"].startswith("API rate limit exceeded")
            assert answer.headers["x-ratelimit-reset"] == str(int(NOW + HOUR))
        async with http.get("/rate_limit") as answer:
            assert (await answer.json())["rate"]["remaining"] == 0
        now[0] += HOUR
        async with http.get(f"/repos/{REPO.upper()}") as answer:
            assert (answer.status, (await answer.json())["full_name"]) == (200, REPO)


async def test_the_client_reads_the_rate_limit(address: str) -> None:
    def work() -> int:
        with _client(address) as github:
            return github.get_rate_limit().resources.core.limit

    assert await asyncio.to_thread(work) == 5000
