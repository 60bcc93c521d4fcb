"""Claude against the stand-in, on the wire."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from bot.domain.model import (
    Citation,
    Document,
    Ended,
    Instructions,
    ModelEvent,
    ModelRequest,
    ModelTask,
    TextPart,
    Tool,
    Turn,
    UserTurn,
)
from integrations.anthropic import AnthropicSettings, Claude
from sandbox.anthropic import ClaudeApi, Script
from tests.sandbox.anthropic.desk import Desk

KEY = hashlib.sha256(b"of the stand-in").hexdigest()
INSTRUCTIONS = Instructions(text="You help people on call. " * 120, prompt="answer", digest="d" * 8)
TOOLS = tuple(
    Tool(name=name, description=f"Reads {name}.", schema={"type": "object", "properties": {"q": {"type": "string"}}})
    for name in ("metrics", "logs")
)
DOCUMENTS = (
    Document(id="E1", title="Errors", passages=("500s rose to 12 % at 14:02. ", "They began with v42.")),
    Document(id="INC-2026-0007", title="Pool exhausted", passages=("The pool was raised to 50.",)),
)


DESK = Desk()


@dataclass
class Waits:
    """Waits for nothing, and says for how long it would have."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass(frozen=True)
class Asking:
    claude: Claude
    api: ClaudeApi
    waits: Waits

    async def events(self, request: ModelRequest) -> list[ModelEvent]:
        async with aclosing(self.claude.stream(request)) as events:
            return [event async for event in events]


@asynccontextmanager
async def asking(script: Script = (), **settings: object) -> AsyncIterator[Asking]:
    api = ClaudeApi(script)
    DESK.app = api.app
    waits = Waits()
    given = {"api_key": KEY, "url": DESK.url} | settings
    claude = Claude(AnthropicSettings(**given), pause=waits)  # type: ignore[arg-type]
    if claude.is_set_up:
        await asyncio.to_thread(claude.warm)  # deadlines of tests are of the wire
    try:
        yield Asking(claude, api, waits)
    finally:
        await claude.close()


def request(
    *turns: Turn,
    task: ModelTask = ModelTask.MAIN,
    tools: tuple[Tool, ...] = (),
    deadline: float = 30.0,
    may_call: bool = True,
    max_tokens: int | None = None,
) -> ModelRequest:
    return ModelRequest(
        task=task, instructions=INSTRUCTIONS, turns=turns or (UserTurn(text="What changed?"),), tools=tools,
        deadline=deadline, may_call=may_call, max_tokens=max_tokens,
    )  # fmt: skip


def ended(events: list[ModelEvent]) -> Ended:
    last = events[-1]
    assert isinstance(last, Ended)
    return last


def text(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPart))


def citations(events: list[ModelEvent]) -> list[Citation]:
    return [event for event in events if isinstance(event, Citation)]
