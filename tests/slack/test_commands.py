"""What people ask by command, by mention and in direct messages, over the real protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import NotStored
from bot.domain.incident import PlaceKind
from bot.slack.grammar import WORDS
from sandbox.slack.values import ChannelKind
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


async def test_each_way_to_ask_is_answered(both: Office) -> None:
    incident = await both.incident()
    assert incident.place is not None
    assert "`/inc status [INC-...]`" in await both.command("help")
    assert incident.id in await both.command("status", incident.place.name)
    assert incident.id in await both.mention("list", incident.place.name)
    direct = both.workspace.im_with(both.workspace.member("ana").id)
    await both.control.say("ana", direct.id, "list")
    await both.quiet()
    assert incident.id in both.bot_messages(direct.id)[-1]["text"]
    assert both.pings == []


async def test_help_names_every_word(here: Office) -> None:
    for asked in ("", "help", "?"):
        answer = await here.command(asked)
        assert all(f"`/inc {word.name}" in answer for word in WORDS)


@pytest.mark.parametrize(("typed", "told"), [("statsu", "Did you mean *status*?"), ("qqqq", "I don't know “qqqq”.")])
async def test_a_wrong_word_gets_help_and_the_word_that_may_be_meant(here: Office, typed: str, told: str) -> None:
    answer = await here.command(typed)
    assert told in answer
    assert "`/inc list [all|closed|sev1|mine]`" in answer


async def test_list_tells_open_incidents_worst_first(here: Office) -> None:
    assert await here.command("list") == ":large_green_circle: No open incidents."
    mild = await here.incident(severity=Severity.SEV2, title="Slow")
    bad = await here.incident(severity=Severity.SEV1, title="Down", fingerprint="f2")
    answer = await here.command("list")
    assert answer.startswith("2 open incidents, worst first:")
    assert answer.index(bad.id) < answer.index(mild.id)
    assert bad.place is not None
    assert f"<#{bad.place.channel}>" in answer


async def test_status_is_of_this_channel_or_of_the_one_that_is_named(here: Office) -> None:
    incident = await here.incident(title="Checkout fails")
    assert incident.place is not None
    for answer in (
        await here.command("status", incident.place.name),
        await here.command(f"status {incident.id.lower()}"),
        await here.mention("status", incident.place.name),
    ):
        assert incident.id in answer
        assert "Checkout fails" in answer
        assert "1 of 1 alerts still firing" in answer
        assert "The sources are still being asked." in answer


async def test_status_where_there_is_no_incident_says_what_to_do(here: Office) -> None:
    assert await here.command("status") == "This channel belongs to no incident. `/inc list` shows the open ones."
    assert "There is no incident INC-2026-0404." in await here.command("status INC-2026-0404")


async def test_in_a_thread_of_the_triage_channel_a_mention_is_about_that_incident(here: Office) -> None:
    await here.incident(PlaceKind.THREAD, severity=Severity.SEV3, fingerprint="f0", title="Other")
    incident = await here.incident(PlaceKind.THREAD, severity=Severity.SEV3, title="Disk fills")
    assert incident.card is not None
    answer = await here.mention("status", "incident-triage", thread=incident.card.ts)
    assert "Disk fills" in answer
    assert "Other" not in answer


async def test_a_note_is_added_and_told_back_with_the_name_of_who_wrote_it(here: Office) -> None:
    incident = await here.incident()
    assert incident.place is not None
    added = await here.command("timeline rolled back *v2* & restarted <3", incident.place.name)
    assert added == f"Added to the timeline of {incident.id}."
    assert "Added" in await here.mention("log second note", incident.place.name, who="bo")
    for answer in (await here.command("timeline", incident.place.name), await here.mention("log", incident.place.name)):
        assert "rolled back ∗v2∗ &amp; restarted &lt;3 (Ana Ruiz)" in answer
        assert "second note (Bo Chen)" in answer
    assert here.pings == [], "reading the timeline must not ping those who are on it"


async def test_people_in_a_note_are_named_as_they_look(here: Office) -> None:
    incident = await here.incident()
    assert incident.place is not None
    await here.mention("timeline @bo restarted it", incident.place.name)
    assert "@Bo Chen restarted it" in await here.command("timeline", incident.place.name)
    assert here.pings == []


async def test_timeline_outside_an_incident_says_so(here: Office) -> None:
    for words in ("timeline", "timeline rolled back"):
        assert "belongs to no incident" in await here.command(words)


async def test_new_by_mention_tells_where_the_form_is(here: Office) -> None:
    await here.control.invite("ana", "general", ["first-responder"])
    assert "`/inc new`" in await here.mention("new checkout is down", "general")


async def test_a_message_that_is_not_for_the_bot_is_not_answered(here: Office) -> None:
    incident = await here.incident()
    assert incident.place is not None
    before = len(here.bot_messages(incident.place.name))
    await here.control.say("ana", incident.place.name, "status of the rollback?")
    await here.quiet()
    assert len(here.bot_messages(incident.place.name)) == before
    assert "ignored: a message that does not speak to the bot" in here.outcomes


async def test_what_fails_is_told_to_who_asked(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing() -> None:
        raise NotStored("the store cannot be read: <!channel>")

    monkeypatch.setattr(here.store.incidents, "list_open", failing)
    assert await here.command("list") == "That did not work: the store cannot be read: &lt;!channel&gt;."


async def test_a_bug_is_told_without_its_details(
    here: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        await asyncio.sleep(0.05)
        raise ZeroDivisionError("the inside story")

    monkeypatch.setattr(here.store.incidents, "list_open", broken)
    assert await here.command("list") == "That did not work; my log tells why."
    assert "the inside story" in caplog.text


async def test_direct_messages_keep_to_themselves(here: Office) -> None:
    assert all(channel.kind is not ChannelKind.IM for channel in here.workspace.channels.values())
    direct = here.workspace.im_with(here.workspace.member("bo").id)
    await here.control.say("bo", direct.id, "timeline something")
    await here.quiet()
    assert "belongs to no incident" in here.bot_messages(direct.id)[-1]["text"]
