"""What changes something is on disk before Slack hears that it came; delivered again it changes nothing again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import NotStored
from bot.domain.life import presses
from tests.scene import PATIENCE
from tests.slack.life_office import Life, life
from tests.slack.office import connected


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Life]:
    async with life(tmp_path) as office:
        yield office


async def kept(made: Life) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in await made.here.store.slack_events.unhandled(100)]


async def test_a_change_that_cannot_be_kept_is_not_acknowledged(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = await made.incident()

    async def full(event_id: str, body: bytes) -> None:
        raise NotStored("the disk is full")

    made.here.workspace.delivery.ack_seconds = 0.3
    monkeypatch.setattr(made.here.store.slack_events, "record", full)
    outcome = await made.here.control.command("ana", made.name(incident), "/inc", "resolve it is over")
    assert not outcome.ok
    assert (await made.now(incident)).status == "triage"


async def test_after_a_crash_it_is_done_and_answered_without_an_address_on_disk(made: Life) -> None:
    incident = await made.incident()
    await made.here.quiet()
    await stops_working(made)
    assert (await made.here.control.command("ana", made.name(incident), "/inc", "rename Checkout in Europe")).ok
    ts = await made.post(incident, presses.SNOOZE, f"{incident.id} 30")
    await made.here.control.click("ana", presses.SNOOZE, channel=made.name(incident), ts=ts)
    await made.here.control.quiet(idle=0.05)
    bodies = [body for body in await kept(made) if body["type"] in ("slash_command", "life_press")]
    assert [body["type"] for body in bodies] == ["slash_command", "life_press"]
    assert "http" not in json.dumps(bodies)
    assert made.steer.done == []

    reborn = type(made.here.worker)(made.here.questions.events, made.here.desk)
    made.here.desk.responses._responders.clear()  # what was in memory is gone
    await reborn.run_once()
    assert made.steer.done == [("rename", incident.id, "Checkout in Europe")]
    assert incident.id in made.updates.snoozed
    told = made.private_words("ana", made.name(incident))
    assert told == [f"{incident.id} is called “Checkout in Europe” now.", "I ask again in 30 minutes."]


async def stops_working(made: Life) -> None:
    """It crashes before what comes from now on is worked off; what it was at has ended."""
    has_stopped = asyncio.Event()

    async def nothing() -> None:
        has_stopped.set()

    made.here.worker.run_once = nothing  # type: ignore[method-assign]
    made.here.worker.wake()
    async with asyncio.timeout(PATIENCE):
        await has_stopped.wait()


async def test_where_the_bot_is_not_it_answers_directly_after_a_crash(made: Life) -> None:
    incident = await made.incident()
    await made.here.control.create_channel("ana", "secret-room")
    await made.here.quiet()
    await stops_working(made)
    await made.here.control.command("ana", "secret-room", "/inc", f"rename {incident.id} Another title")
    made.here.desk.responses._responders.clear()
    await type(made.here.worker)(made.here.questions.events, made.here.desk).run_once()
    direct = made.here.workspace.im_with(made.id("ana"))
    assert [m.text for m in direct.messages.values()] == [f"{incident.id} is called “Another title” now."]


async def test_the_same_event_worked_off_twice_changes_and_tells_nothing_twice(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    await made.slash("sev 3 because it is calm", channel)
    before = made.public_words(channel)
    event = {"type": "slash_command", "id": "T1", "command": "/inc", "text": "sev 2", "user_id": made.id("ana"),
             "channel_id": made.here.workspace.channel(channel).id}  # fmt: skip
    for number in range(2):  # as two replicas would keep it
        await made.here.store.slack_events.record(f"replica-{number}", json.dumps(event).encode())
    made.here.worker.wake()
    await made.here.quiet()
    assert (await made.now(incident)).severity == "SEV2"
    assert len(made.public_words(channel)) == len(before) + 1
    told = [one for one in await made.events(incident, "status") if "SEV2" in one.text]
    assert len(told) <= 1


async def test_an_answer_to_all_stands_where_the_incident_is_worked_on(made: Life) -> None:
    incident = await made.incident()
    told = await made.slash(f"sev {incident.id} 3", "general")
    assert told == f"*Ana Ruiz*: {incident.id} was lowered from SEV1 to SEV3."
    assert made.public_words(made.name(incident))[-1] == told
    assert told not in made.public_words("general")
    assert made.private_words("ana", "general") == [told]


async def test_a_mention_in_the_channel_is_answered_once_for_all_to_see(made: Life) -> None:
    incident = await made.incident()
    before = len(made.public_words(made.name(incident)))
    told = await made.mention("sev 2", made.name(incident))
    assert told == f"*Ana Ruiz*: {incident.id} was lowered from SEV1 to SEV2."
    assert len(made.public_words(made.name(incident))) == before + 1


async def test_in_http_mode_it_is_the_same(tmp_path: Path) -> None:
    async with life(tmp_path, connect=False) as made:
        object.__setattr__(made.here.settings, "mode", "http")
        async with connected(made.here):
            incident = await made.incident()
            assert (
                await made.slash("rename Checkout", made.name(incident)) == f"{incident.id} is called “Checkout” now."
            )
            await made.press(incident, presses.SNOOZE, f"{incident.id} 15")
            assert incident.id in made.updates.snoozed


async def test_a_chart_comes_with_the_answer_where_there_is_one(made: Life) -> None:
    incident = await made.incident()
    channel = made.name(incident)
    assert await made.slash("timeline chart", channel) == f"There is nothing to draw of {incident.id}."
    made.stats.chart = b"\x89PNG\r\n\x1a\n" + bytes(64)
    await made.slash("stats 30d", channel)
    await made.slash("timeline chart", channel)
    shown = [m.blocks for m in made.here.workspace.channel(channel).ephemerals if m.blocks]
    assert [[block["type"] for block in blocks] for blocks in shown] == [["section", "image"]] * 2
