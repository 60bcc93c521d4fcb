"""The Model port on the Claude API."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from bot.domain.model import (
    NOTHING_SPENT,
    AssistantTurn,
    Ended,
    ModelError,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    ModelTask,
    Parsed,
    Spent,
    Started,
    StopReason,
    Turn,
    UserTurn,
)
from integrations.anthropic import wording
from integrations.anthropic.connection import Connection
from integrations.anthropic.failures import known, understood
from integrations.anthropic.form import misfit, schema_of
from integrations.anthropic.reading import Json
from integrations.anthropic.render import Style, render
from integrations.anthropic.response import Response
from integrations.anthropic.retrying import Attempts, Pause, too_late
from integrations.anthropic.settings import AnthropicSettings

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")

log = logging.getLogger(__name__)

# Tokens of an answer with its thinking; nothing is paid for what is not used.
MAX_TOKENS = {ModelTask.FAST: 4_096, ModelTask.MAIN: 16_000, ModelTask.DEEP: 32_000}
MOST_PAUSES = 3  # how often a turn that the API paused is gone on with
FORMS_TRIED = 2  # answers in a wrong form; the second one has been told what was wrong


class Claude:
    """Without a key every question raises NO_KEY. `pause`: waits for so many seconds before it asks again."""

    def __init__(self, settings: AnthropicSettings, *, pause: Pause = asyncio.sleep) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        self._pause = pause

    @property
    def is_set_up(self) -> bool:
        return self._settings.is_set_up

    def warm(self) -> None:
        """Import and make the client now. Blocks for one to two seconds: call it on a thread. Raises ModelError."""
        self._connection.warm()

    async def close(self) -> None:
        await self._connection.close()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        attempts = Attempts(request.deadline, self._pause)
        async with aclosing(self._turn(request, self._style(request), attempts)) as events:
            async for event in events:
                yield event

    async def parse(self, request: ModelRequest, shape: type[T]) -> Parsed[T]:
        attempts = Attempts(request.deadline, self._pause)
        style = replace(self._style(request), form=await schema_of(shape, self._connection))
        spent, turns = NOTHING_SPENT, request.turns
        for attempt in range(1, FORMS_TRIED + 1):
            ended = await self._ended(replace(request, turns=turns), style, attempts, spent)
            spent += ended.spent
            found = misfit(ended.turn.text, shape)
            if not isinstance(found, str):
                return Parsed(value=found, spent=spent, turn=ended.turn, attempts=attempt)
            log.info("Claude's answer does not fit %s: %s", shape.__name__, found)
            turns = _corrected(turns, ended.turn, found)
        raise ModelError(ModelFailure.GARBAGE, wording.WRONG_FORM, spent=spent)

    async def count(self, request: ModelRequest) -> int:
        attempts = Attempts(request.deadline, self._pause)
        call = render(request, self._style(request))
        client = await self._connection.client()
        while True:
            try:
                async with attempts.until_the_end():
                    return (await client.messages.count_tokens(**call.arguments())).input_tokens
            except TimeoutError:
                raise too_late().error from None
            except known() as error:
                failure = understood(error)
            await attempts.wait_after(failure)

    async def _ended(self, request: ModelRequest, style: Style, attempts: Attempts, before: Spent) -> Ended:
        """The whole answer, or ModelError: a form that is cut off is of no use."""
        ended: Ended | None = None
        try:
            async with aclosing(self._turn(request, style, attempts)) as events:
                async for event in events:
                    ended = event if isinstance(event, Ended) else ended
        except ModelError as error:
            error.spent = before + error.spent
            raise
        assert ended is not None
        reasons = {
            StopReason.REFUSED: ModelFailure.REFUSED,
            StopReason.TOO_LONG: ModelFailure.TRUNCATED,
            StopReason.PAUSED: ModelFailure.TRUNCATED,
            StopReason.CONTEXT_FULL: ModelFailure.CONTEXT_FULL,
        }
        if (reason := reasons.get(ended.stop)) is None:
            return ended
        sentence = wording.refused(ended.category) if reason is ModelFailure.REFUSED else ""
        failure = wording.failed(reason, sentence, category=ended.category)
        failure.spent = before + ended.spent
        raise failure

    async def _turn(self, request: ModelRequest, style: Style, attempts: Attempts) -> AsyncGenerator[ModelEvent, None]:
        """One turn; one that the API pauses is gone on with."""
        blocks: list[Json] = []
        texts: list[str] = []
        spent = NOTHING_SPENT
        for pauses in range(MOST_PAUSES + 1):
            call = render(request, style, blocks)
            response = Response(
                call,
                self._connection,
                attempts,
                self._settings.price_list,
                first_block=len(blocks),
                is_read_along=style.form is None,
            )
            try:
                async with aclosing(response.events()) as events:
                    async for event in events:
                        yield Started(spent=spent + event.spent) if isinstance(event, Started) else event
            except ModelError as error:
                raise response.told_of(error, "".join(texts), spent) from None
            answer, spent = response.answer, spent + response.spent
            blocks += answer.blocks
            texts.append(answer.text)
            if answer.stop is not StopReason.PAUSED or not answer.blocks or pauses == MOST_PAUSES:
                break
        for tool_call in answer.calls:
            yield tool_call
        turn = AssistantTurn(
            text="".join(texts), calls=answer.calls, model=call.model, prefix=call.prefix,
            content=json.dumps(blocks, ensure_ascii=False),
        )  # fmt: skip
        notice = wording.notice(answer.stop, answer.category)
        yield Ended(stop=answer.stop, turn=turn, spent=spent, notice=notice, category=answer.category)

    def _style(self, request: ModelRequest) -> Style:
        return Style(
            model=self._settings.model_for(request.task),
            max_tokens=request.max_tokens or MAX_TOKENS[request.task],
            effort=request.effort or self._settings.effort_for(request.task),
            cache_ttl=self._settings.cache_ttl,
            system_turns=self._settings.system_turns,
        )


def _corrected(turns: tuple[Turn, ...], answer: AssistantTurn, found: str) -> tuple[Turn, ...]:
    ask = f"Your answer does not fit the form: {found} Give the whole answer again, in the form."
    return (*turns, answer, UserTurn(text=ask))
