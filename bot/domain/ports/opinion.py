"""What the flows keep of a model's answers, and how they tell people that a belief has changed."""

from __future__ import annotations

from typing import Protocol

from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.briefing import Briefing
from bot.domain.incident import Card, Incident


class Opinions(Protocol):
    """The newest word of the model on an incident."""

    async def of(self, incident: Incident, briefing: Briefing) -> ModelOpinion | None:
        """None where no model was asked. Raises NotStored."""
        ...


class ThreadNotes(Protocol):
    """Short messages in the thread of a card."""

    async def post(self, card: Card, text: str, *, key: str) -> None:
        """Once for a `key`, whatever crashes in between. `text` is plain. Raises ChatError."""
        ...
