"""Checks what a model says against the evidence it cites."""

from __future__ import annotations

from bot.domain.grounding.check import ground
from bot.domain.grounding.echo import without_echo
from bot.domain.grounding.verdict import CheckedClaim, Fault, FaultKind, Verdict

__all__ = ["CheckedClaim", "Fault", "FaultKind", "Verdict", "ground", "without_echo"]
