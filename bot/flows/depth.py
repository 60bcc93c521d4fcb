"""How hard a question is thought about: people ask for the larger model, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.loop_guard import LoopLimits
from bot.domain.model import ModelTask
from bot.domain.model.conversation import DEFAULT_DEADLINE

_DEEP = re.compile(r"\s*(?:deep\s*:|(?:--|—|–)deep(?![\w-]))\s*|\s+(?:--|—|–)deep\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Depth:
    task: ModelTask
    max_tokens: int  # of a turn with its thinking: an answer has some 300, and what is not used is not paid
    deadline: float  # seconds for one turn
    look_ups: LoopLimits
    wall_clock: float  # seconds for the whole answer: the last turn after all look-ups may take as long as one may


USUAL = Depth(task=ModelTask.MAIN, max_tokens=6_000, deadline=DEFAULT_DEADLINE, look_ups=LoopLimits(), wall_clock=150.0)
# A hard think takes minutes; who asks for it is told so and can stop it.
DEEP = Depth(
    task=ModelTask.DEEP, max_tokens=20_000, deadline=180.0, look_ups=LoopLimits(seconds=150.0), wall_clock=360.0
)


def depth_of(text: str) -> tuple[Depth, str]:
    """ "deep: why ...", "--deep why ..." and "why ... --deep" ask for the larger model; and what is asked then.

    Phones write one dash for two.
    """
    found = _DEEP.match(text) or _DEEP.search(text)
    if found is None or (found.start() > 0 and found.end() < len(text)):
        return USUAL, text
    asked = (text[: found.start()] + text[found.end() :]).strip()
    return (DEEP, asked) if asked else (USUAL, text)
