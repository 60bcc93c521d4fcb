"""A request as it came, for scripts and tests to read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Asked:
    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Mapping[str, Any]
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # the client closed the connection before the end
    done: asyncio.Event = field(default_factory=asyncio.Event)  # the answer was sent whole

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def system(self) -> str:
        return text_of(self.body.get("system", ""))

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def said(self) -> str:
        """Text of the last message of the user, without documents and results of tools."""
        users = [message for message in self.messages if message["role"] == "user"]
        return text_of(users[-1]["content"])

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(tool["name"] for tool in self.body.get("tools", ()))

    @property
    def results(self) -> tuple[dict[str, Any], ...]:
        """Results of tools in the last message of the user."""
        users = [message for message in self.messages if message["role"] == "user"]
        return tuple(block for block in blocks_of(users[-1]["content"]) if block["type"] == "tool_result")

    @property
    def documents(self) -> tuple[dict[str, Any], ...]:
        """All search results, in the order in which citations number them."""
        return tuple(documents_in(self.messages))

    @property
    def prefix(self) -> bytes:
        """The bytes of tools and instructions as they came, without what the caller cannot choose: their place."""
        whole = {name: self.body.get(name) for name in ("tools", "system")}
        return json.dumps(whole, ensure_ascii=False).encode()


def blocks_of(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def text_of(content: Any) -> str:
    return "\n".join(block["text"] for block in blocks_of(content) if block["type"] == "text")


def documents_in(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        for block in blocks_of(message["content"]):
            if block["type"] == "search_result":
                yield block
            elif block["type"] == "tool_result":
                inner = blocks_of(block.get("content", []))
                yield from (item for item in inner if item["type"] == "search_result")
