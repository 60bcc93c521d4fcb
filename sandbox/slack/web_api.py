"""The Web API over HTTP: arguments in, token and scopes checked, limits and faults met, the call logged."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.slack import scopes
from sandbox.slack.api import assistant, canvases, chat, conversations, files, marks, streams, team, views
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.values import JsonObject
from sandbox.slack.workspace import Workspace

METHODS: dict[str, Method] = {
    **team.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **marks.METHODS,
    **views.METHODS,
    **files.METHODS,
    **streams.METHODS,
    **canvases.METHODS,
    **assistant.METHODS,
}
APP_TOKEN_METHODS = {"apps.connections.open"}
BAD_GATEWAY = 503


@dataclass(frozen=True, kw_only=True)
class Answer:
    body: JsonObject
    status: int = 200
    retry_after: int | None = None

    @property
    def error(self) -> str | None:
        return None if self.body.get("ok") else str(self.body.get("error"))


class WebApi:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def endpoint(self, request: Request) -> Response:
        method = request.path_params["method"]
        workspace = self._workspace
        started, began = workspace.clock(), time.monotonic()
        workspace.calls.in_flight += 1
        args: JsonObject = {}
        answer = Answer(body={"ok": False, "error": "fatal_error"})
        try:
            token, args = await _read(request)
            answer = await self._answer(method, token, args)
        finally:
            workspace.calls.in_flight -= 1
            workspace.calls.touch()
            workspace.calls.add(method, args, error=answer.error, at=started, seconds=time.monotonic() - began)
        return self._respond(method, answer)

    def _respond(self, method: str, answer: Answer) -> Response:
        if answer.status == BAD_GATEWAY:
            return PlainTextResponse("upstream connect error", status_code=BAD_GATEWAY)
        headers = {
            "x-oauth-scopes": ",".join(sorted(self._workspace.scopes)),
            "x-accepted-oauth-scopes": ",".join(scopes.needed(method)),
        }
        if answer.retry_after is not None:
            headers["retry-after"] = str(answer.retry_after)
        return JSONResponse(answer.body, status_code=answer.status, headers=headers)

    async def _answer(self, method: str, token: str, args: JsonObject) -> Answer:
        faults = self._workspace.faults
        if faults.latency:
            await asyncio.sleep(faults.latency)
        fault = faults.take(method)
        refused = await _refuse(fault) if fault else None
        if refused is not None:
            return refused
        wait = self._workspace.limits.retry_after(method, str(args.get("channel", "")))
        if wait is not None:
            return _limited(wait)
        answer = self.run(method, token, args)
        if fault is not None and fault.kind is FaultKind.HANG_AFTER_EFFECT:
            await asyncio.sleep(fault.seconds)
        return answer

    def run(self, method: str, token: str, args: JsonObject) -> Answer:
        if method == "api.test":
            return Answer(body={"ok": True, "args": args})
        handler = METHODS.get(method)
        try:
            if handler is None:
                raise SlackError("unknown_method", req_method=method)
            self._authorise(method, token)
            body = handler(ApiCall(workspace=self._workspace, method=method, args=args))
        except SlackError as refusal:
            return Answer(body=refusal.body())
        return Answer(body={"ok": True, **body})

    def _authorise(self, method: str, token: str) -> None:
        workspace = self._workspace
        if not token:
            raise SlackError("not_authed")
        if token not in {workspace.bot_token, workspace.app_token}:
            raise SlackError("invalid_auth")
        if (token == workspace.app_token) != (method in APP_TOKEN_METHODS):
            raise SlackError("not_allowed_token_type")
        scopes.check(workspace.scopes, scopes.needed(method))


def _limited(seconds: int) -> Answer:
    return Answer(body={"ok": False, "error": "ratelimited"}, status=429, retry_after=seconds)


async def _refuse(fault: Fault) -> Answer | None:
    """What the fault answers instead of the method; None when the method still runs."""
    match fault.kind:
        case FaultKind.RATELIMITED:
            return _limited(fault.retry_after)
        case FaultKind.AWAY:
            return Answer(body={"ok": False, "error": "service_unavailable"}, status=BAD_GATEWAY)
        case FaultKind.ERROR:
            return Answer(body={"ok": False, "error": fault.error})
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        case FaultKind.HANG_AFTER_EFFECT:
            pass
    return None


async def _read(request: Request) -> tuple[str, JsonObject]:
    """The token, from the header or an argument, and the arguments: query, form or JSON."""
    args: JsonObject = dict(request.query_params)
    body = await request.body()
    if body:
        args |= _body(request, body)
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else str(args.get("token", ""))
    args.pop("token", None)
    return token, args


def _body(request: Request, body: bytes) -> JsonObject:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            value: Any = json.loads(body)
        except ValueError:
            return {}
        return {key: part for key, part in value.items() if part is not None} if isinstance(value, dict) else {}
    return dict(parse_qsl(body.decode(), keep_blank_values=True))
