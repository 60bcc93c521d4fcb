"""The main job end to end: a signed alert in, a briefing in the channel. Real parts, everything on the wire."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.bot_process import BotProcess
from sandbox.scenario.load import load, names, truth
from sandbox.scenario.model import Truth
from sandbox.slack.control import Control
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import World, world
from tests.scenarios.conftest import Start

BRIEFED_WITHIN = 240.0  # seconds, on a busy machine


async def briefed(world: World, bot: BotProcess) -> Mapping[str, Any]:
    """The first card that became a briefing."""
    await until(lambda: world.cards("briefing") or not bot.is_running, within=BRIEFED_WITHIN)
    assert world.cards("briefing"), bot.log_tail()
    return world.cards("briefing")[0]


async def replied(world: World, channel: str, ts: str) -> list[Mapping[str, Any]]:
    """What the bot answered in the thread of this message, once nothing more happens."""
    id_ = world.workspace.channel(channel).id

    def replies() -> list[Mapping[str, Any]]:
        return [
            m for m in world.workspace.all_messages() if m["channel"] == id_ and m.get("thread_ts") == ts != m["ts"]
        ]

    await until(replies, within=BRIEFED_WITHIN)
    await Control(world.workspace).quiet(idle=0.5)
    return replies()


def causes(card: Mapping[str, Any]) -> list[str]:
    """The ranked causes, one line each."""
    told = list(lines(card))
    begin = told.index("Likely causes") if "Likely causes" in told else len(told)
    return [line for line in told[begin:] if re.match(r"\d+\. ", line)]


def names_it(cause: str, true: Truth) -> bool:
    return true.service in cause and true.subject in cause


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
async def test_the_true_cause_is_named_first_or_second_without_a_model(name: str, start_bot: Start) -> None:
    async with world(name) as sandbox, start_bot(sandbox) as bot:
        assert await sandbox.fire(bot.address) == 202
        ranked = causes(await briefed(sandbox, bot))
    assert any(names_it(cause, truth(name)) for cause in ranked[:2]), ranked


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
async def test_with_the_data_of_another_incident_the_cause_is_not_named(name: str, start_bot: Start) -> None:
    """The alert stays, what the sources know is swapped: a briefing that knew the scenario would still name it."""
    now = time.time()
    other = load(next(n for n in names() if n != name), now)
    swapped = dataclasses.replace(
        load(name, now),
        series=other.series,
        logs=other.logs,
        rules=other.rules,
        commits=other.commits,
        deployments=other.deployments,
        pulls=other.pulls,
    )
    async with world(swapped) as sandbox, start_bot(sandbox, HISTORY_DIR=str(other.folder / "history")) as bot:
        assert await sandbox.fire(bot.address) == 202
        ranked = causes(await briefed(sandbox, bot))
    assert not any(names_it(cause, truth(name)) for cause in ranked), ranked


@pytest.mark.slow
async def test_the_briefing_is_one_pinned_message_in_a_dressed_channel(start_bot: Start) -> None:
    async with world("bad-deployment") as sandbox, start_bot(sandbox) as bot:
        await sandbox.fire(bot.address)
        card = await briefed(sandbox, bot)
        channel = sandbox.workspace.channels[card["channel"]]
        on_call = next(o for o in sandbox.scenario.oncalls if o.level == 1)

        def is_dressed() -> bool:
            shown = json.dumps(sandbox.cards("briefing")[0]["blocks"])
            is_there = sandbox.workspace.member(on_call.person).id in channel.members
            return bool(channel.pins and channel.bookmarks and is_there and '"slack_file"' in shown)

        await until(is_dressed, within=BRIEFED_WITHIN)
        await Control(sandbox.workspace).quiet(idle=0.5)
        assert channel.name.startswith("inc-")
        assert len(sandbox.cards()) == 1
        assert [pin.ts for pin in channel.pins] == [card["ts"]]
        assert channel.topic.value.startswith("SEV1 | ")
        assert channel.bookmarks
        assert sandbox.workspace.member(on_call.person).id in channel.members
        shown = sandbox.cards("briefing")[0]
        assert any(block["type"] == "image" and block["slack_file"]["id"] for block in shown["blocks"])
        # Slack words its own notices ("joined", "pinned") with the actor's mention: nobody else may be pinged.
        pinged = {ping.target for ping in sandbox.workspace.pings if ping.target != ping.by}
        assert pinged <= {sandbox.workspace.member(on_call.person).id}, "who is on call is asked to take the lead"


@pytest.mark.slow
async def test_the_same_webhook_twice_changes_nothing_and_a_recovery_resolves(start_bot: Start) -> None:
    async with world("exhausted-pool") as sandbox, start_bot(sandbox) as bot:
        assert await sandbox.fire(bot.address) == 202
        await briefed(sandbox, bot)
        assert await sandbox.fire(bot.address) == 202
        recovered = json.loads(json.dumps(sandbox.scenario.webhook.payload))
        recovered["status"] = "resolved"
        for alert in recovered["alerts"]:
            alert["status"] = "resolved"
            alert["endsAt"] = "2099-01-01T00:00:00Z"
        await sandbox.fire(bot.address, type(sandbox.scenario.webhook)(source="alertmanager", payload=recovered))
        assert await until(lambda: "resolved" in "\n".join(lines(sandbox.cards()[0])).lower(), within=BRIEFED_WITHIN)
        assert len(sandbox.cards()) == 1


@pytest.mark.slow
async def test_people_are_answered_by_command_mention_and_reaction(start_bot: Start) -> None:
    async with world("failing-dependency") as sandbox, start_bot(sandbox) as bot:
        await sandbox.fire(bot.address)
        card = await briefed(sandbox, bot)
        channel = sandbox.workspace.channels[card["channel"]].name
        control = Control(sandbox.workspace)
        person = sandbox.scenario.people[0].handle
        await control.join(person, channel)

        async def asked(words: str) -> str:
            return json.dumps(await _ephemeral(control, person, channel, words))

        assert "I don't know" in await asked("statsu")
        assert "INC-" in await asked("status")
        assert "open incident" in await asked("list")
        assert "/inc status" in await asked("help")

        ts = await control.say(person, channel, "@first-responder status")
        replies = await replied(sandbox, channel, ts)
        assert any("INC-" in reply["text"] for reply in replies)

        async def is_on_the_timeline(wanted: bool) -> bool:
            """The reaction reaches the bot as an event of its own: asked again until it is there, or gone."""
            async with asyncio.timeout(BRIEFED_WITHIN):
                while ("rolled the cache back" in await asked("timeline")) is not wanted:
                    pass
            return wanted

        note = await control.say(person, channel, "rolled the cache back")
        await control.react(person, channel, note, "pushpin")
        assert await is_on_the_timeline(True)
        await control.react(person, channel, note, "pushpin", remove=True)
        assert not await is_on_the_timeline(False)


@pytest.mark.slow
async def test_questions_are_answered_from_the_evidence_without_a_model(start_bot: Start) -> None:
    async with world("bad-deployment") as sandbox, start_bot(sandbox) as bot:
        await sandbox.fire(bot.address)
        card = await briefed(sandbox, bot)
        channel = sandbox.workspace.channels[card["channel"]].name
        control = Control(sandbox.workspace)
        person = sandbox.scenario.people[0].handle
        await control.join(person, channel)

        async def asked(question: str) -> str:
            ts = await control.say(person, channel, f"@first-responder {question}")
            replies = await replied(sandbox, channel, ts)
            assert len(replies) == 1, replies
            return str(replies[0]["text"])

        changed = await asked("what changed?")
        assert "deployment of checkout v2.31.0" in changed
        assert re.search(r"\[E\d+\]", changed)
        before = await asked("has this happened before?")
        assert "INC-2026-0659" in before
        assert "Went back to v2.26.3" in before
        assert "checkout is owned by payments-team, tier 1" in await asked("who owns this service?")
        assert "nothing that people did" in await asked("what did we try?")
        await _ephemeral(control, person, channel, "timeline rolled checkout back")
        tried = await asked("what did we try?")
        assert "rolled checkout back [timeline]" in tried


async def _ephemeral(control: Control, person: str, channel: str, words: str) -> Any:
    """What the person alone sees after a command."""

    shown = len(await _only_visible_to(control, person, channel))
    await control.command(person, channel, "/inc", words)
    async with asyncio.timeout(BRIEFED_WITHIN):
        while len(await _only_visible_to(control, person, channel)) == shown:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await control.quiet(idle=0.3)
    answers = await _only_visible_to(control, person, channel)
    assert len(answers) == shown + 1
    return answers[-1]


async def _only_visible_to(control: Control, person: str, channel: str) -> list[Any]:
    return [message for message in await control.messages(person, channel) if message["ephemeral"]]


@pytest.mark.slow
async def test_a_dead_vendor_is_named_and_costs_no_time(start_bot: Start) -> None:
    async with world("bad-deployment") as sandbox:
        dead = "http://127.0.0.1:9"
        async with start_bot(sandbox, ELASTICSEARCH_URL=dead, PAGERDUTY_URL=dead) as bot:
            await sandbox.fire(bot.address)
            text = "\n".join(lines(await briefed(sandbox, bot))).lower()
    assert "elasticsearch" in text
    assert "pagerduty" in text
    assert "not reach" in text or "unreachable" in text or "cannot be reached" in text
