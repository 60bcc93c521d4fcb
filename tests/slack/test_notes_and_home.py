"""Messages go on the timeline by reaction, pin and shortcut; incidents are declared by form; the home tab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.errors import NotStored
from bot.domain.incident import Incident, PlaceKind
from bot.domain.ports import TimelineEvent
from bot.slack.inbound import ADD_TO_TIMELINE, DECLARE_FORM
from tests.scene import PATIENCE, until
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office


@pytest.fixture(params=["socket", "http"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE, mode=request.param) as made:
        yield made


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        yield made


async def notes(office: Office, incident: Incident) -> Sequence[TimelineEvent]:
    return [event for event in await office.store.timeline.of(incident.id) if event.kind == "note"]


def channel_of(incident: Incident) -> str:
    assert incident.place is not None
    return incident.place.name


# --- the timeline ----------------------------------------------------------------------------------------------------


async def test_a_pushpin_puts_a_message_on_the_timeline_and_taking_it_off_removes_it(both: Office) -> None:
    incident = await both.incident()
    channel = channel_of(incident)
    ts = await both.control.say("bo", channel, "rolled back & <3")
    await both.control.react("ana", channel, ts, "pushpin")
    await both.quiet()
    (note,) = await notes(both, incident)
    assert (note.text, note.actor) == ("rolled back & <3", both.workspace.member("bo").id)
    assert f"{note.at.timestamp():.6f}" == ts
    assert note.link is not None
    assert ts.replace(".", "") in note.link
    await both.control.react("ana", channel, ts, "pushpin", remove=True)
    await both.quiet()
    assert await notes(both, incident) == []


async def test_a_pin_is_noted_and_taking_it_off_removes_it(here: Office) -> None:
    incident = await here.incident()
    channel = channel_of(incident)
    ts = await here.control.say("bo", channel, "database failed over")
    await here.control.pin("ana", channel, ts)
    await here.quiet()
    assert [note.text for note in await notes(here, incident)] == ["database failed over"]
    await here.control.pin("ana", channel, ts, remove=True)
    await here.quiet()
    assert await notes(here, incident) == []


async def test_a_message_marked_in_several_ways_is_noted_once(here: Office) -> None:
    incident = await here.incident()
    channel = channel_of(incident)
    ts = await here.control.say("bo", channel, "once")
    for who in ("ana", "bo"):
        await here.control.react(who, channel, ts, "pushpin")
    await here.control.pin("ana", channel, ts)
    await here.quiet()
    assert len(await notes(here, incident)) == 1


async def test_a_reply_in_a_thread_is_noted_with_its_own_words(here: Office) -> None:
    incident = await here.incident()
    channel = channel_of(incident)
    parent = await here.control.say("ana", channel, "any news?")
    reply = await here.control.say("bo", channel, "disk is full", parent)
    await here.control.react("ana", channel, reply, "pushpin")
    await here.quiet()
    assert [note.text for note in await notes(here, incident)] == ["disk is full"]


async def test_a_reply_under_a_card_in_the_triage_channel_belongs_to_that_incident(here: Office) -> None:
    other = await here.incident(PlaceKind.THREAD, severity=Severity.SEV3, fingerprint="f0")
    incident = await here.incident(PlaceKind.THREAD, severity=Severity.SEV3)
    assert incident.card is not None
    reply = await here.control.say("bo", "incident-triage", "disk is full", incident.card.ts)
    await here.control.react("ana", "incident-triage", reply, "pushpin")
    await here.quiet()
    second = await here.control.say("bo", "incident-triage", "cleaned up", incident.card.ts)
    assert (await here.control.shortcut("bo", ADD_TO_TIMELINE, "incident-triage", second)).ok
    await here.quiet()
    assert [note.text for note in await notes(here, incident)] == ["disk is full", "cleaned up"]
    assert await notes(here, other) == []


async def test_the_shortcut_adds_a_message_and_says_so(both: Office) -> None:
    incident = await both.incident()
    channel = channel_of(incident)
    ts = await both.control.say("bo", channel, "failover done")
    for told in ("Added to the timeline.", "It is on the timeline already."):
        assert (await both.control.shortcut("ana", ADD_TO_TIMELINE, channel, ts)).ok
        await both.quiet()
        assert (await both.control.messages("ana", channel))[-1]["text"] == told
    assert [note.text for note in await notes(both, incident)] == ["failover done"]


async def test_the_shortcut_where_no_incident_is_says_so(here: Office) -> None:
    ts = await here.control.say("bo", "general", "hello")
    await here.control.shortcut("ana", ADD_TO_TIMELINE, "general", ts)
    await here.quiet()
    assert "No incident is worked on here" in (await here.control.messages("ana", "general"))[-1]["text"]


async def test_other_reactions_and_other_channels_are_nobodys_business(here: Office) -> None:
    incident = await here.incident()
    ts = await here.control.say("bo", channel_of(incident), "hello")
    await here.control.react("ana", channel_of(incident), ts, "tada")
    await here.control.invite("ana", "general", ["first-responder"])
    elsewhere = await here.control.say("bo", "general", "hello")
    await here.control.react("ana", "general", elsewhere, "pushpin")
    await here.quiet()
    assert await notes(here, incident) == []
    assert "ignored: a reaction without a meaning here" in here.outcomes
    assert "ignored: no incident here" in here.outcomes


# --- the form --------------------------------------------------------------------------------------------------------

FILLED = {"title": {"value": "Checkout is down"}, "service": {"value": "checkout"}}


async def opened(office: Office, who: str = "ana") -> str:
    """The id of the form that is open."""
    await office.quiet()
    (view,) = await office.control.views(who)
    assert view["callback_id"] == DECLARE_FORM
    return str(view["id"])


async def test_new_opens_the_form_with_the_title_as_it_looks(both: Office) -> None:
    await both.control.command("ana", "general", "/inc", "new @bo says: a < b")
    form = await opened(both)
    (view,) = await both.control.views("ana")
    assert view["blocks"][0]["element"]["initial_value"] == "@Bo Chen says: a < b"
    assert (await both.control.submit("ana", form)).ok


async def test_the_form_opens_from_the_shortcut_and_from_the_home_tab(here: Office) -> None:
    await here.control.shortcut("ana", DECLARE_FORM)
    await here.control.close("ana", await opened(here))
    await here.control.open_home("ana")
    await here.quiet()
    home = await here.control.home("ana")
    assert home is not None
    await here.control.click("ana", DECLARE_FORM, view_id=home["id"])
    await opened(here)


async def test_a_filled_form_is_an_alert_on_disk_before_it_closes_and_wakes_the_rest(both: Office) -> None:
    await both.control.command("ana", "general", "/inc", "new")
    form = await opened(both)
    values = {**FILLED, "severity": {"value": "SEV1"}, "description": {"value": "500s everywhere"}}
    assert (await both.control.submit("ana", form, values)).ok
    (delivery,) = await both.deliveries()
    (alert,) = delivery.alerts
    assert (alert.source, alert.status, alert.severity) == ("slack", AlertStatus.FIRING, Severity.SEV1)
    assert (alert.title, alert.service, alert.description) == ("Checkout is down", "checkout", "500s everywhere")
    assert alert.labels == {"declared_by": both.workspace.member("ana").id}
    assert both.wakes == [1]
    assert await both.control.views("ana") == []


@pytest.mark.parametrize("title", ["   ", "\u200b\u202e"])
async def test_a_title_that_says_nothing_is_refused_beside_its_field(here: Office, title: str) -> None:
    await here.control.command("ana", "general", "/inc", "new")
    outcome = await here.control.submit("ana", await opened(here), {"title": {"value": title}})
    assert outcome.errors == {"title": "Say in a few words what is wrong."}
    assert await here.deliveries() == []
    assert len(await here.control.views("ana")) == 1


async def test_a_form_that_could_not_be_stored_stays_open(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    accept = here.store.inbox.accept

    async def full(delivery: object) -> None:
        raise NotStored("the disk is full")

    monkeypatch.setattr(here.store.inbox, "accept", full)
    await here.control.command("ana", "general", "/inc", "new")
    form = await opened(here)
    here.workspace.delivery.ack_seconds = 0.3
    outcome = await here.control.submit("ana", form, FILLED)
    assert (outcome.ok, outcome.error) == (False, "We had some trouble connecting. Try again?")
    assert here.wakes == []
    monkeypatch.setattr(here.store.inbox, "accept", accept)
    here.workspace.delivery.ack_seconds = PATIENCE
    assert (await here.control.submit("ana", form, FILLED)).ok
    assert len(await here.deliveries()) == 1


async def test_a_form_submitted_twice_is_one_incident(here: Office) -> None:
    await here.control.command("ana", "general", "/inc", "new")
    form = await opened(here)
    view = here.workspace.modals[here.workspace.member("ana").id][0]
    assert (await here.control.submit("ana", form, FILLED)).ok
    here.workspace.modals[here.workspace.member("ana").id] = [view]
    assert (await here.control.submit("ana", form, FILLED)).ok
    assert len(await here.deliveries()) == 1


# --- the home tab ----------------------------------------------------------------------------------------------------


async def test_the_home_tab_lists_open_incidents(both: Office) -> None:
    await both.control.open_home("bo")
    await both.quiet()
    assert "No open incidents" in str(await both.control.home("bo"))
    incident = await both.incident(title="Checkout fails")
    await both.control.open_home("bo")
    await until(lambda: incident.id in str(both.workspace.homes))
    assert "Checkout fails" in str(await both.control.home("bo"))
    assert await both.control.home("ana") is None
