"""The models that there are, and what each of them does not take. https://platform.claude.com/docs/en/models"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    id: str
    name: str
    line: str
    window: int = MILLION
    max_output: int = 128_000
    forced_tools: bool = True
    thinking: tuple[str, ...] = ("adaptive",)
    system_turns: bool = True
    effort: bool = True
    prefill: bool = False
    least_cached: int = 512  # tokens
    lifecycle: str = "active"
    retires_at: str | None = None

    def body(self) -> dict[str, Any]:
        return {
            "type": "model", "id": self.id, "display_name": self.name, "created_at": "2026-09-01T00:00:00Z",
            "lifecycle": self.lifecycle, "deprecated_at": None, "retires_at": self.retires_at, "line": self.line,
            "max_input_tokens": self.window, "max_tokens": self.max_output, "capabilities": None,
        }  # fmt: skip


MODELS = (
    ModelCard(id="claude-haiku-5-5", name="Claude Haiku 5.5", line="haiku"),
    ModelCard(
        id="claude-sonnet-5-5", name="Claude Sonnet 5.5", line="sonnet", forced_tools=False,
        thinking=("adaptive", "between_tools"),
    ),
    ModelCard(id="claude-opus-5-5", name="Claude Opus 5.5", line="opus", forced_tools=False),
    ModelCard(
        id="claude-haiku-4-5", name="Claude Haiku 4.5", line="haiku", window=200_000, max_output=64_000,
        thinking=("enabled", "disabled"), system_turns=False, effort=False, prefill=True, least_cached=4096,
    ),
    ModelCard(
        id="claude-sonnet-4-5", name="Claude Sonnet 4.5", line="sonnet", window=200_000, max_output=64_000,
        thinking=("enabled", "disabled"), system_turns=False, effort=False, prefill=True, least_cached=1024,
        lifecycle="deprecated", retires_at="2026-11-30T00:00:00Z",
    ),
)  # fmt: skip
