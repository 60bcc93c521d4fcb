"""Commands that stand in pages: found verbatim, told apart by what they would do, never run."""

from __future__ import annotations

from memory.commands.extract import commands_in
from memory.commands.risk import risk_of

__all__ = ["commands_in", "risk_of"]
