"""As much of GitHub as issues and files in pull requests need, in memory, with its lists and refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.setting import read
from integrations.github.actions import Asked
from integrations.github.settings import GitHubSettings
from sandbox.serve import serving
from tests.integrations.actions.bench import github_settings, lent

REPO = "acme/runbook"
PAGE = "https://github.example"


def sha(*parts: object) -> str:
    return hashlib.sha1(json.dumps(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass
class SmallGitHub:
    """`dies_after`: (verb, path below the repository) whose answer never arrives, though it is done."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    trees: dict[str, dict[str, str]] = field(default_factory=lambda: {sha("empty"): {}})
    commits: dict[str, str] = field(default_factory=dict)  # tree by commit
    branches: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    dies_after: tuple[str, str] | None = None
    refuses: bool = False

    def __post_init__(self) -> None:
        first = sha("first")
        self.commits[first] = sha("empty")
        self.branches["main"] = first

    def files(self, branch: str) -> dict[str, str]:
        return self.trees[self.commits[self.branches[branch]]]

    def app(self) -> Starlette:
        path = f"/api/v3/repos/{REPO}" + "{rest:path}"
        return Starlette(routes=[Route(path, self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> Response:
        rest, verb = request.path_params["rest"], request.method
        self.asked.append((verb, rest))
        if self.refuses:
            return JSONResponse({"message": "Resource not accessible by personal access token"}, 403)
        given = json.loads(await request.body() or b"{}")
        answer = self._told(request, rest) if verb == "GET" else self._made(rest, given)
        if self.dies_after == (verb, rest):
            self.dies_after = None
            return Response(status_code=502)
        return answer

    def _told(self, request: Request, rest: str) -> Response:
        wanted = request.query_params
        if rest == "":
            return JSONResponse({"default_branch": "main", "full_name": REPO})
        if rest == "/issues":
            size, page = int(wanted["per_page"]), int(wanted["page"])
            found = [one for one in self.issues if one["updated_at"] >= wanted["since"]]
            return JSONResponse(found[(page - 1) * size : page * size])
        if rest == "/pulls":
            found = [one for one in self.pulls if one["head"] == wanted["head"].partition(":")[2]]
            return JSONResponse([{**one, "base": {"ref": one["base"]}, "head": {"ref": one["head"]}} for one in found])
        if rest.startswith("/commits/"):
            at = self.branches[rest.removeprefix("/commits/")]
            tree = {"tree": {"sha": self.commits[at]}, "message": ""}
            return JSONResponse({"sha": at, "commit": tree, "parents": [], "files": []})
        branch = rest.removeprefix("/git/ref/heads/")
        if branch not in self.branches:
            return JSONResponse({"message": "Not Found"}, 404)
        return JSONResponse({"ref": f"refs/heads/{branch}", "object": {"sha": self.branches[branch]}})

    def _made(self, rest: str, given: dict[str, Any]) -> Response:
        if rest == "/issues":
            number = len(self.issues) + 1
            address = f"{PAGE}/{REPO}/issues/{number}"
            updated = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.issues.append({"number": number, "html_url": address, "updated_at": updated, **given})
            return JSONResponse(self.issues[-1], 201)
        if rest == "/git/trees":
            files = dict(self.trees[given["base_tree"]])
            files |= {one["path"]: one["content"] for one in given["tree"]}
            made = sha("tree", sorted(files.items())) if files else sha("empty")
            self.trees[made] = files
            return JSONResponse({"sha": made}, 201)
        if rest == "/git/commits":
            made = sha(given["tree"], given["parents"], given["message"])
            self.commits[made] = given["tree"]
            return JSONResponse({"sha": made}, 201)
        if rest == "/git/refs":
            name = given["ref"].removeprefix("refs/heads/")
            if name in self.branches:
                return JSONResponse({"message": "Reference already exists"}, 422)
            self.branches[name] = given["sha"]
            return JSONResponse({"ref": given["ref"], "object": {"sha": given["sha"]}}, 201)
        assert rest == "/pulls"
        number = len(self.pulls) + 1
        self.pulls.append({"number": number, "html_url": f"{PAGE}/{REPO}/pull/{number}", **given})
        return JSONResponse({"number": number, "html_url": self.pulls[-1]["html_url"]}, 201)


@asynccontextmanager
async def small_github() -> AsyncIterator[tuple[SmallGitHub, Asked]]:
    made = SmallGitHub()
    async with serving(made.app()) as url:
        with lent() as tools:
            yield made, Asked(read(GitHubSettings, github_settings(url)), tools)
