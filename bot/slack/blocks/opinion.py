"""The model's word on the card: what its evidence shows first, what it does not show marked as such."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.analysis import Cap, CheckedHypothesis, NextStep, StepKind
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.grounding import CheckedClaim, Verdict
from bot.domain.plaintext import plain
from bot.slack.blocks.limits import Block, context, section
from bot.slack.mrkdwn import code, escape

ROOM = 2200  # characters of all of it; the rules' own briefing stands beside it
SENTENCE_LIMIT = 300
MOST_SENTENCES, MOST_CAUSES, MOST_STEPS, MOST_CITES = 4, 3, 3, 4
QUERY_LIMIT = 400  # a longer one is not shown: half a query is of no use
WARNING = ":warning:"


def blocks(opinion: ModelOpinion | None) -> list[Block]:
    if opinion is None:
        return []
    trouble = [context(f"{WARNING} The model's analysis is missing: {escape(plain(opinion.trouble, SENTENCE_LIMIT))}")]
    if opinion.analysis is None:
        return trouble if opinion.trouble else []
    lines = list(_lines(opinion))
    while len("\n".join(lines)) > ROOM:
        lines.pop()
    return [section("\n".join(lines)), *_hidden(opinion), *(trouble if opinion.trouble else [])]


def _hidden(opinion: ModelOpinion) -> list[Block]:
    count = opinion.redactions
    if not count:
        return []
    where = "one place" if count == 1 else f"{count} places"
    return [context(f":lock: Secrets were taken out of the evidence in {where} before the model saw it.")]


def _lines(opinion: ModelOpinion) -> Iterator[str]:
    analysis = opinion.analysis
    assert analysis is not None
    yield f"*What {escape(plain(opinion.model, 60))} says of this evidence*"
    shown = [claim for claim in analysis.summary if claim.verdict is not Verdict.UNSUPPORTED]
    # The first sentence is what people read: one that is supported as it stands.
    shown.sort(key=lambda claim: claim is not analysis.headline)
    yield from (f"\u2022 {_claim(claim)}" for claim in shown[:MOST_SENTENCES])
    yield from (f"{n}. {_cause(h)}" for n, h in enumerate(analysis.hypotheses[:MOST_CAUSES], start=1))
    if opinion.disagreement:
        yield f":scales: {escape(plain(opinion.disagreement, SENTENCE_LIMIT))}"
    yield from (f"\u2192 {step}" for step in map(_step, analysis.steps[:MOST_STEPS]) if step)
    doubted = [claim for claim in analysis.summary if claim.verdict is Verdict.UNSUPPORTED]
    yield from (f"\u2022 {_claim(claim)}" for claim in doubted[:MOST_SENTENCES])


def _claim(claim: CheckedClaim) -> str:
    cites = "".join(f" [{escape(cite)}]" for cite in claim.evidence[:MOST_CITES])
    return f"{escape(plain(claim.text, SENTENCE_LIMIT))}{cites}{_doubt(claim)}"


def _doubt(claim: CheckedClaim) -> str:
    """What of it the cited evidence does not show."""
    if claim.verdict is Verdict.SUPPORTED:
        return ""
    words = list(dict.fromkeys(f"\u201c{escape(plain(fault.said, 40))}\u201d" for fault in claim.faults if fault.said))
    if claim.verdict is Verdict.PARTLY and words:
        return f" {WARNING} _not shown by its evidence: {', '.join(words[:3])}_"
    return f" {WARNING} _not shown by its evidence_"


def _cause(hypothesis: CheckedHypothesis) -> str:
    against = "".join(f" [{escape(cite)}]" for cite in hypothesis.against[:MOST_CITES])
    speaks = f"; against it:{against}" if against else ""
    said = f"{_claim(hypothesis.claim)} ({hypothesis.confidence} confidence{speaks})"
    if Cap.SECOND_OPINION not in hypothesis.caps:
        return said
    why = f": {_claim(hypothesis.doubt)}" if hypothesis.doubt else "."
    return f"{said}\n    :mag: A second look is less sure of it{why}"


def _step(step: NextStep) -> str:
    if len(step.target) > QUERY_LIMIT:
        return ""
    where = {StepKind.RUNBOOK: "Runbook", StepKind.PROMETHEUS: "Prometheus", StepKind.ELASTICSEARCH: "Logs"}[step.kind]
    return f"{where} {code(step.target)}: {escape(plain(step.why, SENTENCE_LIMIT))}"
