"""From findings to the briefing: every sentence cites the evidence it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.briefing import Briefing, CauseKind, Claim, Hypothesis
from bot.domain.causes import rank
from bot.domain.causes.words import clock, span
from bot.domain.confidence import Confidence
from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    ChangeFact,
    Evidence,
    FailureReason,
    Finding,
    MetricFact,
    OnCallFact,
    Outcome,
    PastIncidentFact,
    RunbookFact,
    ServiceFact,
)
from bot.domain.first_steps import first_steps
from bot.domain.impact import impact
from bot.domain.plaintext import plain

MOST_CAUSES = 4  # more than four suspects help nobody at night
TITLE_LIMIT = 120
FIX_LIMIT = 200  # what fixed it last time is what one reads a past incident for
_FAILURES = {
    FailureReason.UNREACHABLE: "could not be reached",
    FailureReason.UNAUTHORISED: "does not accept our credentials",
    FailureReason.FORBIDDEN: "does not allow us to look",
    FailureReason.RATE_LIMITED: "limits our requests at the moment",
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
    on_call = _on_call(evidence, now)
    return Briefing(
        incident_id=request.incident_id,
        made_at=now,
        impact=impact(request, evidence, now),
        hypotheses=shown,
        changes=_changes(request, evidence, considered),
        past=_past(evidence),
        runbooks=_runbooks(evidence),
        steps=first_steps(request, evidence, shown),
        ruled_out=(*_unlikely(considered), *_nothing_found(findings)),
        not_checked=_not_checked(findings, evidence),
        on_call=tuple(claim for claim, _ in on_call),
        on_call_emails=tuple(dict.fromkeys(email for _, email in on_call if email)),
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


def _changes(
    request: ContextRequest, evidence: Iterable[Evidence], considered: Sequence[Hypothesis]
) -> tuple[Claim, ...]:
    """In the order of suspicion, then the newest first."""
    suspicion = {(h.service, h.subject): n for n, h in reversed([*enumerate(considered)])}
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, ChangeFact)]
    last = len(considered)
    found.sort(key=lambda pair: (suspicion.get((pair[1].service, pair[1].version), last), -pair[1].at.timestamp()))
    return tuple(Claim(text=_change(request, fact), evidence=(item.id,)) for item, fact in found)


def _change(request: ContextRequest, fact: ChangeFact) -> str:
    delta = request.onset - fact.at
    when = f"{span(delta)} before the alert" if delta.total_seconds() >= 0 else f"{span(delta)} AFTER the alert"
    was = f" (was {fact.previous})" if fact.previous else ""
    author = f" by {fact.author}" if fact.author else ""
    failed = ", failed" if fact.succeeded is False else ""
    title = f": {plain(fact.title, TITLE_LIMIT)}" if fact.title and fact.title != fact.version else ""
    return f"{clock(fact.at)}, {when}: {fact.kind} of {fact.service} {fact.version}{was}{author}{failed}{title}"


def _past(evidence: Iterable[Evidence]) -> tuple[Claim, ...]:
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, PastIncidentFact)]
    found.sort(key=lambda pair: -pair[1].score)
    return tuple(Claim(text=_past_incident(fact), evidence=(item.id,)) for item, fact in found)


def _past_incident(fact: PastIncidentFact) -> str:
    where = f", {fact.service}" if fact.service else ""
    cause = f" Cause: {plain(fact.cause, TITLE_LIMIT)}." if fact.cause else " Its cause was never settled."
    took = f" ({fact.minutes} min)" if fact.minutes is not None else ""
    fix = f" Fixed by: {plain(fact.fix, FIX_LIMIT)}{took}." if fact.fix else ""
    return f"{fact.incident} ({fact.at:%Y-%m-%d}{where}): {plain(fact.title, TITLE_LIMIT)}.{fix}{cause}"


def _runbooks(evidence: Iterable[Evidence]) -> tuple[Claim, ...]:
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, RunbookFact)]
    found.sort(key=lambda pair: -pair[1].score)
    return tuple(
        Claim(
            text=plain(fact.title, TITLE_LIMIT)
            + (f" (kept by {fact.owner})" if fact.owner else "")
            + (f". Why: {', '.join(fact.why)}" if fact.why else ""),
            evidence=(item.id,),
        )
        for item, fact in found
    )


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
    """Those that failed first: they are what somebody may repair."""
    ordered = sorted(findings, key=lambda f: f.outcome is not Outcome.FAILED)
    claims = [Claim(text=text) for f in ordered if (text := _why_not(f))]
    for item in evidence:
        if isinstance(item.fact, ServiceFact) and not item.fact.known:
            text = f"{item.fact.service} is not in the service catalog, so its neighbours are not known"
            claims.append(Claim(text=text, evidence=(item.id,)))
    return tuple(claims)


def _why_not(finding: Finding) -> str:
    if finding.outcome is Outcome.FAILED:
        why = _FAILURES[finding.reason] if finding.reason else "failed"
        return f"{finding.source} {why}" + (f": {finding.detail}" if finding.detail else "")
    if finding.outcome is Outcome.SKIPPED:
        return f"{finding.source}: {finding.detail or 'not set up'}"
    return ""


def _on_call(evidence: Iterable[Evidence], now: datetime) -> list[tuple[Claim, str]]:
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, OnCallFact)]
    found.sort(key=lambda pair: pair[1].level)
    return [(Claim(text=_duty(fact, now), evidence=(item.id,)), fact.email) for item, fact in found]


def _duty(fact: OnCallFact, now: datetime) -> str:
    day = f"{fact.until:%-d %b} " if fact.until and fact.until.date() != now.date() else ""
    until = f" until {day}{clock(fact.until)}" if fact.until else ""
    return f"{fact.person}, level {fact.level} of {fact.policy}{until}"
