"""What a request may cost at most, and what it did cost, for the limits that people set."""

from __future__ import annotations

import math

from bot.domain.model import (
    AssistantTurn,
    ModelRequest,
    ModelTask,
    OperatorNote,
    Spent,
    ToolResults,
    Turn,
    Usage,
    UserTurn,
)
from bot.domain.spend import Charge, Estimate
from integrations.anthropic.claude import MAX_TOKENS
from integrations.anthropic.settings import AnthropicSettings

CHARACTERS = 2.0  # to a token, at the least: English has four, code and logs three, on the newer tokenizers fewer
NANO_IN_MICRO = 1000


class AnthropicTariff:
    """The `Tariff` port."""

    def __init__(self, settings: AnthropicSettings) -> None:
        self._settings = settings

    def model_for(self, task: ModelTask) -> str:
        return self._settings.model_for(task)

    def most(self, request: ModelRequest) -> Estimate:
        prompt = math.ceil(_characters(request) / CHARACTERS)
        answer = request.max_tokens or MAX_TOKENS[request.task]
        # Writing to the cache costs more than reading without one: that is the most a token of the prompt can cost.
        usage = Usage(output=answer, cache_write_1h=prompt)
        spent = self._settings.price_list.spent(self.model_for(request.task), usage)
        return Estimate(micro_dollars=_micro(spent), tokens=prompt + answer)

    def charge(self, spent: Spent) -> Charge:
        usage = spent.usage
        return Charge(
            micro_dollars=_micro(spent),
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        )


def _micro(spent: Spent) -> int:
    """Rounded up: many small calls must not cost nothing."""
    return -(-spent.nano_dollars // NANO_IN_MICRO)


def _characters(request: ModelRequest) -> int:
    tools = sum(len(tool.name) + len(tool.description) + len(str(tool.schema)) for tool in request.tools)
    return len(request.instructions.text) + tools + sum(map(_of_turn, request.turns))


def _of_turn(turn: Turn) -> int:
    match turn:
        case AssistantTurn():
            return len(turn.content)
        case OperatorNote():
            return len(turn.text)
        case UserTurn():
            return len(turn.text) + sum(sum(map(len, d.passages)) + len(d.title) for d in turn.documents)
        case ToolResults():
            return sum(
                len(result.text) + sum(sum(map(len, d.passages)) + len(d.title) for d in result.documents)
                for result in turn.results
            )
