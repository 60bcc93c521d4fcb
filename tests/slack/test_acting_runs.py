"""Runbooks by command, by mention, by button and by form: each order is given once, with all that was typed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import ChatError, NotStored
from bot.domain.incident import Incident, PlaceKind
from bot.domain.ports.deciding import Order, OrderAnswer
from bot.slack import acting_forms, event_worker
from bot.slack import acting_ids as ids
from bot.slack.run_modal import DRY_RUN, REASON
from tests.scene import PATIENCE, until
from tests.slack.acting import Acting, acting, button

RESTART = "restart-checkout service=checkout"


@pytest.fixture(params=["socket", "http"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path, mode=request.param) as made:
        yield made


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Acting]:
    async with acting(tmp_path) as made:
        yield made


async def modal(here: Acting, who: str = "ana") -> dict[str, Any]:
    """The one that is open once all is done."""
    await here.here.quiet()
    (view,) = await here.here.control.views(who)
    return view


async def shown(here: Acting, words: str, who: str = "ana") -> None:
    """Until the form that is open says so."""

    async def says() -> bool:
        return any(words in texts(view) for view in await here.here.control.views(who))

    async with asyncio.timeout(PATIENCE):
        while not await says():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def texts(view: dict[str, Any]) -> str:
    return str(view["blocks"])


async def command(here: Acting, incident: Incident, words: str, *, word: str = "/inc", who: str = "ana") -> None:
    assert (await here.here.control.command(who, here.name(incident), word, words)).ok
    await here.here.quiet()


async def filled(here: Acting, view: dict[str, Any], **values: Any) -> Any:
    """`values`: by parameter, or by one of the form's own fields."""
    own = {DRY_RUN, REASON}
    state = {name if name in own else f"parameter:{name}": {"value": value} for name, value in values.items()}
    outcome = await here.here.control.submit("ana", view["id"], state)
    await here.here.quiet()
    return outcome


# --- by words --------------------------------------------------------------------------------------------------------


async def test_an_order_by_command_starts_at_once_with_what_was_typed(here: Acting) -> None:
    incident = await here.incident()
    told = await here.here.command(f'runbook {RESTART} note="two words" because it leaks', here.name(incident))
    assert told == "R-1 begins, asked by Ana Ruiz."
    (order,) = here.runs.orders
    assert order == Order(
        id=order.id,
        incident=incident.id,
        runbook="restart-checkout",
        parameters={"service": "checkout", "note": "two words"},
        requester=here.id("ana"),
        reason="it leaks",
    )


async def test_a_dry_run_needs_no_form(here: Acting) -> None:
    incident = await here.incident()
    for words in ("run free-disk --dry-run", "rb Free-Disk dry run", "runbooks free-disk \u2014dry-run"):
        await here.here.command(words, here.name(incident))
    assert [(order.runbook, order.is_dry) for order in here.runs.orders] == [("free-disk", True)] * 3


async def test_by_mention_its_author_is_who_wrote_the_message(here: Acting) -> None:
    incident = await here.incident()
    told = await here.here.mention(f"run {RESTART} replicas=3", here.name(incident), who="bo")
    assert told == "R-1 begins, asked by Bo Chen."
    (order,) = here.runs.orders
    assert (order.requester, order.author) == (here.id("bo"), here.id("bo"))
    assert order.parameters == {"service": "checkout", "replicas": "3"}


async def test_in_the_thread_of_an_incident_a_mention_is_for_that_one(here: Acting) -> None:
    await here.incident(PlaceKind.THREAD, fingerprint="f0")
    incident = await here.incident(PlaceKind.THREAD)
    assert incident.card is not None
    await here.here.mention("run free-disk", here.name(incident), thread=incident.card.ts)
    assert [order.incident for order in here.runs.orders] == [incident.id]


async def test_without_an_id_a_mention_lists_what_fits_and_why(here: Acting) -> None:
    incident = await here.incident()
    told = await here.here.mention("runbook", here.name(incident))
    first, second = (line for line in told.splitlines() if line.startswith("•"))
    assert first == "• `restart-checkout` Restart checkout: fits the alert's name (`service=checkout`, `replicas=3`)"
    assert second == "• `free-disk` Free disk space: for any incident"
    assert "--dry-run" in told
    here.runs.offered = ()
    assert "There is no runbook that I can carry out" in await here.here.mention("runbook", here.name(incident))


WRONG = (
    ("runbook restart-chekout service=checkout", "Did you mean `restart-checkout`?"),
    ("runbook disk --dry-run", "Did you mean `free-disk`?"),
    ("runbook zzz x=1", "I know no runbook `zzz` that I can carry out. `/inc runbook` lists them."),
    ("runbook <!channel> x=1", "I know no runbook `@channel`"),
    ("runbook restart-checkout checkout", "“checkout” is not understood: parameters are written name=value."),
    ("runbook service=checkout", "The runbook's name comes first"),
    (f"runbook {RESTART} replicas=9", "• `replicas` must be 3, not 9"),
)


async def test_what_is_wrong_is_told_with_what_to_do(here: Acting) -> None:
    incident = await here.incident()
    for words, told in WRONG:
        answer = await here.here.command(words, here.name(incident))
        assert told in answer, words
        assert "`/inc runbook" in answer, words
    assert here.runs.runs == {}
    assert here.here.pings == []


async def test_outside_of_an_incident_it_says_so(here: Acting) -> None:
    await here.here.control.invite("ana", "general", ["first-responder"])
    for words in ("runbook", f"runbook {RESTART}"):
        assert "This channel belongs to no incident" in await here.here.command(words)
    assert "This channel belongs to no incident" in await here.here.mention(f"run {RESTART}", "general")
    assert here.runs.orders == []


async def test_words_that_only_begin_like_an_order_are_a_question(here: Acting) -> None:
    incident = await here.incident()
    await here.here.mention("run me through what happened", here.name(incident))
    await here.here.mention("run restart-checkout?", here.name(incident))
    assert here.runs.orders == []


@pytest.mark.parametrize(
    ("flags", "who"),
    [({"is_restricted": True}, "Guests of this workspace"), ({"is_stranger": True}, "People of other organisations")],
    ids=["guest", "stranger"],
)
async def test_who_is_no_full_member_starts_nothing(here: Acting, flags: dict[str, bool], who: str) -> None:
    incident = await here.incident()
    guest = await here.guest("gil", incident, **flags)
    message = await here.post(incident, "briefing", [button(ids.RUN_RUNBOOK, f"{incident.id}:free-disk")])
    await command(here, incident, f"runbook {RESTART}", who=guest)
    await command(here, incident, "", word="/incident-action", who=guest)
    await here.click(guest, ids.RUN_RUNBOOK, message)
    assert await here.private(guest, incident) == [f"{who} cannot start runs; ask a full member of this workspace."] * 3
    assert await here.here.control.views(guest) == []
    assert here.runs.orders == []


async def test_an_order_whose_event_is_worked_off_again_has_the_same_id_and_one_answer(
    here: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_worker, "AFTER_FAILURE", 0.02)
    incident = await here.incident()
    here.runs.failing = [NotStored("busy"), ChatError("unreachable", is_final=False)]
    told = await here.here.mention(f"run {RESTART}", here.name(incident))
    assert told == "R-1 begins, asked by Ana Ruiz."
    assert len({order.id for order in here.runs.orders}) == 1
    assert len(here.runs.orders) == 3


async def test_what_fails_by_command_is_told_to_who_asked(here: Acting) -> None:
    incident = await here.incident()
    here.runs.failing = [NotStored("the disk is full")]
    assert await here.here.command(f"run {RESTART}", here.name(incident)) == "That did not work: the disk is full."


# --- by form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "words"), [("/inc", "runbook"), ("/incident-action", "")])
async def test_alone_it_opens_the_form_that_leads_to_the_runbooks_own(both: Acting, word: str, words: str) -> None:
    incident = await both.incident()
    await command(both, incident, words, word=word)
    pick = await modal(both)
    assert "fits the alert's name" in texts(pick)
    assert (await both.here.control.submit("ana", pick["id"])).ok
    form = await modal(both)
    assert "Restart checkout" in texts(form)
    assert (await filled(both, form, service="payments", **{REASON: "it leaks"})).ok
    assert await both.here.control.views("ana") == []
    (order,) = both.runs.orders
    assert order == Order(
        id=order.id,
        incident=incident.id,
        runbook="restart-checkout",
        parameters={"service": "payments", "replicas": "3"},
        requester=both.id("ana"),
        reason="it leaks",
    )


@pytest.mark.parametrize(("word", "words"), [("/inc", "runbook free-disk"), ("/incident-action", "FREE-DISK")])
async def test_with_an_id_it_opens_the_form_of_that_runbook(here: Acting, word: str, words: str) -> None:
    incident = await here.incident()
    await command(here, incident, words, word=word)
    form = await modal(here)
    assert "Free disk space" in texts(form)
    dry = {"type": "checkboxes", "selected_options": [{"value": "dry"}]}
    assert (await filled(here, form, **{DRY_RUN: dry})).ok
    assert [(order.runbook, order.is_dry) for order in here.runs.orders] == [("free-disk", True)]


async def test_the_other_command_takes_all_words_too(here: Acting) -> None:
    incident = await here.incident()
    await command(here, incident, f"{RESTART} replicas=3", word="/incident-action")
    assert await here.private("ana", incident) == ["R-1 begins, asked by Ana Ruiz."]


async def test_the_button_under_a_briefing_opens_the_form(here: Acting) -> None:
    incident = await here.incident()
    for action, named, shown in (
        (ids.RUN_RUNBOOK, "free-disk", "Free disk space"),
        (ids.RUN_OTHER, "", "Which runbook?"),
    ):
        message = await here.post(incident, "briefing", [button(action, f"{incident.id}:{named}")])
        assert (await here.click("bo", action, message)).ok
        assert shown in texts(await modal(here, "bo"))


async def test_a_button_whose_runbook_is_gone_says_so(here: Acting) -> None:
    incident = await here.incident()
    for value, told in (
        ("INC-1999-0001:free-disk", "There is no incident INC-1999-0001 any more."),
        ("nonsense", "This button belongs to no runbook that I know."),
        (f"{incident.id}:gone", "I know no runbook `gone` that I can carry out."),
    ):
        message = await here.post(incident, "briefing", [button(ids.RUN_RUNBOOK, value)])
        await here.click("ana", ids.RUN_RUNBOOK, message)
        assert (await here.private("ana", incident))[-1].startswith(told)
    assert await here.here.control.views("ana") == []


async def test_what_is_wrong_is_shown_at_its_field_and_put_right_there(here: Acting) -> None:
    incident = await here.incident()
    await command(here, incident, "runbook restart-checkout")
    form = await modal(here)
    outcome = await filled(here, form, service="checkout", replicas="9")
    assert outcome.errors == {"parameter:replicas": "replicas must be 3, not 9."}
    assert (await filled(here, form, service="checkout", replicas="3")).ok
    first, second = here.runs.orders
    assert first.id != second.id, "what was put right is another order"
    assert list(here.runs.runs) == [second.id]


async def test_why_it_was_not_started_is_told_in_the_form(here: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await here.incident()
    await command(here, incident, "runbook free-disk")
    form = await modal(here)

    async def refusing(order: Order) -> OrderAnswer:
        return OrderAnswer(sentence=f"Actions are stopped since 12:00 UTC by {here.id('bo')}.")

    monkeypatch.setattr(here.runs, "start", refusing)
    assert (await filled(here, form)).ok
    assert "Actions are stopped since 12:00 UTC by Bo Chen." in texts(await modal(here))


async def test_while_it_cannot_be_stored_the_form_stays_with_what_was_typed(here: Acting) -> None:
    incident = await here.incident()
    await command(here, incident, "runbook free-disk")
    form = await modal(here)
    here.runs.failing = [NotStored("the disk is full")]
    outcome = await filled(here, form)
    assert outcome.errors == {REASON: "That did not work: the disk is full. Send it again."}
    assert (await filled(here, form)).ok
    assert len(here.runs.runs) == 1


async def test_an_order_that_takes_long_is_kept_before_the_form_closes_and_told_later(
    here: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting_forms, "START", 0.05)
    incident = await here.incident()
    await command(here, incident, "runbook restart-checkout")
    form = await modal(here)
    here.runs.gate = gate = asyncio.Event()
    monkeypatch.setattr(here.runs, "offers", lambda _: _given(here.runs.offered))
    state = {"parameter:service": {"value": {"type": "plain_text_input", "value": "checkout"}}}
    assert (await here.here.control.submit("ana", form["id"], state)).ok
    await until(lambda: len(here.runs.orders) == 2)  # once by the form, once from its record
    assert await here.here.control.views("ana") == []
    gate.set()
    await here.here.quiet()
    assert len(here.runs.runs) == 1
    assert {order.id for order in here.runs.orders} == set(here.runs.runs)
    assert {tuple(order.parameters.items()) for order in here.runs.orders} == {
        (("service", "checkout"), ("replicas", "3"))
    }
    assert await here.private("ana", incident) == ["R-1 begins, asked by Ana Ruiz."]


async def _given(offers: Any) -> Any:
    return offers


async def test_what_takes_long_to_look_up_is_shown_in_a_form_that_was_opened_in_time(
    here: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting_forms, "PREPARE", 0.02)
    incident = await here.incident()
    here.runs.gate = gate = asyncio.Event()
    assert (await here.here.control.command("ana", here.name(incident), "/inc", "runbook")).ok
    await shown(here, "I look up what fits here")
    gate.set()
    await shown(here, "Which runbook?")


async def test_a_form_of_an_incident_that_is_gone_says_so(here: Acting) -> None:
    view = {
        "type": "modal",
        "callback_id": ids.RUN_MODAL,
        "title": {"type": "plain_text", "text": "x"},
        "submit": {"type": "plain_text", "text": "x"},
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "x"}}],
    }
    for metadata, told in (
        ('{"incident": "INC-1999-0001", "runbook": "free-disk"}', "There is no incident INC-1999-0001 any more."),
        ("nonsense", "This form is none that I know; open it again."),
    ):
        trigger = here.here.workspace.tickets.new_trigger(here.id("ana"))
        await here.here.api.call("views.open", trigger_id=trigger, view={**view, "private_metadata": metadata})
        shown = await modal(here)
        assert (await here.here.control.submit("ana", shown["id"])).ok
        assert told in texts(await modal(here))
    assert here.runs.orders == []


async def test_a_bot_that_does_not_act_says_so(here: Acting) -> None:
    here.here.desk.acting = None
    incident = await here.incident()
    for words in ("runbook", "stop all"):
        assert "set up to look and to tell, not to act" in await here.here.mention(words, here.name(incident))
