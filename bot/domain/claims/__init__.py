"""Facts as sentences of the briefing, each with the evidence it rests on."""

from __future__ import annotations

from bot.domain.claims.changes import changes
from bot.domain.claims.history import past
from bot.domain.claims.people import Duty, on_call
from bot.domain.claims.runbooks import runbooks

__all__ = ["Duty", "changes", "on_call", "past", "runbooks"]
