"""What tests of actions share: tools to lend, calls, and every action that there is over small servers."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.domain.action import Action, ActionCall, ActionRefused, ActionResult, Isolation, Value
from bot.domain.setting import read
from integrations.descriptor import ActionTools
from integrations.registry import discover
from integrations.threads import SourceThreads
from sandbox.github.server import create_app as github
from sandbox.pagerduty.server import create_app as pagerduty
from sandbox.serve import serving
from tests.integrations.asking import KEY, FixedClock
from tests.integrations.programs.machine import programs
from tests.sandbox.github import conftest as repositories
from tests.sandbox.pagerduty import conftest as account

AT = datetime.fromtimestamp(account.NOW, UTC)
SENDER = "ana@example.com"
SCHEMA = "create table jobs (id integer primary key, name text, state text)"


@contextmanager
def lent(at: datetime = AT) -> Iterator[ActionTools]:
    threads = SourceThreads(8)
    yield ActionTools(clock=FixedClock(at), threads=threads, programs=programs(Isolation.BUBBLEWRAP))
    threads.close()


def offered(name: str, tools: ActionTools, **environ: str) -> dict[str, Action]:
    """The actions of one integration."""
    found = discover()[name]
    assert found.actions is not None
    return {action.name: action for action in found.actions(read(found.settings, environ), tools)}


def call(action: str, /, *, of: str | None = "checkout", timeout: float = 20.0, **parameters: Value) -> ActionCall:
    return ActionCall(action=action, parameters=parameters, environment="production", service=of, timeout=timeout)


async def done(action: Action, asked: ActionCall, key: str = "run-1:step:0:act") -> ActionResult:
    return await action.run(await action.plan(asked), key=key)


async def refusal(action: Action, asked: ActionCall) -> ActionRefused:
    try:
        plan = await action.plan(asked)
    except ActionRefused as refused:
        return refused
    raise AssertionError(f"it was planned: {plan.lines}")


@dataclass
class WebService:
    """A service of somebody's. `asked`: (method, path, headers, body) of all requests."""

    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    before: Callable[[], Awaitable[Any]] | None = None
    moved_to: str = ""

    def app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append((request.method, path, dict(request.headers), await request.body()))
        if self.before:
            await self.before()
        if path.startswith("/status/"):
            return PlainTextResponse("said no", int(path.rpartition("/")[2]))
        if path == "/moved":
            return RedirectResponse(self.moved_to, 302)
        if path == "/long":
            return PlainTextResponse("x" * 3_000_000)
        if path == "/secret":
            return PlainTextResponse(f"password={'s' * 20}\nall is well")
        return JSONResponse({"ok": True, "path": path})


def prometheus(answers: Mapping[str, Any]) -> Starlette:
    """`answers`: the result by query; what is not there has no data."""

    async def instant(request: Request) -> Response:
        found = answers.get(request.query_params["query"], [])
        return JSONResponse({"status": "success", "data": {"resultType": "vector", "result": found}})

    async def over_time(request: Request) -> Response:
        found = answers.get(f"range {request.query_params['query']}", [])
        return JSONResponse({"status": "success", "data": {"resultType": "matrix", "result": found}})

    return Starlette(routes=[Route("/api/v1/query", instant), Route("/api/v1/query_range", over_time)])


def database(folder: Path, rows: int = 5) -> Path:
    path = folder / "jobs.db"
    connection = sqlite3.connect(path)
    connection.execute(SCHEMA)
    connection.executemany("insert into jobs values (?, ?, ?)", [(n, f"job {n}", "stuck") for n in range(1, rows + 1)])
    connection.commit()
    connection.close()
    return path


def github_settings(url: str) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": KEY,
        "GITHUB_URL": f"{url}/api/v3",
        "GITHUB_WORKFLOWS": "acme/checkout/rollback.yml=request, acme/checkout/deploy.yml",
        "GITHUB_REVERTS": "acme/checkout",
    }


def pagerduty_settings(url: str) -> dict[str, str]:
    return {"PAGERDUTY_API_KEY": KEY, "PAGERDUTY_URL": url, "PAGERDUTY_FROM": SENDER}


@asynccontextmanager
async def everything(folder: Path) -> AsyncIterator[Mapping[str, Action]]:
    """All actions but those of programs, set up, over servers of their own."""
    async with AsyncExitStack() as stack:
        tools = stack.enter_context(lent())
        web = await stack.enter_async_context(serving(WebService().app()))
        metrics = await stack.enter_async_context(serving(prometheus({})))
        code = await stack.enter_async_context(
            serving(github(repositories.small(), clock=lambda: repositories.NOW, on_dispatch=_well))
        )
        (folder / "account").mkdir()
        paging = pagerduty(account.small(folder / "account"), clock=lambda: account.NOW)
        duty = await stack.enter_async_context(serving(paging))
        settings = {
            "http_action": {"HTTP_ACTION_HOSTS": f"{web.removeprefix('http://')}=private, localhost=private"},
            "prometheus": {"PROMETHEUS_URL": metrics},
            "elasticsearch": {"ELASTICSEARCH_URL": web},
            "sql": {"SQL_URLS": f"production/main=sqlite:///{database(folder)}"},
            "github": github_settings(code),
            "pagerduty": pagerduty_settings(duty),
            "waiting": {},
        }
        made: dict[str, Action] = {}
        for name, environ in settings.items():
            made |= offered(name, tools, **environ)
        yield made


async def _well(repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> bool:
    return True
