"""The kill switch by command and by mention: who stopped what, where and why is told to everybody there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.errors import ChatError
from bot.domain.incident import Incident, PlaceKind
from bot.domain.kill_switch import Scope, Stopped, Switch
from bot.slack import acting_people
from bot.slack.directory import SlackDirectory
from tests.slack.acting import Acting, acting

FORMS = "`/inc stop actions service NAME`"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path) as made:
        yield made


def keys(here: Acting) -> list[tuple[Stopped, Scope, str]]:
    return [(s.stopped, s.scope, s.name) for s in here.switches.switches]


async def public(here: Acting, incident: Incident, words: str, who: str = "ana") -> str:
    """By command; what everybody in the channel then reads."""
    before = len(here.here.bot_messages(here.name(incident)))
    assert (await here.here.control.command(who, here.name(incident), "/inc", words)).ok
    await here.here.quiet()
    told = here.here.bot_messages(here.name(incident))[before:]
    assert len(told) == 1, "it is told once"
    return str(told[0]["text"])


async def test_stopped_for_this_incident_it_is_told_in_public_with_who_and_why(here: Acting) -> None:
    incident = await here.incident()
    told = await public(here, incident, "stop actions because the runbook is *wrong*")
    assert keys(here) == [(Stopped.ACTIONS, Scope.INCIDENT, incident.id)]
    assert f"Actions are stopped for incident {incident.id} since" in told
    assert "by Ana Ruiz: the runbook is ∗wrong∗." in told
    assert f"`/inc resume actions incident {incident.id}`" in told
    assert here.here.pings == []
    assert await here.private("ana", incident) == []


async def test_a_second_stop_changes_nothing_and_tells_who_was_first(here: Acting) -> None:
    incident = await here.incident()
    await public(here, incident, "stop all because of me")
    told = await public(here, incident, "stop all because of him", who="bo")
    assert "That was stopped already." in told
    assert "by Ana Ruiz: of me." in told
    assert len(here.switches.switches) == 1


async def test_where_it_is_stopped_and_let_go_on(here: Acting) -> None:
    incident = await here.incident(service="checkout")
    for words, scope, name in (
        ("everywhere", Scope.GLOBAL, ""),
        ("service Payments", Scope.SERVICE, "payments"),
        ("payments", Scope.SERVICE, "payments"),
        ("service", Scope.SERVICE, "checkout"),
        ("incident", Scope.INCIDENT, incident.id),
        ("here", Scope.INCIDENT, incident.id),
        ("", Scope.INCIDENT, incident.id),
    ):
        await public(here, incident, f"stop ai {words}")
        assert keys(here) == [(Stopped.AI, scope, name)], words
        assert "*Ana Ruiz* let the model go on" in await public(here, incident, f"resume ai {words}")
        assert keys(here) == [], words


async def test_to_stop_is_easy_a_reason_needs_no_because(here: Acting) -> None:
    incident = await here.incident()
    assert "by Ana Ruiz: it only makes it worse." in await public(here, incident, "stop ai it only makes it worse")
    assert keys(here) == [(Stopped.AI, Scope.INCIDENT, incident.id)]


async def test_from_elsewhere_it_asks_for_which_incident(here: Acting) -> None:
    incident = await here.incident()
    assert "Where? This channel belongs to no incident" in await here.here.command("stop actions")
    assert "there is no incident INC-1999-0001" in await here.here.command("stop actions incident inc-1999-0001")
    assert keys(here) == []
    await here.here.control.command("ana", "general", "/inc", f"stop actions {incident.id.lower()}")
    await here.here.quiet()
    assert keys(here) == [(Stopped.ACTIONS, Scope.INCIDENT, incident.id)]


async def test_a_service_that_nobody_knows_is_not_stopped_and_the_nearest_is_named(here: Acting) -> None:
    told = await here.here.command("stop actions service chekout")
    assert "I know no service `chekout`. Did you mean `checkout`?" in told
    assert keys(here) == []


async def test_a_service_that_only_an_open_incident_knows_can_be_stopped(here: Acting) -> None:
    incident = await here.incident(service="legacy-billing")
    await public(here, incident, "stop actions service legacy-billing")
    assert keys(here) == [(Stopped.ACTIONS, Scope.SERVICE, "legacy-billing")]


async def test_alone_it_shows_what_is_stopped_and_the_forms_to_who_asked(here: Acting) -> None:
    incident = await here.incident()
    assert "Nothing is stopped." in await here.here.command("stop", here.name(incident))
    by = here.id("bo")
    at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    here.switches.switches = (
        Switch(stopped=Stopped.ALL, scope=Scope.GLOBAL, who="", why="the audit log cannot be written", at=at),
        Switch(stopped=Stopped.AI, scope=Scope.SERVICE, name="checkout", who=by, why="<!channel>", at=at),
    )
    for words in ("stop", "resume", "stop it", "stop the rollback now"):
        told = await here.here.command(words, here.name(incident))
        assert "The model and actions are stopped since 12:00 UTC by the bot itself: the audit log cannot" in told
        assert "The model is stopped for service checkout since 12:00 UTC by Bo Chen: &lt;!channel&gt;." in told
        assert FORMS in told
    assert len(here.switches.switches) == 2


async def test_by_mention_it_is_told_in_the_thread_and_in_the_channel(here: Acting) -> None:
    incident = await here.incident()
    ts = await here.here.control.say("bo", here.name(incident), "@first-responder stop actions because no")
    await here.here.quiet()
    assert keys(here) == [(Stopped.ACTIONS, Scope.INCIDENT, incident.id)]
    (told,) = [m for m in here.here.bot_messages(here.name(incident)) if m.get("thread_ts") == ts]
    assert "by Bo Chen: no." in told["text"]
    assert told.get("subtype") == "thread_broadcast"


async def test_in_the_thread_of_an_incident_a_mention_means_that_one(here: Acting) -> None:
    incident = await here.incident(PlaceKind.THREAD)
    assert incident.card is not None
    told = await here.here.mention("stop all", here.name(incident), thread=incident.card.ts)
    assert incident.id in told
    assert keys(here) == [(Stopped.ALL, Scope.INCIDENT, incident.id)]
    assert all(m.get("subtype") != "thread_broadcast" for m in here.here.bot_messages(here.name(incident)))


async def test_resume_lifts_and_tells_everybody_what_is_left(here: Acting) -> None:
    incident = await here.incident()
    await public(here, incident, "stop all everywhere because of load")
    await public(here, incident, "stop actions")
    told = await public(here, incident, "resume actions", who="bo")
    assert "*Bo Chen* let actions go on for incident" in told
    assert "It does not go on yet: The model and actions are stopped since" in told
    assert "by Ana Ruiz: of load." in told
    assert keys(here) == [(Stopped.ALL, Scope.GLOBAL, "")]
    await public(here, incident, "resume all everywhere", who="bo")
    assert keys(here) == []


async def test_what_was_not_stopped_is_told_to_who_asked_alone(here: Acting) -> None:
    incident = await here.incident()
    told = await here.here.command("resume ai", here.name(incident))
    assert told == "It was not stopped there. `/inc stop` shows what is stopped."


async def test_resume_with_words_that_are_not_understood_lifts_nothing(here: Acting) -> None:
    incident = await here.incident()
    await public(here, incident, "stop actions")
    told = await here.here.command("resume actions please everybody", here.name(incident))
    assert "“please everybody” is not understood, so nothing was changed." in told
    assert len(here.switches.switches) == 1


@pytest.mark.parametrize(
    ("flags", "may_stop"), [({"is_restricted": True}, True), ({"is_stranger": True}, False)], ids=["guest", "stranger"]
)
async def test_a_guest_may_stop_but_not_resume_and_a_stranger_neither(
    here: Acting, flags: dict[str, bool], may_stop: bool
) -> None:
    incident = await here.incident()
    guest = await here.guest("gil", incident, **flags)
    for word, told in (("stop", may_stop), ("resume", False)):
        await here.here.control.command(guest, here.name(incident), "/inc", f"{word} actions")
        await here.here.quiet()
        assert any("cannot" in text for text in await here.private(guest, incident)) is not told
    assert (len(here.switches.switches) == 1) is may_stop


async def test_while_slack_tells_nothing_of_people_it_can_be_stopped_but_not_let_go_on(
    here: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await here.incident()

    async def failing(*_: object, **__: object) -> None:
        raise ChatError("unreachable", is_final=False)

    monkeypatch.setattr(SlackDirectory, "people", failing)
    await public(here, incident, "stop actions")
    assert "Slack did not tell who you are" in await here.here.command("resume actions", here.name(incident))
    assert len(here.switches.switches) == 1


async def test_a_stop_does_not_wait_for_slack_to_tell_who_asks(here: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await here.incident()

    async def silent(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(SlackDirectory, "people", silent)
    monkeypatch.setattr(acting_people, "PATIENCE", 0.02)
    await public(here, incident, "stop actions")
    assert len(here.switches.switches) == 1
