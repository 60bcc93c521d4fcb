"""What a model answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from bot.domain.model.conversation import AssistantTurn, ToolCall
from bot.domain.model.spend import Spent

T = TypeVar("T")


class StopReason(StrEnum):
    END = "end"  # it said what it had to say
    TOOLS = "tools"  # it asks for tools, and waits for their results
    TOO_LONG = "too long"  # the answer was cut at its limit
    REFUSED = "refused"  # safety rules of the vendor stopped it
    PAUSED = "paused"  # it wanted to go on more often than it was let
    CONTEXT_FULL = "context full"  # conversation and answer do not fit into the model's window
    STOPPED = "stopped"  # for another reason, such as a stop sequence of a gateway


@dataclass(frozen=True, kw_only=True)
class TextPart:
    """A piece of text to append. Pieces of one `block` belong together, and so do the citations of that block."""

    text: str
    block: int


@dataclass(frozen=True, kw_only=True)
class Citation:
    """The block's text rests on these passages, which are in the document word by word."""

    document_id: str
    cited_text: str  # whole passages, joined
    block: int
    passages: tuple[int, ...] = ()  # their places in the document, from 0


@dataclass(frozen=True, kw_only=True)
class Started:
    """The request is being answered, and paid for from here on: what a caller owes who stops before the end.

    `spent` is all of the turn so far; the text that came after it is to be added, by its length.
    """

    spent: Spent


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Always the last event."""

    stop: StopReason
    turn: AssistantTurn  # append it to the conversation; its calls have to be answered
    spent: Spent
    notice: str = ""  # for people, where the answer is not whole: what happened, what to do
    category: str = ""  # of a refusal: "cyber", "bio" ...


ModelEvent: TypeAlias = Started | TextPart | Citation | ToolCall | Ended


@dataclass(frozen=True, kw_only=True)
class Parsed(Generic[T]):
    """A typed answer."""

    value: T
    spent: Spent
    turn: AssistantTurn
    attempts: int = 1  # 2: the first answer did not fit the form
