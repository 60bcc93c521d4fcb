"""What a model says of an incident, checked against the evidence. Its form on the wire is in `analysis.wire`."""

from __future__ import annotations

from bot.domain.analysis.belief import (
    Belief,
    Change,
    belief_of_model,
    belief_of_rules,
    changed,
    disagreement,
)
from bot.domain.analysis.check import Opinion, check, opinions_of, second_opinion
from bot.domain.analysis.checked import (
    Cap,
    CheckedAnalysis,
    CheckedHypothesis,
    NextStep,
    Refusal,
    RefusedStep,
    SeverityOpinion,
    StepKind,
)

__all__ = [
    "Belief",
    "Cap",
    "Change",
    "CheckedAnalysis",
    "CheckedHypothesis",
    "NextStep",
    "Opinion",
    "Refusal",
    "RefusedStep",
    "SeverityOpinion",
    "StepKind",
    "belief_of_model",
    "belief_of_rules",
    "changed",
    "check",
    "disagreement",
    "opinions_of",
    "second_opinion",
]
