"""From what a model said to what may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain.alert import Severity
from bot.domain.analysis.checked import (
    Cap,
    CheckedAnalysis,
    CheckedHypothesis,
    NextStep,
    RefusedStep,
    SeverityOpinion,
    StepKind,
)
from bot.domain.analysis.steps import refusal_of
from bot.domain.briefing import CauseKind
from bot.domain.confidence import Confidence
from bot.domain.discretion import discreet
from bot.domain.evidence_ledger import EvidenceLedger, ItemKind, LedgerItem, safe
from bot.domain.grounding import CheckedClaim, Fault, FaultKind, Verdict, ground, without_echo

if TYPE_CHECKING:
    from bot.domain.analysis.wire import SaidAnalysis, SaidClaim, SaidHypothesis, SaidOpinion, SaidStep

TEXT_LIMIT = 600
QUERY_LIMIT = 1000
_LADDER = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
ENOUGH_FAMILIES = 2  # independent kinds of evidence for "high"

# Which kinds see the same thing: an alert and a conclusion are drawn from metrics. What happened before, what people
# noted and who is on call show nothing of now.
_FAMILIES = {
    ItemKind.METRIC: "metrics",
    ItemKind.FORECAST: "metrics",
    ItemKind.ALERT: "metrics",
    ItemKind.CONCLUSION: "metrics",
    ItemKind.LOG: "logs",
    ItemKind.CHANGE: "changes",
    ItemKind.PLATFORM: "platform",
    ItemKind.PROBE: "probes",
    ItemKind.PROVIDER: "providers",
}


def check(said: SaidAnalysis, ledger: EvidenceLedger, *, instructions: str = "") -> CheckedAnalysis:
    """`ledger` is what the model was shown. The same answer and the same ledger give the same result.

    `instructions`: those the model was given; what repeats them is left out.
    """
    said = _discreet(said, instructions)
    steps = [_step(step) for step in said.next_steps]
    refused = [RefusedStep(step=step, refusal=no) for step in steps if (no := refusal_of(step, ledger.runbooks))]
    dropped = {id(one.step) for one in refused}
    hypotheses = [_hypothesis(one, place, ledger) for place, one in enumerate(said.hypotheses)]
    why = _grounded(safe(said.severity.why, TEXT_LIMIT), said.severity.evidence, ledger)
    return CheckedAnalysis(
        summary=_claims(said.summary, ledger),
        hypotheses=_ordered(hypotheses),
        ruled_out=_claims(said.ruled_out, ledger),
        could_not_check=_claims(said.could_not_check, ledger),
        steps=tuple(step for step in steps if id(step) not in dropped),
        refused=tuple(refused),
        severity=SeverityOpinion(severity=Severity[said.severity.severity], claim=why),
        evidence_digest=ledger.digest,
    )


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """A second look at one hypothesis."""

    place: int  # `CheckedHypothesis.place`
    confidence: Confidence
    why: CheckedClaim | None = None


def opinions_of(said: Sequence[SaidOpinion], ledger: EvidenceLedger) -> tuple[Opinion, ...]:
    """What a second look said; its reasons are checked like all that a model says."""
    return tuple(
        Opinion(
            place=one.hypothesis,
            confidence=Confidence(one.confidence),
            why=_grounded(safe(one.why, TEXT_LIMIT), one.evidence, ledger) if one.why.strip() else None,
        )
        for one in said
    )


def second_opinion(analysis: CheckedAnalysis, opinions: Iterable[Opinion]) -> CheckedAnalysis:
    """Lowers what a second look is less sure of; never raises. Opinions about nothing are passed over."""
    found = {hypothesis.place: hypothesis for hypothesis in analysis.hypotheses}
    for opinion in opinions:
        was = found.get(opinion.place)
        if was is not None and _LADDER.index(opinion.confidence) < _LADDER.index(was.confidence):
            caps = (*was.caps, Cap.SECOND_OPINION)
            found[was.place] = replace(was, confidence=opinion.confidence, caps=caps, doubt=opinion.why)
    return replace(analysis, hypotheses=_ordered(list(found.values())))


def _discreet(said: SaidAnalysis, instructions: str) -> SaidAnalysis:
    if not instructions:
        return said

    def kept(text: str) -> str:
        return discreet(text, instructions)

    def claims(of: Sequence[SaidClaim]) -> list[SaidClaim]:
        return [one.model_copy(update={"text": kept(one.text)}) for one in of]

    return said.model_copy(
        update={
            "summary": claims(said.summary),
            "ruled_out": claims(said.ruled_out),
            "could_not_check": claims(said.could_not_check),
            "hypotheses": [one.model_copy(update={"statement": kept(one.statement)}) for one in said.hypotheses],
            "next_steps": [one.model_copy(update={"why": kept(one.why)}) for one in said.next_steps],
            "severity": said.severity.model_copy(update={"why": kept(said.severity.why)}),
        }
    )


def _grounded(text: str, cites: Sequence[str], ledger: EvidenceLedger) -> CheckedClaim:
    return without_echo(ground(text, cites, ledger), ledger)


def _claims(said: Sequence[SaidClaim], ledger: EvidenceLedger) -> tuple[CheckedClaim, ...]:
    return tuple(_grounded(safe(one.text, TEXT_LIMIT), one.evidence, ledger) for one in said)


def _step(said: SaidStep) -> NextStep:
    # A query is run as it stands: it is cut or cleaned by nothing that could change its meaning.
    return NextStep(kind=StepKind(said.kind), target=said.target.strip(), why=safe(said.why, TEXT_LIMIT))


def _hypothesis(said: SaidHypothesis, place: int, ledger: EvidenceLedger) -> CheckedHypothesis:
    claim = _grounded(safe(said.statement, TEXT_LIMIT), said.evidence_for, ledger)
    known = {name.lower(): name for name in ledger.services}
    service = known.get(said.service.strip().lower(), "")
    if said.service.strip() and not service:
        fault = Fault(kind=FaultKind.NAME_NOT_FOUND, said=safe(said.service, 100))
        claim = replace(claim, verdict=Verdict.UNSUPPORTED, faults=(fault, *claim.faults))
    kind = CauseKind(said.kind)
    stated = Confidence(said.confidence)
    items = [item for cite in claim.evidence if (item := ledger.find(cite))]
    caps = tuple(cap for cap, _ in _caps(claim, kind, items, place))
    highest = min((band for _, band in _caps(claim, kind, items, place)), key=_LADDER.index, default=stated)
    against = tuple(dict.fromkeys(cite for cite in said.evidence_against if ledger.find(cite)))
    return CheckedHypothesis(
        claim=claim,
        service=service,
        kind=kind,
        against=against,
        stated=stated,
        confidence=min(stated, highest, key=_LADDER.index),
        place=place + 1,
        caps=caps,
    )


def _caps(
    claim: CheckedClaim, kind: CauseKind, items: Sequence[LedgerItem], place: int
) -> Iterable[tuple[Cap, Confidence]]:
    """Every bound that holds for it."""
    if claim.verdict is Verdict.UNSUPPORTED:
        yield Cap.UNSUPPORTED, Confidence.LOW
    if claim.verdict is Verdict.PARTLY:
        yield Cap.PARTLY, Confidence.MEDIUM
    if kind is CauseKind.UNKNOWN:
        yield Cap.NO_CAUSE, Confidence.LOW
    families = {_FAMILIES.get(item.kind, item.source if item.kind is ItemKind.OTHER else "") for item in items} - {""}
    if len(families) < ENOUGH_FAMILIES:
        yield Cap.ONE_SOURCE, Confidence.MEDIUM
    if place > 0:
        yield Cap.NOT_FIRST, Confidence.MEDIUM


def _ordered(hypotheses: Sequence[CheckedHypothesis]) -> tuple[CheckedHypothesis, ...]:
    return tuple(
        sorted(hypotheses, key=lambda h: (h.claim.verdict is Verdict.UNSUPPORTED, -_LADDER.index(h.confidence)))
    )
