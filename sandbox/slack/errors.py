"""Errors of the workspace.

SandboxError
├── SlackError        what the Web API answers as {"ok": false, "error": ...}
└── ControlError      what the control API refuses (400): the person could not have done that in Slack
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SandboxError(Exception):
    """The workspace refuses."""


class SlackError(SandboxError):
    """Slack's own error code, with the fields Slack puts beside it."""

    def __init__(self, code: str, *, messages: Sequence[str] = (), **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.messages = tuple(messages)
        self.extra: Mapping[str, Any] = extra

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer


class ControlError(SandboxError):
    """Nobody could do this in Slack."""
