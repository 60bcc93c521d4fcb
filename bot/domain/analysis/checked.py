"""An analysis after its check: what may be shown, with what is not supported marked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.alert import Severity
from bot.domain.briefing import CauseKind
from bot.domain.confidence import Confidence
from bot.domain.grounding import CheckedClaim, Verdict


class Cap(StrEnum):
    """Why a hypothesis is believed less than was said."""

    UNSUPPORTED = "its statement is not shown by what it cites"
    PARTLY = "part of its statement is not shown by what it cites"
    ONE_SOURCE = "only one kind of evidence speaks for it"
    NO_CAUSE = "it names no cause"
    NOT_FIRST = "another cause is put first"
    SECOND_OPINION = "a second look found it less sure"


class StepKind(StrEnum):
    RUNBOOK = "runbook"
    PROMETHEUS = "prometheus"
    ELASTICSEARCH = "elasticsearch"


class Refusal(StrEnum):
    """Why a proposed step is not shown."""

    NOT_OFFERED = "no such runbook was offered"
    NOT_PROMQL = "not a PromQL expression"
    NOT_A_QUERY = "not a plain query string"


@dataclass(frozen=True, kw_only=True)
class CheckedHypothesis:
    claim: CheckedClaim  # the statement against the evidence for it
    service: str  # "" where the evidence knows no such service
    kind: CauseKind
    against: tuple[str, ...]  # ids that exist
    stated: Confidence  # by the model
    confidence: Confidence  # never above `stated`
    place: int  # in what the model said, from 1
    caps: tuple[Cap, ...] = ()
    doubt: CheckedClaim | None = None  # why a second look is less sure of it; None where it is not, or said nothing


@dataclass(frozen=True, kw_only=True)
class NextStep:
    kind: StepKind
    target: str  # a runbook's id or a query that reads
    why: str


@dataclass(frozen=True, kw_only=True)
class RefusedStep:
    step: NextStep
    refusal: Refusal


@dataclass(frozen=True, kw_only=True)
class SeverityOpinion:
    severity: Severity
    claim: CheckedClaim


@dataclass(frozen=True, kw_only=True)
class CheckedAnalysis:
    summary: tuple[CheckedClaim, ...]  # in the model's order
    hypotheses: tuple[CheckedHypothesis, ...]  # by confidence, then in the model's order; unsupported ones last
    ruled_out: tuple[CheckedClaim, ...]
    could_not_check: tuple[CheckedClaim, ...]
    steps: tuple[NextStep, ...]
    refused: tuple[RefusedStep, ...]
    severity: SeverityOpinion
    evidence_digest: str  # of the ledger it was checked against

    @property
    def headline(self) -> CheckedClaim | None:
        """The first sentence of the summary that is supported as it stands."""
        return next((claim for claim in self.summary if claim.verdict is Verdict.SUPPORTED), None)

    @property
    def top(self) -> CheckedHypothesis | None:
        """The likeliest cause that the evidence does not refuse."""
        first = self.hypotheses[0] if self.hypotheses else None
        return first if first and first.claim.verdict is not Verdict.UNSUPPORTED else None

    @property
    def claims(self) -> tuple[CheckedClaim, ...]:
        """All of it, for counting."""
        statements = tuple(hypothesis.claim for hypothesis in self.hypotheses)
        return (*self.summary, *statements, *self.ruled_out, *self.could_not_check, self.severity.claim)
