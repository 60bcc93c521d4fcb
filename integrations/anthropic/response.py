"""One response of the API, streamed."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from bot.domain.model import (
    NOTHING_SPENT,
    Citation,
    ModelError,
    ModelEvent,
    ModelFailure,
    Partial,
    Spent,
    Started,
    TextPart,
)
from integrations.anthropic import wording
from integrations.anthropic.connection import Connection
from integrations.anthropic.failures import known, understood
from integrations.anthropic.prices import Prices
from integrations.anthropic.reading import Answer, NotTheProtocol
from integrations.anthropic.render import Call
from integrations.anthropic.retrying import Attempts, too_late

if TYPE_CHECKING:
    from anthropic import AsyncStream
    from anthropic.types import RawMessageStreamEvent

log = logging.getLogger(__name__)


class Response:
    """`answer` is whole once `events` has come to its end."""

    def __init__(
        self,
        call: Call,
        connection: Connection,
        attempts: Attempts,
        prices: Prices,
        *,
        first_block: int,
        is_read_along: bool,
    ) -> None:
        self._call = call
        self._connection = connection
        self._attempts = attempts
        self._prices = prices
        self._first_block = first_block
        self._is_read_along = is_read_along
        self._earlier = NOTHING_SPENT  # by attempts that failed after they had begun
        self._citations: list[Citation] = []
        self.answer = Answer(call.documents, first_block)

    @property
    def spent(self) -> Spent:
        """A response that broke off is paid for as far as it came."""
        if not self.answer.has_started:
            return self._earlier
        return self._earlier + self._prices.spent(self._call.model, self.answer.usage)

    def told_of(self, error: ModelError, text_before: str, spent_before: Spent) -> ModelError:
        """`error` with what had been said and spent."""
        error.spent = spent_before + self.spent
        if said := text_before + self.answer.text:
            error.partial = Partial(text=said, citations=tuple(self._citations))
            if error.reason is ModelFailure.UNREACHABLE:
                return ModelError(error.reason, wording.BROKEN_OFF, partial=error.partial, spent=error.spent)
        return error

    async def events(self) -> AsyncGenerator[ModelEvent, None]:
        """Raises ModelError. Where people read along it is asked again only as long as nothing was said."""
        while True:
            try:
                async with aclosing(self._attempt()) as events:
                    async for event in events:
                        yield event
                return
            except ModelError:
                raise
            except TimeoutError:
                failure = too_late()
            except known() as error:
                failure = understood(error)
            if self.answer.text and self._is_read_along:
                raise failure.error
            await self._attempts.wait_after(failure)

    async def _attempt(self) -> AsyncGenerator[Started | TextPart | Citation, None]:
        self._earlier = self.spent
        self.answer = answer = Answer(self._call.documents, self._first_block)
        client = await self._connection.client()
        async with self._attempts.until_the_end():
            stream: AsyncStream[RawMessageStreamEvent] = await client.messages.create(
                **self._call.arguments(), max_tokens=self._call.max_tokens, stream=True
            )
        is_told = False
        try:
            if not stream.response.headers.get("content-type", "").startswith("text/event-stream"):
                raise NotTheProtocol("the answer is no stream of events")
            while (event := await self._next(stream)) is not None:
                for part in answer.feed(event):
                    if isinstance(part, Citation):
                        self._citations.append(part)
                    yield part
                if answer.has_started and not is_told:
                    is_told = True
                    yield Started(spent=self.spent)
        finally:
            await stream.close()
        if not answer.has_ended:
            raise _cut_off()
        log.info(
            "Claude %s answered request %s: %s, %s tokens in, %s out",
            self._call.model, stream.response.headers.get("request-id"), answer.stop, answer.usage.prompt,
            answer.usage.output,
        )  # fmt: skip

    async def _next(self, stream: AsyncStream[RawMessageStreamEvent]) -> dict[str, Any] | None:
        async with self._attempts.until_the_end():
            event: Any = await anext(stream, None)
        # Events that the library cannot make out come as they are.
        told: dict[str, Any] | None = event.to_dict(mode="json") if hasattr(event, "to_dict") else event
        return told


def _cut_off() -> Exception:
    import httpx2

    return httpx2.RemoteProtocolError("the stream ended without its last event")
