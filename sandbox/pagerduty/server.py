"""A PagerDuty over one scenario: its REST API v2. What clients write is kept."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import Faults
from sandbox.pagerduty.account import Account
from sandbox.pagerduty.desk import Desk
from sandbox.pagerduty.directory import Directory, directory
from sandbox.pagerduty.hooks import Hooks
from sandbox.pagerduty.incidents import Incident, incidents
from sandbox.pagerduty.wire import RATE_LIMIT, Gate, Refused, not_found, not_on_plan
from sandbox.scenario.model import Scenario

Handler = Callable[[Request], Awaitable[Response]]

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
NOTHING: Mapping[str, int] = {}


def create_app(
    scenario: Scenario,
    *,
    clock: Callable[[], float] = time.time,
    api_key: str | None = None,
    rate_limit: int = RATE_LIMIT,
    has_aiops: bool = False,
    lacks: Mapping[str, int] = NOTHING,
    earlier: Callable[[Directory], Iterable[Incident]] = lambda _: (),
) -> Starlette:
    """`api_key`: an account-level key that clients must send; None takes any.

    `lacks`: what the account's plan is without, by path ("/services/{id}/change_events"), with the status that says
    so: 402, 403 or 404. `earlier`: incidents that it has besides those of the scenario. All of them: `state.incidents`.
    `state.hooks`: who hears of what happens to them.
    """
    known = directory(scenario)
    account = Account(directory=known, deployments=scenario.deployments, clock=clock)
    held = incidents(scenario, known, clock)
    held.found |= {item.id: item for item in earlier(known)}
    hooks = Hooks(known, clock)
    held.tell = hooks.tell
    desk = Desk(account=account, incidents=held, has_aiops=has_aiops)
    gate = Gate(clock=clock, api_key=api_key, limit=rate_limit)
    table = {**account.table(), **desk.table()}
    routes = [_route(path, methods, gate, lacks.get(path)) for path, methods in table.items()]
    app = Starlette(routes=[*routes, Route("/{path:path}", _guarded(_nowhere, gate), methods=_METHODS)])
    app.state.incidents = held
    app.state.hooks = hooks
    app.middleware_stack = Faults(app.build_middleware_stack())  # outermost, so that it can drop connections
    return app


def _route(path: str, methods: Mapping[str, Handler], gate: Gate, lacking: int | None) -> Route:
    async def endpoint(request: Request) -> Response:
        if lacking is not None:
            raise not_on_plan(lacking)
        handler = methods.get(request.method)
        if handler is None:
            return JSONResponse({"error": {"message": "Method Not Allowed", "code": 2001}}, 405)
        return await handler(request)

    return Route(path, _guarded(endpoint, gate), methods=_METHODS)


def _guarded(handler: Handler, gate: Gate) -> Handler:
    async def endpoint(request: Request) -> Response:
        try:
            gate.admit(request)
            return gate.dress(await handler(request))
        except Refused as refused:
            return gate.dress(refused.response())

    return endpoint


async def _nowhere(_: Request) -> Any:
    raise not_found()
