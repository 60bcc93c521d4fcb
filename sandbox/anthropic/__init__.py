"""Answers as the Claude API does, from scripted turns."""

from sandbox.anthropic.asked import Asked
from sandbox.anthropic.server import ClaudeApi
from sandbox.anthropic.turns import (
    CallTools,
    Cite,
    CutAfter,
    Error,
    Fill,
    Garbage,
    Json,
    Pause,
    Refuse,
    Say,
    Script,
    Slow,
    StreamError,
    Truncate,
    Turn,
    Use,
)

__all__ = [
    "Asked",
    "CallTools",
    "Cite",
    "ClaudeApi",
    "CutAfter",
    "Error",
    "Fill",
    "Garbage",
    "Json",
    "Pause",
    "Refuse",
    "Say",
    "Script",
    "Slow",
    "StreamError",
    "Truncate",
    "Turn",
    "Use",
]
