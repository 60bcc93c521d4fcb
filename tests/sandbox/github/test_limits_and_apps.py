"""What the replay server was taught for the sake of its clients: limits, tags, Apps, an Enterprise Server's path."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth, Github, GithubIntegration

from sandbox.github.apps import RegisteredApp
from sandbox.github.server import create_app
from sandbox.github.shapes import Kept
from sandbox.serve import serving
from tests.sandbox.github.conftest import NOW, REPO, many, small

LIST = f"/repos/{REPO}/deployments"


@cache
def key() -> tuple[str, str]:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    private = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def app() -> RegisteredApp:
    return RegisteredApp(id="7", public_key=key()[1], installations={"acme": 77})


async def got(http: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, Any, Any]:
    async with http.get(path, headers=headers) as answer:
        body = await answer.json() if answer.content_type == "application/json" else None
        return answer.status, answer.headers, body


# --- limits and tags --------------------------------------------------------------------------------------------------


async def test_too_many_at_once_are_asked_to_wait() -> None:
    now = [NOW]
    async with (
        serving(create_app(small(), clock=lambda: now[0], burst=2)) as base,
        aiohttp.ClientSession(base) as http,
    ):
        assert [(await got(http, LIST))[0] for _ in range(2)] == [200, 200]
        now[0] += 20
        status, headers, body = await got(http, LIST)
        assert (status, headers["Retry-After"], "secondary rate limit" in body["message"]) == (403, "40", True)
        assert headers["X-RateLimit-Remaining"] == "4998"
        now[0] += 40
        assert (await got(http, LIST))[0] == 200


async def test_what_is_known_by_its_tag_is_not_sent_again_and_costs_nothing() -> None:
    now = [NOW]
    async with (
        serving(create_app(small(), clock=lambda: now[0])) as base,
        aiohttp.ClientSession(base) as http,
    ):
        _, headers, _ = await got(http, LIST)
        tag = headers["ETag"]
        status, again, body = await got(http, LIST, **{"If-None-Match": tag})
        assert (status, body, again["ETag"]) == (304, None, tag)
        assert headers["X-RateLimit-Used"] == again["X-RateLimit-Used"] == "1"
        assert (await got(http, f"{LIST}?environment=staging", **{"If-None-Match": tag}))[0] == 200
        now[0] += 30  # a deployment is rolled out
        assert (await got(http, LIST, **{"If-None-Match": tag}))[0] == 200


async def test_a_comparison_lists_three_hundred_files_and_all_commits() -> None:
    async with serving(create_app(many(files=450, commits=3), clock=lambda: NOW)) as base:

        def work() -> tuple[int, int, set[str]]:
            with Github(base_url=base, seconds_between_requests=0) as github:
                found = github.get_repo(REPO).compare("v1.0.0", "v9.0.0")
                return len(found.files), found.total_commits, {item.author.login for item in found.commits}

        assert await asyncio.to_thread(work) == (300, 3, {"ana", "ben"})


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_runs_of_one_workflow() -> None:
    async with serving(create_app(small(), clock=lambda: NOW)) as base:

        def work() -> tuple[list[tuple[str, str]], list[str], list[str]]:
            with Github(base_url=base, seconds_between_requests=0) as github:
                flows = list(github.get_repo(REPO).get_workflows())
                runs = [[run.head_branch for run in flow.get_runs()] for flow in flows]
                return [(flow.name, flow.path) for flow in flows], runs[0], runs[1]

        flows, deploys, other = await asyncio.to_thread(work)
        assert flows == [("Deploy", ".github/workflows/deploy.yml"), ("CI", ".github/workflows/ci.yml")]
        assert (deploys, other) == (["v1.2.0", "main", "v1.1.0", "v1.0.0"], [])


@pytest.mark.parametrize("kept", Kept)
async def test_a_repository_keeps_only_what_it_is_told_to(kept: Kept) -> None:
    paths = {Kept.DEPLOYMENTS: LIST, Kept.RELEASES: f"/repos/{REPO}/releases", Kept.RUNS: f"/repos/{REPO}/actions/runs"}
    async with (
        serving(create_app(small(), clock=lambda: NOW, keeps=frozenset({kept}))) as base,
        aiohttp.ClientSession(base) as http,
    ):
        for which, path in paths.items():
            _, _, body = await got(http, path)
            assert bool(body["workflow_runs"] if which is Kept.RUNS else body) == (which is kept)


# --- an Enterprise Server, an App -------------------------------------------------------------------------------------


async def test_the_api_stands_below_an_enterprise_servers_path_too() -> None:
    async with serving(create_app(small(), clock=lambda: NOW)) as base:

        def work() -> tuple[str, str]:
            with Github(base_url=f"{base}/api/v3", seconds_between_requests=0) as github:
                repo = github.get_repo(REPO)
                return repo.url, next(iter(repo.get_deployments())).get_statuses()[0].state

        assert await asyncio.to_thread(work) == (f"{base}/api/v3/repos/{REPO}", "in_progress")


async def test_an_app_gets_a_token_that_opens_its_own_account_for_an_hour() -> None:
    now = [NOW]
    async with (
        serving(create_app(small(), clock=lambda: now[0], token="n" * 32, app=app())) as base,
        aiohttp.ClientSession(base) as http,
    ):

        def work() -> tuple[int, str]:
            with GithubIntegration(auth=Auth.AppAuth("7", key()[0]), base_url=base) as github:
                found = github.get_repo_installation("acme", "checkout").id
                return found, github.get_access_token(found).token

        installation, token = await asyncio.to_thread(work)
        assert installation == 77
        opened = {"Authorization": f"Bearer {token}"}
        assert (await got(http, LIST, **opened))[0] == 200
        assert (await got(http, "/repos/other/thing/deployments", **opened))[0] == 404
        assert (await got(http, "/installation/repositories", **opened))[2]["total_count"] == 2
        now[0] += 3600
        assert (await got(http, LIST, **opened))[0] == 401


def signed(**claims: Any) -> str:
    now = int(time.time())
    return jwt.encode({"iat": now - 60, "exp": now + 300, "iss": "7", **claims}, key()[0], algorithm="RS256")


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (signed, 200),
        (lambda: signed(iss="8"), 401),
        (lambda: signed(exp=int(time.time()) + 3600), 401),
        (lambda: signed(exp=int(time.time()) - 1), 401),
        (lambda: signed(iat=int(time.time()) + 100), 401),
        (lambda: jwt.encode({"iss": "7"}, "s" * 32, algorithm="HS256"), 401),
        (lambda: "x.y.z", 401),
    ],
    ids=["right", "another app", "too long", "over", "from the future", "another algorithm", "no token"],
)
async def test_an_apps_signature_is_checked(token: Any, status: int) -> None:
    async with (
        serving(create_app(small(), clock=lambda: NOW, app=app())) as base,
        aiohttp.ClientSession(base) as http,
    ):
        assert (await got(http, "/app", Authorization=f"Bearer {token()}"))[0] == status
        assert (await got(http, "/app/installations/77", Authorization=f"Bearer {token()}"))[0] == status
        unknown = 404 if status == 200 else status
        assert (await got(http, "/app/installations/78", Authorization=f"Bearer {token()}"))[0] == unknown
