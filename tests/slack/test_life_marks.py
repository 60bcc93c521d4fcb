"""Reactions, pins, edits and deletions: what is kept fits the message as it is, in whatever order events come."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.domain.life import FollowUpState
from bot.slack.life_inbound import Mark, MarkedMessage
from bot.slack.life_marks import SEEN
from tests.slack.life_office import Life, life

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Life]:
    async with life(tmp_path_factory.mktemp("life")) as office:
        yield office


@pytest.fixture
def made(shared: Life) -> Life:
    shared.forget()
    return shared


def reactions(made: Life, channel: str, ts: str) -> set[str]:
    return set(made.here.workspace.channel(channel).messages[ts].reactions)


async def test_a_pushpin_is_answered_with_one_reaction_and_no_message(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "rolled back")
    before = len(made.public_words(channel))
    await made.react("ana", channel, ts, "pushpin")
    (note,) = await made.events(incident, "note")
    assert (note.text, note.actor) == ("rolled back", made.id("bo"))
    assert f"{note.at.timestamp():.6f}" == ts
    assert reactions(made, channel, ts) == {"pushpin", SEEN}
    assert len(made.public_words(channel)) == before
    await made.react("ana", channel, ts, "pushpin", remove=True)
    assert await made.events(incident, "note") == []
    assert reactions(made, channel, ts) == set()


async def test_what_two_people_marked_stays_until_both_took_it_off(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "rolled back")
    await made.react("ana", channel, ts, "pushpin")
    await made.here.control.pin("bo", channel, ts)
    await made.react("ana", channel, ts, "pushpin", remove=True)
    assert len(await made.events(incident, "note")) == 1
    await made.here.control.pin("bo", channel, ts, remove=True)
    await made.here.quiet()
    assert await made.events(incident, "note") == []


async def test_events_that_come_late_and_in_another_order_change_nothing(made: Life) -> None:
    incident = await made.incident()
    channel = made.here.workspace.channel(made.name(incident)).id
    ts = await made.here.control.say("bo", channel, "rolled back")
    await made.react("ana", channel, ts, "pushpin")
    await made.react("ana", channel, ts, "memo")
    await made.react("ana", channel, ts, "memo", remove=True)
    assert made.here.desk.life is not None
    for mark, name in ((Mark.TIMELINE, "pushpin"), (Mark.POSTMORTEM, "memo")):
        for removed in (True, False, True):
            late = MarkedMessage(
                id="late", mark=mark, reaction=name, user=made.id("ana"), channel=channel, ts=ts, removed=removed
            )
            await made.here.desk.life.handle(late)
    assert len(await made.events(incident, "note")) == 1
    assert await made.events(incident, "postmortem") == []


async def test_a_memo_is_a_note_for_the_postmortem(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "the alert came late")
    await made.react("ana", channel, ts, "memo")
    assert [note.text for note in await made.events(incident, "postmortem")] == ["the alert came late"]
    assert await made.events(incident, "note") == []


async def test_a_check_box_is_a_follow_up(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "add an alert on pool use")
    await made.react("ana", channel, ts, "ballot_box_with_check")
    (found,) = made.follow_ups.found.values()
    assert (found.incident, found.text, found.created_by) == (incident.id, "add an alert on pool use", made.id("ana"))
    assert found.link is not None
    assert ts.replace(".", "") in found.link
    await made.react("ana", channel, ts, "ballot_box_with_check", remove=True)
    assert [one.state for one in made.follow_ups.found.values()] == [FollowUpState.DROPPED]


async def test_eyes_on_the_card_say_that_somebody_is_on_it(made: Life) -> None:
    incident = await made.incident()
    assert incident.card is not None
    other = await made.here.control.say("bo", made.name(incident), "look")
    await made.react("ana", made.name(incident), other, "eyes")
    assert (await made.now(incident)).status == "triage"
    await made.react("ana", made.name(incident), incident.card.ts, "eyes")
    assert (await made.now(incident)).status == "investigating"
    await made.react("ana", made.name(incident), incident.card.ts, "eyes", remove=True)
    assert (await made.now(incident)).status == "investigating"


async def test_edits_and_deletions_are_honoured(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "rolled back to v40")
    other = await made.here.control.say("bo", channel, "not marked")
    await made.react("ana", channel, ts, "pushpin")
    await made.react("ana", channel, ts, "memo")
    await made.here.control.edit("bo", channel, ts, "rolled back to v41")
    await made.here.control.edit("bo", channel, other, "still not marked")
    await made.here.quiet()
    for kind in ("note", "postmortem"):
        assert [event.text for event in await made.events(incident, kind)] == ["rolled back to v41"]
    await made.here.control.delete("bo", channel, ts)
    await made.here.quiet()
    assert await made.events(incident, "note") == []
    assert await made.events(incident, "postmortem") == []


async def test_what_guests_mark_is_not_kept(made: Life) -> None:
    incident = await made.incident()
    guest = await made.guest(incident)
    ts = await made.here.control.say("bo", made.name(incident), "rolled back")
    for name in ("pushpin", "memo", "ballot_box_with_check"):
        await made.react(guest, made.name(incident), ts, name)
    assert await made.events(incident, "note") == []
    assert await made.events(incident, "postmortem") == []
    assert made.follow_ups.found == {}
