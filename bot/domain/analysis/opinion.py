"""The model's word on an incident as its card shows it, beside that of the rules."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.analysis.checked import CheckedAnalysis


@dataclass(frozen=True, kw_only=True)
class ModelOpinion:
    """`analysis` is None where there is none: then `trouble` says why, in a sentence for people."""

    analysis: CheckedAnalysis | None = None
    disagreement: str = ""  # one line where rules and model differ
    model: str = ""  # which one
    trouble: str = ""
    redactions: int = 0  # places of the evidence where a secret stood
