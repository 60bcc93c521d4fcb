"""Puts the workspace on the web: Web API, Socket Mode, control API, files and the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from sandbox.slack import control_routes
from sandbox.slack.api.files import receive
from sandbox.slack.control import Control
from sandbox.slack.errors import SlackError
from sandbox.slack.responses import respond
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace

PAGE = Path(__file__).parent / "page"
LOOPBACK_NAMES = {"127.0.0.1", "localhost", "::1"}
ARCHIVE_DIGITS = 6  # p1700000000000100 is the ts 1700000000.000100


def create_app(workspace: Workspace, *, manifest: Mapping[str, object] | None = None) -> Starlette:
    """The workspace as an ASGI application, for `sandbox.serve.serving`.

    With a manifest the app has its scopes, events, commands and shortcuts and no others; without one, all.
    """
    if manifest is not None:
        install(workspace, manifest)
    api, control = WebApi(workspace), Control(workspace)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        workspace.close()
        await workspace.background.stop()
        await workspace.delivery.socket.disconnect(reason=None)
        await workspace.delivery.use_socket_mode()

    async def link(websocket: WebSocket) -> None:
        await workspace.delivery.socket.serve(websocket)

    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/api/{method}", api.endpoint, methods=["GET", "POST"]),
            WebSocketRoute("/link", link),
            Route("/upload/v1/{file_id}/{ticket}", _upload(workspace), methods=["POST"]),
            Route("/response/{name}", _response(workspace), methods=["POST"]),
            Route("/files/private/{file_id}/{rest:path}", _private_file(workspace), methods=["GET"]),
            Route("/files/{file_id}/{name}", _file(workspace), methods=["GET"]),
            Route("/archives/{channel}/{message}", _permalink, methods=["GET"]),
            *control_routes.routes(control),
            Route("/", _index, methods=["GET"]),
            Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
        ],
    )
    app.add_middleware(_Address, workspace=workspace)
    app.state.control = control
    return app


def install(workspace: Workspace, manifest: Mapping[str, object]) -> None:
    """Gives the app what its manifest asks for: scopes, events, and its name."""
    workspace.manifest = manifest
    granted = _at(manifest, "oauth_config", "scopes", "bot")
    if isinstance(granted, list):
        workspace.scopes = frozenset(str(scope) for scope in granted)
    events = _at(manifest, "settings", "event_subscriptions", "bot_events")
    if isinstance(events, list):
        workspace.subscriptions = frozenset(str(event) for event in events)
    name = _at(manifest, "features", "bot_user", "display_name")
    if isinstance(name, str):
        workspace.bot.handle = workspace.bot.name = name


def _at(value: object, *path: str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


class _Address:
    """Keeps the workspace's own address what its visitors use: links in messages then work for them.

    Another site open in the same browser must not drive people here: only loopback names and the page's own origin
    are served.
    """

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self._app = app
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = HTTPConnection(scope).headers
            host = headers.get("host", "")
            address = f"http://{host}"
            if urlsplit(address).hostname not in LOOPBACK_NAMES or headers.get("origin", address) != address:
                await PlainTextResponse("this workspace is for its own machine only", 403)(scope, receive, send)
                return
            self._workspace.base_url = address
        await self._app(scope, receive, send)


Endpoint = Callable[[Request], Awaitable[Response]]


def _upload(workspace: Workspace) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        content = await request.body()
        try:
            file = receive(workspace, request.path_params["file_id"], content)
        except SlackError as refusal:
            return PlainTextResponse(refusal.code, status_code=400)
        return PlainTextResponse(f"OK - {len(file.content)}")

    return endpoint


def _response(workspace: Workspace) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            respond(workspace, request.path_params["name"], body if isinstance(body, dict) else {})
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        except SlackError as refusal:
            return PlainTextResponse(refusal.code, status_code=404 if refusal.code.endswith("_url") else 400)
        return PlainTextResponse("ok")

    return endpoint


def _file(workspace: Workspace) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        file = workspace.files.get(request.path_params["file_id"])
        if file is None or not file.uploaded:
            return PlainTextResponse("file_not_found", status_code=404)
        # What was uploaded is shown as what it claims to be, and never runs as a page of this origin.
        headers = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'"}
        return Response(file.content, media_type=file.mimetype, headers=headers)

    return endpoint


def _private_file(workspace: Workspace) -> Endpoint:
    public = _file(workspace)

    async def endpoint(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {workspace.bot_token}":
            return PlainTextResponse("not_authed", status_code=403)
        return await public(request)

    return endpoint


async def _permalink(request: Request) -> Response:
    digits = request.path_params["message"].removeprefix("p")
    ts = f"{digits[:-ARCHIVE_DIGITS]}.{digits[-ARCHIVE_DIGITS:]}"
    thread = request.query_params.get("thread_ts")
    place = f"thread/{thread}" if thread else f"at/{ts}"
    return RedirectResponse(f"/#/{request.path_params['channel']}/{place}")


async def _index(request: Request) -> Response:
    index = PAGE / "index.html"
    if not index.is_file():
        return PlainTextResponse("The workspace runs; it has no page.", status_code=404)
    return FileResponse(index)
