"""Puts an answer together from its events. https://platform.claude.com/docs/en/build-with-claude/streaming

Blocks are kept as the API sent them, also kinds that are not known here: they have to go back unchanged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.model import Citation, Document, StopReason, TextPart, ToolCall, Usage

log = logging.getLogger(__name__)

Json = dict[str, Any]

CHARACTERS_A_TOKEN = 3  # English has about four: a guess errs to the dear side

_STOPS = {
    "end_turn": StopReason.END,
    "tool_use": StopReason.TOOLS,
    "max_tokens": StopReason.TOO_LONG,
    "refusal": StopReason.REFUSED,
    "pause_turn": StopReason.PAUSED,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
    "stop_sequence": StopReason.STOPPED,
}


class NotTheProtocol(ValueError):
    """An event that has no place where it came."""


class Answer:
    """One response, as far as it has come. `first_block`: how many blocks earlier responses of the same turn had."""

    def __init__(self, documents: Sequence[Document], first_block: int = 0) -> None:
        self._documents = documents
        self._first_block = first_block
        self._blocks: dict[int, Json] = {}
        self._inputs: dict[int, list[str]] = {}  # pieces of the JSON of a call's input
        self._usage: Json = {}
        self._stop: str | None = None
        self.category = ""
        self.has_started = self.has_ended = False

    @property
    def blocks(self) -> list[Json]:
        """What can go back: without calls that were cut off, and without empty text."""
        whole = [block for index, block in sorted(self._blocks.items()) if index not in self._inputs]
        return [block for block in whole if block.get("type") != "text" or block.get("text", "").strip()]

    @property
    def text(self) -> str:
        texts = (block["text"] for _, block in sorted(self._blocks.items()) if block.get("type") == "text")
        return "".join(texts)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Those to answer: none where the answer was broken off for another reason."""
        if self._stop != "tool_use":
            return ()
        uses = (block for block in self.blocks if block.get("type") == "tool_use")
        return tuple(ToolCall(id=use["id"], name=use["name"], input=use["input"]) for use in uses)

    @property
    def stop(self) -> StopReason:
        if self._stop == "tool_use" and not self.calls:
            return StopReason.END
        return _STOPS.get(self._stop or "", StopReason.STOPPED)

    @property
    def usage(self) -> Usage:
        """The output of an answer that broke off is a guess: it is counted with the last events."""
        told = usage_of(self._usage)
        if self._stop is not None:
            return told
        thought = sum(len(block.get("thinking", "")) for block in self._blocks.values())
        return replace(told, output=max(told.output, -(-(len(self.text) + thought) // CHARACTERS_A_TOKEN)))

    def feed(self, event: Json) -> Iterator[TextPart | Citation]:
        """Raises NotTheProtocol where the event is not what it should be."""
        try:
            yield from self._take(event)
        except (KeyError, TypeError, AttributeError) as error:
            raise NotTheProtocol(f"an event of kind {event.get('type')} has another shape") from error

    def _take(self, event: Json) -> Iterator[TextPart | Citation]:
        kind = event.get("type")
        if kind == "message_start":
            self.has_started = True
            self._usage = dict(event["message"]["usage"])
        elif not self.has_started:
            raise NotTheProtocol(f"{kind} before the message's start")
        elif kind == "content_block_start":
            yield from self._begin(event["index"], dict(event["content_block"]))
        elif kind == "content_block_delta":
            yield from self._grow(event["index"], event["delta"])
        elif kind == "content_block_stop":
            self._close(event["index"])
        elif kind == "message_delta":
            self._end(event)
        elif kind == "message_stop":
            self.has_ended = True

    def _begin(self, index: int, block: Json) -> Iterator[TextPart]:
        self._blocks[index] = block
        if block.get("type") in ("tool_use", "server_tool_use"):
            self._inputs[index] = []
        if block.get("type") == "text" and block.get("text"):
            yield TextPart(text=block["text"], block=self._first_block + index)

    def _grow(self, index: int, delta: Json) -> Iterator[TextPart | Citation]:
        block = self._blocks[index]
        kind = delta["type"]
        if kind == "text_delta":
            block["text"] = block.get("text", "") + delta["text"]
            yield TextPart(text=delta["text"], block=self._first_block + index)
        elif kind == "thinking_delta":
            block["thinking"] = block.get("thinking", "") + delta["thinking"]
        elif kind == "signature_delta":
            block["signature"] = delta["signature"]
        elif kind == "input_json_delta":
            self._inputs[index].append(delta["partial_json"])
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
            if (citation := self._cited(delta["citation"], index)) is not None:
                yield citation
        else:
            raise NotTheProtocol(f"a delta of kind {kind}")

    def _close(self, index: int) -> None:
        pieces = self._inputs.get(index)
        if pieces is None:
            return
        written = "".join(pieces)
        if written.strip():
            try:
                self._blocks[index]["input"] = json.loads(written)
            except ValueError:
                return  # it stays among those that are not whole: is it cut off, or nonsense? The end will tell
        if isinstance(self._blocks[index].get("input"), dict):
            del self._inputs[index]

    def _end(self, event: Json) -> None:
        delta = event["delta"]
        self._stop = delta.get("stop_reason") or self._stop
        self.category = (delta.get("stop_details") or {}).get("category") or ""
        self._usage |= {name: value for name, value in event["usage"].items() if value is not None}
        if self._inputs and self._stop in ("tool_use", "end_turn"):
            raise NotTheProtocol("the input of a call is no JSON object")

    def _cited(self, told: Mapping[str, Any], index: int) -> Citation | None:
        """None: of another kind, or of no document that was handed over."""
        place = told.get("search_result_index")
        document = next((item for item in self._documents if item.id == told.get("source")), None)
        if isinstance(place, int) and 0 <= place < len(self._documents):
            document = self._documents[place]  # two documents may have one id
        if document is None:
            log.warning("Claude cited something that was not handed to it.")
            return None
        first, end = told["start_block_index"], told["end_block_index"]
        return Citation(
            document_id=document.id,
            cited_text="".join(document.passages[first:end]),
            block=self._first_block + index,
            passages=tuple(range(first, min(end, len(document.passages)))),
        )


def usage_of(told: Mapping[str, Any]) -> Usage:
    written = told.get("cache_creation_input_tokens") or 0
    by_life = told.get("cache_creation") or {}
    for_an_hour = by_life.get("ephemeral_1h_input_tokens") or 0
    return Usage(
        input=told.get("input_tokens") or 0,
        output=told.get("output_tokens") or 0,
        cache_read=told.get("cache_read_input_tokens") or 0,
        cache_write_5m=max(written - for_an_hour, by_life.get("ephemeral_5m_input_tokens") or 0),
        cache_write_1h=for_an_hour,
        thinking=(told.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
    )
