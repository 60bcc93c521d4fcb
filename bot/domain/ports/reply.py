"""An answer that people watch being written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.errors import FirstResponderError


class Stopped(FirstResponderError):
    """Whoever watched it has stopped it: nothing more is to be said."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a part of the answer rests on. `mark` is how the text names it: "E3"."""

    mark: str
    title: str
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where a question was asked and who reads the answer. `key` is unique to the question."""

    key: str
    channel: str
    thread: str
    user: str
    team: str


class Reply(Protocol):
    """One answer. All of it raises ChatError, and Stopped."""

    async def doing(self, what: str) -> None:
        """Shown while nothing is written: "is looking at the logs". Never raises."""
        ...

    async def write(self, text: str) -> None:
        """Appended soon; several pieces go together. `text` is the model's: nothing in it has an effect."""
        ...

    async def finish(self, *, notice: str = "", sources: Sequence[Source] = (), answer_id: str = "") -> str:
        """`notice`: our own word at the end. With an `answer_id` people can say whether it helped. Its message's id."""
        ...


class Replies(Protocol):
    async def begin(self, spot: Spot) -> Reply: ...
