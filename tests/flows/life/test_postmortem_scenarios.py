"""Postmortems of the sandbox's scenarios, from what the sources said of them: all of it rests on facts, nobody is
blamed, nothing is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.catalog import Catalog
from bot.domain.evidence import ChangeFact, Finding, MetricFact, OnCallFact
from bot.domain.grounding import FaultKind, ground
from bot.domain.incident import Card, Incident, IncidentStatus
from bot.domain.life import Holding, Role
from bot.domain.ports import TimelineEvent
from bot.domain.postmortem import Outline, Section, blame, outline, to_markdown
from bot.domain.postmortem.facts import fact_ledger
from bot.domain.postmortem.people import people_of
from bot.domain.postmortem.reading import missing
from bot.domain.postmortem.statement import Statement
from bot.flows.life.drafting_postmortem import DraftPostmortem
from bot.testing import FrozenClock, make_alert
from memory.catalog import load_catalog
from memory.store import Store
from memory.store.codec import decode_findings
from tests.flows.life.hour import ANA, BO
from tests.flows.life.postmortem_world import NAMES, Directory
from tests.scene import Scene, scene

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "tests" / "domain" / "recorded_findings"
SCENARIOS = ("exhausted-pool", "full-disk", "memory-leak", "traffic-surge")
MINUTE = timedelta(minutes=1)
# Worked out by rules from what is cited: how far ahead a forecast lies, and what share of its limit a metric had.
WORKED_OUT = ("at this pace", "it rose from")
WRONG = frozenset({FaultKind.NUMBER_NOT_FOUND, FaultKind.TIME_NOT_FOUND, FaultKind.UNKNOWN_ID, FaultKind.NO_ID})


def trigger(findings: Sequence[Finding]) -> MetricFact:
    facts = (item.fact for finding in findings for item in finding.evidence)
    return next(fact for fact in facts if isinstance(fact, MetricFact) and fact.is_trigger)


async def lived_through(store: Store, name: str, findings: Sequence[Finding], catalog: Catalog) -> Incident:
    """The incident of a scenario in the store, with an hour of people's work on it."""
    about = trigger(findings)
    assert about.moved_at is not None
    onset = about.moved_at + 2 * MINUTE
    clock = FrozenClock(onset)
    alert = make_alert(service=about.service, title=name.replace("-", " ").capitalize(), started_at=onset)
    stage = Scene(store=store, clock=clock, catalog=catalog)
    incident_id = await stage.incident(alert)
    await store.briefings.save_findings(incident_id, findings)
    await store.places.save_card(incident_id, Card(channel="C1", ts="1.0", permalink="https://shop.slack.example/p1"))
    author = next((item.fact.author for f in findings for item in f.evidence if isinstance(item.fact, ChangeFact)), "")
    for number, (minutes, kind, text, actor) in enumerate(
        (
            (3, "note", f"<@{BO}> and {author or 'Ana Silva'} look at {about.service}", ANA),
            (9, "note", "Restarted the pods, that did not help", BO),
            (12, "update", "Update: we know what it is and work on it", ANA),
            (20, "note", f"{author or 'Boris'} should have known better. Fix: gave {about.service} more room", BO),
            (30, "follow-up", "Alert earlier on this", ANA),
        )
    ):
        at = onset + minutes * MINUTE
        one = TimelineEvent(incident_id=incident_id, at=at, kind=kind, text=text, actor=actor)
        await store.timeline.add(one, key=f"{incident_id}:{number}")
    await store.life.roles.add(Holding(incident=incident_id, role=Role.LEAD, person=ANA, since=onset))
    found = await store.incidents.get(incident_id)
    assert found is not None
    return found


def ended(incident: Incident) -> Incident:
    return replace(
        incident,
        status=IncidentStatus.RESOLVED,
        briefed_at=incident.started_at + timedelta(seconds=4),
        resolved_at=incident.started_at + 41 * MINUTE,
    )


def sentences(found: Outline) -> list[tuple[str, tuple[str, ...]]]:
    said: list[Statement] = [one for lines in found.sections.values() for one in lines]
    return [(one.text, one.facts) for one in said] + [(item.text, item.facts) for item in found.actions]


@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_statement_without_a_fact_nobody_blamed_nothing_missing(name: str, tmp_path: Path) -> None:
    findings = decode_findings((RECORDED / f"{name}.json").read_text())
    catalog = load_catalog(ROOT / "sandbox" / "scenarios" / name / "services.yaml")
    async with scene(tmp_path) as stage:
        incident = ended(await lived_through(stage.store, name, findings, catalog))
        write = DraftPostmortem(
            timeline=stage.store.timeline,
            briefings=stage.store.briefings,
            life=stage.store.life,
            directory=Directory(),
            model=None,
            catalog=catalog,
            clock=FrozenClock(incident.started_at + timedelta(hours=2)),
        )
        material = await write.material(incident)
        text = await write.by_rules(incident)

    # Every sentence names facts that are on record, and its numbers and times stand in them.
    found, ledger = outline(material), fact_ledger(material)
    assert to_markdown(found) == text.markdown
    assert found.unfounded == ()
    told = sentences(found)
    assert len(told) > 20
    for sentence, facts in told:
        assert facts
        faults = [fault for fault in ground(sentence, facts, ledger).faults if fault.kind in WRONG]
        assert not faults or any(words in sentence for words in WORKED_OUT), (sentence, faults)
    body, _, below = text.markdown.partition("## Facts")
    lines = [line for line in body.splitlines() if line.startswith("- ")]
    assert all(re.search(r"\[\[[TEIG]\d+\]\]\(\S+\)$", line) for line in lines)
    assert all(f"**{name}**" in below for name in set(re.findall(r"\[\[(\w+)\]\]", body)))

    # Nobody is named or judged: neither those who worked on it, nor who wrote the change, nor who is on call.
    people = people_of({}, findings, NAMES, services=catalog.services)
    assert any(isinstance(item.fact, OnCallFact) for finding in findings for item in finding.evidence)
    assert blame(text.markdown, people) == ()
    assert "more room" in body

    # All sections are there, and those that the record can fill are not empty.
    assert missing(text.markdown) == ()
    for section in Section:
        if section not in (Section.LESSONS, Section.CONTRIBUTING, Section.ACTION_ITEMS):
            assert found.sections[section], section
    assert found.actions
    assert any(re.search(r"\d", sentence.text) for sentence in found.sections[Section.IMPACT])
    assert found.sections[Section.IMPACT][0].text == "It lasted 41 min."
