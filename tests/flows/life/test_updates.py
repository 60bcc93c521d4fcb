"""Updates are drafted from what is on record, and sent by people alone, once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.briefing import Claim
from bot.domain.catalog import Catalog, Service
from bot.domain.incident import IncidentStatus
from bot.domain.life import Audience, Role
from bot.domain.ports import TimelineEvent
from bot.flows.life.drafting import public_names
from bot.flows.life.updates import EMPTY, NOT_ALLOWED, TEXT_LIMIT
from bot.testing import NOON
from tests.flows.life.hour import ANA, BO, CHANNEL, GUEST, INC, Hour, at_each_crash
from tests.flows.life.test_handoff import empty_briefing, likely

LATER = timedelta(minutes=42)


async def known(hour: Hour) -> None:
    hour.clock.go_on(LATER)
    hour.briefings.kept[INC] = empty_briefing(
        impact=(Claim(text="2 % of requests to db-07.internal fail"),), hypotheses=(likely("v2.31.0 broke the pool"),)
    )
    event = TimelineEvent(incident_id=INC, at=NOON + timedelta(minutes=9), kind="action", text="Restarted by <@UBO001>")
    await hour.timeline.add(event, key="a")


async def test_the_internal_draft_tells_all_there_is_in_sentences() -> None:
    hour = Hour()
    await known(hour)
    await hour.lead(ANA)
    assert await hour.updates.draft(INC, Audience.INTERNAL) == (
        "checkout has been affected since 12:00 UTC (42 minutes). High error ratio. "
        "INC-2026-0001 is SEV1 and being investigated. 2 % of requests to db-07.internal fail.\n"
        "The likeliest cause so far: v2.31.0 broke the pool (medium confidence).\n"
        "At 12:09 UTC: Restarted by <@UBO001>.\n"
        f"<@{ANA}> leads. The next update comes by 13:12 UTC."
    )


async def test_a_cause_is_called_known_only_where_a_person_called_it_so() -> None:
    hour = Hour()
    await known(hour)
    hour.change(status=IncidentStatus.IDENTIFIED, identified_at=NOON)
    assert "The cause was called known; the evidence points to: v2.31.0" in await hour.updates.draft(
        INC, Audience.INTERNAL
    )
    event = TimelineEvent(incident_id=INC, at=NOON, kind="status", text="Identified: the pool is too small")
    await hour.timeline.add(event, key="s")
    assert "The cause is known: the pool is too small." in await hour.updates.draft(INC, Audience.INTERNAL)


async def test_what_was_told_before_is_not_told_again() -> None:
    hour = Hour()
    await known(hour)
    await hour.updates.send(hour.order("we restarted it"), Audience.INTERNAL)
    draft = await hour.updates.draft(INC, Audience.INTERNAL)
    assert "Restarted" not in draft
    assert "No action is on record since the last update." in draft


@pytest.mark.parametrize(
    ("status", "begins"),
    [
        (
            IncidentStatus.TRIAGE,
            "Investigating: We are investigating a problem with Online shop. It began at about 12:",
        ),
        (IncidentStatus.IDENTIFIED, "Identified: We have found what causes the problem with Online shop"),
        (IncidentStatus.MONITORING, "Monitoring: A fix for the problem with Online shop is in place"),
        (IncidentStatus.RESOLVED, "Resolved: The problem with Online shop is resolved."),
        (IncidentStatus.CANCELLED, "Resolved: We looked into a possible problem with Online shop"),
    ],
)
async def test_the_public_draft_uses_the_words_of_status_pages_and_nothing_internal(
    status: IncidentStatus, begins: str
) -> None:
    hour = Hour()
    await known(hour)
    await hour.lead(ANA)
    hour.change(status=status, resolved_at=None if status.is_open else hour.clock.now())
    draft = await hour.updates.draft(INC, Audience.PUBLIC)
    assert draft.startswith(begins)
    assert not re.search(r"checkout|db-07|internal|v2|pool|<@|INC-|SEV\d|error ratio", draft), draft
    assert ("another update by 13:12 UTC" in draft) == status.is_open


def test_public_names_come_from_the_catalog_alone() -> None:
    services = {
        "checkout": Service(name="checkout", tags=("php", "public-name:Online shop")),
        "db": Service(name="db"),
    }
    name = public_names(Catalog(services=services))
    assert (name("checkout"), name("db"), name("nobody"), name(None)) == ("Online shop", "", "", "")


async def test_an_unknown_incident_has_no_draft() -> None:
    assert await Hour().updates.draft("INC-9", Audience.INTERNAL) == ""


async def test_an_internal_update_stands_in_its_place_on_the_timeline_and_sets_the_pace() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    hour.clock.go_on(timedelta(minutes=10))
    answer = await hour.updates.send(hour.order(f"a *fix* is\ncoming, says <@{BO}> <!channel>"), Audience.INTERNAL)
    assert answer == f"The update of {INC} stands in its place and in #incidents. The next one is due at 12:40 UTC."
    [posted] = hour.telling.to(CHANNEL.channel)
    assert posted.text == (f":mega: *Update* by <@{ANA}>\n> a ∗fix∗ is\n> coming, says <@{BO}> &lt;!channel&gt;")
    assert hour.said("update") == [f"Update: a *fix* is coming, says <@{BO}> <!channel>"]
    assert hour.changes == [INC]
    last = await hour.updates.last(INC)
    assert last is not None
    assert (last.by, last.audience) == (ANA, Audience.INTERNAL)


async def test_a_public_update_is_only_a_text_to_copy() -> None:
    hour = Hour()
    answer = await hour.updates.send(hour.order("Investigating: we look into it"), Audience.PUBLIC)
    assert "nothing was published outside" in answer
    [posted] = hour.telling.sent
    assert posted.to == CHANNEL.channel
    assert "```\nInvestigating: we look into it\n```" in posted.text


async def test_the_next_one_can_be_asked_for_sooner_or_later() -> None:
    hour = Hour()
    answer = await hour.updates.send(hour.order("x"), Audience.INTERNAL, next_in=timedelta(minutes=5))
    assert answer.endswith("due at 12:05 UTC.")


async def test_secrets_are_not_sent() -> None:
    hour = Hour()
    secret = "hunter" + "2" * 20
    await hour.updates.send(hour.order(f"password={secret}"), Audience.INTERNAL)
    assert secret not in hour.telling.sent[0].text
    assert secret not in hour.said("update")[0]


async def test_an_update_of_a_private_incident_is_not_said_to_be_announced() -> None:
    hour = Hour()
    hour.change(is_private=True)
    assert "#incidents" not in await hour.updates.send(hour.order("x"), Audience.INTERNAL)


async def test_what_cannot_be_sent_is_refused_with_the_reason() -> None:
    hour = Hour()
    assert await hour.updates.send(hour.order("  \u200b "), Audience.INTERNAL) == EMPTY
    assert "Make it shorter" in await hour.updates.send(hour.order("x" * (TEXT_LIMIT + 1)), Audience.INTERNAL)
    assert await hour.updates.send(hour.order("x", person=GUEST), Audience.INTERNAL) == NOT_ALLOWED
    assert hour.telling.sent == []
    assert await hour.updates.last(INC) is None


async def test_the_same_order_twice_sends_once_and_answers_the_same() -> None:
    hour = Hour()
    first = await hour.updates.send(hour.order("x"), Audience.INTERNAL)
    hour.clock.go_on(LATER)
    await hour.updates.snooze(hour.order(id="snooze"), LATER)
    hour.restarted()
    assert await hour.updates.send(hour.order("x"), Audience.INTERNAL) == first
    assert len(hour.telling.sent) == len(await hour.life.updates.of_incident(INC)) == 1


async def test_a_crash_at_any_moment_sends_one_update() -> None:
    for hour in await at_each_crash(Hour, lambda hour: hour.updates.send(hour.order("x"), Audience.INTERNAL)):
        assert [sent.to for sent in hour.telling.sent] == [CHANNEL.channel]
        assert len(hour.said("update")) == len(await hour.life.updates.of_incident(INC)) == 1
        plan = await hour.life.cadences.get(INC)
        assert plan is not None
        assert plan.due == NOON + timedelta(minutes=30)


async def test_snoozing_puts_the_question_off_once() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    assert await hour.updates.snooze(hour.order(), timedelta(minutes=15)) == "I will ask again at 12:15 UTC."
    hour.clock.go_on(timedelta(minutes=10))
    assert await hour.updates.snooze(hour.order(), timedelta(minutes=15)) == "I will ask again at 12:15 UTC."


async def test_where_nobody_is_asked_there_is_nothing_to_put_off() -> None:
    hour = Hour()
    hour.change(severity=Severity.SEV4)
    await hour.cadences.follow(hour.incident)
    assert "No updates are asked for" in await hour.updates.snooze(hour.order(), timedelta(minutes=15))
    assert Role.LEAD not in await hour.roles.holders(INC)
