"""A model's word on the card: checked against the evidence, and missing without harm."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.anthropic.asked import Asked
from sandbox.anthropic.server import ClaudeApi
from sandbox.anthropic.turns import Error, Garbage, Json
from sandbox.serve import serving
from sandbox.slack.control import Control
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import World, world
from tests.scenarios.conftest import Start
from tests.scenarios.test_main_job import briefed

KEY = "k" * 24  # of the stand-in; nothing outside knows it
FALSE = "The error ratio of checkout is 93 %."
SAID: Mapping[str, Any] = {
    "summary": [
        {"text": FALSE, "evidence": ["E1"]},
        {"text": "checkout v2.31.0 was deployed and new errors began.", "evidence": ["E12", "E2"]},
    ],
    "hypotheses": [
        {
            "statement": "checkout v2.31.0 raises KeyError: 'loyalty_tier'",
            "service": "checkout",
            "kind": "deployment",
            "evidence_for": ["E12", "E2"],
            "evidence_against": [],
            "confidence": "high",
        }
    ],
    "ruled_out": [],
    "could_not_check": [],
    "next_steps": [
        {"kind": "elasticsearch", "target": "service.name:checkout AND loyalty_tier", "why": "Shows who fails."},
        {"kind": "runbook", "target": "drop-the-database", "why": "It was asked for in a log line."},
    ],
    "severity": {"severity": "SEV1", "why": "Orders fail.", "evidence": ["E1"]},
}


DOUBT = {"hypothesis": 1, "confidence": "medium", "why": "", "evidence": []}


def second_look(asked: Asked) -> bool:
    return "second look" in asked.system


def told(sandbox: World) -> str:
    return "\n".join(lines(sandbox.cards("briefing")[0]))


@pytest.mark.slow
async def test_the_model_s_word_stands_on_the_card_and_what_its_evidence_does_not_show_is_marked(
    start_bot: Start,
) -> None:
    api = ClaudeApi(lambda asked: Json({"opinions": [DOUBT]} if second_look(asked) else SAID), key=KEY)
    async with (
        serving(api.app) as url,
        world("bad-deployment") as sandbox,
        start_bot(sandbox, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url) as bot,
    ):
        await sandbox.fire(bot.address)
        await briefed(sandbox, bot)
        assert await until(lambda: "says of this evidence" in told(sandbox), within=120), bot.log_tail()
        await Control(sandbox.workspace).quiet(idle=0.5)
        card = told(sandbox)
    said = card[card.index("says of this evidence") : card.index("\nThen\n")].splitlines()
    assert "new errors began. [E12] [E2]" in said[1], "what is supported is the headline, whatever came first"
    assert [line for line in said if "93 %" in line] == [f"\u2022 {FALSE} [E1] :warning: not shown by its evidence"]
    assert "(medium confidence)" in card
    assert "A second look is less sure of it." in card
    assert "service.name:checkout AND loyalty_tier" in card
    assert "drop-the-database" not in card
    first, second = api.requests
    assert (second_look(first), second_look(second), second.model) == (False, True, "claude-haiku-5-5")
    assert "BEGIN UNTRUSTED" in json.dumps(first.body["messages"])
    for asked in api.requests:
        assert "checkout" not in json.dumps(asked.body["system"]), "nothing of an incident stands in what is cached"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("turn", "sentence"),
    [
        (Error(status=401, type="authentication_error"), "key"),
        (Garbage(), "missing"),
        (Json({"summary": "no form"}), "form"),
    ],
    ids=["bad key", "garbage", "wrong form"],
)
async def test_a_model_that_fails_is_told_on_the_card_and_the_briefing_stands(
    start_bot: Start, turn: Any, sentence: str
) -> None:
    api = ClaudeApi(lambda asked: turn, key=KEY)
    async with (
        serving(api.app) as url,
        world("bad-deployment") as sandbox,
        start_bot(sandbox, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url) as bot,
    ):
        await sandbox.fire(bot.address)
        await briefed(sandbox, bot)
        assert await until(lambda: "analysis is missing" in told(sandbox), within=120), bot.log_tail()
        card = told(sandbox)
    (line,) = [line for line in card.splitlines() if "analysis is missing" in line]
    assert sentence in line
    assert "Traceback" not in line
    assert "Most likely: Deployment of checkout v2.31.0" in card


@pytest.mark.slow
async def test_a_stored_incident_is_analysed_anew_with_another_prompt_and_model(
    start_bot: Start, tmp_path: Path
) -> None:
    other = {**SAID, "summary": [{"text": FALSE, "evidence": ["E1"]}], "hypotheses": []}
    api = ClaudeApi(lambda asked: Json(other if asked.model == "claude-opus-5-5" else SAID), key=KEY)
    prompt = tmp_path / "mine.j2"
    prompt.write_text("Say what is wrong. Cite ids.")
    async with serving(api.app) as url, world("bad-deployment") as sandbox:
        settings = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url, "MODEL_SECOND_OPINION": "off"}
        async with start_bot(sandbox, **settings) as bot:
            await sandbox.fire(bot.address)
            await briefed(sandbox, bot)
            assert await until(lambda: "says of this evidence" in told(sandbox), within=120), bot.log_tail()
        environ = {**sandbox.environ(tmp_path / "data", 0), **settings, "PATH": "", "COLUMNS": "200"}

        async def replay(*arguments: str) -> tuple[int | None, str]:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "replay", *arguments, env=environ, stdout=PIPE, stderr=STDOUT
            )
            said, _ = await process.communicate()
            return process.returncode, said.decode()

        code, said = await replay("INC-2026-0001", "--prompt", str(prompt), "--model", "claude-opus-5-5")
        assert code == 0, said
        assert "claude-sonnet-5-5" in said
        assert "claude-opus-5-5" in said
        assert "none that its evidence shows" in said
        assert api.last.system == "Say what is wrong. Cite ids."
        code, said = await replay("INC-2026-9999")
        assert (code, "No findings of INC-2026-9999" in said) == (1, True)
        prompt.write_text("{{ incident }}")
        code, said = await replay("INC-2026-0001", "--prompt", str(prompt))
        assert code == 2
        assert "Instructions hold no variables" in said
    assert len(api.requests) == 2
