"""A model that is not there, breaks off or talks nonsense: the incident goes on, and people read what is missing."""

from __future__ import annotations

import json
import re

import pytest

from sandbox.anthropic import Asked, ClaudeApi, CutAfter, Error, Garbage, Say, StreamError, Turn
from sandbox.serve import serving
from sandbox.slack.control import Control
from sandbox.until import until
from sandbox.world import world
from tests.scenarios.conftest import Start
from tests.scenarios.test_main_job import briefed
from tests.scenarios.test_model import KEY, told
from tests.scenarios.test_model_storm import Asking

HALF = "checkout v2.31.0 was deployed before the errors began [E12]. Then a long explanation begins that never ends."
BROKEN: dict[str, tuple[Turn, str]] = {
    "cut": (CutAfter(12, Say(HALF)), "Broken off"),
    "error within": (StreamError(after=12, turn=Say(HALF)), "Broken off"),
    "garbage": (Garbage(), "could not be read"),
    "overloaded": (Error(529), "Claude is overloaded"),
}
RAW = re.compile(r"Traceback|Exception|Error\(|httpx|anthropic\.|JSONDecode|<html|0x[0-9a-f]{6}|site-packages")
# Without a key: what is said, and behind it the link to where it comes from.
CONTENT = {
    "what changed?": r"deployment of checkout v2\.31\.0 .*<https://github\.example/\S+\|\[E\d+\]",
    "has this happened before?": r"Fixed in 38 min by: Went back to v2\.26\.3.*<https://\S+\|\[INC-2026-0659\]>",
    "who owns this service?": r"checkout is owned by payments-team, tier 1 <https://\S+\|\[catalog\]>",
    "what did we try?": r"Ana Ruiz: restarted two pods of checkout <http\S+\|\[timeline\]>",
}


@pytest.mark.slow
async def test_whatever_breaks_the_incident_goes_on_and_says_what_is_missing(start_bot: Start) -> None:
    turns: list[Turn] = [Error(529)]  # from the beginning, and for ever

    def model(asked: Asked) -> Turn:
        return turns[-1]

    api = ClaudeApi(model, key=KEY)
    async with (
        serving(api.app) as url,
        world("bad-deployment") as sandbox,
        start_bot(sandbox, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url) as bot,
    ):
        await sandbox.fire(bot.address)
        card = await briefed(sandbox, bot)
        assert await until(lambda: "analysis is missing" in told(sandbox), within=120), bot.log_tail()
        (line,) = [line for line in told(sandbox).splitlines() if "analysis is missing" in line]
        assert "overloaded" in line
        assert "Most likely: Deployment of checkout v2.31.0" in told(sandbox)
        channel = sandbox.workspace.channels[card["channel"]].name
        control, person = Control(sandbox.workspace), sandbox.scenario.people[0].handle
        await control.join(person, channel)
        asked = Asking(sandbox, control, person, channel)
        for name, (turn, said) in BROKEN.items():
            turns.append(turn)
            answers = await asked(f"what changed ({name})?")
            shown = json.dumps(sandbox.workspace.all_messages()[-len(answers) :])
            assert said in shown, (name, answers)
            assert "v2.31.0" in answers[-1], name
            assert "So this is quoted, not said by the model." in answers[-1], name
        assert not RAW.search(json.dumps(sandbox.workspace.all_messages())), "people never read raw errors"
        assert bot.is_running


@pytest.mark.slow
async def test_without_a_key_the_four_questions_are_answered_with_content_and_a_link(start_bot: Start) -> None:
    """The key was there, and is removed: the same databases, another start."""
    api = ClaudeApi(lambda asked: Error(529), key=KEY)
    async with serving(api.app) as url, world("bad-deployment") as sandbox:
        async with start_bot(sandbox, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url) as bot:
            await sandbox.fire(bot.address)
            card = await briefed(sandbox, bot)
            channel = sandbox.workspace.channels[card["channel"]].name
            control, person = Control(sandbox.workspace), sandbox.scenario.people[0].handle
            await control.join(person, channel)
        async with start_bot(sandbox) as bot:
            count = len(api.requests)
            asked = Asking(sandbox, control, person, channel)
            note = await control.say(person, channel, "restarted two pods of checkout")
            await control.react(person, channel, note, "pushpin")
            await control.quiet(idle=0.5)
            for question, content in CONTENT.items():
                (answer,) = await asked(question)
                assert re.search(content, answer), answer
                assert "Quoted from" in answer
                assert "Claude" not in answer
            assert len(api.requests) == count
            assert bot.is_running
        assert not RAW.search(json.dumps(sandbox.workspace.all_messages()))
