"""A GitHub over one scenario: what its REST API tells about repositories. What clients write is kept, beside it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.faults import Faults
from sandbox.github.apps import AppDesk, RegisteredApp
from sandbox.github.code import user
from sandbox.github.history import repository, scenario_repositories
from sandbox.github.installed import desk_routes
from sandbox.github.issues import Issue, issue_routes
from sandbox.github.routes import ROUTES
from sandbox.github.shapes import Kept, Shapes
from sandbox.github.wire import RATE_LIMIT, Gate, Refused, not_found, paged
from sandbox.github.write_routes import BOT, WriteRoutes, dispatched_shape, open_pull_shape
from sandbox.github.written import ROLLBACK, RUNS_TAKE, OnDispatch, Writing
from sandbox.scenario.model import Scenario

ENTERPRISE_PATH = "/api/v3"
__all__ = ["BOT", "ENTERPRISE_PATH", "create_app"]
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    scenario: Scenario,
    *,
    clock: Callable[[], float] = time.time,
    token: str | None = None,
    rate_limit: int = RATE_LIMIT,
    burst: int | None = None,
    app: RegisteredApp | None = None,
    keeps: frozenset[Kept] = frozenset(Kept),
    issues: Sequence[Issue] = (),
    on_dispatch: OnDispatch | None = None,
    runs_take: float = RUNS_TAKE,
) -> Starlette:
    """`token`: what clients must send, else private repositories are not found; None admits everybody.

    `burst`: requests a minute that the secondary limit allows. `app`: may log in too. `keeps`: what of the scenario's
    deployments the repositories keep. The API stands at the root, and at /api/v3 as on an Enterprise Server.

    `on_dispatch` is awaited where a workflow is started, and says whether its run ends well; with it there is a
    workflow rollback.yml too. A run takes `runs_take` seconds at least.
    """
    desk = AppDesk(app, clock) if app else None
    gate = Gate(clock=clock, token=token, limit=rate_limit, burst=burst, apps=desk)
    writing = Writing(runs_take=runs_take)
    if on_dispatch is not None:
        writing = Writing(on_dispatch=on_dispatch, dispatchable=(ROLLBACK,), runs_take=runs_take)
    written = WriteRoutes(writing)
    replay = _Replay(scenario, clock, gate, keeps, writing)
    root = "/repos/{owner}/{repo}"
    routes = desk_routes(desk, gate, list(scenario_repositories(scenario))) if desk else []
    known = (*ROUTES, *written.reads(), *issue_routes(issues))
    routes += [Route(root + path, replay.about_repository(made), methods=["POST"]) for path, made in written.writes()]
    routes += [Route(root + path, replay.about_repository(handler)) for path, handler in known]
    routes += [
        Route("/user/repos", replay.guarded(replay.repositories)),
        Route("/rate_limit", replay.rate_limit),
        Route("/user", replay.guarded(replay.user)),
        Route("/users/{login}", replay.guarded(replay.someone)),
        Route("/meta", replay.guarded(replay.meta)),
        Route("/zen", replay.guarded(replay.zen)),
        Route("/{path:path}", replay.guarded(replay.nowhere), methods=_METHODS),
    ]
    served = Starlette(routes=routes)
    # Faults are outermost, so that they can drop connections.
    served.middleware_stack = Faults(_Enterprise(served.build_middleware_stack()))
    return served


class _Enterprise:
    """Answers below /api/v3 as at the root; addresses in the answers have it too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{ENTERPRISE_PATH}/"):
            scope = {**scope, "root_path": ENTERPRISE_PATH}
        await self._app(scope, receive, send)


@dataclass(frozen=True, eq=False)
class _Replay:
    scenario: Scenario
    clock: Callable[[], float]
    gate: Gate
    keeps: frozenset[Kept]
    writing: Writing

    def guarded(self, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            try:
                request.state.token = self.gate.admit(request)
                self.gate.count()
                return self.gate.dress(self.gate.unless_known(request, await handler(request)))
            except Refused as refused:
                return self.gate.dress(refused.response())

        return endpoint

    def about_repository(self, handler: Callable[[Request, Shapes], Response]) -> Handler:
        async def endpoint(request: Request) -> Response:
            given, desk = request.state.token, self.gate.apps
            if self.gate.token is not None and given is None:
                raise not_found()
            owner = desk.owner_of(given) if desk and given else None
            if owner and owner != request.path_params["owner"].lower():
                raise not_found()  # an installation sees its own account's repositories
            now = self.clock()
            found = repository(self.scenario, f"{request.path_params['owner']}/{request.path_params['repo']}", now)
            if found is None:
                raise not_found()
            request.state.body = await request.body()
            held = self.writing.of(found.name)
            shapes = Shapes(
                api=_api(request),
                repo=found,
                now=now,
                keeps=self.keeps,
                dispatchable=self.writing.dispatchable,
                of_dispatched=lambda shapes, run: dispatched_shape(shapes, run, self.writing),
                dispatched_runs=tuple(held.runs),
                of_open=open_pull_shape,
                open_pulls=tuple(held.pulls),
            )
            return handler(request, shapes)

        return self.guarded(endpoint)

    async def rate_limit(self, request: Request) -> Response:
        """Asking costs nothing."""
        try:
            self.gate.admit(request)
        except Refused as refused:
            return self.gate.dress(refused.response())
        rate = self.gate.rate()
        search = {"limit": 30, "used": 0, "remaining": 30, "reset": int(self.clock()) + 60}
        return self.gate.dress(JSONResponse({"resources": {"core": rate, "search": search}, "rate": rate}))

    async def user(self, request: Request) -> Response:
        if request.state.token is None:
            raise Refused(401, "Requires authentication")
        return JSONResponse({**user(_api(request), BOT), "name": "First Responder", "email": None})

    async def repositories(self, request: Request) -> Response:
        found = (repository(self.scenario, name, self.clock()) for name in scenario_repositories(self.scenario))
        shapes = [Shapes(api=_api(request), repo=item, now=self.clock()) for item in found if item]
        return paged(request, shapes, lambda page: [item.repository() for item in page])

    async def someone(self, request: Request) -> Response:
        login = request.path_params["login"]
        person = next((p for p in self.scenario.people if p.handle == login), None)
        if person is None:
            raise not_found()
        return JSONResponse({**user(_api(request), login), "name": person.name, "email": person.email})

    async def meta(self, _: Request) -> Response:
        return JSONResponse({"verifiable_password_authentication": False, "installed_version": "3.18.0"})

    async def zen(self, _: Request) -> Response:
        return PlainTextResponse("Keep it logically awesome.")

    async def nowhere(self, _: Request) -> Response:
        raise not_found()


def _api(request: Request) -> str:
    return str(request.base_url).rstrip("/")
