"""What a model is told: stable instructions, the turns of a conversation, the tools it may ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

DEFAULT_DEADLINE = 60.0  # seconds; people wait for it


class Effort(StrEnum):
    """How much the model may think before it answers: more is slower and dearer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class ModelTask(StrEnum):
    """Which model is asked, by what it is for; settings say which one that is."""

    FAST = "fast"  # triage, routing, short updates
    MAIN = "main"  # briefing, questions, postmortem
    DEEP = "deep"  # a hard root cause, on request


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """What stays the same over all requests of one kind: nothing of an incident belongs here, or no cache can hold."""

    text: str
    prompt: str  # name of the template it came from: "analysis"
    digest: str  # of the template, stored beside each answer


@dataclass(frozen=True, kw_only=True)
class Document:
    """Something citable. A citation names the document and whole passages of it, never a part of one."""

    id: str  # our own: "E3", "INC-2026-0042", an address
    title: str
    passages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """The model asks for a tool; code decides whether it runs."""

    id: str
    name: str
    input: Mapping[str, object]  # parsed JSON, as the model gave it: not yet checked against the tool's schema

    @property
    def key(self) -> str:
        """The same for calls that ask the same, whatever the order and spacing of their input."""
        return f"{self.name} {json.dumps(_plain(self.input), sort_keys=True, ensure_ascii=False)}"


@dataclass(frozen=True, kw_only=True)
class Tool:
    name: str  # [a-zA-Z0-9_-]{1,64}
    description: str
    schema: Mapping[str, object]  # JSON schema of its input, an object


@dataclass(frozen=True, kw_only=True)
class UserTurn:
    """What people said, and data for it. All of it is untrusted."""

    text: str
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OperatorNote:
    """Our own word in the middle of a conversation ("two calls are left"), above what people and data say.

    Put nothing into it that came from outside.
    """

    text: str


@dataclass(frozen=True, kw_only=True)
class AssistantTurn:
    """What the model answered, to be handed back as it is. Only `text` and `calls` are for reading.

    Conversations are append-only: where what stands before this turn is not what the model had seen, or another
    model goes on, its thinking is left out when it is handed back.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    model: str = ""  # which one said it
    content: str = "[]"  # opaque: JSON of the vendor's own blocks
    prefix: str = ""  # opaque: digest of what stood before it


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    call_id: str
    text: str = ""
    documents: tuple[Document, ...] = ()
    is_error: bool = False


@dataclass(frozen=True, kw_only=True)
class ToolResults:
    """The results of all calls of the turn before, together. A call left out is told to the model as not run."""

    results: tuple[ToolResult, ...]


Turn: TypeAlias = UserTurn | OperatorNote | AssistantTurn | ToolResults


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One turn that is asked for.

    Documents are citable in `stream`; `parse` has no citations: let its form hold the documents' ids.
    """

    task: ModelTask
    instructions: Instructions
    turns: tuple[Turn, ...]  # the last one is not the assistant's
    tools: tuple[Tool, ...] = ()
    may_call: bool = True  # False: answer now; the tools stay listed, so that caches hold
    effort: Effort | None = None  # None: as is set for the task
    max_tokens: int | None = None  # of the answer with its thinking; None: as usual for the task
    deadline: float = field(default=DEFAULT_DEADLINE)  # seconds, for all attempts together


def _plain(value: object) -> object:
    """JSON values with the differences taken out that change no question: 5.0 and 5, blanks around words."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
