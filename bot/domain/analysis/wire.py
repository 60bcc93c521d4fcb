"""The form in which a model must answer. Checked in `bot.domain.analysis.check`; nothing else may be believed of it.

Imported where a model is asked only: pydantic is not needed to start.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# Roomy for what the prompt asks for, and far below what would fill a card: an answer past them is no analysis.
SENTENCE, STATEMENT, NAME, QUERY, ID = 500, 300, 100, 1000, 12
CITED, SENTENCES, HYPOTHESES, STEPS = 12, 6, 4, 5

EvidenceId = Annotated[str, Field(max_length=ID, description='An id exactly as it stands in the evidence: "E4", "L2".')]
Kind = Literal[
    "deployment", "exhaustion", "dependency", "traffic", "configuration", "infrastructure", "healthy", "unknown"
]
Band = Literal["high", "medium", "low"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SaidClaim(_Form):
    """One sentence and what it rests on."""

    text: str = Field(
        min_length=1,
        max_length=SENTENCE,
        description="One plain sentence in English. Numbers, names, versions and times as the cited evidence has them.",
    )
    evidence: list[EvidenceId] = Field(
        max_length=CITED, description="Ids of all evidence that the sentence takes anything from; never empty."
    )


class SaidHypothesis(_Form):
    """A likely cause."""

    statement: str = Field(
        min_length=1,
        max_length=STATEMENT,
        description='The cause in one sentence, for example "checkout v2.31.0 raises KeyErrors".',
    )
    service: str = Field(max_length=NAME, description="The service where the cause sits, as the evidence names it.")
    kind: Kind = Field(description="What kind of cause it is.")
    evidence_for: list[EvidenceId] = Field(max_length=CITED, description="Ids of what speaks for it.")
    evidence_against: list[EvidenceId] = Field(
        max_length=CITED, description="Ids of what speaks against it; empty where nothing does."
    )
    confidence: Band = Field(description="high only with two kinds of evidence, such as metrics and a change.")


class SaidStep(_Form):
    """Something to do next that changes nothing by itself."""

    kind: Literal["runbook", "prometheus", "elasticsearch"] = Field(
        description="A runbook that is offered, or a query that reads."
    )
    target: str = Field(
        min_length=1,
        max_length=QUERY,
        description="The runbook's id as it stands in the evidence, a PromQL expression, or a Lucene query string.",
    )
    why: str = Field(min_length=1, max_length=STATEMENT, description="What it would tell or settle, in one sentence.")


class SaidSeverity(_Form):
    """How bad it is."""

    severity: Literal["SEV1", "SEV2", "SEV3", "SEV4"] = Field(description="SEV1 is the worst.")
    why: str = Field(max_length=STATEMENT, description="Why, in one sentence.")
    evidence: list[EvidenceId] = Field(max_length=CITED, description="Ids of what it rests on.")


class SaidAnalysis(_Form):
    """What the evidence says of an incident."""

    summary: list[SaidClaim] = Field(
        max_length=SENTENCES, description="What is wrong, how bad, since when, and why: the most important first."
    )
    hypotheses: list[SaidHypothesis] = Field(
        max_length=HYPOTHESES, description="Likely causes, likeliest first; empty where the evidence shows none."
    )
    ruled_out: list[SaidClaim] = Field(
        max_length=SENTENCES, description="What was looked at and is not the cause, with the evidence that shows it."
    )
    could_not_check: list[SaidClaim] = Field(
        max_length=SENTENCES, description='What could not be looked at and would matter; cites "G" ids.'
    )
    next_steps: list[SaidStep] = Field(max_length=STEPS, description="The most useful first.")
    severity: SaidSeverity = Field(description="Your opinion; people decide.")


class SaidOpinion(_Form):
    """A second look at one hypothesis."""

    hypothesis: int = Field(ge=1, le=HYPOTHESES, description="Its number in the list.")
    confidence: Band = Field(description="How sure the evidence allows one to be; it can only be lowered.")
    why: str = Field(
        max_length=STATEMENT, description="What the first look missed, in one sentence; empty where it missed nothing."
    )
    evidence: list[EvidenceId] = Field(max_length=CITED, description="Ids of all evidence that `why` rests on.")


class SaidOpinions(_Form):
    """A second look at all hypotheses."""

    opinions: list[SaidOpinion] = Field(max_length=HYPOTHESES, description="One for each hypothesis.")


class KeptAnalysis(SaidAnalysis):
    """As it is stored: what the model said, and what a second look said of it. Never asked for."""

    second: list[SaidOpinion] = Field(default=[], max_length=HYPOTHESES)
