"""One post for each public incident, which says how it stands and is edited only when something has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError
from bot.domain.incident import IncidentStatus
from bot.domain.life import Announcement, Audience, Order
from bot.flows.life.announcing import GRACE, Announcing
from bot.testing import NOON
from tests.flows.life.hour import ANA, BO, CARD, INC, THREAD, Crash, Hour, Sent, at_each_crash, incident

POSTED = "#incidents"


async def follow(hour: Hour) -> None:
    await hour.announcing.follow(hour.incident)


async def wait(hour: Hour) -> None:
    """Until what a crashed process has begun is taken over."""
    hour.clock.go_on(GRACE)
    await hour.announcing.tick(hour.clock.now())


def post(hour: Hour) -> Sent:
    [sent] = hour.telling.to(POSTED)
    return sent


async def test_a_public_incident_is_announced_once() -> None:
    hour = Hour()
    for _ in range(3):
        await follow(hour)
        hour.restarted()
    assert post(hour).edits == 0
    for said in (f"SEV1 · Investigating · {INC}", "*High error ratio*", "Nobody leads yet", "<#C0INC>", "{ago}"):
        assert said in post(hour).text


async def test_it_follows_status_severity_title_lead_and_the_newest_internal_update() -> None:
    hour = Hour()
    await follow(hour)
    await hour.lead(BO)
    hour.change(status=IncidentStatus.MONITORING, severity=Severity.SEV2, title="Payments <fail>")
    await hour.updates.send(hour.order("we look\ninto it", id="1"), Audience.INTERNAL)
    await hour.updates.send(hour.order("Investigating: for customers", id="2"), Audience.PUBLIC)
    await follow(hour)
    text = post(hour).text
    for said in (
        "SEV2 · Monitoring",
        "*Payments &lt;fail&gt;*",
        f"Led by <@{BO}>",
        f"by <@{ANA}>",
        "> we look\n> into it",
    ):
        assert said in text, text
    assert "for customers" not in text
    hour.clock.go_on(timedelta(minutes=1))
    await hour.updates.send(hour.order("it is fixed", id="3"), Audience.INTERNAL)
    await follow(hour)
    assert "> it is fixed" in post(hour).text
    assert "into it" not in post(hour).text


async def test_nothing_is_edited_while_nothing_changes() -> None:
    hour = Hour()
    await follow(hour)
    for minutes in range(10):
        hour.clock.go_on(timedelta(minutes=minutes))
        hour.change(alerts_left_out=minutes)
        await follow(hour)
    assert post(hour).edits == 0


async def test_when_it_is_over_the_post_says_how_long_it_took() -> None:
    hour = Hour()
    await follow(hour)
    hour.clock.go_on(timedelta(minutes=42))
    hour.change(status=IncidentStatus.RESOLVED, resolved_at=hour.clock.now())
    await follow(hour)
    assert "SEV1 · Resolved" in post(hour).text
    assert "(42 minutes)" in post(hour).text


@pytest.mark.parametrize(
    "details",
    [
        {"is_private": True},
        {"merged_into": "INC-2026-0009", "status": IncidentStatus.CANCELLED},
        {"place": None},
        {"status": IncidentStatus.RESOLVED, "resolved_at": NOON},
    ],
)
async def test_what_is_private_merged_over_or_has_no_place_is_never_announced(details: dict[str, object]) -> None:
    hour = Hour()
    hour.change(**details)
    await follow(hour)
    assert hour.telling.sent == []
    assert await hour.life.announcements.get(INC) is None


async def test_what_becomes_private_or_merged_says_nothing_any_more() -> None:
    hour = Hour()
    await follow(hour)
    hour.change(is_private=True)
    await follow(hour)
    assert post(hour).text == "This incident is not shown here any more."
    hour.change(is_private=False, merged_into="INC-2026-0009", status=IncidentStatus.CANCELLED)
    await follow(hour)
    assert post(hour).text.endswith(f"{INC} goes on in INC-2026-0009.")


async def test_an_incident_in_a_thread_links_to_it() -> None:
    hour = Hour()
    hour.change(place=THREAD, card=CARD)
    await follow(hour)
    assert f"<{CARD.permalink}|its thread>" in post(hour).text


async def test_without_a_channel_or_below_the_severity_nothing_is_announced() -> None:
    hour = Hour(channel="")
    await follow(hour)
    strict = Announcing(
        life=hour.life,
        incidents=hour.incidents,
        telling=hour.telling,
        situations=hour.situations,
        clock=hour.clock,
        channel="incidents",
        least=Severity.SEV2,
    )
    await strict.follow(incident(severity=Severity.SEV3))
    assert hour.telling.sent == []
    await strict.follow(incident(severity=Severity.SEV2))
    assert len(hour.telling.sent) == 1


async def test_a_crash_at_any_moment_leaves_one_post_that_is_up_to_date() -> None:
    async def act(hour: Hour) -> None:
        await follow(hour)
        await wait(hour)
        hour.change(title="Payments fail")
        await follow(hour)

    for hour in await at_each_crash(Hour, act):
        await wait(hour)
        assert "Payments fail" in post(hour).text
        kept = await hour.life.announcements.get(INC)
        assert kept is not None
        assert (kept.channel, kept.ts) == (post(hour).message.channel, post(hour).message.ts)


async def test_a_post_that_is_found_after_a_crash_is_brought_up_to_date() -> None:
    hour = Hour()
    hour.steps.crash_at = 4  # it is posted, and nothing of that is written down
    with pytest.raises(Crash):
        await follow(hour)
    assert "High error ratio" in post(hour).text
    hour.restarted()
    hour.change(title="Payments fail")
    await follow(hour)
    await wait(hour)
    assert "Payments fail" in post(hour).text


async def test_what_another_process_is_posting_now_is_left_to_it() -> None:
    hour = Hour()
    await hour.life.announcements.add(Announcement(incident=INC, channel="", ts=""))
    await follow(hour)
    await hour.announcing.tick(hour.clock.now())
    assert hour.telling.sent == []
    await wait(hour)
    assert post(hour).text


async def test_a_post_that_slack_does_not_take_now_is_posted_later() -> None:
    hour = Hour()
    hour.telling.refuse[POSTED] = ChatError("unreachable", is_final=False)
    with pytest.raises(ChatError):
        await follow(hour)
    hour.telling.refuse.clear()
    await follow(hour)
    assert post(hour).text


async def test_a_post_that_was_deleted_is_left_alone() -> None:
    hour = Hour()
    await follow(hour)
    hour.telling.refuse[f"change {POSTED}"] = ChatError("message_not_found", is_final=True)
    hour.change(title="Payments fail")
    await follow(hour)
    hour.telling.refuse.clear()
    await follow(hour)
    assert post(hour).edits == 0


async def test_two_processes_end_with_what_is_true() -> None:
    """One of them is held up between reading and writing, and must not have the last word with what is old."""
    hour = Hour()
    await follow(hour)
    old = hour.change(title="old")
    change, held = hour.telling.change, []

    async def held_up(*args: object) -> None:
        hour.telling.change = change  # type: ignore[method-assign]
        held.append(args)
        hour.change(title="new")
        await hour.announcing.follow(hour.incident)  # the other process
        await change(*args)  # type: ignore[arg-type]

    hour.telling.change = held_up  # type: ignore[method-assign,assignment]
    await hour.announcing.follow(old)
    assert len(held) == 1
    assert "*new*" in post(hour).text


async def test_it_is_announced_whoever_gives_the_order() -> None:
    hour = Hour()
    await hour.updates.send(Order(id="1", incident=INC, person=BO, word="first"), Audience.INTERNAL)
    await follow(hour)
    assert "> first" in post(hour).text
