"""Buttons of an incident's life: done once, whoever presses how often, and told to those whom it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.domain.life import Order, Role, presses
from bot.slack import life_ids as ids
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


async def test_a_page_is_asked_first_and_done_by_the_button_once(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    await made.slash("page payments", channel)
    assert made.pager.called == {}
    asked = [m for m in made.here.workspace.channel(channel).ephemerals if m.blocks][-1]
    (button,) = asked.blocks[-1]["elements"]
    assert (button["action_id"], button["value"]) == (presses.PAGE, f"{incident.id} payments")
    await made.press(incident, presses.PAGE, button["value"], ts=asked.ts)
    (called,) = made.pager.called.values()
    assert (called.id, called.service, called.alerts) == (incident.id, "payments", ())
    assert made.public_words(channel)[-1] == "*Ana Ruiz*: Jo Ng was paged for payments."
    (event,) = await made.events(incident, "page")
    assert (event.text, event.actor) == ("Paged Jo Ng for payments", made.id("ana"))


async def test_two_people_who_press_the_same_button_page_once(made: Life) -> None:
    incident = await made.incident()
    ts = await made.post(incident, presses.PAGE, f"{incident.id} payments")
    click = made.here.control.click  # both before anything is done about either
    await asyncio.gather(*(click(who, presses.PAGE, channel=made.name(incident), ts=ts) for who in ("ana", "bo")))
    await made.here.quiet()
    assert len(made.pager.called) == 1


async def test_who_is_on_call_for_the_incidents_own_service_is_called_by_its_alert(made: Life) -> None:
    incident = await made.incident()
    await made.press(incident, presses.PAGE, incident.id)
    (called,) = made.pager.called.values()
    assert called.alerts == incident.alerts


async def test_cancelling_asks_first(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    await made.slash("cancel it was a load test", channel)
    assert (await made.now(incident)).status == "triage"
    asked = [m for m in made.here.workspace.channel(channel).ephemerals if m.blocks][-1]
    (button,) = asked.blocks[-1]["elements"]
    await made.press(incident, button["action_id"], button["value"], ts=asked.ts)
    assert (await made.now(incident)).status == "cancelled"
    told = f"*Ana Ruiz*: {incident.id} is cancelled now. 1 alert still fires. “it was a load test”"
    assert made.public_words(channel)[-1] == told


async def test_merging_asks_first_and_tells_the_incident_that_goes_on(made: Life) -> None:
    incident, other = await made.incident(), await made.incident()
    await made.press(incident, ids.CONFIRM_MERGE, f"{incident.id} {other.id}")
    assert made.steer.done == [("merge", incident.id, other.id)]
    assert made.public_words(made.name(other))[-1] == f"*Ana Ruiz*: {incident.id} goes on in {other.id}."


async def test_resolving_by_button_is_told_to_all(made: Life) -> None:
    incident = await made.incident()
    await made.press(incident, presses.RESOLVE, incident.id, who="bo")
    assert made.public_words(made.name(incident))[-1].startswith(f"*Bo Chen*: {incident.id} is resolved now.")
    await made.press(incident, presses.KEEP_OPEN, incident.id)
    assert "resolved already" in made.private_words("ana", made.name(incident))[-1]
    await made.press(incident, presses.REOPEN, incident.id)
    assert (await made.now(incident)).status == "investigating"


async def test_each_other_button_does_its_one_thing(made: Life) -> None:
    incident = await made.incident()
    await made.press(incident, presses.TAKE_LEAD, incident.id, who="bo")
    assert made.roles.held == {(incident.id, Role.LEAD): made.id("bo")}
    await made.press(incident, presses.SNOOZE, f"{incident.id} 30")
    assert made.updates.snoozed == {incident.id: timedelta(minutes=30)}
    await made.press(incident, presses.ACCEPT_HANDOFF, "order-1", who="bo")
    await made.press(incident, presses.DECLINE_HANDOFF, "order-2", who="bo")
    assert made.roles.answers == [("order-1", made.id("bo"), True), ("order-2", made.id("bo"), False)]
    await made.press(incident, presses.PROMOTE, incident.id)
    await made.press(incident, presses.NOT_RELATED, f"{incident.id} cart")
    assert made.steer.done == [("promote", incident.id), ("split", incident.id, "cart")]
    await made.follow_ups.add(Order(id="o", incident=incident.id, person="U1", word="do it"))
    await made.press(incident, presses.FOLLOW_UP_DONE, f"{incident.id}/1")
    assert [one.state.value for one in made.follow_ups.found.values()] == ["done"]
    await made.press(incident, presses.FOLLOW_UP_ISSUE, f"{incident.id}/1")
    assert made.private_words("ana", made.name(incident))[-1] == "There is no tracker."


async def test_what_was_read_is_what_is_approved(made: Life) -> None:
    incident = await made.incident()
    await made.postmortems.draft(Order(id="o1", incident=incident.id, person="U1"))
    await made.postmortems.edit(Order(id="o2", incident=incident.id, person="U2"), "# Another text")
    await made.press(incident, presses.APPROVE_POSTMORTEM, f"{incident.id} 1")
    assert made.postmortems.approved == []
    assert "was changed since" in made.private_words("ana", made.name(incident))[-1]
    await made.press(incident, presses.APPROVE_POSTMORTEM, f"{incident.id} 2")
    assert len(made.postmortems.approved) == 1


async def test_guests_press_in_vain(made: Life) -> None:
    incident = await made.incident()
    guest = await made.guest(incident)
    await made.press(incident, presses.RESOLVE, incident.id, who=guest)
    await made.press(incident, presses.PAGE, incident.id, who=guest)
    assert (await made.now(incident)).status == "triage"
    assert made.pager.called == {}
    assert "cannot change incidents" in made.private_words(guest, made.name(incident))[-1]


@pytest.mark.parametrize("value", ["", "INC-2026-9999", "nonsense", "INC-2026-9999/3"])
async def test_a_button_about_nothing_says_so(made: Life, value: str) -> None:
    incident = await made.incident()
    await made.press(incident, presses.SNOOZE, value or "x")
    told = made.private_words("ana", made.name(incident))[-1]
    assert told == "This button belongs to nothing that I know any more."


async def test_what_the_desk_cannot_do_is_told(made: Life) -> None:
    incident = await made.incident()
    made.pager.failing = True
    try:
        await made.press(incident, presses.PAGE, incident.id)
    finally:
        made.pager.failing = False
    assert made.private_words("ana", made.name(incident))[-1] == "That did not work: PagerDuty does not answer."


async def test_on_call_of_nothing_names_services_to_ask_about(made: Life) -> None:
    told = await made.slash("oncall", "general")
    assert told == "Name a service, such as checkout, payments. For example: `/inc oncall checkout`"
