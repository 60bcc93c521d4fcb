"""What briefings and approvals put on the timeline, each thing once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Severity
from bot.domain.analysis.checked import CheckedAnalysis, CheckedHypothesis, SeverityOpinion
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.approval import (
    ApprovalWithdrawn,
    Decision,
    Event,
    Message,
    Person,
    PersonKind,
    RequestWithdrawn,
    Reviewed,
)
from bot.domain.briefing import Briefing, CauseKind, Hypothesis
from bot.domain.catalog import Catalog
from bot.domain.confidence import Confidence
from bot.domain.errors import NotStored
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence, Finding, Outcome
from bot.domain.grounding import CheckedClaim, Verdict
from bot.domain.incident import Incident
from bot.domain.ports import Acceptance, TimelineEvent
from bot.flows.brief import Brief
from bot.flows.life.beliefs import Beliefs, deployments
from bot.flows.life.reviews import ToldApprovals
from bot.testing import NOON, FrozenClock
from bot.testing_acting import FakeApprovals, Ledger
from tests.domain.approval.situations import make_request
from tests.scene import Scene, scene


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, clock=FrozenClock()) as built:
        yield built


def cause(
    kind: CauseKind, band: Confidence, statement: str = "v2.31.0 broke it", service: str = "checkout"
) -> Hypothesis:
    return Hypothesis(
        kind=kind, service=service, subject="", statement=statement, reasons=(), score=1.0, confidence=band
    )


DEPLOYED = cause(CauseKind.DEPLOYMENT, Confidence.MEDIUM)
SURE = replace(DEPLOYED, confidence=Confidence.HIGH)
FULL = cause(CauseKind.EXHAUSTION, Confidence.MEDIUM, "database connections ran out")


def briefing(*causes: Hypothesis, minutes: float = 1, findings: Sequence[Finding] = ()) -> Briefing:
    return Briefing(
        incident_id="", made_at=NOON + timedelta(minutes=minutes), impact=(), hypotheses=causes, changes=(), past=(),
        runbooks=(), steps=(), ruled_out=(), not_checked=(), on_call=(), on_call_emails=(), findings=tuple(findings),
    )  # fmt: skip


def opinion(band: Confidence, kind: CauseKind = CauseKind.EXHAUSTION, text: str = "the pool is full") -> ModelOpinion:
    claim = CheckedClaim(text=text, evidence=(), verdict=Verdict.SUPPORTED)
    top = CheckedHypothesis(
        claim=claim, service="checkout", kind=kind, against=(), stated=band, confidence=band, place=1
    )
    severity = SeverityOpinion(severity=Severity.SEV1, claim=claim)
    analysis = CheckedAnalysis(
        summary=(), hypotheses=(top,), ruled_out=(), could_not_check=(), steps=(), refused=(), severity=severity,
        evidence_digest="",
    )  # fmt: skip
    return ModelOpinion(analysis=analysis)


def beliefs(stage: Scene) -> Beliefs:
    store = stage.store
    return Beliefs(briefings=store.briefings, timeline=store.timeline, effects=store.effects)


async def told(stage: Scene, incident: Incident, kind: str = "belief") -> list[str]:
    return [event.text for event in await stage.store.timeline.of(incident.id) if event.kind == kind]


async def held(stage: Scene, *versions: Briefing | tuple[Briefing, ModelOpinion]) -> list[str]:
    incident = await stage.get(await stage.incident())
    two = beliefs(stage), beliefs(stage)
    for version in versions:
        made, said = version if isinstance(version, tuple) else (version, None)
        for process in (*two, two[0], beliefs(stage)):  # the last one was just started
            await process(incident, made, said)
    return await told(stage, incident)


async def test_a_new_likeliest_cause_and_a_new_band_are_told_the_same_one_is_not(stage: Scene) -> None:
    reworded = replace(SURE, statement="checkout v2.31.0 brought the errors")
    assert await held(
        stage, briefing(DEPLOYED), briefing(DEPLOYED, FULL), briefing(SURE), briefing(reworded), briefing(FULL)
    ) == [
        "Likeliest now: v2.31.0 broke it (high); before: v2.31.0 broke it (medium)",
        "Likeliest now: database connections ran out (medium); before: v2.31.0 broke it (high)",
    ]


async def test_what_is_believed_again_is_told_again(stage: Scene) -> None:
    assert len(await held(stage, briefing(DEPLOYED), briefing(FULL), briefing(DEPLOYED))) == 2


async def test_a_cause_that_is_no_longer_seen_is_told(stage: Scene) -> None:
    unknown = cause(CauseKind.UNKNOWN, Confidence.LOW, "nothing is known")
    assert await held(stage, briefing(DEPLOYED), briefing(unknown)) == [
        "Likeliest now: no cause that the evidence shows; before: v2.31.0 broke it (medium)"
    ]


async def test_the_models_first_word_is_held_against_the_rules_and_later_ones_against_its_own(stage: Scene) -> None:
    rules = briefing(DEPLOYED)
    same = opinion(Confidence.MEDIUM, CauseKind.DEPLOYMENT)
    assert await held(stage, rules, (rules, opinion(Confidence.LOW)), (rules, opinion(Confidence.HIGH))) == [
        "Likeliest now by the model: the pool is full (low); before: v2.31.0 broke it (medium)",
        "Likeliest now by the model: the pool is full (high); before: the pool is full (low)",
    ]
    other = await held(stage, (rules, same))
    assert other == [], "both say the same"


async def test_the_briefing_itself_tells_and_a_crash_before_that_is_made_good_at_start(stage: Scene) -> None:
    incident = await stage.get(await stage.incident())
    await beliefs(stage)(incident, briefing(DEPLOYED), None)
    await stage.store.briefings.save_briefing(incident.id, briefing(FULL), at=NOON)  # and then it died
    await beliefs(stage).follow(incident)
    assert len(await told(stage, incident)) == 1


async def test_brief_calls_it_with_each_version(stage: Scene) -> None:
    incident_id = await stage.incident()
    await stage.open(incident_id)
    found = finding("github", change(-30))
    await stage.store.briefings.save_findings(incident_id, [found])
    brief = Brief(
        incidents=stage.store.incidents, briefings=stage.store.briefings, agenda=stage.store.agenda, cards=stage.chat,
        draw=stage.draw, catalog=Catalog(), clock=stage.clock, beliefs=beliefs(stage),
    )  # fmt: skip
    for _ in range(2):
        await brief(incident_id)
        stage.clock.go_on(timedelta(minutes=1))
    assert await told(stage, await stage.get(incident_id), "deployment") == [
        "checkout v2.31.0 deployed to production by ana"
    ]


# --- deployments -----------------------------------------------------------------------------------------------------


def change(minutes: float, **changes: object) -> ChangeFact:
    fact = ChangeFact(
        service="checkout", kind=ChangeKind.DEPLOYMENT, at=NOON + timedelta(minutes=minutes), version="v2.31.0",
        title="Deploy", author="ana", environment="production",
    )  # fmt: skip
    return replace(fact, **changes)  # type: ignore[arg-type]


def finding(source: str, *facts: ChangeFact) -> Finding:
    evidence = tuple(
        Evidence(source=source, text="", fact=fact, id=f"{source}{n}", link=f"https://{source}.example/{n}")
        for n, fact in enumerate(facts, 1)
    )
    return Finding(source=source, outcome=Outcome.FOUND, seconds=0.1, evidence=evidence)


async def test_three_sources_tell_of_one_deployment_once_at_its_own_time(stage: Scene) -> None:
    incident = await stage.get(await stage.incident())
    found = [
        finding("github", change(-20)),
        finding("argocd", change(-18, version="2.31.0", environment="prod")),
        finding("pagerduty", change(-19, kind=ChangeKind.EVENT, author="")),
    ]
    for _ in range(2):
        await beliefs(stage)(incident, briefing(findings=found), None)
    events = [event for event in await stage.store.timeline.of(incident.id) if event.kind == "deployment"]
    assert [(event.at, event.text) for event in events] == [
        (NOON - timedelta(minutes=20), "checkout v2.31.0 deployed to production by ana")
    ]
    assert events[0].link == "https://github.example/1"


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (change(-60 * 7), None),  # too long before
        (change(5), None),  # after the briefing was made
        (change(-5, kind=ChangeKind.MERGE), None),  # merged is not deployed
        (change(-5, succeeded=False), "checkout v2.31.0 deployed to production by ana, which failed"),
        (change(-5, is_rollback=True), "checkout v2.31.0 deployed to production by ana, back to an earlier version"),
        (change(-5, kind=ChangeKind.RELEASE, environment=""), "checkout v2.31.0 released by ana"),
    ],
)
async def test_which_changes_are_deployments(stage: Scene, fact: ChangeFact, text: str | None) -> None:
    incident = await stage.get(await stage.incident())
    found = deployments(incident, briefing(findings=[finding("github", fact)]))
    assert [event.text for event, _ in found] == ([text] if text else [])


# --- approvals -------------------------------------------------------------------------------------------------------


@dataclass
class FakeTimeline:
    events: dict[str, TimelineEvent] = field(default_factory=dict)

    async def add(self, event: TimelineEvent, *, key: str) -> Acceptance:
        return Acceptance.STORED if self.events.setdefault(key, event) is event else Acceptance.REPEAT

    async def remove(self, key: str) -> None:
        self.events.pop(key, None)

    async def change(self, key: str, text: str) -> None:
        """Nobody does."""

    async def of(self, incident_id: str) -> Sequence[TimelineEvent]:
        return [event for event in self.events.values() if event.incident_id == incident_id]


REQUEST = make_request()


def reviewed(id: str, decision: Decision) -> Reviewed:
    return Reviewed(
        id=id, at=NOON, reviewer=Person(id="UANA", kind=PersonKind.MEMBER), decision=decision,
        message=Message(channel="C1", ts="1.0"), request_digest=REQUEST.digest,
    )  # fmt: skip


async def test_who_approved_what_and_how_stands_on_the_timeline_once() -> None:
    ledger = Ledger()
    approvals = ToldApprovals(FakeApprovals(ledger))
    await approvals.open(REQUEST)
    events: list[Event] = [
        reviewed("Ev1", Decision.APPROVE),
        reviewed("press-2", Decision.DENY),
        ApprovalWithdrawn(id="Ev3", at=NOON, person="UANA"),
        RequestWithdrawn(id="press-4", at=NOON, person="UBEN"),
        RequestWithdrawn(id="run-5", at=NOON),
    ]
    for event in events:
        for is_new in (True, False):
            assert await approvals.record(REQUEST.id, event) is is_new
    found = list(ledger.lines.values())
    assert [(event.text.split(":")[0], event.actor) for event in found] == [
        ("Approved by a reaction", "UANA"),
        ("Denied by a button", "UANA"),
        ("Approval taken back", "UANA"),
        ("Request taken back", "UBEN"),
    ]
    assert REQUEST.plan.target in found[0].text


async def test_a_decision_is_kept_with_its_line_or_not_at_all() -> None:
    ledger = Ledger()
    approvals = ToldApprovals(FakeApprovals(ledger))
    await approvals.open(REQUEST)

    def full(_: str) -> None:
        raise NotStored("the disk is full")

    ledger.fail = full
    with pytest.raises(NotStored):
        await approvals.record(REQUEST.id, reviewed("Ev1", Decision.APPROVE))
    assert (await approvals.events(REQUEST.id), ledger.lines) == ((), {})
