"""A small GitHub that answers from a table of paths, and what tests of its source ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, ChangeFact
from bot.domain.setting import read
from integrations.github.settings import GitHubSettings
from integrations.github.source import GitHubSource
from sandbox.serve import serving
from tests.integrations.asking import KEY, ONSET, REQUEST, tools

PAGE = "https://github.example/acme/checkout"


def stamp(minutes: float) -> str:
    """So many minutes after the onset, as GitHub writes times."""
    return (ONSET + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


@dataclass
class GitHub:
    """`repos`: by "owner/name/rest of the path", what is answered; a repository without entries has empty lists."""

    repos: dict[str, Any] = field(default_factory=dict)
    known: tuple[str, ...] = ("acme/checkout", "acme/payments")
    headers: Mapping[str, str] = field(default_factory=dict)  # of every answer
    asked: list[str] = field(default_factory=list)
    queries: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    before: Callable[[Request], Any] | None = None  # awaited before each answer

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/api/v3/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        path = request.path_params["path"].removeprefix("repos/")
        self.asked.append(path)
        self.queries.append((path, dict(request.query_params)))
        if self.before:
            await self.before(request)
        answer = self._found(path, request)
        for name, value in self.headers.items():
            answer.headers.setdefault(name, value)
        return answer

    def _found(self, path: str, request: Request) -> Response:
        name, rest = "/".join(path.split("/")[:2]), "/".join(path.split("/")[2:])
        if path == "rate_limit":
            core = {"limit": 5000, "remaining": self.repos.get("left", 4999), "reset": 1, "used": 1}
            return JSONResponse({"resources": {"core": core}, "rate": core})
        found = self.repos.get(path)
        if isinstance(found, Response):
            return found
        if found is None and (name not in self.known or rest.startswith(("compare", "commits"))):
            return JSONResponse({"message": "Not Found"}, 404)
        if found is None and not rest:
            return JSONResponse({"id": 7, "full_name": name, "default_branch": "main"})
        if rest == "deployments" and found is not None:
            wanted = request.query_params.get("environment")
            return JSONResponse([item for item in found if wanted in (None, item["environment"])])
        if found is None and rest.startswith("actions/"):
            return JSONResponse({"total_count": 0, "workflows": [], "workflow_runs": []})
        return JSONResponse([] if found is None else found)

    # --- what repositories hold --------------------------------------------------------------------------------------

    def deploy(self, number: int, minutes: float, ref: str, state: str | None = "success", **more: Any) -> Any:
        """One deployment; state None: no status yet. `of`: the repository."""
        name = more.pop("of", "acme/checkout")
        statuses = [] if state is None else [{"id": 1, "state": state, "created_at": stamp(minutes + 1)}]
        self.repos[f"{name}/deployments/{number}/statuses"] = statuses
        return {
            "id": number,
            "ref": ref,
            "sha": f"{number:040x}",
            "environment": "production",
            "created_at": stamp(minutes),
            "creator": {"login": "mei"},
            "description": f"change {number}",
            **more,
        }

    def compared(self, base: int, head: int, files: list[Any], name: str = "acme/checkout", **more: Any) -> None:
        self.repos[f"{name}/compare/{base:040x}...{head:040x}"] = comparison(files, **more)

    def count(self, name: str = "acme/checkout") -> int:
        return len([path for path in self.asked if path == name or path.startswith(f"{name}/")])


def comparison(files: list[Any], authors: tuple[str, ...] = ("mei",), **more: Any) -> Any:
    return {
        "html_url": f"{PAGE}/compare/a...b",
        "status": "ahead",
        "total_commits": len(authors),
        "behind_by": 0,
        "commits": [commit(n, author) for n, author in enumerate(authors)],
        "files": [{"filename": name, "additions": 3, "deletions": 1} for name in files],
        **more,
    }


def commit(number: int, author: str, message: str = "Add loyalty discounts\n\nlong story") -> Any:
    return {
        "sha": f"{number:040x}",
        "commit": {"message": message, "author": {"name": author.title()}},
        "author": {"login": author},
    }


def release(tag: str, minutes: float | None, **more: Any) -> Any:
    return {
        "id": 1,
        "tag_name": tag,
        "name": f"Release {tag}",
        "draft": False,
        "published_at": None if minutes is None else stamp(minutes),
        "author": {"login": "mei"},
        "html_url": f"{PAGE}/releases/{tag}",
        **more,
    }


def pull(number: int, merged: float | None, updated: float = 0, **more: Any) -> Any:
    return {
        "id": number,
        "number": number,
        "title": f"Change {number}",
        "user": {"login": "mei"},
        "html_url": f"{PAGE}/pull/{number}",
        "merged_at": None if merged is None else stamp(merged),
        "updated_at": stamp(updated),
        "merge_commit_sha": f"{number:040x}",
        "base": {"ref": "main"},
        **more,
    }


def run(number: int, minutes: float, conclusion: str | None = "success", **more: Any) -> Any:
    return {
        "id": number,
        "name": "Deploy",
        "head_branch": "main",
        "head_sha": f"{number:040x}",
        "display_title": f"change {number}",
        "event": "push",
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "created_at": stamp(minutes),
        "run_started_at": stamp(minutes),
        "html_url": f"{PAGE}/actions/runs/{number}",
        "actor": {"login": "mei"},
        **more,
    }


# --- asking -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def source_at(server: GitHub, **more: Any) -> AsyncIterator[GitHubSource]:
    """`more`: `deadline`, or further environment."""
    deadline = more.pop("deadline", 4.0)
    async with serving(server.app()) as url:
        with tools(deadline=deadline) as lent:
            yield GitHubSource(read(GitHubSettings, {"GITHUB_URL": url, "GITHUB_TOKEN": KEY, **more}), lent)


async def look(server: GitHub, request: ContextRequest = REQUEST, **more: Any) -> Answer:
    async with source_at(server, **more) as source:
        return await source.look(request)


def facts(answer: Answer) -> list[ChangeFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, ChangeFact)]
