"""A GitHub over one scenario: what its REST API tells about repositories. It takes no writes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.faults import Faults
from sandbox.github.code import user
from sandbox.github.history import repository
from sandbox.github.routes import ROUTES
from sandbox.github.shapes import Shapes
from sandbox.github.wire import RATE_LIMIT, Gate, Refused, not_found
from sandbox.scenario.model import Scenario

BOT = "first-responder-bot"  # whom a token belongs to
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    scenario: Scenario,
    *,
    clock: Callable[[], float] = time.time,
    token: str | None = None,
    rate_limit: int = RATE_LIMIT,
) -> Starlette:
    """`token`: what clients must send, else private repositories are not found; None admits everybody."""
    replay = _Replay(scenario, clock, Gate(clock=clock, token=token, limit=rate_limit))
    root = "/repos/{owner}/{repo}"
    routes = [Route(root + path, replay.about_repository(handler)) for path, handler in ROUTES]
    routes += [
        Route("/rate_limit", replay.rate_limit),
        Route("/user", replay.guarded(replay.user)),
        Route("/users/{login}", replay.guarded(replay.someone)),
        Route("/meta", replay.guarded(replay.meta)),
        Route("/zen", replay.guarded(replay.zen)),
        Route("/{path:path}", replay.guarded(replay.nowhere), methods=_METHODS),
    ]
    app = Starlette(routes=routes)
    app.middleware_stack = Faults(app.build_middleware_stack())  # outermost, so that it can drop connections
    return app


@dataclass(frozen=True, eq=False)
class _Replay:
    scenario: Scenario
    clock: Callable[[], float]
    gate: Gate

    def guarded(self, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            try:
                request.state.token = self.gate.admit(request)
                self.gate.count()
                return self.gate.dress(await handler(request))
            except Refused as refused:
                return self.gate.dress(refused.response())

        return endpoint

    def about_repository(self, handler: Callable[[Request, Shapes], Response]) -> Handler:
        async def endpoint(request: Request) -> Response:
            if self.gate.token is not None and request.state.token is None:
                raise not_found()
            now = self.clock()
            found = repository(self.scenario, f"{request.path_params['owner']}/{request.path_params['repo']}", now)
            if found is None:
                raise not_found()
            return handler(request, Shapes(api=_api(request), repo=found, now=now))

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
