"""The server: /v1/messages, whole and streamed, /v1/messages/count_tokens, /v1/models."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.anthropic.asked import Asked
from sandbox.anthropic.memory import Cache, Thoughts, prompt_tokens
from sandbox.anthropic.message import Message, message
from sandbox.anthropic.models import MODELS, ModelCard
from sandbox.anthropic.rules import TYPES, Refused, check, invalid
from sandbox.anthropic.streaming import Cut, EventStream, KnowsItsTransport, Watched
from sandbox.anthropic.turns import CutAfter, Error, Garbage, Script, Slow, StreamError, Turn

LARGEST = 32 * 1024 * 1024  # bytes of a request
_REQUESTS = count(1)
Handler = Callable[[Request], Awaitable[Response]]


class ClaudeApi:
    """`script`: the turns in their order, or what to do with each request. `key`: the only one that is let in."""

    def __init__(self, script: Script = (), *, key: str = "", models: Sequence[ModelCard] = MODELS) -> None:
        self.requests: list[Asked] = []  # every request of a message that came, refused ones too
        self.counted: list[Asked] = []
        self._models = {model.id: model for model in models}
        self._key = key
        self._next = _in_turn(list(script)) if isinstance(script, Sequence) else script
        self._cache, self._thoughts = Cache(), Thoughts()
        self._paused: list[str] = []  # ends of answers that may be gone on with
        routes = Starlette(
            routes=[
                Route("/v1/messages", self._guarded(self._messages), methods=["POST"]),
                Route("/v1/messages/count_tokens", self._guarded(self._count), methods=["POST"]),
                Route("/v1/models", self._guarded(self._list)),
                Route("/v1/models/{id:path}", self._guarded(self._model)),
            ]
        )
        self.app = KnowsItsTransport(routes)

    @property
    def last(self) -> Asked:
        return self.requests[-1]

    def _guarded(self, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            number = f"req_{next(_REQUESTS):024d}"
            try:
                self._admit(request)
                response = await handler(request)
            except Refused as refused:
                body = {"type": "error", "error": refused.error, "request_id": number}
                response = JSONResponse(body, refused.status)
            response.headers["request-id"] = number
            return response

        return endpoint

    def _admit(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        if not given:
            raise Refused(401, "Authorization header is required")
        if self._key and given != self._key:
            raise Refused(401, "invalid API key")
        if not request.headers.get("anthropic-version"):
            raise invalid("anthropic-version: header is required")

    async def _messages(self, request: Request) -> Response:
        asked = await _read(request)
        self.requests.append(asked)
        model = self._known(asked.body.get("model"))
        check(asked.body, model)
        self._thoughts.check(model, asked.body)
        if not model.prefill and asked.messages[-1]["role"] == "assistant" and not self._goes_on(asked):
            raise invalid(
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )
        if (length := prompt_tokens(asked.body)) > model.window:
            raise invalid(f"prompt is too long: {length} tokens > {model.window} maximum")
        return self._answer(self._next(asked), asked, model)

    def _goes_on(self, asked: Asked) -> bool:
        """Its last message is what was said up to a pause."""
        return any(json.dumps(_told(asked.messages[-1]["content"])).endswith(end) for end in self._paused)

    def _answer(self, turn: Turn, asked: Asked, model: ModelCard) -> Response:
        pace = turn if isinstance(turn, Slow) else Slow(turn)
        while isinstance(turn, Slow):
            turn = turn.turn
        cut = Cut()
        if isinstance(turn, CutAfter):
            cut, turn = Cut(after=turn.events, politely=turn.politely), turn.turn
        elif isinstance(turn, StreamError):
            cut, turn = Cut(after=turn.after, error=turn.type), turn.turn
        if isinstance(turn, Error):
            return _error(turn)
        if isinstance(turn, Garbage):
            return Response(turn.body, media_type=turn.content_type)
        if isinstance(turn, CutAfter | StreamError | Slow):
            raise invalid("the script puts a turn into a turn that cannot hold it")
        whole = message(turn, asked, self._cache.usage(asked.body, model))
        self._remember(whole, asked, model)
        if asked.is_streamed:
            return EventStream(whole, asked, pace, cut)
        return Watched(whole, asked, pace)

    def _remember(self, whole: Message, asked: Asked, model: ModelCard) -> None:
        for block in whole.blocks:
            if block["type"] == "thinking":
                self._thoughts.gave(block["signature"], block["thinking"], model, asked.body)
        if whole.stop == "pause_turn":
            self._paused.append(json.dumps(_told(list(whole.blocks)))[1:])

    async def _count(self, request: Request) -> Response:
        asked = await _read(request)
        self.counted.append(asked)
        check(asked.body, self._known(asked.body.get("model")), counts=True)
        return JSONResponse({"input_tokens": prompt_tokens(asked.body)})

    async def _list(self, request: Request) -> Response:
        data = [model.body() for model in self._models.values()]
        return JSONResponse({"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]})

    async def _model(self, request: Request) -> Response:
        return JSONResponse(self._known(request.path_params["id"]).body())

    def _known(self, name: Any) -> ModelCard:
        if not isinstance(name, str):
            raise invalid("model: Field required")
        if name not in self._models or self._models[name].lifecycle == "retired":
            raise Refused(404, f"model: {name}")
        return self._models[name]


def _in_turn(turns: list[Turn]) -> Callable[[Asked], Turn]:
    def following(asked: Asked) -> Turn:
        if not turns:
            raise invalid("the script has no more turns")
        return turns.pop(0)

    return following


async def _read(request: Request) -> Asked:
    raw = await request.body()
    if len(raw) > LARGEST:
        raise Refused(413, "Request exceeds the maximum size")
    try:
        body = json.loads(raw)
    except ValueError:
        raise invalid("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object")
    return Asked(request.url.path, dict(request.headers), raw, body)


def _error(turn: Error) -> Response:
    error: dict[str, Any] = {"type": turn.type or TYPES.get(turn.status, "api_error"), "message": turn.message}
    if turn.code:
        error["details"] = {"error_code": turn.code}
    headers = {"retry-after": f"{turn.retry_after:g}"} if turn.retry_after is not None else {}
    if turn.should_retry:
        headers["x-should-retry"] = turn.should_retry
    return JSONResponse({"type": "error", "error": error}, turn.status, headers)


def _told(content: Any) -> list[list[str]]:
    """What blocks say, without what may be added to them on their way back."""
    return [[block["type"], str(block.get("text") or block.get("thinking") or "")] for block in content]
