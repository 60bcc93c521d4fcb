"""Places, effects, Slack's events, the timeline, lists of incidents."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Card, GroupingReason, Incident, Place, PlaceKind
from bot.domain.ports import (
    Acceptance,
    Agenda,
    Briefings,
    Effect,
    Effects,
    Inbox,
    Incidents,
    Places,
    SlackEvents,
    Timeline,
    TimelineEvent,
    TriageDesk,
)
from memory.store import Store
from tests.memory.store.samples import MINUTE, NOON, alert


async def opened(store: Store, fingerprint: str = "f1", severity: Severity = Severity.SEV2) -> Incident:
    what = alert(fingerprint, severity=severity)
    return await store.desk.transact(lambda t: t.open_incident(what, GroupingReason.NEW_CONDITION, NOON))


def test_the_store_is_every_port_it_says_it_is(store: Store) -> None:
    # Checked by the type checker; here only that they are there.
    inbox: Inbox = store.inbox
    desk: TriageDesk = store.desk
    incidents: Incidents = store.incidents
    agenda: Agenda = store.agenda
    places: Places = store.places
    briefings: Briefings = store.briefings
    effects: Effects = store.effects
    events: SlackEvents = store.slack_events
    timeline: Timeline = store.timeline
    assert all((inbox, desk, incidents, agenda, places, briefings, effects, events, timeline))


async def test_open_incidents_come_worst_first_then_oldest(store: Store) -> None:
    ids = [
        (await opened(store, "a", Severity.SEV3)).id,
        (await opened(store, "b", Severity.SEV1)).id,
        (await opened(store, "c", Severity.SEV1)).id,
    ]
    assert [i.id for i in await store.incidents.list_open()] == [ids[1], ids[2], ids[0]]


async def test_an_incident_is_found_by_its_channel_or_under_its_card(store: Store) -> None:
    own, thread = await opened(store, "a"), await opened(store, "b")
    await store.places.save_place(own.id, Place(kind=PlaceKind.CHANNEL, channel="C1", name="inc-a"))
    await store.places.save_card(own.id, Card(channel="C1", ts="1.1", permalink="https://chat.example/p1"))
    await store.places.save_place(thread.id, Place(kind=PlaceKind.THREAD, channel="C2", name="triage"))
    await store.places.save_card(thread.id, Card(channel="C2", ts="2.2"))

    async def at(channel: str, ts: str | None) -> str | None:
        found = await store.incidents.in_place(channel, ts)
        return found.id if found else None

    assert await at("C1", None) == own.id
    assert await at("C1", "7.7") == own.id  # any thread of its own channel
    assert await at("C2", "2.2") == thread.id
    assert await at("C2", None) is None
    assert await at("C2", "9.9") is None
    kept = await store.incidents.get(own.id)
    assert kept is not None
    assert kept.card == Card(channel="C1", ts="1.1", permalink="https://chat.example/p1")
    assert kept.place == Place(kind=PlaceKind.CHANNEL, channel="C1", name="inc-a")


async def test_a_place_for_an_unknown_incident_is_an_error(store: Store) -> None:
    with pytest.raises(FirstResponderError, match="INC-1999-0001 is not in the store"):
        await store.places.save_card("INC-1999-0001", Card(channel="C1", ts="1"))


async def test_a_name_belongs_to_one_incident_and_stays_its_own(store: Store) -> None:
    first, second = await opened(store, "a"), await opened(store, "b")
    reserve = store.places.reserve_name
    assert await reserve(first.id, "inc-x") == "inc-x"
    assert await reserve(first.id, "inc-x") == "inc-x"
    assert await reserve(second.id, "inc-x") == "inc-x-2"
    assert await reserve(second.id, "inc-x", taken=["inc-x-2"]) == "inc-x-3"
    assert await reserve(second.id, "inc-x", taken=["inc-x-2"]) == "inc-x-3"


async def test_a_long_name_keeps_its_number_within_eighty_characters(store: Store) -> None:
    first, second = await opened(store, "a"), await opened(store, "b")
    base = "inc-" + "x" * 90
    assert len(await store.places.reserve_name(first.id, base)) == 80
    again = await store.places.reserve_name(second.id, base)
    assert len(again) == 80
    assert again.endswith("x-2")


async def test_fifty_incidents_ask_for_one_name_at_once_and_get_fifty(store: Store) -> None:
    ids = [(await opened(store, f"f{n}")).id for n in range(50)]
    names = await asyncio.gather(*(store.places.reserve_name(i, "inc-storm") for i in ids))
    assert len(set(names)) == 50


async def test_an_effect_is_begun_before_it_is_done(store: Store) -> None:
    effects = store.effects
    assert await effects.begin("card:1") == Effect(begun=False, result=None)
    assert await effects.begin("card:1") == Effect(begun=True, result=None)
    await effects.finish("card:1", "1.23")
    assert await effects.begin("card:1") == Effect(begun=True, result="1.23")


async def test_an_event_of_slack_is_recorded_once_and_handled_once(store: Store) -> None:
    events = store.slack_events
    assert await events.record("Ev1", b'{"a": 1}') is Acceptance.STORED
    assert await events.record("Ev2", b"\xff\x00") is Acceptance.STORED
    assert await events.record("Ev1", b"{}") is Acceptance.REPEAT
    waiting = await events.unhandled(10)
    assert [(e.event_id, e.body) for e in waiting] == [("Ev1", b'{"a": 1}'), ("Ev2", b"\xff\x00")]
    assert [e.event_id for e in await events.unhandled(1)] == ["Ev1"]
    await events.handled(waiting[0].row, "answered")
    assert [e.event_id for e in await events.unhandled(10)] == ["Ev2"]
    assert await events.record("Ev1", b"{}") is Acceptance.REPEAT


async def test_the_timeline_is_in_order_of_time_and_tells_nothing_twice(store: Store) -> None:
    incident = await opened(store)
    before = len(await store.timeline.of(incident.id))

    def note(text: str, minutes: int) -> TimelineEvent:
        at = NOON + minutes * MINUTE
        return TimelineEvent(
            incident_id=incident.id, at=at, kind="note", text=text, actor="U1", link="https://x.example"
        )

    assert await store.timeline.add(note("second", 2), key="n2") is Acceptance.STORED
    assert await store.timeline.add(note("first", 1), key="n1") is Acceptance.STORED
    assert await store.timeline.add(note("again", 3), key="n1") is Acceptance.REPEAT
    assert (await store.timeline.of(incident.id))[before:] == (note("first", 1), note("second", 2))
    await store.timeline.change("n1", "first, as it was edited")
    await store.timeline.change("never there", "nothing")
    edited = note("first, as it was edited", 1)
    assert (await store.timeline.of(incident.id))[before:] == (edited, note("second", 2))
    await store.timeline.remove("n1")
    await store.timeline.remove("never there")
    assert (await store.timeline.of(incident.id))[before:] == (note("second", 2),)
