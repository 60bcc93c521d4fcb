"""A question that was answered has no buttons any more, and says who chose what: also after a kill or while Slack was
away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Order, presses
from bot.domain.ports.life import Choice
from bot.slack import life_ids as ids
from bot.slack.telling import content
from tests.flows.acting.test_crashes import Killed
from tests.slack.killed import killed_at, reborn, recorded_only
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


async def asked(made: Life, incident: Incident, *choices: Choice) -> str:
    """A question of the bot's with these buttons; its ts."""
    assert incident.place is not None
    shown = content("Is it over?", choices)
    metadata = {"event_type": "acting", "event_payload": {"key": "over?"}}
    sent = await made.here.api.call(
        "chat.postMessage", channel=incident.place.channel, text=shown.text, blocks=shown.blocks, metadata=metadata
    )
    return str(sent["ts"])


def over(incident: Incident) -> Sequence[Choice]:
    return (
        Choice(action=presses.RESOLVE, text="Resolve", value=incident.id),
        Choice(action=presses.KEEP_OPEN, text="Keep open", value=incident.id),
    )


def shown(made: Life, incident: Incident, ts: str) -> tuple[list[str], list[str]]:
    """Texts of buttons that are there, and who chose what."""
    message = made.here.workspace.channel(made.name(incident)).messages[ts]
    buttons = [one["text"]["text"] for block in message.blocks for one in block.get("elements", []) if "value" in one]
    notes = [one["text"] for block in message.blocks if block["type"] == "context" for one in block["elements"]]
    return buttons, notes


@pytest.mark.parametrize(("action", "choice"), [(presses.RESOLVE, "Resolve"), (presses.KEEP_OPEN, "Keep open")])
async def test_a_question_says_who_chose_what_and_asks_no_more(made: Life, action: str, choice: str) -> None:
    incident = await made.incident()
    ts = await asked(made, incident, *over(incident))
    await made.press(incident, action, incident.id, who="bo", ts=ts)
    assert shown(made, incident, ts) == ([], [f"*Bo Chen* chose “{choice}”."])
    message = made.here.workspace.channel(made.name(incident)).messages[ts]
    assert message.text == "Is it over?"
    assert (message.metadata or {})["event_payload"] == {"key": "over?"}


async def test_of_a_list_the_one_that_is_done_goes_and_the_others_stay(made: Life) -> None:
    incident = await made.incident()
    for number in (1, 2):
        await made.follow_ups.add(Order(id=f"o{number}", incident=incident.id, person="U1", word="do it"))
    choices = [Choice(action=presses.FOLLOW_UP_DONE, text=f"{n} is done", value=f"{incident.id}/{n}") for n in (1, 2)]
    ts = await asked(made, incident, *choices)
    outcome = await made.here.control.click("ana", presses.FOLLOW_UP_DONE, channel=made.name(incident), ts=ts)
    assert outcome.ok
    await made.here.quiet()
    assert shown(made, incident, ts) == (["2 is done"], ["*Ana Ruiz* chose “1 is done”."])


async def test_who_may_not_decide_leaves_the_question_as_it_is(made: Life) -> None:
    incident = await made.incident()
    guest = await made.guest(incident)
    ts = await asked(made, incident, *over(incident))
    await made.press(incident, presses.RESOLVE, incident.id, who=guest, ts=ts)
    assert shown(made, incident, ts) == (["Resolve", "Keep open"], [])


async def test_what_failed_can_be_pressed_again(made: Life) -> None:
    incident = await made.incident()
    made.pager.failing = True
    try:
        ts = await made.press(incident, presses.PAGE, incident.id)
    finally:
        made.pager.failing = False
    assert shown(made, incident, ts)[0] == [presses.PAGE]
    await made.press(incident, presses.PAGE, incident.id, ts=ts)
    assert shown(made, incident, ts)[0] == []


async def test_what_one_person_alone_sees_is_replaced_by_what_came_of_it(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    await made.slash("cancel it was a load test", channel)
    question = [m for m in made.here.workspace.channel(channel).ephemerals if m.blocks][-1]
    (button,) = question.blocks[-1]["elements"]
    await made.press(incident, ids.CONFIRM_CANCEL, button["value"], ts=question.ts)
    (now,) = [m for m in made.here.workspace.channel(channel).ephemerals if m.ts == question.ts]
    assert now.blocks == []
    assert now.text.startswith(f"*Ana Ruiz*: {incident.id} is cancelled now.")


# --- killed, and Slack away ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.replies", "chat.update"])
async def test_killed_at_any_call_the_question_is_closed_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async with life(tmp_path) as made:
        incident = await made.incident()
        ts = await asked(made, incident, *over(incident))
        await recorded_only(made.here)
        await made.here.control.click("bo", presses.RESOLVE, channel=made.name(incident), ts=ts)
        with killed_at(made.here, monkeypatch, method), pytest.raises(Killed):
            await reborn(made.here).run_once()
        await reborn(made.here).run_once()
        assert shown(made, incident, ts) == ([], ["*Bo Chen* chose “Resolve”."])
        told = [text for text in made.public_words(made.name(incident)) if "is resolved" in text]
        assert len(told) == 1


async def test_slack_away_after_the_word_it_is_closed_once_slack_is_back(made: Life) -> None:
    incident = await made.incident()
    ts = await asked(made, incident, *over(incident))
    left, call = 2, made.here.api.call

    async def away(method: str, **arguments: Any) -> Any:
        nonlocal left
        if method == "chat.update" and left:
            left -= 1
            raise ChatError("service_unavailable", method, is_final=False)
        return await call(method, **arguments)

    made.here.api.call = away  # type: ignore[method-assign]
    try:
        await made.here.control.click("bo", presses.RESOLVE, channel=made.name(incident), ts=ts)
        while left:
            made.here.worker.wake()
            await made.here.control.quiet(idle=0.05)
        made.here.worker.wake()
        await made.here.quiet()
    finally:
        made.here.api.call = call  # type: ignore[method-assign]
    assert shown(made, incident, ts) == ([], ["*Bo Chen* chose “Resolve”."])
