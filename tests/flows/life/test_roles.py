"""Roles are given once, told to those who have them, and only to people who may have them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.approval import PersonKind
from bot.domain.briefing import Briefing
from bot.domain.errors import ChatError, NotStored
from bot.domain.evidence import Evidence, Finding, OnCallFact, Outcome
from bot.domain.incident import IncidentStatus, Place
from bot.domain.life import DUTIES, Order, Role
from bot.domain.life.presses import TAKE_LEAD
from bot.flows.life.assigning import Assigning
from bot.testing import NOON, make_alert
from tests.flows.life.hour import (
    ANA,
    BO,
    CARD,
    CHANNEL,
    CY,
    GONE,
    GUEST,
    INC,
    THREAD,
    Crash,
    Hour,
    at_each_crash,
    incident,
)


async def test_whoever_gets_a_role_is_told_their_duties_and_the_others_read_of_it() -> None:
    hour = Hour()
    answer = await hour.roles.assign(hour.order(), Role.SCRIBE, BO)
    assert answer == f"<@{BO}> is scribe of {INC} now."
    assert await hour.roles.holders(INC) == {Role.SCRIBE: BO}
    [direct] = hour.telling.to(f"@{BO}")
    assert all(duty in direct.text for duty in DUTIES[Role.SCRIBE])
    assert f"<@{ANA}>" in direct.text
    assert [sent.text for sent in hour.telling.to(CHANNEL.channel)] == [answer]
    [event] = [event for event in hour.timeline.events.values() if event.kind == "role"]
    assert (event.text, event.actor) == (answer, ANA)
    assert hour.changes == [INC]


async def test_the_same_order_twice_changes_nothing_and_is_answered_as_before() -> None:
    hour = Hour()
    first = await hour.lead(BO)
    assert await hour.lead(BO) == first
    assert len(hour.telling.sent) == 2
    assert len(hour.timeline.events) == 1


async def test_an_old_order_that_comes_again_takes_the_role_from_nobody() -> None:
    hour = Hour()
    await hour.lead(BO, id="first")
    await hour.lead(CY, id="second")
    await hour.lead(BO, id="first")
    assert await hour.roles.holders(INC) == {Role.LEAD: CY}


async def test_giving_a_role_to_its_holder_says_so_and_tells_nobody() -> None:
    hour = Hour()
    await hour.lead(BO, id="first")
    assert await hour.lead(BO, id="second") == f"<@{BO}> is lead of {INC} already."
    assert len(hour.telling.to(f"@{BO}")) == 1


async def test_a_role_can_be_vacant_again() -> None:
    hour = Hour()
    await hour.lead(BO)
    answer = await hour.roles.assign(hour.order(id="vacate"), Role.LEAD, "")
    assert answer == f"Nobody is lead of {INC} now."
    assert await hour.roles.holders(INC) == {}


@pytest.mark.parametrize(
    ("person", "why"), [(GUEST, "guest"), (GONE, "no active account"), ("UNOBODY", "not known to Slack")]
)
async def test_only_active_full_members_get_roles_or_give_them(person: str, why: str) -> None:
    hour = Hour()
    assert why in await hour.lead(person)
    assert why in await hour.roles.assign(Order(id="by", incident=INC, person=person), Role.LEAD, BO)
    assert why in await hour.roles.offer(hour.order(id="offer"), person)
    assert await hour.roles.holders(INC) == {}
    assert hour.telling.sent == []


async def test_in_what_is_over_or_unknown_no_roles_are_given() -> None:
    hour = Hour()
    hour.change(status=IncidentStatus.RESOLVED, resolved_at=NOON)
    assert "Open it again first" in await hour.lead(BO)
    assert "no incident INC-9" in await hour.roles.assign(Order(id="x", incident="INC-9", person=ANA), Role.LEAD, BO)


async def test_a_person_has_the_roles_of_open_incidents() -> None:
    hour = Hour()
    hour.incidents.all["INC-2026-0002"] = incident(id="INC-2026-0002")
    await hour.lead(BO)
    await hour.roles.assign(Order(id="2", incident="INC-2026-0002", person=ANA), Role.SCRIBE, BO)
    assert [one.id for one in await hour.roles.of_person(BO)] == [f"{INC}:lead", "INC-2026-0002:scribe"]
    hour.change(status=IncidentStatus.CANCELLED)
    assert [one.id for one in await hour.roles.of_person(BO)] == ["INC-2026-0002:scribe"]
    assert await hour.roles.of_person("") == []


async def test_whom_slack_takes_no_direct_message_for_has_the_role_all_the_same() -> None:
    hour = Hour()
    hour.telling.refuse[f"@{BO}"] = ChatError("cannot_dm_bot", is_final=True)
    await hour.lead(BO)
    assert await hour.roles.holders(INC) == {Role.LEAD: BO}
    assert len(hour.telling.to(CHANNEL.channel)) == 1


async def test_while_slack_is_away_the_order_is_not_done_and_can_come_again() -> None:
    hour = Hour()
    hour.telling.refuse[f"@{BO}"] = ChatError("unreachable", is_final=False)
    with pytest.raises(ChatError):
        await hour.lead(BO)
    hour.telling.refuse.clear()
    await hour.lead(BO)
    assert len(hour.telling.sent) == 2


async def test_a_store_that_takes_nothing_is_not_talked_over() -> None:
    hour = Hour()
    hour.life.roles.broken = True
    with pytest.raises(NotStored):
        await hour.lead(BO)
    assert hour.telling.sent == []


async def test_a_crash_at_any_moment_gives_the_role_once_and_tells_it_once() -> None:
    for hour in await at_each_crash(Hour, lambda hour: hour.lead(BO)):
        assert await hour.roles.holders(INC) == {Role.LEAD: BO}
        assert [sent.to for sent in hour.telling.sent] == [f"@{BO}", CHANNEL.channel]
        assert len(hour.timeline.events) == 1
        assert len(await hour.life.roles.of_incident(INC)) == 1


async def test_what_was_decided_after_a_crash_is_not_undone_by_the_order_that_was_cut_off() -> None:
    calm = Hour()
    await calm.lead(BO)
    for at in range(1, calm.steps.taken):
        hour = Hour()
        hour.steps.crash_at = at
        with pytest.raises(Crash):
            await hour.lead(BO)
        kept = await hour.life.roles.get(f"{INC}:lead")
        hour.restarted()
        await hour.lead(CY, id="later")
        await hour.lead(BO)
        if kept is not None:  # else the first order had not been carried out, and is now
            assert await hour.roles.holders(INC) == {Role.LEAD: CY}, at


# --- who is proposed -------------------------------------------------------------------------------------------------


def briefing(*emails: str) -> Briefing:
    facts = [OnCallFact(person="", email=email, level=level, policy="P") for level, email in enumerate(emails, 1)]
    evidence = tuple(Evidence(source="pagerduty", text="on call", fact=fact) for fact in facts)
    found = Finding(source="pagerduty", outcome=Outcome.FOUND, seconds=0.1, evidence=evidence)
    empty: tuple[()] = ()
    return Briefing(
        incident_id=INC,
        made_at=NOON,
        impact=empty,
        hypotheses=empty,
        changes=empty,
        past=empty,
        runbooks=empty,
        steps=empty,
        ruled_out=empty,
        not_checked=empty,
        on_call=empty,
        on_call_emails=empty,
        findings=(found,),
    )


async def test_after_the_briefing_whoever_is_on_call_is_proposed_once_and_not_made_lead() -> None:
    hour = Hour()
    hour.briefings.kept[INC] = briefing("ana@example.com", "bo@example.com")
    for _ in range(3):
        await hour.proposing.follow(hour.incident)
        hour.restarted()
    [proposed] = hour.telling.sent
    assert f"<@{ANA}>, you are on call" in proposed.text
    assert [(choice.action, choice.value) for choice in proposed.choices] == [(TAKE_LEAD, INC)]
    assert await hour.roles.holders(INC) == {}


async def test_whoever_declared_it_is_proposed_too() -> None:
    hour = Hour()
    alert = make_alert(source="slack")
    grouped = hour.incident.alerts[0]
    labelled = type(alert)(**{**vars(alert), "labels": {"declared_by": BO}})
    hour.change(alerts=(type(grouped)(**{**vars(grouped), "alert": labelled}),))
    await hour.proposing.follow(hour.incident)
    assert f"<@{BO}>, you declared it" in hour.telling.sent[0].text


async def test_a_guest_on_call_is_not_proposed() -> None:
    hour = Hour()
    hour.briefings.kept[INC] = briefing("guest@example.com")
    await hour.proposing.follow(hour.incident)
    assert GUEST not in hour.telling.sent[0].text
    assert hour.directory.KINDS[GUEST] is PersonKind.GUEST


async def test_nobody_is_proposed_before_the_briefing_when_somebody_leads_or_when_it_is_over() -> None:
    hour = Hour()
    hour.change(briefed_at=None)
    await hour.proposing.follow(hour.incident)
    hour.change(briefed_at=NOON, status=IncidentStatus.RESOLVED)
    await hour.proposing.follow(hour.incident)
    hour.change(status=IncidentStatus.INVESTIGATING, place=None)
    await hour.proposing.follow(hour.incident)
    assert hour.telling.sent == []
    hour.change(place=THREAD, card=CARD)
    await hour.lead(BO)
    before = len(hour.telling.sent)
    await hour.proposing.follow(hour.incident)
    assert len(hour.telling.sent) == before


async def test_the_button_goes_away_once_somebody_leads() -> None:
    async def act(hour: Hour) -> None:
        await hour.proposing.follow(hour.incident)
        await hour.lead(BO)
        await hour.proposing.follow(hour.incident)
        await hour.proposing.follow(hour.incident)

    for hour in await at_each_crash(Hour, act):
        [proposed] = [sent for sent in hour.telling.sent if "life/propose" in sent.key]
        assert proposed.choices == ()
        assert proposed.text == f"<@{BO}> is lead of {INC} now."
        assert 1 <= proposed.edits <= 2


class Door:
    """The `Surroundings` port, as far as people are invited."""

    def __init__(self, error: ChatError | None = None) -> None:
        self.invited: list[str] = []
        self.error = error

    async def invite(self, place: Place, person: str) -> None:
        if self.error:
            raise self.error
        self.invited.append(person)


@pytest.mark.parametrize("error", [None, ChatError("ura_max_channels", is_final=True)])
async def test_whoever_gets_a_role_is_invited_and_told_also_where_the_invitation_fails(error: ChatError | None) -> None:
    hour, door = Hour(), Door(error)
    inviting: Any = door
    give = Assigning(
        life=hour.life,
        timeline=hour.timeline,
        effects=hour.effects,
        telling=hour.telling,
        directory=hour.directory,
        clock=hour.clock,
        surroundings=inviting,
    )
    await give(hour.order(), hour.incident, Role.SCRIBE, BO)
    await give(hour.order(id="thread"), incident(place=THREAD), Role.LEAD, CY)
    assert door.invited == ([] if error else [BO])
    assert len(hour.telling.to(f"@{BO}")) == len(hour.telling.to(f"@{CY}")) == 1


async def test_a_place_that_takes_no_message_any_more_keeps_nobody_from_a_role() -> None:
    hour = Hour()
    hour.telling.refuse[CHANNEL.channel] = ChatError("is_archived", is_final=True)
    await hour.proposing.follow(hour.incident)
    assert await hour.lead(BO) == f"<@{BO}> is lead of {INC} now."
    assert [sent.to for sent in hour.telling.sent] == [f"@{BO}"]
