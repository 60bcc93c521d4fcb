"""Pin, topic, bookmarks and the people who are brought in."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.alert import Link, Severity
from bot.domain.card import Dressing
from bot.domain.catalog import Catalog, Service
from bot.domain.errors import ChatError
from bot.domain.evidence import Answer, Evidence, OnCallFact, RunbookFact
from bot.domain.incident import Place
from bot.flows.dress import MOST_BOOKMARKS
from bot.testing import FakeSource, make_alert
from tests.scene import Scene, raising


def on_call(person: str, level: int, email: str | None = None) -> Evidence:
    fact = OnCallFact(person=person, email=f"{person}@example.com" if email is None else email, level=level, policy="p")
    return Evidence(source="pagerduty", text=f"{person} is on call", fact=fact)


RUNBOOK = Evidence(
    source="runbooks",
    text="Roll back checkout",
    fact=RunbookFact(runbook="rollback", title="Roll back", why=(), steps=(), score=1.0),
    link="https://wiki.example/rollback",
)
GRAPH = Link(title="Graph", url="https://prometheus.example/graph")
DASHBOARD = Link(title="Dashboard", url="https://grafana.example/d/1")
CATALOG = Catalog(services={"checkout": Service(name="checkout", links=(DASHBOARD, GRAPH))})


async def dressed(stage: Scene, incident_id: str) -> Dressing:
    await stage.briefed(incident_id)
    assert await stage.flows.dress(incident_id) == ()
    dressing = stage.chat.dressed[-1][1]
    return dressing


async def test_the_card_is_pinned_and_topic_bookmarks_and_people_are_set(stage: Scene) -> None:
    people = (on_call("ana", 1), on_call("bo", 2), on_call("cy", 1), on_call("ana", 1), on_call("dee", 1, email=""))
    source = FakeSource("all", Answer(evidence=(*people, RUNBOOK)))
    stage = stage.restarted(sources=(source,), catalog=CATALOG)
    incident_id = await stage.incident(replace(make_alert(), links=(GRAPH,)))
    dressing = await dressed(stage, incident_id)
    assert [pinned.ts for pinned in stage.chat.pinned] == [ts for _, ts in stage.chat.posted]
    assert dressing.topic == f"SEV1 | Investigating | checkout | started 12:00 UTC | {incident_id}"
    assert [link.title for link in dressing.bookmarks] == ["Graph", "Dashboard", "Runbook: Roll back"]
    assert dressing.invite_emails == ("ana@example.com", "cy@example.com")
    assert dressing.invite_users == ()


async def test_to_a_private_incident_its_declarer_alone_is_brought_in(stage: Scene) -> None:
    stage = stage.restarted(sources=(FakeSource("all", Answer(evidence=(on_call("ana", 1),))),))
    labels = {"declared_by": "U123", "private": "true"}
    dressing = await dressed(stage, await stage.incident(replace(make_alert(source="slack"), labels=labels)))
    assert (dressing.invite_emails, dressing.invite_users) == ((), ("U123",))


async def test_whoever_declared_the_incident_is_brought_in(stage: Scene) -> None:
    incident_id = await stage.incident(replace(make_alert(source="slack"), labels={"declared_by": "U123"}))
    assert (await dressed(stage, incident_id)).invite_users == ("U123",)


async def test_only_slack_itself_tells_who_declared(stage: Scene) -> None:
    """A label of that name in a monitor's alert is the monitor's business."""
    incident_id = await stage.incident(replace(make_alert(), labels={"declared_by": "U123"}))
    assert (await dressed(stage, incident_id)).invite_users == ()


async def test_the_bar_of_bookmarks_stays_short(stage: Scene) -> None:
    links = tuple(Link(title=f"Link {n}", url=f"https://example.com/{n}") for n in range(20))
    incident_id = await stage.incident(replace(make_alert(), links=links))
    assert len((await dressed(stage, incident_id)).bookmarks) == MOST_BOOKMARKS


async def test_a_thread_in_the_triage_channel_is_left_as_it_is(stage: Scene) -> None:
    incident_id = await stage.incident(severity=Severity.SEV3)
    await stage.briefed(incident_id)
    assert await stage.flows.dress(incident_id) == ()
    assert (stage.chat.dressed, stage.chat.pinned) == ([], [])


async def test_what_could_not_be_done_is_told_and_logged_and_stops_nothing(
    stage: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    stage.chat.fail = raising("pin", ChatError("too_many_pins", is_final=True))

    async def refusing(place: Place, dressing: Dressing) -> tuple[str, ...]:
        return ("ana@example.com could not be invited: users_not_found.",)

    stage.chat.dress = refusing  # type: ignore[method-assign]
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    with caplog.at_level(logging.WARNING):
        undone = await stage.flows.dress(incident_id)
    assert undone == (
        "ana@example.com could not be invited: users_not_found.",
        "The card could not be pinned: too_many_pins.",
    )
    assert all(sentence in caplog.text for sentence in undone)
    assert incident_id in caplog.text


@pytest.mark.parametrize("severity", [Severity.SEV1, Severity.SEV3])
async def test_the_card_s_link_is_kept_with_it(stage: Scene, severity: Severity) -> None:
    incident_id = await stage.incident(severity=severity)
    await stage.briefed(incident_id)
    await stage.flows.dress(incident_id)
    incident = await stage.store.incidents.get(incident_id)
    assert incident is not None
    assert incident.card is not None
    assert incident.card.permalink == await stage.chat.link(incident.card)


async def test_a_link_that_cannot_be_had_stops_nothing(stage: Scene) -> None:
    stage.chat.fail = raising("link", ChatError("message_not_found", is_final=True))
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    assert await stage.flows.dress(incident_id) == ("The card's link could not be kept: message_not_found.",)
    assert len(stage.chat.pinned) == 1


async def test_an_incident_without_a_card_is_left_alone(stage: Scene) -> None:
    assert await stage.flows.dress(await stage.incident()) == ()


@pytest.mark.parametrize("service", ["<!channel>", "a\u202eb", "<@U1|x> & co", "x" * 1000])
async def test_a_hostile_service_name_is_inert_in_the_topic(stage: Scene, service: Any) -> None:
    topic = (await dressed(stage, await stage.incident(service=service))).topic
    assert not set(topic) & set("<>\u202e")
    assert len(topic) <= 250
