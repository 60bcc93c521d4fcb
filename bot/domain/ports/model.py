"""The language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.domain.model import ModelEvent, ModelRequest, Parsed

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")


class Model(Protocol):
    """One turn at a time: loops over tools, budgets and what is done with an answer belong to the caller."""

    async def parse(self, request: ModelRequest, shape: type[T]) -> Parsed[T]:
        """An answer in the form of `shape`; one that does not fit is asked for once more. Raises ModelError."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """`Started`, text and citations as they come, the tool calls, `Ended`. Raises ModelError while iterating.

        Closing it (`aclosing`) stops the model at once: what it would still have said is not paid for.
        """
        ...

    async def count(self, request: ModelRequest) -> int:
        """Tokens of the request. Free of charge. Raises ModelError."""
        ...
