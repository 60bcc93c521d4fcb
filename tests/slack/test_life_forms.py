"""Forms: opened by command, button and shortcut, checked when they are sent, done once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.app import SystemClock
from bot.domain.life import Audience, DraftState, Order, Priority, presses
from bot.slack import life_ids as ids
from bot.slack.long_text import PART
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


async def test_an_update_is_edited_from_a_draft_and_sent_by_a_person(made: Life) -> None:
    incident = await made.incident()
    assert (await made.here.control.command("ana", made.name(incident), "/inc", "update")).ok
    view = await made.form()
    assert view["blocks"][2]["element"]["initial_value"] == f"{incident.id} goes on.\nWe look at it."
    assert made.updates.sent == {}
    assert (await made.submit(view, audience="public", text="All is well.\nReally.", next="30")).ok
    ((sent, next_in),) = made.updates.sent.values()
    assert (sent.audience, sent.text, sent.by) == (Audience.PUBLIC, "All is well.\nReally.", made.id("ana"))
    assert next_in == timedelta(minutes=30)
    assert made.private_words("ana", made.name(incident))[-1] == f"The update on {incident.id} was sent."


async def test_an_update_that_says_nothing_stays_open(made: Life) -> None:
    incident = await made.incident()
    await made.press(incident, presses.WRITE_UPDATE, incident.id)
    outcome = await made.submit(await made.form(), text="   ")
    assert outcome.errors == {"text": "Say it in a few words."}
    assert made.updates.sent == {}


async def test_resolving_asks_what_fixed_it_and_neither_must_be_said(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    await made.here.control.command("ana", channel, "/inc", "resolve")
    assert (await made.submit(await made.form(), fix="rolled back.", cause="a small pool")).ok
    assert (await made.now(incident)).status == "resolved"
    told = f"*Ana Ruiz*: {incident.id} is resolved now. 1 alert still fires. “rolled back. Cause: a small pool”"
    assert made.public_words(channel)[-1] == told
    second = await made.incident()
    await made.here.control.command("ana", made.name(second), "/inc", "resolve")
    assert (await made.submit(await made.form())).ok
    assert (await made.now(second)).status == "resolved"


async def test_a_form_that_is_sent_twice_does_it_once(made: Life) -> None:
    incident = await made.incident()
    await made.press(incident, presses.WRITE_UPDATE, incident.id)
    view = await made.form()
    shown = made.here.workspace.modals[made.id("ana")][0]
    assert (await made.submit(view, text="Once")).ok
    made.here.workspace.modals[made.id("ana")] = [shown]
    assert (await made.submit(view, text="Once")).ok
    assert len(made.updates.sent) == 1
    assert made.private_words("ana", made.name(incident)).count(f"The update on {incident.id} was sent.") == 1


async def test_a_follow_up_from_a_message_has_its_words_and_a_link(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "we need an alert on pool use")
    assert (await made.here.control.shortcut("ana", ids.CREATE_FOLLOW_UP, channel, ts)).ok
    view = await made.form()
    assert view["blocks"][1]["element"]["initial_value"] == "we need an alert on pool use"
    day = str(SystemClock().now().date() + timedelta(days=3))
    assert (await made.submit(view, owner=made.id("bo"), due=day, priority="P0")).ok
    (found,) = made.follow_ups.found.values()
    assert (found.text, found.owner, str(found.due_on), found.priority) == (
        "we need an alert on pool use", made.id("bo"), day, Priority.P0,
    )  # fmt: skip
    assert found.link is not None
    assert ts.replace(".", "") in found.link


async def test_a_day_that_is_past_is_refused_at_its_field(made: Life) -> None:
    incident = await made.incident()
    await made.press(incident, ids.FOLLOW_UP_FORM, incident.id)
    outcome = await made.submit(await made.form(), text="do it", due="2020-01-01")
    assert outcome.errors == {"due": "That day is past already."}


async def test_where_no_incident_is_a_message_makes_no_follow_up(made: Life) -> None:
    ts = await made.here.control.say("bo", "general", "something")
    await made.here.control.shortcut("ana", ids.CREATE_FOLLOW_UP, "general", ts)
    await made.here.quiet()
    assert "No incident is worked on here" in made.private_words("ana", "general")[-1]
    assert await made.here.control.views("ana") == []


async def test_a_follow_up_is_changed(made: Life) -> None:
    incident = await made.incident()
    await made.follow_ups.add(Order(id="o1", incident=incident.id, person="U1", word="add an alert"))
    await made.press(incident, presses.FOLLOW_UP_EDIT, f"{incident.id}/1")
    assert (await made.submit(await made.form(), text="add two alerts", priority="P2")).ok
    (found,) = made.follow_ups.found.values()
    assert (found.text, found.priority) == ("add two alerts", Priority.P2)


async def test_a_postmortem_of_any_length_is_edited_whole(made: Life) -> None:
    incident = await made.incident()
    made.postmortems.text = "\n\n".join(f"## Part {number}\n\n{'word ' * 200}" for number in range(12))
    assert len(made.postmortems.text) > 4 * PART
    await made.postmortems.draft(Order(id="o1", incident=incident.id, person="U1"))
    await made.press(incident, presses.SHOW_POSTMORTEM, incident.id)
    view = await made.form()
    assert (await made.submit(view, part0="# Shorter now")).ok
    text = made.postmortems.drafts[incident.id].markdown
    assert text.startswith("# Shorter now\n\n")
    assert text.endswith(made.postmortems.text[-PART * 2 :])
    assert made.private_words("ana", made.name(incident))[-1] == "Your text is kept."


async def test_a_postmortem_that_others_changed_meanwhile_is_not_written_over(made: Life) -> None:
    incident = await made.incident()
    await made.postmortems.draft(Order(id="o1", incident=incident.id, person="U1"))
    await made.press(incident, presses.SHOW_POSTMORTEM, incident.id)
    view = await made.form()
    await made.postmortems.edit(Order(id="o2", incident=incident.id, person="U2"), "# Theirs")
    outcome = await made.submit(view, part0="# Mine")
    assert "changed by somebody else" in outcome.errors["part0"]
    assert made.postmortems.drafts[incident.id].markdown == "# Theirs"


async def test_a_rejection_wants_a_reason(made: Life) -> None:
    incident = await made.incident()
    await made.postmortems.draft(Order(id="o1", incident=incident.id, person="U1"))
    await made.press(incident, presses.REJECT_POSTMORTEM, incident.id)
    view = await made.form()
    assert (await made.submit(view, reason=" ")).errors == {"reason": "Say why."}
    assert (await made.submit(view, reason="The impact is missing")).ok
    draft = made.postmortems.drafts[incident.id]
    assert (draft.state, draft.history[-1].reason) == (DraftState.REJECTED, "The impact is missing")


async def test_a_question_about_a_message_is_asked_and_answered_in_its_thread(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    ts = await made.here.control.say("bo", channel, "what is ERR_4711?")
    assert (await made.here.control.shortcut("ana", ids.ASK_ABOUT, channel, ts)).ok
    assert (await made.submit(await made.form(), text="What changed?")).ok
    place = made.here.workspace.channel(channel)
    told = [m.text for m in place.messages.values() if m.thread_ts == ts and m.user == made.here.workspace.bot.id]
    assert told[0] == "*Ana Ruiz* asks about this: What changed?"
    assert len(told) == 2


async def test_guests_get_no_form(made: Life) -> None:
    incident = await made.incident()
    guest = await made.guest(incident)
    await made.press(incident, presses.WRITE_UPDATE, incident.id, who=guest)
    assert await made.here.control.views(guest) == []
    assert "Guests of this workspace cannot change incidents" in made.private_words(guest, made.name(incident))[-1]
