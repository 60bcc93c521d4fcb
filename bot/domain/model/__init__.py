"""The language model: what it is told, what it answers, what that cost, and how it may fail. No vendor's words."""

from bot.domain.model.conversation import (
    AssistantTurn,
    Document,
    Effort,
    Instructions,
    ModelRequest,
    ModelTask,
    OperatorNote,
    Tool,
    ToolCall,
    ToolResult,
    ToolResults,
    Turn,
    UserTurn,
)
from bot.domain.model.failure import ModelError, ModelFailure, Partial
from bot.domain.model.spend import NOTHING_SPENT, Price, Spent, Usage
from bot.domain.model.stream import Citation, Ended, ModelEvent, Parsed, Started, StopReason, TextPart

__all__ = [
    "NOTHING_SPENT",
    "AssistantTurn",
    "Citation",
    "Document",
    "Effort",
    "Ended",
    "Instructions",
    "ModelError",
    "ModelEvent",
    "ModelFailure",
    "ModelRequest",
    "ModelTask",
    "OperatorNote",
    "Parsed",
    "Partial",
    "Price",
    "Spent",
    "Started",
    "StopReason",
    "TextPart",
    "Tool",
    "ToolCall",
    "ToolResult",
    "ToolResults",
    "Turn",
    "Usage",
    "UserTurn",
]
