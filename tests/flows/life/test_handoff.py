"""The lead changes hands once the other has accepted, with a note of what is known, tried and open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approval import Request
from bot.domain.briefing import Briefing, CauseKind, Claim, Hypothesis, Reason
from bot.domain.confidence import Confidence
from bot.domain.errors import ChatError
from bot.domain.incident import IncidentStatus
from bot.domain.life import FollowUp, HandoffState, Priority, Role
from bot.domain.life.handoff_note import handoff_note
from bot.domain.life.presses import ACCEPT_HANDOFF, DECLINE_HANDOFF
from bot.domain.ports import TimelineEvent
from bot.domain.run import Run, RunState
from bot.testing import NOON
from tests.domain.approval.situations import make_request
from tests.flows.life.hour import ANA, BO, CHANNEL, CY, GUEST, INC, Hour, at_each_crash

OFFER = "offer-1"


def empty_briefing(**details: object) -> Briefing:
    names = (
        "impact", "hypotheses", "changes", "past", "runbooks", "steps", "ruled_out", "not_checked", "on_call",
        "on_call_emails", "findings",
    )  # fmt: skip
    given: dict[str, object] = dict.fromkeys(names, ())
    return Briefing(incident_id=INC, made_at=NOON, **{**given, **details})  # type: ignore[arg-type]


def likely(statement: str) -> Hypothesis:
    return Hypothesis(
        kind=CauseKind.DEPLOYMENT,
        service="checkout",
        subject="v2",
        statement=statement,
        reasons=(Reason(text="It began with it", evidence=("E1",), weight=1.0),),
        score=2.0,
        confidence=Confidence.MEDIUM,
    )


async def offered(hour: Hour) -> str:
    await hour.lead(ANA)
    hour.clock.go_on(timedelta(minutes=1))
    return await hour.roles.offer(hour.order(id=OFFER), BO)


async def answer(hour: Hour, person: str = BO, *, accepted: bool = True) -> str:
    return await hour.roles.answer_offer(OFFER, person, accepted=accepted, at=hour.clock.now())


async def test_the_taker_is_asked_with_buttons_and_nothing_changes_before_they_answer() -> None:
    hour = Hour()
    assert f"<@{BO}> was asked" in await offered(hour)
    [asked] = hour.telling.to(f"@{BO}")
    assert [(choice.action, choice.value) for choice in asked.choices] == [
        (ACCEPT_HANDOFF, OFFER),
        (DECLINE_HANDOFF, OFFER),
    ]
    assert f"<@{ANA}> asks you to take over the lead of {INC}" in asked.text
    assert await hour.roles.holders(INC) == {Role.LEAD: ANA}


async def test_accepting_moves_the_lead_and_takes_the_buttons_away_but_leaves_the_note() -> None:
    hour = Hour()
    await offered(hour)
    assert await answer(hour) == f"<@{BO}> has taken over as lead of {INC}."
    assert await hour.roles.holders(INC) == {Role.LEAD: BO}
    asked = hour.telling.to(f"@{BO}")[0]
    assert asked.choices == ()
    assert "*Known*" in asked.text
    assert hour.telling.to(CHANNEL.channel)[-1].text == f"<@{BO}> is lead of {INC} now."


async def test_only_the_taker_can_answer() -> None:
    hour = Hour()
    await offered(hour)
    assert await answer(hour, CY) == f"Only <@{BO}> can answer this offer."
    assert await hour.roles.holders(INC) == {Role.LEAD: ANA}
    assert await hour.roles.answer_offer("none", BO, accepted=True, at=NOON) == "There is no such offer."


async def test_declining_leaves_the_lead_and_tells_the_giver() -> None:
    hour = Hour()
    await offered(hour)
    assert "declined" in await answer(hour, accepted=False)
    assert await hour.roles.holders(INC) == {Role.LEAD: ANA}
    assert "cannot take over" in hour.telling.to(f"@{ANA}")[-1].text
    assert "declined" in await answer(hour), "an answer stands"
    assert await hour.roles.holders(INC) == {Role.LEAD: ANA}


async def test_an_offer_lapses_when_the_lead_is_given_in_another_way() -> None:
    hour = Hour()
    await offered(hour)
    hour.clock.go_on(timedelta(minutes=1))
    await hour.lead(CY, id="other")
    assert hour.telling.to(f"@{BO}")[0].choices == ()
    assert "does not stand any more" in await answer(hour)
    assert await hour.roles.holders(INC) == {Role.LEAD: CY}


async def test_an_offer_lapses_when_the_incident_is_over() -> None:
    hour = Hour()
    await offered(hour)
    hour.change(status=IncidentStatus.RESOLVED, resolved_at=hour.clock.now())
    assert "does not stand any more" in await answer(hour)
    assert await hour.roles.holders(INC) == {Role.LEAD: ANA}


async def test_a_new_offer_withdraws_the_one_before() -> None:
    hour = Hour()
    await offered(hour)
    await hour.roles.offer(hour.order(id="offer-2"), CY)
    first = await hour.life.handoffs.get(OFFER)
    assert first is not None
    assert first.state is HandoffState.WITHDRAWN
    assert hour.telling.to(f"@{BO}")[0].choices == ()


async def test_the_lead_is_not_offered_to_who_has_it_or_may_not_have_it() -> None:
    hour = Hour()
    await hour.lead(ANA)
    assert "leads INC-2026-0001 already" in await hour.roles.offer(hour.order(id=OFFER), ANA)
    assert "guest" in await hour.roles.offer(hour.order(id=OFFER), GUEST)
    hour.telling.refuse[f"@{BO}"] = ChatError("user_disabled", is_final=True)
    assert "takes no direct message" in await hour.roles.offer(hour.order(id=OFFER), BO)
    assert await hour.life.handoffs.in_state("offered") == []


async def test_a_crash_at_any_moment_of_offer_and_answer_ends_with_one_lead_and_one_message_each() -> None:
    async def act(hour: Hour) -> None:
        await offered(hour)
        await answer(hour)
        await hour.handing_over.follow(hour.incident)

    for hour in await at_each_crash(Hour, act):
        assert await hour.roles.holders(INC) == {Role.LEAD: BO}
        assert [choice for sent in hour.telling.sent for choice in sent.choices] == []
        keys = [sent.key for sent in hour.telling.sent]
        assert len(keys) == len(set(keys)) == 5  # two roles told and said, and the offer
        assert len(hour.said("role")) == 2


async def test_what_was_accepted_before_a_crash_is_carried_out_without_a_second_press() -> None:
    hour = Hour()
    await offered(hour)
    handoff = await hour.life.handoffs.get(OFFER)
    assert handoff is not None
    await hour.life.handoffs.put(replace(handoff, state=HandoffState.ACCEPTED))
    await hour.handing_over.follow(hour.incident)
    assert await hour.roles.holders(INC) == {Role.LEAD: BO}


# --- the note --------------------------------------------------------------------------------------------------------


async def full(hour: Hour) -> None:
    hour.briefings.kept[INC] = empty_briefing(
        impact=(Claim(text="2 % of payments fail"),), hypotheses=(likely("v2.31.0 broke the pool"),)
    )
    hour.runs.runs = [
        Run(
            id="R-1",
            incident=INC,
            runbook="restart-checkout",
            runbook_digest="d",
            parameters={},
            requester=ANA,
            state=RunState.FAILED,
            why="the pods did not start",
            created_at=NOON,
        )
    ]
    request: Request = make_request(incident=INC, runbook="scale-checkout", step="scale", requester=ANA)
    hour.runs.requests = [replace(request, expires_at=NOON + timedelta(hours=1))]
    note = TimelineEvent(incident_id=INC, at=NOON, kind="note", text="db is <!channel> fine", actor=CY)
    await hour.timeline.add(note, key="n")
    await hour.life.follow_ups.add(
        FollowUp(
            id=f"{INC}/1", incident=INC, text="raise the limit", priority=Priority.P1, created_at=NOON, created_by=ANA
        )
    )


@pytest.mark.parametrize(
    "expected",
    [
        f"*{INC}* · SEV1 · investigating",
        "2 % of payments fail",
        "The likeliest cause so far: v2.31.0 broke the pool (medium confidence).",
        "1 alert still fires.",
        "Runbook restart-checkout failed: the pods did not start",
        f"<@{CY}>: db is &lt;!channel&gt; fine",
        f"Approval of step scale of scale-checkout, asked for by <@{ANA}>",
        "P1 raise the limit (nobody's yet)",
    ],
)
async def test_the_note_says_what_is_known_tried_and_open(expected: str) -> None:
    hour = Hour()
    await full(hour)
    assert expected in handoff_note(await hour.situations.of(hour.incident))


async def test_a_note_of_nothing_says_so() -> None:
    note = handoff_note(await Hour().situations.of(Hour().incident))
    assert "The cause is not known yet." in note
    assert note.count("Nothing is on record.") == 2
