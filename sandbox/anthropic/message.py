"""A scripted turn as a message, whole and as the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from sandbox.anthropic.asked import Asked
from sandbox.anthropic.memory import tokens
from sandbox.anthropic.rules import invalid
from sandbox.anthropic.turns import CallTools, Cite, Fill, Json, Pause, Refuse, Say, Truncate, Use

Content = Say | CallTools | Json | Refuse | Truncate | Fill | Pause
Block = dict[str, Any]

PIECE = 12  # characters of one delta
_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True)
class Message:
    id: str
    model: str
    blocks: tuple[Block, ...]  # calls whose input is cut or wrong hold it as text under "raw"
    stop: str
    stop_details: Mapping[str, Any] | None
    usage: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        blocks = [{name: value for name, value in block.items() if name != "raw"} for block in self.blocks]
        return {
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": blocks,
            "stop_reason": self.stop, "stop_sequence": None, "stop_details": self.stop_details,
            "usage": self.usage,
        }  # fmt: skip


def message(turn: Content, asked: Asked, usage: Mapping[str, Any]) -> Message:
    blocks = tuple(_blocks(turn, asked))
    thinking = sum(tokens(block["thinking"]) for block in blocks if block["type"] == "thinking")
    written = tokens("".join(_words(block) for block in blocks)) + thinking
    details = {"type": "refusal", "category": turn.category, "explanation": None} if isinstance(turn, Refuse) else None
    return Message(
        id=f"msg_{next(_NUMBERS):024d}",
        model=asked.model,
        blocks=blocks,
        stop=_stop(turn),
        stop_details=details,
        usage={**usage, "output_tokens": written, "output_tokens_details": {"thinking_tokens": thinking}},
    )


def events(whole: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    """https://platform.claude.com/docs/en/build-with-claude/streaming"""
    first = {name: value for name, value in whole.usage.items() if name != "output_tokens_details"}
    start = whole.body() | {"content": [], "stop_reason": None, "stop_details": None}
    yield "message_start", {"message": start | {"usage": first | {"output_tokens": 1}}}
    yield "ping", {}
    for index, block in enumerate(whole.blocks):
        yield "content_block_start", {"index": index, "content_block": _empty(block)}
        for delta in _deltas(block):
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    delta = {"stop_reason": whole.stop, "stop_sequence": None, "stop_details": whole.stop_details}
    # Counts are those of the whole response; how long caches live is told at the start alone.
    total = {name: value for name, value in whole.usage.items() if name not in ("cache_creation", "service_tier")}
    yield "message_delta", {"delta": delta, "usage": total}
    yield "message_stop", {}


def frame(kind: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data}, ensure_ascii=False)}\n\n".encode()


def _blocks(turn: Content, asked: Asked) -> Iterator[Block]:
    if thinking := getattr(turn, "thinking", ""):
        yield {"type": "thinking", "thinking": thinking, "signature": f"sig{next(_NUMBERS):032d}"}
    if isinstance(turn, Say):
        for part in (turn, *turn.then):
            yield _text(part.text) | ({"citations": _citations(part, asked)} if part.cites else {})
    elif turn_text := getattr(turn, "text", ""):
        yield _text(turn_text)
    if isinstance(turn, CallTools):
        yield from (_call(use) for use in turn.calls)
    elif isinstance(turn, Truncate) and turn.call is not None:
        yield _call(turn.call)


def _stop(turn: Content) -> str:
    return {
        Say: "end_turn", Json: "end_turn", CallTools: "tool_use", Refuse: "refusal", Truncate: "max_tokens",
        Fill: "model_context_window_exceeded", Pause: "pause_turn",
    }[type(turn)]  # fmt: skip


def _text(text: str) -> Block:
    return {"type": "text", "text": text, "citations": None}


def _call(use: Use) -> Block:
    block: Block = {
        "type": "tool_use", "id": f"toolu_{next(_NUMBERS):024d}", "name": use.name, "input": use.input or {}
    }  # fmt: skip
    return block | ({"raw": use.raw} if use.raw is not None else {})


def _citations(said: Say, asked: Asked) -> list[Block]:
    return [_citation(Cite(item) if isinstance(item, str) else item, asked) for item in said.cites]


def _citation(cite: Cite, asked: Asked) -> Block:
    documents = asked.documents
    index = next((place for place, item in enumerate(documents) if item["source"] == cite.source), None)
    if index is None or not documents[index].get("citations", {}).get("enabled"):
        raise invalid(f"the script cites {cite.source}, which cannot be cited in this request")
    passages = documents[index]["content"]
    end = cite.until or cite.passage + 1
    if not cite.passage < end <= len(passages):
        raise invalid(f"the script cites passages of {cite.source} that are not there")
    return {
        "type": "search_result_location", "source": cite.source, "title": documents[index]["title"],
        "cited_text": "".join(item["text"] for item in passages[cite.passage : end]),
        "search_result_index": index, "start_block_index": cite.passage, "end_block_index": end,
    }  # fmt: skip


def _words(block: Block) -> str:
    return str(block.get("text") or block.get("raw") or block.get("input") or "")


def _empty(block: Block) -> Block:
    if block["type"] == "text":
        return _text("")
    if block["type"] == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {name: value for name, value in block.items() if name != "raw"} | {"input": {}}


def _deltas(block: Block) -> Iterator[Block]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in _pieces(block["text"]))
        yield from ({"type": "citations_delta", "citation": item} for item in block.get("citations") or ())
    elif block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"]))
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        written = block["raw"] if "raw" in block else json.dumps(block["input"], ensure_ascii=False)
        yield {"type": "input_json_delta", "partial_json": ""}
        yield from ({"type": "input_json_delta", "partial_json": piece} for piece in _pieces(written))


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]
