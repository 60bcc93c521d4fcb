"""What clients do to the sandbox's GitHub: workflows that run, branches and pull requests that are there afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from sandbox.github.server import create_app
from tests.sandbox.github.conftest import NOW, REPO, sha, small

ROOT = f"/repos/{REPO}"


class World:
    def __init__(self) -> None:
        self.now, self.started, self.may_end = NOW, [], asyncio.Event()  # type: ignore[var-annotated]
        app = create_app(small(), clock=lambda: self.now, on_dispatch=self.dispatched, runs_take=6.0)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://github.test")

    async def dispatched(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> bool:
        self.started.append((repository, workflow, ref, dict(inputs)))
        await self.may_end.wait()
        return inputs.get("version") != "none"

    async def get(self, path: str) -> Any:
        return (await self.client.get(ROOT + path)).json()

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.client.post(ROOT + path, json=body)

    async def dispatch(self, version: str) -> int:
        answer = await self.post(
            "/actions/workflows/rollback.yml/dispatches", ref="main", inputs={"version": version},
            return_run_details=True,
        )  # fmt: skip
        assert answer.status_code == 200
        return int(answer.json()["workflow_run_id"])

    async def state(self, run: int) -> tuple[str, str | None]:
        found = await self.get(f"/actions/runs/{run}")
        return found["status"], found["conclusion"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    made.may_end.set()
    await made.client.aclose()


async def test_a_run_waits_runs_and_ends_when_what_it_does_has_ended(world: World) -> None:
    run = await world.dispatch("v1.0.0")
    assert await world.state(run) == ("queued", None)
    world.now += 3
    assert await world.state(run) == ("in_progress", None)
    world.now += 30
    assert await world.state(run) == ("in_progress", None), "what it does goes on"
    world.may_end.set()
    await asyncio.sleep(0)
    assert await world.state(run) == ("completed", "success")
    assert world.started == [(REPO, "rollback.yml", "main", {"version": "v1.0.0"})]


async def test_a_run_can_fail_and_all_are_listed_newest_first(world: World) -> None:
    world.may_end.set()
    first = await world.dispatch("none")
    world.now += 60
    second = await world.dispatch("v1.0.0")
    world.now += 10
    await asyncio.sleep(0)
    listed = (await world.get("/actions/workflows/rollback.yml/runs?event=workflow_dispatch"))["workflow_runs"]
    assert [run["id"] for run in listed] == [second, first]
    assert await world.state(first) == ("completed", "failure")
    assert listed[0]["head_sha"] == sha(5)


async def test_without_details_nothing_is_told(world: World) -> None:
    answer = await world.post("/actions/workflows/deploy.yml/dispatches", ref="main")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("workflow", "body", "status"),
    [("none.yml", {"ref": "main"}, 404), ("rollback.yml", {"ref": "nowhere"}, 422), ("rollback.yml", {}, 422),
     ("rollback.yml", {"ref": "main", "inputs": {f"i{n}": "x" for n in range(26)}}, 422)],
)  # fmt: skip
async def test_what_cannot_be_started(world: World, workflow: str, body: Any, status: int) -> None:
    answer = await world.post(f"/actions/workflows/{workflow}/dispatches", **body)
    assert (answer.status_code, world.started) == (status, [])


async def test_a_branch_and_a_pull_request_are_there_afterwards(world: World) -> None:
    tree = (await world.get(f"/commits/{sha(4)}"))["commit"]["tree"]["sha"]
    made = (await world.post("/git/commits", message="Revert", tree=tree, parents=[sha(5)])).json()
    ref = {"ref": "refs/heads/first-responder/x", "sha": made["sha"]}
    assert (await world.post("/git/refs", **ref)).status_code == 201
    assert (await world.post("/git/refs", **ref)).status_code == 422
    assert (await world.get("/git/ref/heads/first-responder/x"))["object"]["sha"] == made["sha"]
    pull = {"title": "Revert", "head": "first-responder/x", "base": "main"}
    opened = await world.post("/pulls", **pull)
    assert (opened.status_code, (await world.post("/pulls", **pull)).status_code) == (201, 422)
    listed = await world.get("/pulls?state=all&head=acme:first-responder/x")
    assert [item["number"] for item in listed] == [opened.json()["number"]]
    assert (await world.get("/commits/main"))["sha"] == sha(5), "nothing was pushed"


@pytest.mark.parametrize("ref", ["refs/heads/main", "main", "refs/tags/v9"])
async def test_no_branch_that_is_there_is_written(world: World, ref: str) -> None:
    assert (await world.post("/git/refs", ref=ref, sha=sha(5))).status_code == 422


async def test_without_a_hook_there_is_no_such_workflow() -> None:
    app = create_app(small(), clock=lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://github.test") as client:
        assert (await client.get(f"{ROOT}/actions/workflows/rollback.yml")).status_code == 404
        found = (await client.get(f"{ROOT}/actions/workflows")).json()["workflows"]
        assert [item["path"].rpartition("/")[2] for item in found] == ["deploy.yml", "ci.yml"]
