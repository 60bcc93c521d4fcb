"""Makes a replay server fail on demand, so that tests can see how its clients cope.

`POST /sandbox/faults` with `{"kind": "status" | "slow" | "hang" | "garbage" | "reset", ...}` arms one fault in front
of the wrapped application, `GET` shows what is armed, `DELETE` clears everything. They apply in the order of arming.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

CONTROL_PATH = "/sandbox/faults"
GARBAGE = b"<html><body><h1>It works!</h1>\x00\xff not what the protocol says"


class FaultKind(StrEnum):
    STATUS = "status"  # answer with `status`, the application is not asked
    SLOW = "slow"  # wait `seconds`, then answer as usual
    HANG = "hang"  # accept the request and never answer
    GARBAGE = "garbage"  # 200 with a body no client of the protocol can read
    RESET = "reset"  # drop the connection without an answer


class UnreadableFault(ValueError):
    """The text says which member of the request is wrong and what was expected."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    kind: FaultKind
    status: int = 503  # for STATUS
    seconds: float = 1.0  # for SLOW
    times: int | None = None  # how many requests it hits; None: until cleared
    path: str = ""  # only paths that contain this
    body: str = ""  # for STATUS
    headers: Mapping[str, str] = field(default_factory=dict)  # for STATUS: "Retry-After" and the like


@dataclass(kw_only=True)
class _Armed:
    fault: Fault
    hits: int = 0

    def applies(self, path: str) -> bool:
        spent = self.fault.times is not None and self.hits >= self.fault.times
        return not spent and self.fault.path in path


class Faults:
    """ASGI middleware around any application; the outermost one, so that RESET reaches the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault=fault))

    def clear(self) -> None:
        self._armed.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == CONTROL_PATH:
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
        elif (fault := self._next(scope["path"])) is None:
            await self._app(scope, receive, send)
        else:
            await self._fail(fault, scope, receive, send)

    def _next(self, path: str) -> Fault | None:
        armed = next((a for a in self._armed if a.applies(path)), None)
        if armed is None:
            return None
        armed.hits += 1
        return armed.fault

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.STATUS:
                response = Response(fault.body, fault.status, headers=dict(fault.headers))
                await response(scope, receive, send)
            case FaultKind.GARBAGE:
                await Response(GARBAGE, media_type="application/json")(scope, receive, send)
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.HANG:
                await _until_disconnected(receive)
            case FaultKind.RESET:
                await _reset(receive, send)

    async def _control(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"armed": [{"kind": a.fault.kind, "hits": a.hits} for a in self._armed]})
        if request.method == "DELETE":
            self.clear()
            return Response(status_code=204)
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "GET, POST, DELETE"})
        try:
            self.arm(read_fault(await request.body()))
        except UnreadableFault as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"ok": True}, 201)


def read_fault(body: bytes) -> Fault:
    """Raises UnreadableFault."""
    try:
        given = json.loads(body)
    except ValueError as error:
        raise UnreadableFault(f"the body is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise UnreadableFault("the body must be a JSON object")
    kinds = ", ".join(FaultKind)
    if given.get("kind") not in set(FaultKind):
        raise UnreadableFault(f"kind must be one of {kinds}")
    return Fault(
        kind=FaultKind(given["kind"]),
        status=_member(given, "status", int, 503),
        seconds=float(_member(given, "seconds", (int, float), 1.0)),
        times=_member(given, "times", int, None),
        path=_member(given, "path", str, ""),
        body=_member(given, "body", str, ""),
        headers={str(k): str(v) for k, v in _member(given, "headers", dict, {}).items()},
    )


def _member(given: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any) -> Any:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UnreadableFault(f"{name} has the wrong type: {value!r}")
    return value


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(receive: Receive, send: Send) -> None:
    """ASGI has no word for dropping a connection; the server's transport does, where the server lets us see it."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("reset needs uvicorn, and Faults as the outermost application")
    transport.abort()
    await _until_disconnected(receive)
