"""A request as the Messages API takes it. https://platform.claude.com/docs/en/api/messages

What is the same over requests comes first and byte for byte the same: tools, then instructions, then the conversation.
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.model import (
    AssistantTurn,
    Document,
    Effort,
    ModelRequest,
    OperatorNote,
    Tool,
    ToolResult,
    ToolResults,
    Turn,
    UserTurn,
)

Block = dict[str, Any]  # the vendor's JSON; it stays within this package

NOT_RUN = "Not run."
NO_RESULT = "(no output)"
NOTE_AS_TEXT = "A note of the operator of this assistant, not of its users: "
_THINKING = ("thinking", "redacted_thinking")


@dataclass(frozen=True, kw_only=True)
class Call:
    """The parts of one request. Never changed after it is made."""

    model: str
    max_tokens: int
    system: list[Block]
    tools: list[Block]
    messages: list[Block]
    output_config: Block
    may_call: bool
    prefix: str  # digest of what stands before the answer
    documents: tuple[Document, ...]  # in the order in which they are numbered in citations

    def arguments(self) -> dict[str, Any]:
        """Of the client's `messages.count_tokens`, and of `create` with `max_tokens`."""
        arguments: dict[str, Any] = {"model": self.model, "messages": self.messages}
        for name in ("tools", "system", "output_config"):
            if value := getattr(self, name):
                arguments[name] = value
        if self.tools and not self.may_call:
            arguments["tool_choice"] = {"type": "none"}
        return arguments


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a request is put, beyond what it says."""

    model: str
    max_tokens: int
    effort: Effort | None
    cache_ttl: str
    system_turns: bool
    form: Block | None = None  # JSON schema of the answer; there are no citations with one


def render(request: ModelRequest, style: Style, paused: Sequence[Block] = ()) -> Call:
    """`paused`: blocks of an answer that is gone on with. Raises ValueError for turns that make no conversation."""
    cited = style.form is None
    tools = [_tool(tool) for tool in request.tools]
    system = [_text(request.instructions.text)] if request.instructions.text.strip() else []
    conversation = _Conversation(style, cited, tools, system)
    for turns, answer in _runs(request.turns):
        conversation.add(turns, answer)
    if not conversation.messages or conversation.messages[-1]["role"] == "assistant":
        raise ValueError("the last turn has to be somebody else's than the assistant's")
    prefix = conversation.digest.hexdigest()
    if paused:
        conversation.messages.append({"role": "assistant", "content": list(paused)})
    _mark_for_cache(system or tools, style.cache_ttl)
    if request.tools or len(request.turns) > 1:  # a conversation that goes on is read again with its next turn
        _mark_for_cache(_last_content(conversation.messages), "5m")
    return Call(
        model=style.model, max_tokens=style.max_tokens, system=system, tools=tools, messages=conversation.messages,
        output_config=_output_config(style), may_call=request.may_call, prefix=prefix,
        documents=tuple(conversation.documents),
    )  # fmt: skip


class _Conversation:
    def __init__(self, style: Style, cited: bool, tools: list[Block], system: list[Block]) -> None:
        self._style = style
        self._cited = cited
        self.messages: list[Block] = []
        self.documents: list[Document] = []
        self.digest = hashlib.sha256(_canonical([tools, system]))

    def add(self, turns: Sequence[Turn], answer: AssistantTurn | None) -> None:
        """What was said between two answers, and the answer to it."""
        owed = self._owed()
        results = [block for turn in turns if isinstance(turn, ToolResults) for block in self._results(turn, owed)]
        results += [_not_run(call_id) for call_id in owed]
        words = [block for turn in turns if isinstance(turn, UserTurn) for block in self._user(turn)]
        notes = [_clean(turn.text) for turn in turns if isinstance(turn, OperatorNote) if turn.text.strip()]
        said = results + words
        # A system message stands after a user's and before an answer, or last: nowhere else.
        as_text = notes if not said or not self._style.system_turns else []
        said += [_text(NOTE_AS_TEXT + note) for note in as_text]
        if said:
            self._append({"role": "user", "content": said})
        if notes and not as_text:
            self._append({"role": "system", "content": [_text(note) for note in notes]})
        if answer is not None and (blocks := self._answer(answer)):
            self._append({"role": "assistant", "content": blocks})

    def _append(self, message: Block) -> None:
        if self.messages and self.messages[-1]["role"] == message["role"] == "user":
            self.messages[-1]["content"] += message["content"]
        else:
            self.messages.append(message)
        self.digest.update(_canonical(message))

    def _owed(self) -> list[str]:
        """Ids of the calls of the answer before: each of them needs a result, in the next message."""
        if not self.messages or self.messages[-1]["role"] != "assistant":
            return []
        return [block["id"] for block in self.messages[-1]["content"] if block.get("type") == "tool_use"]

    def _answer(self, turn: AssistantTurn) -> list[Block]:
        """Thinking is bound to its model and to all that stood before it; elsewhere it is refused.

        https://platform.claude.com/docs/en/models/haiku-5-5/migration-guide
        """
        blocks: list[Block] = json.loads(turn.content)
        if not blocks and turn.text.strip():  # said by us in its place, or by another vendor's model
            blocks = [_text(turn.text)]
        if turn.model != self._style.model or turn.prefix != self.digest.hexdigest():
            blocks = [block for block in blocks if block.get("type") not in _THINKING]
        if self._cited:
            return blocks
        return [{name: value for name, value in block.items() if name != "citations"} for block in blocks]

    def _user(self, turn: UserTurn) -> list[Block]:
        return [*self._search_results(turn.documents), *([_text(turn.text)] if turn.text.strip() else [])]

    def _results(self, turn: ToolResults, owed: list[str]) -> Iterator[Block]:
        for result in turn.results:
            if result.call_id in owed:
                owed.remove(result.call_id)
                yield self._result(result)

    def _result(self, result: ToolResult) -> Block:
        content = [_text(result.text)] if result.text.strip() else []
        content += self._search_results(result.documents)
        block: Block = {
            "type": "tool_result", "tool_use_id": result.call_id, "content": content or [_text(NO_RESULT)]
        }  # fmt: skip
        return block | ({"is_error": True} if result.is_error else {})

    def _search_results(self, documents: Iterable[Document]) -> list[Block]:
        blocks = []
        for document in documents:
            # An empty passage is refused, and leaving it out would move the places of the others.
            if not any(passage.strip() for passage in document.passages):
                continue
            self.documents.append(document)
            blocks.append({
                "type": "search_result",
                "source": _clean(document.id),
                "title": _clean(document.title) or _clean(document.id),
                "content": [_text(passage if passage.strip() else "-") for passage in document.passages],
                "citations": {"enabled": self._cited},
            })  # fmt: skip
        return blocks


def _runs(turns: Sequence[Turn]) -> Iterator[tuple[list[Turn], AssistantTurn | None]]:
    """What was said between answers, each with the answer to it; the last one has none yet."""
    run: list[Turn] = []
    for turn in turns:
        if isinstance(turn, AssistantTurn):
            yield run, turn
            run = []
        else:
            run.append(turn)
    if run:
        yield run, None


def _tool(tool: Tool) -> Block:
    return {"name": tool.name, "description": _clean(tool.description), "input_schema": dict(tool.schema)}


def _text(text: str) -> Block:
    return {"type": "text", "text": _clean(text)}


def _clean(text: str) -> str:
    """Halves of characters, as cut text has them, cannot be sent."""
    return text.encode("utf-8", "replace").decode()


def _not_run(call_id: str) -> Block:
    return {"type": "tool_result", "tool_use_id": call_id, "content": [_text(NOT_RUN)], "is_error": True}


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _output_config(style: Style) -> Block:
    effort = {"effort": style.effort.value} if style.effort else {}
    return effort | ({"format": {"type": "json_schema", "schema": style.form}} if style.form is not None else {})


def _last_content(messages: Sequence[Block]) -> list[Block]:
    """Of the last message whose end can be marked: an answer that was paused may end in thinking."""
    return next((message["content"] for message in reversed(messages) if message["role"] != "assistant"), [])


def _mark_for_cache(blocks: list[Block], ttl: str) -> None:
    """All up to the last of these blocks is kept by the API for a while."""
    if blocks:
        blocks[-1] = blocks[-1] | {"cache_control": {"type": "ephemeral", "ttl": ttl}}
