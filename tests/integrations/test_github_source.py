"""The GitHub source against a small server that answers from a table of paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, ChangeFact, ChangeKind, FailureReason
from bot.domain.setting import read
from integrations.github import INTEGRATION
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource
from sandbox.serve import serving
from tests.integrations.asking import CHECKOUT, KEY, ONSET, REQUEST, asked, tools


def stamp(minutes: float) -> str:
    return (ONSET + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


@dataclass
class GitHub:
    """`repos`: by "owner/name/rest of the path", what is answered; a repository without entries has empty lists."""

    repos: dict[str, Any] = field(default_factory=dict)
    known: tuple[str, ...] = ("acme/checkout", "acme/payments")
    asked: list[str] = field(default_factory=list)
    environments: set[str | None] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        path = request.path_params["path"].removeprefix("repos/")
        name, _, rest = "/".join(path.split("/")[:2]), None, "/".join(path.split("/")[2:])
        self.asked.append(path)
        if rest == "deployments":
            self.environments.add(request.query_params.get("environment"))
        if path == "rate_limit":
            core = {"limit": 5000, "remaining": self.repos.get("left", 4999), "reset": 1, "used": 1}
            return JSONResponse({"resources": {"core": core}, "rate": core})
        found = self.repos.get(path)
        if isinstance(found, Response):
            return found
        if found is None and (name not in self.known or rest.startswith(("compare", "commits"))):
            return JSONResponse({"message": "Not Found"}, 404)
        if found is None and not rest:
            return JSONResponse({"id": 7, "full_name": name})
        return JSONResponse([] if found is None else found)

    def deploy(self, number: int, minutes: float, ref: str, state: str | None = "success", **more: Any) -> Any:
        """One deployment of acme/checkout; state None: no status yet."""
        path = f"acme/checkout/deployments/{number}"
        self.repos[f"{path}/statuses"] = [] if state is None else [{"id": 1, "state": state}]
        return {
            "id": number,
            "url": f"{self.address}/repos/{path}",
            "ref": ref,
            "sha": f"{number:040x}",
            "created_at": stamp(minutes),
            "creator": {"login": "mei"},
            "description": f"change {number}",
            **more,
        }

    address: str = ""


async def look(server: GitHub, request: ContextRequest = REQUEST) -> Answer:
    async with serving(server.app()) as url:
        # Deployments carry their own address: it is known only now.
        for value in server.repos.values():
            for item in value if isinstance(value, list) else []:
                if isinstance(item, dict) and "url" in item:
                    item["url"] = url + item["url"]
        settings = read(GitHubSettings, {"GITHUB_URL": url, "GITHUB_TOKEN": KEY})
        with tools() as lent:
            return await GitHubSource(settings, lent).look(request)


def facts(answer: Answer) -> list[ChangeFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, ChangeFact)]


def comparison(files: list[str]) -> Any:
    return {
        "html_url": "https://github.example/acme/checkout/compare/a...b",
        "total_commits": 1,
        "commits": [],
        "files": [{"filename": name} for name in files],
    }


async def test_a_deployment_is_told_with_the_version_before_and_its_files() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(3, -8, "v2.31.0"),
        server.deploy(2, -4000, "v2.30.4"),
        server.deploy(1, -9000, "v2.30.3"),
    ]
    server.repos[f"acme/checkout/compare/{2:040x}...{3:040x}"] = comparison(["checkout/loyalty.py", "tests/x.py"])
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.version, fact.previous) == (ChangeKind.DEPLOYMENT, "v2.31.0", "v2.30.4")
    assert (fact.succeeded, fact.author, fact.environment) == (True, "mei", "production")
    assert fact.files == ("checkout/loyalty.py", "tests/x.py")
    assert fact.at == ONSET - timedelta(minutes=8)
    assert answer.evidence[0].text == (
        "checkout v2.31.0 was deployed to production at 09:05:02 UTC (8 min before the onset) by mei: change 3; "
        "before it: v2.30.4"
    )
    assert answer.evidence[0].link == "https://github.example/acme/checkout/compare/a...b"
    assert server.environments == {"production"}
    assert answer.checked.startswith("deployments of checkout; no deployment, release or merge") or (
        "deployments of checkout" in answer.checked
    )


async def test_a_failed_deployment_is_never_the_version_to_go_back_to() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(4, -8, "v4"),
        server.deploy(3, -30, "v3", "failure"),
        server.deploy(2, -5000, "v2", "error"),
        server.deploy(1, -9000, "v1", "inactive"),
    ]
    found = {fact.version: fact for fact in facts(await look(server))}
    assert found["v4"].previous == "v1"
    assert found["v3"].succeeded is False
    assert set(found) == {"v4", "v3"}


async def test_a_deployment_under_way_is_neither_good_nor_bad() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -2, "v2", "in_progress"),
        server.deploy(1, -3, "v1", None),
    ]
    assert [fact.succeeded for fact in facts(await look(server))] == [None, None]


async def test_a_change_after_the_onset_is_kept_and_said_to_be() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, 2, "v1")]
    answer = await look(server)
    assert "(2 min after the onset)" in answer.evidence[0].text


async def test_a_branch_or_commit_is_shown_as_a_short_commit() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -8, "main", sha="abcdef1" + "0" * 33, description=None),
        server.deploy(1, -4000, "f" * 40),
    ]
    (fact,) = facts(await look(server))
    assert (fact.version, fact.title, fact.previous) == ("abcdef1", "abcdef1", "0000000")


async def test_where_nothing_was_described_the_commit_speaks() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(2, -8, "v2", description=None),
        server.deploy(1, -4000, "v1"),
    ]
    said = {"message": "Add loyalty discounts\n\nlong story"}
    server.repos[f"acme/checkout/commits/{2:040x}"] = {"sha": f"{2:040x}", "commit": said}
    (fact,) = facts(await look(server))
    assert fact.title == "Add loyalty discounts"


async def test_the_same_commit_deployed_again_is_not_the_version_before() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(3, -8, "v2", sha="a" * 40),
        server.deploy(2, -3000, "v2", sha="a" * 40),
        server.deploy(1, -4000, "v1"),
    ]
    (fact,) = facts(await look(server))
    assert fact.previous == "v1"


async def test_deployments_before_the_window_are_no_news() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -4000, "v1")]
    answer = await look(server)
    assert answer.evidence == ()
    assert "deployments of checkout" in answer.checked
    assert "from 03:13 to 09:17 UTC" in answer.checked
    assert not any("statuses" in path for path in server.asked), "no status is asked for what is not told"


async def test_releases_stand_in_where_nothing_is_ever_deployed() -> None:
    def release(tag: str, minutes: float, **more: Any) -> Any:
        page = f"https://github.example/acme/checkout/releases/{tag}"
        return {
            "id": 1,
            "tag_name": tag,
            "name": f"Release {tag}",
            "draft": False,
            "published_at": stamp(minutes),
            "author": {"login": "mei"},
            "html_url": page,
            **more,
        }

    server = GitHub()
    server.repos["acme/checkout/releases"] = [
        release("v4", -1, draft=True, published_at=None),
        release("v3", -20),
        release("v2", -4000),
    ]
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.version, fact.previous) == (ChangeKind.RELEASE, "v3", "v2")
    assert "was released at" in answer.evidence[0].text
    assert "releases of checkout" in answer.checked


async def test_merges_stand_in_last_and_are_said_not_to_be_deployed() -> None:
    def pull(number: int, merged: float | None, updated: float) -> Any:
        return {
            "id": number,
            "number": number,
            "title": f"Change {number}",
            "user": {"login": "mei"},
            "html_url": f"https://github.example/acme/checkout/pull/{number}",
            "merged_at": None if merged is None else stamp(merged),
            "updated_at": stamp(updated),
            "merge_commit_sha": f"{number:040x}",
        }

    server = GitHub()
    server.repos["acme/checkout/pulls"] = [pull(9, None, -1), pull(8, -50, -50), pull(7, -9000, -60)]
    answer = await look(server)
    (fact,) = facts(answer)
    assert (fact.kind, fact.title, fact.environment) == (ChangeKind.MERGE, "#8 Change 8", "")
    assert answer.evidence[0].text.endswith("merged is not deployed")


async def test_a_repository_that_is_not_found_costs_only_itself() -> None:
    server = GitHub(known=("acme/checkout",))
    server.repos["acme/checkout/deployments"] = [server.deploy(1, -8, "v1")]
    answer = await look(server)
    assert len(facts(answer)) == 1
    assert "payments could not be looked at" in answer.checked
    assert "GITHUB_TOKEN" in answer.checked


async def test_when_no_repository_is_found_it_could_not_look() -> None:
    with pytest.raises(SourceError) as failed:
        await look(GitHub(known=()))
    assert failed.value.reason is FailureReason.REFUSED


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"}, "API rate limit exceeded for user 1."),
        ({"retry-after": "60"}, "You have exceeded a secondary rate limit."),
        ({"retry-after": "60"}, "Slow down."),
    ],
)
async def test_limits_are_told_at_once_and_never_slept_through(headers: Mapping[str, str], message: str) -> None:
    server = GitHub()
    for name in server.known:
        server.repos[f"{name}/deployments"] = JSONResponse({"message": message}, 403, headers=dict(headers))
    with pytest.raises(SourceError) as failed:
        await look(server)
    assert failed.value.reason is FailureReason.RATE_LIMITED


async def test_without_a_repository_there_is_nothing_to_ask() -> None:
    answer = await look(GitHub(), asked(service=replace(CHECKOUT, repository=None), neighbours=()))
    assert "no repository" in answer.skipped


@pytest.mark.parametrize("name", ["checkout", "acme/../admin", "acme/check out", "https://github.com/acme/checkout"])
async def test_a_name_that_is_no_repository_is_not_asked_for(name: str) -> None:
    server = GitHub()
    with pytest.raises(SourceError, match="owner/name"):
        await look(server, asked(service=replace(CHECKOUT, repository=name), neighbours=()))
    assert server.asked == []


async def test_hostile_words_are_made_fit_to_show() -> None:
    server = GitHub()
    server.repos["acme/checkout/deployments"] = [
        server.deploy(1, -8, "v1\u202e", description="<!channel>\u200b " + "x" * 900)
    ]
    (fact,) = facts(await look(server))
    assert fact.version == "v1"
    assert len(fact.title) <= 160


@pytest.mark.parametrize(("left", "state"), [(4999, "ok"), (0, "problem")])
async def test_check_tells_how_many_requests_are_left(left: int, state: str) -> None:
    async with serving(GitHub(repos={"left": left}).app()) as url:
        assert INTEGRATION.check is not None
        with tools() as lent:
            settings = read(GitHubSettings, {"GITHUB_URL": url, "GITHUB_TOKEN": KEY})
            (result,) = await INTEGRATION.check(settings, lent)
    assert result.state == state
    assert "5,000" in result.detail
