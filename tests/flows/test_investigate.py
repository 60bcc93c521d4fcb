"""Sources are asked once, their answers show as they come, and what they said is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.catalog import Catalog, Service
from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    Answer,
    ChangeFact,
    ChangeKind,
    Evidence,
    OnsetFact,
    Outcome,
    Series,
    ServiceFact,
    SuspectFact,
    TriggerChart,
)
from bot.domain.ranking import ObservedSeries
from bot.flows import investigate as module
from bot.flows.investigate import request_for
from bot.testing import NOON, FakeSource, make_alert
from tests.scene import CHART, OWNER, Scene, until


class Doored:
    """A source that answers once its door is opened."""

    def __init__(self, name: str, answer: Answer) -> None:
        self.name = name
        self.door = asyncio.Event()
        self._answer = answer

    async def look(self, request: ContextRequest) -> Answer:
        await self.door.wait()
        return self._answer


class KeepingRenderer:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.drawn: list[TriggerChart] = []

    async def render(self, chart: TriggerChart) -> bytes:
        self.drawn.append(chart)
        return b"png"


def at(minutes: float) -> float:
    return NOON.timestamp() + 60 * minutes


def jumping(*services: str) -> tuple[ObservedSeries, ...]:
    """Latencies that are tenfold from three minutes before the alert on."""
    points = tuple((at(n / 4), (0.2 + 0.001 * (n % 3)) * (10.0 if n >= -12 else 1.0)) for n in range(-240, 8))
    return tuple(ObservedSeries(service=service, metric="p95 latency", points=points) for service in services)


def evidence(source: str) -> Evidence:
    fact = ServiceFact(service=source, owner="", tier=None, depends_on=(), dependants=(), known=True)
    return Evidence(source=source, text=f"{source} is known", fact=fact)


async def test_findings_are_stored_with_evidence_ids_and_sources_are_asked_once(stage: Scene) -> None:
    one, two = (FakeSource(name, Answer(evidence=(evidence(name), evidence(name)))) for name in ("a", "b"))
    stage = stage.restarted(sources=(one, two))
    incident_id = await stage.incident()
    await stage.flows.investigate(incident_id)
    await stage.flows.investigate(incident_id)
    await stage.restarted().flows.investigate(incident_id)
    found = await stage.store.briefings.findings(incident_id)
    assert found is not None
    assert [item.id for finding in found for item in finding.evidence] == ["E1", "E2", "E3", "E4"]
    assert (len(one.asked), len(two.asked)) == (1, 1)


async def test_answers_tick_in_while_others_are_still_asked(stage: Scene) -> None:
    quick, slow = Doored("quick", Answer(evidence=(OWNER,))), Doored("slow", Answer())
    stage = stage.restarted(sources=(quick, slow))
    incident_id = await stage.incident()
    await stage.open(incident_id)
    (versions,) = stage.chat.posted.values()
    asking = asyncio.create_task(stage.flows.investigate(incident_id))
    quick.door.set()
    await until(lambda: len(versions) == 2)
    assert [finding.source for finding in versions[-1].findings] == ["quick"]
    assert versions[-1].pending == ("slow",)
    slow.door.set()
    await asking
    assert len(versions) == 2, "the last answer is shown by the briefing"


async def test_an_answer_before_the_card_is_there_shows_nowhere_and_is_kept(stage: Scene) -> None:
    quick, slow = Doored("quick", Answer(evidence=(OWNER,))), Doored("slow", Answer())
    stage = stage.restarted(sources=(quick, slow))
    incident_id = await stage.incident()
    asking = asyncio.create_task(stage.flows.investigate(incident_id))
    quick.door.set()
    slow.door.set()
    await asking
    assert stage.chat.posted == {}
    found = await stage.store.briefings.findings(incident_id)
    assert found is not None
    assert [finding.source for finding in found] == ["quick", "slow", "ranking"]


async def test_drawing_begins_once_all_have_answered_and_waits_for_nothing_more(stage: Scene) -> None:
    quick, slow = Doored("quick", Answer(evidence=(OWNER,), chart=CHART)), Doored("slow", Answer())
    stage = stage.restarted(sources=(quick, slow))
    incident_id = await stage.incident()
    await stage.open(incident_id)
    (versions,) = stage.chat.posted.values()
    asking = asyncio.create_task(stage.flows.investigate(incident_id))
    quick.door.set()
    await until(lambda: len(versions) == 2)
    assert not stage.chat.uploads, "the changes and the onset that it shows are not known yet"
    slow.door.set()
    await asking
    await until(lambda: stage.chat.uploads)


async def test_the_chart_shows_the_onset_and_the_changes_that_others_told_of(stage: Scene) -> None:
    renderer = KeepingRenderer()
    chart = replace(CHART, series=(Series(name="a", points=((at(-60), 1.0), (at(5), 9.0))),))
    deployed = ChangeFact(
        service="checkout", kind=ChangeKind.DEPLOYMENT, at=NOON - timedelta(minutes=4), version="v2", title="v2"
    )
    sources = (
        FakeSource("metrics", Answer(chart=chart, series=jumping("checkout", "payments"))),
        FakeSource("changes", Answer(evidence=(Evidence(source="changes", text="v2", fact=deployed),))),
    )
    stage = stage.restarted(sources=sources, renderer=renderer)
    incident_id = await stage.incident()
    await stage.flows.investigate(incident_id)
    await stage.draw.wait(incident_id)
    (drawn,) = renderer.drawn
    assert drawn.began == NOON - timedelta(minutes=3)
    assert [mark.label for mark in drawn.marks] == ["checkout v2"]


async def test_what_all_series_say_is_stored_and_cited_and_the_series_are_let_go(stage: Scene) -> None:
    stage = stage.restarted(sources=(FakeSource("metrics", Answer(series=jumping("checkout", "payments"))),))
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    found = await stage.restarted().store.briefings.findings(incident_id)
    assert found is not None
    assert [finding.source for finding in found] == ["metrics", "ranking"]
    facts = {item.id: item.fact for item in found[-1].evidence}
    assert isinstance(facts["E1"], OnsetFact)
    assert facts["E1"].at == NOON - timedelta(minutes=3)
    assert isinstance(facts["E2"], SuspectFact)
    assert all(finding.series == () for finding in found)
    assert found[-1].seconds > 0
    (versions,) = stage.chat.posted.values()
    briefing = versions[-1].briefing
    assert briefing is not None
    cited = {id_ for claim in briefing.impact for id_ in claim.evidence}
    assert {"E1", "E2"} <= cited, briefing.impact


async def test_without_series_nothing_is_concluded_and_the_briefing_does_not_dwell_on_it(stage: Scene) -> None:
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    found = await stage.store.briefings.findings(incident_id)
    assert found is not None
    assert found[-1].outcome is Outcome.SKIPPED
    (versions,) = stage.chat.posted.values()
    briefing = versions[-1].briefing
    assert briefing is not None
    assert "ranking" not in " ".join(claim.text for claim in briefing.not_checked)


async def test_the_request_holds_all_alerts_the_earliest_onset_and_the_neighbourhood(stage: Scene) -> None:
    checkout = Service(name="checkout", depends_on=("payments", "unknown"))
    services = (checkout, Service(name="payments"), Service(name="shop", depends_on=("checkout",)))
    catalog = Catalog(services={service.name: service for service in services})
    incident_id = await stage.incident()
    await stage.join(incident_id, make_alert(fingerprint="f2", started_at=NOON - timedelta(minutes=9)))
    asked = request_for(await stage.get(incident_id), catalog, stage.clock)
    assert [alert.fingerprint for alert in asked.alerts] == ["f1", "f2"]
    assert asked.onset == NOON - timedelta(minutes=9)
    assert asked.now == NOON
    assert asked.service is checkout
    assert [service.name for service in asked.neighbours] == ["payments", "shop"]


async def test_an_alert_without_a_known_service_has_no_neighbourhood(stage: Scene) -> None:
    incident_id = await stage.incident(service=None)
    asked = request_for(await stage.get(incident_id), Catalog(), stage.clock)
    assert (asked.service, asked.neighbours) == (None, ())


async def test_a_name_that_the_catalog_does_not_know_is_found_by_the_labels_of_the_alert(stage: Scene) -> None:
    catalog = Catalog(services={"checkout": Service(name="checkout")})
    alert = replace(make_alert(service="frontdoor"), labels={"alertname": "Slow", "deployment": "checkout"})
    incident_id = await stage.incident(alert)
    asked = request_for(await stage.get(incident_id), catalog, stage.clock)
    assert asked.service == Service(name="checkout")


async def test_where_many_are_asked_about_at_once_answers_wait_for_the_briefing(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 1)
    quick, slow = Doored("quick", Answer(evidence=(OWNER,))), Doored("slow", Answer())
    stage = stage.restarted(sources=(quick, slow))
    incidents = [await stage.incident(fingerprint=f"f{number}") for number in range(2)]
    for incident_id in incidents:
        await stage.open(incident_id)
    asking = [asyncio.create_task(stage.flows.investigate(incident_id)) for incident_id in incidents]
    quick.door.set()
    slow.door.set()
    found = await asyncio.gather(*asking)
    assert [len(versions) for versions in stage.chat.posted.values()] == [1, 1]
    for incident_id, findings in zip(incidents, found, strict=True):
        assert findings == await stage.store.briefings.findings(incident_id)
