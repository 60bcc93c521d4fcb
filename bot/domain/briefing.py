"""What we tell the channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.confidence import Confidence
from bot.domain.evidence import Evidence, Finding


class CauseKind(StrEnum):
    DEPLOYMENT = "deployment"  # a change of the service itself
    EXHAUSTION = "exhaustion"  # a resource ran out: pool, disk, memory, quota
    DEPENDENCY = "dependency"  # something it calls is failing
    TRAFFIC = "traffic"  # more load than usual
    CONFIGURATION = "configuration"  # something is set wrongly: image, probe, name, permission
    INFRASTRUCTURE = "infrastructure"  # what it runs on: node, network, zone, provider
    HEALTHY = "healthy"  # nothing is wrong, or no longer
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One argument for or against a cause, with the evidence it rests on."""

    text: str
    evidence: tuple[str, ...]  # evidence ids, never empty
    weight: float  # signed: above zero speaks for, below against


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A likely cause. `service` is where the cause sits, which may not be where it hurts."""

    kind: CauseKind
    service: str
    subject: str  # the version, resource or dependency it is about: "v2.31.0", "database connections"
    statement: str
    reasons: tuple[Reason, ...]
    score: float
    confidence: Confidence

    @property
    def reasons_for(self) -> tuple[Reason, ...]:
        return tuple(r for r in self.reasons if r.weight > 0)

    @property
    def reasons_against(self) -> tuple[Reason, ...]:
        return tuple(r for r in self.reasons if r.weight < 0)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A first step for a person: why, and the exact command or query."""

    text: str
    command: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence and the evidence it rests on."""

    text: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Briefing:
    """Everything the card says, as values; `bot.slack.blocks` turns it into Block Kit."""

    incident_id: str
    made_at: datetime
    impact: tuple[Claim, ...]  # what is wrong and how bad now versus normal
    hypotheses: tuple[Hypothesis, ...]  # best first; may be empty
    changes: tuple[Claim, ...]
    past: tuple[Claim, ...]  # similar incidents and what fixed them
    runbooks: tuple[Claim, ...]
    steps: tuple[Step, ...]
    ruled_out: tuple[Claim, ...]
    not_checked: tuple[Claim, ...]  # sources that could not look, and why
    on_call: tuple[Claim, ...]
    on_call_emails: tuple[str, ...]  # whom to invite, first level first
    findings: tuple[Finding, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(item for finding in self.findings for item in finding.evidence)
