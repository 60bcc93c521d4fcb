"""What is believed, whether that changed, and where rules and model differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.analysis.checked import CheckedAnalysis
from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.confidence import Confidence
from bot.domain.evidence_ledger import EvidenceLedger, ItemKind

SHOWN = 120  # characters of a statement in a line


class Change(StrEnum):
    """Why people are told again."""

    CAUSE = "cause"
    BAND = "band"
    GAP = "gap"


@dataclass(frozen=True, kw_only=True)
class Belief:
    kind: CauseKind | None  # of the likeliest cause; None where there is none
    service: str
    band: Confidence | None
    gaps: frozenset[str]  # what could not be looked at


def belief_of_rules(ranked: Sequence[Hypothesis], ledger: EvidenceLedger) -> Belief:
    """`ranked` is `Briefing.hypotheses`."""
    top = _likeliest(ranked)
    return Belief(
        kind=top.kind if top else None,
        service=top.service.lower() if top else "",
        band=top.confidence if top else None,
        gaps=_gaps(ledger),
    )


def belief_of_model(analysis: CheckedAnalysis, ledger: EvidenceLedger) -> Belief:
    top = analysis.top
    return Belief(
        kind=top.kind if top else None,
        service=top.service.lower() if top else "",
        band=top.confidence if top else None,
        gaps=_gaps(ledger),
    )


def changed(before: Belief, after: Belief) -> tuple[Change, ...]:
    """Empty: there is nothing to tell again. The wording of a cause does not count, nor does the order of gaps."""
    causes = _is_other(before.kind, before.service, after.kind, after.service)
    return tuple(
        change
        for change, is_so in (
            (Change.CAUSE, causes),
            (Change.BAND, not causes and before.band is not after.band),
            (Change.GAP, before.gaps != after.gaps),
        )
        if is_so
    )


def disagreement(ranked: Sequence[Hypothesis], analysis: CheckedAnalysis) -> str:
    """One line where the rules' first cause and the model's are not the same; else empty."""
    rules, model = _likeliest(ranked), analysis.top
    if rules is None and model is None:
        return ""
    if model is None:
        return (
            f"The rules put “{_cut(rules.statement)}” first, the model no cause that its evidence shows"
            if rules
            else ""
        )
    if rules is None:
        return f"The rules see no likely cause, the model puts “{_cut(model.claim.text)}” first"
    if not _is_other(rules.kind, rules.service, model.kind, model.service):
        return ""
    return f"The rules put “{_cut(rules.statement)}” first, the model “{_cut(model.claim.text)}”"


def _likeliest(ranked: Sequence[Hypothesis]) -> Hypothesis | None:
    return next((h for h in ranked if h.kind is not CauseKind.UNKNOWN), None)


def _is_other(one: CauseKind | None, here: str, two: CauseKind | None, there: str) -> bool:
    """ "X fails" and "X was deployed" or "X ran out" are one story, told from outside and from inside."""
    if here.lower() != there.lower():
        return True
    return one is not two and CauseKind.DEPENDENCY not in {one, two}


def _gaps(ledger: EvidenceLedger) -> frozenset[str]:
    return frozenset(item.text for item in ledger.items if item.kind is ItemKind.GAP)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"
