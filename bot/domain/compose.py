"""From findings to the briefing: every sentence cites the evidence it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.briefing import Briefing, CauseKind, Claim, Hypothesis
from bot.domain.causes import rank
from bot.domain.claims import changes, on_call, past, runbooks
from bot.domain.conclusion import SOURCE as CONCLUDED
from bot.domain.confidence import Confidence
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, FailureReason, Finding, MetricFact, Outcome, ServiceFact
from bot.domain.first_steps import first_steps
from bot.domain.impact import impact
from bot.domain.plaintext import plain

MOST_CAUSES = 4  # more than four suspects help nobody at night
GAP_LIMIT = 240
_FAILURES = {
    FailureReason.UNREACHABLE: "could not be reached",
    FailureReason.UNAUTHORISED: "does not accept our credentials",
    FailureReason.FORBIDDEN: "does not allow us to look",
    FailureReason.RATE_LIMITED: "limits our requests at the moment",
    FailureReason.HELD_BACK: "was not asked",
    FailureReason.NOT_ON_PLAN: "does not offer this on its plan",
    FailureReason.TOO_SLOW: "did not answer in time",
    FailureReason.NONSENSE: "gave an answer that makes no sense",
    FailureReason.REFUSED: "refused the question",
    FailureReason.BUG: "could not be asked, by a fault of ours",
}


def number(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Gives E1, E2 ...: what the alert itself is about first, then in the order given. Safe to do again."""
    flat = [(f, e) for f, finding in enumerate(findings) for e in range(len(finding.evidence))]
    flat.sort(key=lambda place: not _is_trigger(findings[place[0]].evidence[place[1]]))
    ids = {place: f"E{n}" for n, place in enumerate(flat, start=1)}
    return tuple(
        replace(finding, evidence=tuple(replace(item, id=ids[f, e]) for e, item in enumerate(finding.evidence)))
        for f, finding in enumerate(findings)
    )


def compose(request: ContextRequest, findings: Sequence[Finding], now: datetime) -> Briefing:
    """`findings` must be numbered. The same findings and the same `now` give the same briefing."""
    considered = rank(request, findings)
    shown = _shown(considered)
    evidence = [item for finding in findings for item in finding.evidence]
    duties = on_call(evidence, now)
    return Briefing(
        incident_id=request.incident_id,
        made_at=now,
        impact=impact(request, evidence, now),
        hypotheses=shown,
        changes=changes(request, evidence, considered),
        past=past(request, evidence),
        runbooks=runbooks(evidence),
        steps=first_steps(request, evidence, shown),
        ruled_out=(*_unlikely(considered), *_nothing_found(findings)),
        not_checked=_not_checked(findings, evidence),
        on_call=tuple(duty.claim for duty in duties),
        on_call_emails=tuple(dict.fromkeys(duty.email for duty in duties if duty.email)),
        findings=tuple(findings),
    )


def _is_trigger(item: Evidence) -> bool:
    return isinstance(item.fact, MetricFact) and item.fact.is_trigger


def _shown(considered: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """What has something left to speak for it; "unknown" joins where nothing else is more than a guess."""
    likely = [h for h in considered if h.score > 0 and h.kind is not CauseKind.UNKNOWN][:MOST_CAUSES]
    if any(h.confidence is not Confidence.LOW for h in likely):
        return tuple(likely)
    return (*likely, *(h for h in considered if h.kind is CauseKind.UNKNOWN))


def _unlikely(considered: Sequence[Hypothesis]) -> tuple[Claim, ...]:
    """Causes with nothing left to speak for them, with the strongest reason against them."""
    same: dict[str, list[Hypothesis]] = {}
    for h in considered:
        if h.score <= 0 and h.reasons_against:
            same.setdefault(h.reasons_against[0].text, []).append(h)
    return tuple(
        Claim(
            text=f"{', '.join(_subject(h) for h in fallen)}: {why}",
            evidence=tuple(dict.fromkeys(i for h in fallen for i in h.reasons_against[0].evidence)),
        )
        for why, fallen in same.items()
    )


def _subject(h: Hypothesis) -> str:
    if h.kind is CauseKind.EXHAUSTION:
        return f"{h.subject} of {h.service}"
    if h.kind is CauseKind.DEPENDENCY:
        return h.service
    return f"load on {h.service}" if h.kind is CauseKind.TRAFFIC else h.statement


def _nothing_found(findings: Iterable[Finding]) -> tuple[Claim, ...]:
    return tuple(
        Claim(text=f"{f.source} looked and found nothing" + (f": {f.checked}" if f.checked else ""))
        for f in findings
        if f.outcome is Outcome.NOTHING
    )


def _not_checked(findings: Iterable[Finding], evidence: Iterable[Evidence]) -> tuple[Claim, ...]:
    """Those that failed first, they are what somebody may repair; then gaps in answers, then what is not set up."""
    findings = tuple(findings)
    claims = [Claim(text=_failure(f)) for f in findings if f.outcome is Outcome.FAILED]
    claims += [Claim(text=f"{f.source}: {plain(gap, GAP_LIMIT)}") for f in findings for gap in f.gaps]
    # What is concluded from others' answers is no place to look at: that those are missing is said above.
    skipped = (f for f in findings if f.outcome is Outcome.SKIPPED and f.source != CONCLUDED)
    claims += [Claim(text=f"{f.source}: {f.detail or 'not set up'}") for f in skipped]
    for item in evidence:
        if isinstance(item.fact, ServiceFact) and not item.fact.known:
            text = f"{item.fact.service} is not in the service catalog, so its neighbours are not known"
            claims.append(Claim(text=text, evidence=(item.id,)))
    return tuple(claims)


def _failure(finding: Finding) -> str:
    why = _FAILURES[finding.reason] if finding.reason else "failed"
    return f"{finding.source} {why}" + (f": {finding.detail}" if finding.detail else "")
