"""What the API remembers between requests: prefixes in its cache, and the thinking that it gave away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sandbox.anthropic.asked import blocks_of
from sandbox.anthropic.models import ModelCard
from sandbox.anthropic.rules import breakpoints, invalid, prefixes

CHARACTERS_A_TOKEN = 4


def tokens(text: str) -> int:
    return max(1, len(text) // CHARACTERS_A_TOKEN)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    told = {name: body[name] for name in ("tools", "system", "messages") if body.get(name)}
    return tokens(json.dumps(told, ensure_ascii=False))


class Cache:
    def __init__(self) -> None:
        self._kept: set[tuple[str, str]] = set()

    def usage(self, body: Mapping[str, Any], model: ModelCard) -> dict[str, Any]:
        """Of a request, which it then keeps."""
        prompt = prompt_tokens(body)
        marks = breakpoints(body)
        read = self._read(body, model, last=marks[-1][0] if marks else "")
        by_life, upto = {"5m": 0, "1h": 0}, read
        for prefix, life in marks:
            length = min(tokens(prefix), prompt)
            if length >= model.least_cached:
                self._kept.add(_key(model, prefix))
                by_life[life] += max(length - upto, 0)
                upto = max(upto, length)
        written = sum(by_life.values())
        return {
            "input_tokens": prompt - read - written,
            "output_tokens": 1,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": by_life["5m"], "ephemeral_1h_input_tokens": by_life["1h"]},
            "service_tier": "standard",
        }

    def _read(self, body: Mapping[str, Any], model: ModelCard, *, last: str) -> int:
        """The longest prefix that is kept, up to the last breakpoint."""
        known = (prefix for prefix, _ in prefixes(body) if len(prefix) <= len(last))
        return max((tokens(prefix) for prefix in known if _key(model, prefix) in self._kept), default=0)


def _key(model: ModelCard, prefix: str) -> tuple[str, str]:
    return model.id, hashlib.sha256(prefix.encode()).hexdigest()


class Thoughts:
    """Thinking belongs to its model and to all that stood before it, and must come back as it was."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, str, str]] = {}

    def gave(self, signature: str, thinking: str, model: ModelCard, body: Mapping[str, Any]) -> None:
        messages = list(body["messages"])
        while messages and messages[-1]["role"] == "assistant":  # what is gone on with belongs to the same turn
            messages.pop()
        self._given[signature] = (thinking, model.id, _before(body, messages))

    def check(self, model: ModelCard, body: Mapping[str, Any]) -> None:
        """Raises Refused."""
        for index, message in enumerate(body["messages"]):
            if message["role"] != "assistant":
                continue
            for place, block in enumerate(blocks_of(message["content"])):
                if block["type"] != "thinking":
                    continue
                where = f"messages.{index}.content.{place}"
                given = self._given.get(block.get("signature", ""))
                if given is None or given[0] != block.get("thinking"):
                    raise invalid(f"{where}: Invalid `signature` in `thinking` block")
                if given[1] != model.id:
                    raise invalid(f"{where}: `thinking` blocks of another model cannot be used")
                if given[2] != _before(body, body["messages"][:index]):
                    raise invalid(f"{where}: `thinking` blocks cannot be used after earlier content was changed")


def _before(body: Mapping[str, Any], messages: list[dict[str, Any]]) -> str:
    told = [body.get("tools"), body.get("system"), [[item["role"], blocks_of(item["content"])] for item in messages]]
    return hashlib.sha256(json.dumps(_unmarked(told), sort_keys=True).encode()).hexdigest()


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unmarked(item) for name, item in value.items() if name != "cache_control"}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value
