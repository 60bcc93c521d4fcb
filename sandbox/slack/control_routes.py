"""The control API over HTTP: JSON in, JSON out, under /sandbox. 400 with `error` for what nobody could do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.slack.control import Control
from sandbox.slack.errors import ControlError, SandboxError, SlackError
from sandbox.slack.interactions import Outcome
from sandbox.slack.values import JsonObject


class _Fields:
    """The fields of a request, each asked for by name."""

    def __init__(self, values: JsonObject) -> None:
        self._values = values

    def need(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not value:
            raise ControlError(f"the field {name!r} is missing")
        return value

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        return default if value is None else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        return bool(self._values.get(name, default))

    def number(self, name: str, default: float) -> float:
        try:
            return float(self._values.get(name, default))
        except (TypeError, ValueError):
            raise ControlError(f"the field {name!r} is not a number") from None

    def any(self, name: str) -> Any:
        return self._values.get(name)


def _told(outcome: Outcome) -> JsonObject:
    told: JsonObject = {"ok": outcome.ok}
    for key in ("text", "error", "errors"):
        if getattr(outcome, key):
            told[key] = getattr(outcome, key)
    return told


async def _state(control: Control, f: _Fields) -> JsonObject:
    return await control.state(f.text("as"))


async def _messages(control: Control, f: _Fields) -> JsonObject:
    found = await control.messages(f.text("as"), f.need("channel"), f.text("thread_ts") or None)
    return {"messages": found}


async def _views(control: Control, f: _Fields) -> JsonObject:
    return {"views": await control.views(f.text("as"))}


async def _home(control: Control, f: _Fields) -> JsonObject:
    return {"view": await control.home(f.text("as"))}


async def _calls(control: Control, f: _Fields) -> JsonObject:
    return {"calls": [asdict(call) for call in await control.calls(int(f.number("since", 0)))]}


async def _pings(control: Control, f: _Fields) -> JsonObject:
    return {"pings": [asdict(ping) for ping in await control.pings()]}


async def _say(control: Control, f: _Fields) -> JsonObject:
    ts = await control.say(f.text("as"), f.need("channel"), f.need("text"), f.text("thread_ts") or None)
    return {"ts": ts}


async def _edit(control: Control, f: _Fields) -> JsonObject:
    await control.edit(f.text("as"), f.need("channel"), f.need("ts"), f.need("text"))
    return {}


async def _delete(control: Control, f: _Fields) -> JsonObject:
    await control.delete(f.text("as"), f.need("channel"), f.need("ts"))
    return {}


async def _react(control: Control, f: _Fields) -> JsonObject:
    await control.react(f.text("as"), f.need("channel"), f.need("ts"), f.need("name"), remove=f.flag("remove"))
    return {}


async def _pin(control: Control, f: _Fields) -> JsonObject:
    await control.pin(f.text("as"), f.need("channel"), f.need("ts"), remove=f.flag("remove"))
    return {}


async def _click(control: Control, f: _Fields) -> JsonObject:
    outcome = await control.click(
        f.text("as"),
        f.need("action_id"),
        channel=f.text("channel"),
        ts=f.text("ts"),
        view_id=f.text("view_id"),
        block_id=f.text("block_id") or None,
        value=f.any("value"),
        selected=f.any("selected"),
    )
    return _told(outcome)


async def _command(control: Control, f: _Fields) -> JsonObject:
    return _told(await control.command(f.text("as"), f.need("channel"), f.need("command"), f.text("text")))


async def _shortcut(control: Control, f: _Fields) -> JsonObject:
    return _told(await control.shortcut(f.text("as"), f.need("callback_id"), f.text("channel"), f.text("ts")))


async def _submit(control: Control, f: _Fields) -> JsonObject:
    return _told(await control.submit(f.text("as"), f.need("view_id"), f.any("values")))


async def _close(control: Control, f: _Fields) -> JsonObject:
    return _told(await control.close(f.text("as"), f.need("view_id")))


async def _open_home(control: Control, f: _Fields) -> JsonObject:
    await control.open_home(f.text("as"), f.text("tab", "home"))
    return {}


async def _canvas(control: Control, f: _Fields) -> JsonObject:
    await control.write_canvas(f.text("as"), f.need("canvas"), f.need("markdown"))
    return {}


async def _join(control: Control, f: _Fields) -> JsonObject:
    await control.join(f.text("as"), f.need("channel"))
    return {}


async def _leave(control: Control, f: _Fields) -> JsonObject:
    await control.leave(f.text("as"), f.need("channel"))
    return {}


async def _invite(control: Control, f: _Fields) -> JsonObject:
    await control.invite(f.text("as"), f.need("channel"), f.any("users") or [])
    return {}


async def _create_channel(control: Control, f: _Fields) -> JsonObject:
    return {"channel": await control.create_channel(f.text("as"), f.need("name"), is_private=f.flag("is_private"))}


async def _archive(control: Control, f: _Fields) -> JsonObject:
    await control.archive(f.text("as"), f.need("channel"), undo=f.flag("undo"))
    return {}


async def _group(control: Control, f: _Fields) -> JsonObject:
    return {"group": await control.group(f.need("handle"), f.any("users") or [], f.text("name"))}


async def _person(control: Control, f: _Fields) -> JsonObject:
    return {"person": await control.person(f.need("handle"), f.text("kind", "member"), f.text("name"))}


async def _deactivate(control: Control, f: _Fields) -> JsonObject:
    await control.deactivate(f.text("as"), undo=f.flag("undo"))
    return {}


async def _fault(control: Control, f: _Fields) -> JsonObject:
    times = f.any("times")
    try:
        await control.fault(
            f.need("kind"),
            f.text("method", "*"),
            retry_after=int(f.number("retry_after", 1)),
            seconds=f.number("seconds", 30.0),
            error=f.text("error", "internal_error"),
            times=None if times is None else int(times),
        )
    except ValueError as wrong:
        raise ControlError(str(wrong)) from None
    return {}


async def _clear_faults(control: Control, f: _Fields) -> JsonObject:
    await control.clear_faults()
    return {}


async def _limits(control: Control, f: _Fields) -> JsonObject:
    await control.limits(f.flag("on", True))
    return {}


async def _latency(control: Control, f: _Fields) -> JsonObject:
    await control.latency(f.number("seconds", 0.0))
    return {}


async def _disconnect(control: Control, f: _Fields) -> JsonObject:
    return {"connections": await control.disconnect(f.text("reason") or None)}


async def _delivery(control: Control, f: _Fields) -> JsonObject:
    delivery = control.workspace.delivery
    delivery.ack_seconds = f.number("ack_seconds", delivery.ack_seconds)
    if isinstance(f.any("retry_delays"), list):
        delivery.retry_delays = tuple(float(delay) for delay in f.any("retry_delays"))
    if f.any("request_url") is not None:
        await control.deliver_to(f.text("request_url") or None)
    return {}


async def _quiet(control: Control, f: _Fields) -> JsonObject:
    quiet, calls = await control.quiet(f.number("idle", 0.3), f.number("timeout", 10.0))
    return {"quiet": quiet, "calls": calls, "unacked": control.workspace.delivery.unacked}


READS = {
    "state": _state,
    "messages": _messages,
    "views": _views,
    "home": _home,
    "calls": _calls,
    "pings": _pings,
}
WRITES = {
    "say": _say,
    "edit": _edit,
    "delete": _delete,
    "react": _react,
    "pin": _pin,
    "click": _click,
    "command": _command,
    "shortcut": _shortcut,
    "submit": _submit,
    "close": _close,
    "home/open": _open_home,
    "canvas": _canvas,
    "join": _join,
    "leave": _leave,
    "invite": _invite,
    "create_channel": _create_channel,
    "archive": _archive,
    "group": _group,
    "person": _person,
    "deactivate": _deactivate,
    "faults": _fault,
    "limits": _limits,
    "latency": _latency,
    "disconnect": _disconnect,
    "delivery": _delivery,
    "quiet": _quiet,
}


def routes(control: Control) -> list[Route]:
    found = [Route(f"/sandbox/{name}", _endpoint(control, handler), methods=["GET"]) for name, handler in READS.items()]
    found += [
        Route(f"/sandbox/{name}", _endpoint(control, handler), methods=["POST"]) for name, handler in WRITES.items()
    ]
    found.append(Route("/sandbox/faults", _endpoint(control, _clear_faults), methods=["DELETE"]))
    found.append(Route("/sandbox/live", _live(control), methods=["GET"]))
    return found


def _endpoint(
    control: Control, handler: Callable[[Control, _Fields], Awaitable[JsonObject]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            answer = await handler(control, _Fields(await _values(request)))
        except SlackError as refusal:
            return JSONResponse({"ok": False, "error": refusal.code}, status_code=400)
        except SandboxError as refusal:
            return JSONResponse({"ok": False, "error": str(refusal)}, status_code=400)
        return JSONResponse({"ok": True, **answer})

    return endpoint


async def _values(request: Request) -> JsonObject:
    if request.method == "GET":
        return dict(request.query_params)
    body = await request.body()
    try:
        values = json.loads(body or b"{}")
    except ValueError:
        raise ControlError("the body is not JSON") from None
    if not isinstance(values, dict):
        raise ControlError("the body is not an object")
    return values


def _live(control: Control) -> Callable[[Request], Awaitable[Response]]:
    async def stream() -> AsyncIterator[str]:
        yield ": connected\n\n"
        async for note in control.workspace.live.notes():
            yield ": still here\n\n" if note is None else f"data: {json.dumps(note)}\n\n"

    async def endpoint(request: Request) -> Response:
        return StreamingResponse(
            stream(), media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no"}
        )

    return endpoint
