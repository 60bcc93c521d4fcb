"""The incident's card: while the sources are asked, as a briefing, with the model's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from bot.domain.alert import Severity
from bot.domain.analysis import check, disagreement
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.briefing import Briefing
from bot.domain.card import CardView, Picture
from bot.domain.compose import compose
from bot.domain.evidence import Finding, Outcome
from bot.domain.evidence_ledger import evidence_ledger
from bot.domain.grouping import BECAUSE
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.slack import blocks
from bot.slack.blocks import briefing, gathering, heading, opinion
from tests.domain import cases
from tests.slack.samples.made_of import HOSTILE, LONG, NOW, UNICODE, incident
from tests.slack.samples.registry import of
from tests.slack.test_hostile_analysis import obedient

FOUND = Finding(source="prometheus", outcome=Outcome.FOUND, seconds=0.4)
NOTHING = Finding(source="kubernetes", outcome=Outcome.NOTHING, seconds=0.2)


def _findings(text: str = "", times: int = 1) -> tuple[Finding, ...]:
    facts = cases.bad_deployment()
    if text:
        facts = [*facts, *[cases.log("checkout", f"{n} {text}") for n in range(times)]]
        facts += [cases.change(text[:80] or "checkout", 5 + n, f"v{n}") for n in range(times)]
        facts += [cases.past(text[:60], fix=text) for _ in range(times)]
    return cases.gathered(facts, cases.failed("elasticsearch"), cases.skipped("pagerduty"))


@cache  # what is very much takes a second to weigh
def briefing_of(text: str = "", times: int = 1) -> Briefing:
    alert: dict[str, Any] = {"title": text} if text else {}
    return compose(cases.request(**alert), _findings(text, times), cases.NOW)


def _view(text: str = "", times: int = 1, **changes: object) -> CardView:
    told = briefing_of(text, times)
    about = incident(title=text) if text else incident()
    return replace(
        CardView(incident=about, findings=told.findings, briefing=told, picture=Picture(file_id="F1", alt="5xx")),
        **changes,  # type: ignore[arg-type]
    )


def _gathering(text: str = "checkout", times: int = 3) -> CardView:
    failed = cases.failed(text, detail=text)
    return CardView(
        incident=incident(title=text, service=text), findings=(FOUND, NOTHING, failed), pending=(text,) * times
    )


def stormy() -> Incident:
    first = incident().alerts[0]
    later = GroupedAlert(
        alert=replace(first.alert, title=LONG[:200]), reason=GroupingReason.SAME_SERVICE, received_at=NOW
    )
    return incident(title=LONG, alerts=(first, *[later] * 49), alerts_left_out=4000, firing_left_out=3000)


def _storm() -> CardView:
    return _view(LONG[:1000], 30, incident=stormy())


def _near(because: str) -> GroupedAlert:
    first = incident().alerts[0]
    return replace(first, reason=GroupingReason.DEPENDENCY, alert=replace(first.alert, labels={BECAUSE: because}))


def _opinion(text: str) -> ModelOpinion:
    found = _findings(text)
    said = check(obedient(text), evidence_ledger(found, alerts=tuple(g.alert for g in incident().alerts)))
    differs = disagreement(briefing_of().hypotheses, said)
    return ModelOpinion(analysis=said, disagreement=differs, model="claude-sonnet-5-5", redactions=2)


MISSING = ModelOpinion(trouble="the model did not answer within 60 s")

of(
    blocks.card,
    gathering=lambda: blocks.card(_gathering()),
    briefed=lambda: blocks.card(_view()),
    with_opinion=lambda: blocks.card(_view(opinion=_opinion("the pool is too small"))),
    storm=lambda: blocks.card(replace(_storm(), opinion=_opinion(LONG))),
)
of(
    briefing.render,
    normal=lambda: briefing.render(_view(), briefing_of()),
    empty=lambda: briefing.render(
        CardView(incident=incident(service=None, alerts=())), compose(cases.request(None), (), cases.NOW)
    ),
    extreme=lambda: briefing.render(_storm(), briefing_of(LONG[:1000], 30)),
    hostile=lambda: briefing.render(_view(HOSTILE, 3, opinion=_opinion(HOSTILE)), briefing_of(HOSTILE, 3)),
    unicode=lambda: briefing.render(_view(UNICODE), briefing_of(UNICODE)),
)
of(
    gathering.render,
    normal=lambda: gathering.render(_gathering()),
    empty=lambda: gathering.render(CardView(incident=incident(service=None, alerts=()))),
    extreme=lambda: gathering.render(_gathering(LONG, 50)),
    hostile=lambda: gathering.render(_gathering(HOSTILE)),
)
of(
    heading.title,
    normal=lambda: heading.title(incident()),
    extreme=lambda: heading.title(incident(title=LONG, service=LONG)),
    resolved=lambda: heading.title(incident(status=IncidentStatus.RESOLVED, resolved_at=NOW)),
    cancelled=lambda: heading.title(incident(status=IncidentStatus.CANCELLED, resolved_at=NOW)),
)
of(
    heading.state,
    normal=lambda: heading.state(incident()),
    sev4=lambda: heading.state(incident(severity=Severity.SEV4, status=IncidentStatus.TRIAGE)),
    resolved=lambda: heading.state(incident(status=IncidentStatus.RESOLVED, resolved_at=NOW + timedelta(hours=30))),
    extreme=lambda: heading.state(stormy()),
    hostile=lambda: heading.state(incident(service=HOSTILE)),
)
of(
    heading.why_here,
    normal=lambda: heading.why_here(incident().alerts[0]),
    near=lambda: heading.why_here(_near("depends on payments, burning since 14:02 UTC in INC-2026-0041")),
    extreme=lambda: heading.why_here(_near(LONG)),
    hostile=lambda: heading.why_here(_near(HOSTILE)),
)
of(heading.name, normal=lambda: heading.name(incident()), plain=lambda: heading.name(incident(title=HOSTILE)))
of(
    opinion.blocks,
    normal=lambda: opinion.blocks(_opinion("the pool is too small")),
    empty=lambda: opinion.blocks(None),
    missing=lambda: opinion.blocks(MISSING),
    extreme=lambda: opinion.blocks(_opinion(LONG)),
    hostile=lambda: opinion.blocks(_opinion(HOSTILE)),
)
