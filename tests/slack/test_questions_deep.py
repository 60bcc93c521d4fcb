"""Questions for the larger model, questions where people stopped it, and what of names leaves the house."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.analysing import told_pseudonyms
from bot.app import SystemClock
from bot.domain.compose import number
from bot.domain.evidence import Answer, Evidence, Finding, LogFact, Outcome
from bot.domain.spend import Caps, Limits, ModelCall, Notice
from bot.flows.depth import DEEP, USUAL, depth_of
from bot.flows.guard import Guard
from bot.flows.metered import IsStopped, MeteredModel, never_stopped
from bot.settings import BotSettings
from bot.slack.grammar import parse
from bot.testing import NOON, FakeSource
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from memory.store import Store
from sandbox.anthropic import Asked, CallTools, ClaudeApi, Say, Script, Turn, Use
from sandbox.serve import serving
from tests.slack.conftest import PEOPLE
from tests.slack.office import office
from tests.slack.speaking import Speaking, body, findings, whole

KEY = hashlib.sha256(b"of the stand-in").hexdigest()
ACCOUNT = "1234" * 3
HOST, ADDRESS, MAIL = "db-3.prod.example.com", "10.0.4.7", "mei@example.com"
SECOND = "db-4.prod.example.com"
REAL = (HOST, SECOND, ADDRESS, MAIL, ACCOUNT)


async def _at_once(_: float) -> None:
    """Waits of retries."""


async def _unheard(call: ModelCall, notices: Sequence[Notice]) -> None: ...


@asynccontextmanager
async def wired(
    folder: Path, script: Script, *, is_stopped: IsStopped = never_stopped, guards: Sequence[Guard] = ()
) -> AsyncIterator[Speaking]:
    """As the program wires it."""
    api = ClaudeApi(script)
    async with serving(api.app) as url:
        settings = AnthropicSettings(api_key=KEY, url=url)
        claude = Claude(settings, pause=_at_once)
        await asyncio.to_thread(claude.warm)
        told = told_pseudonyms(claude, BotSettings(catalog=str(folder / "none.yaml")))

        def metered(store: Store) -> MeteredModel:
            ledger = Ledger(store.spending, Limits(caps=Caps()))
            return MeteredModel(told, ledger, AnthropicTariff(settings), SystemClock(), _unheard, is_stopped=is_stopped)

        try:
            async with office(folder, PEOPLE, model=metered, guards=guards) as here:
                yield Speaking(here=here, api=api)
        finally:
            await claude.close()


def log_line(text: str) -> Evidence:
    fact = LogFact(service="checkout", pattern=text, count=31, baseline=0, level="error", sample=text, first_seen=NOON)
    return Evidence(source="elasticsearch", text=f"31 new errors of checkout: {text}", fact=fact)


# --- names -----------------------------------------------------------------------------------------------------------


async def test_a_question_with_look_ups_is_answered_with_real_names_of_which_none_left(tmp_path: Path) -> None:
    def script(asked: Asked) -> Turn:
        if not asked.results:
            assert "host-1 (ip-1) refused, person-1 in account account-1" in str(asked.messages)
            calls = [Use("look_again", {"source": "elasticsearch"}), Use("evidence", {"words": "host-1"})]
            return CallTools(calls, thinking="host-1 is at ip-1")
        assert "host-2 refused" in str(asked.results[0]["content"])
        assert "host-1 (ip-1) refused" in str(asked.results[1]["content"]), "the look-up was given the real name"
        (cite,) = re.findall(r"(T\d+) \[[^\]]*\] 31 new errors", str(asked.results[0]["content"]))
        return Say(f"31 errors of checkout say that host-1 (ip-1) refused [E5]. Then host-2 refused host-1 [{cite}].")

    source = FakeSource("elasticsearch", Answer(evidence=(log_line(f"{SECOND} refused {HOST}"),), checked="logs"))
    async with wired(tmp_path, script, guards=(Guard(source, deadline=60.0),)) as s:
        incident = await s.here.incident(title="Checkout fails", service="checkout")
        line = log_line(f"{HOST} ({ADDRESS}) refused, {MAIL} in account {ACCOUNT}")
        found = [*findings(incident), Finding(source="logs", outcome=Outcome.FOUND, seconds=0.1, evidence=(line,))]
        await s.here.store.briefings.save_findings(incident.id, number(found))
        message = s.answer(incident, await s.ask(incident, f"why does {HOST} refuse {MAIL}?"))
        shown = body(message)
        assert f"{HOST} ({ADDRESS}) refused [E5]. Then {SECOND} refused {HOST} [T" in shown
        assert "⚠" not in shown, "what is checked is the answer with the real names"
        assert HOST in whole(message)
        assert len(s.api.requests) == 2
        for asked in s.api.requests:
            for name in REAL:
                assert name.encode() not in asked.raw, f"{name} left for the model"


# --- stopped ---------------------------------------------------------------------------------------------------------


async def test_people_who_stop_the_model_stop_it_between_two_turns(tmp_path: Path) -> None:
    why = "The model is stopped since 12:00 UTC by U1: too chatty."
    said: list[ModelCall] = []

    async def is_stopped(call: ModelCall) -> str:
        said.append(call)
        return why if len(said) > 1 else ""

    script: list[Turn] = [CallTools([Use("timeline")]), Say("never said")]
    async with wired(tmp_path, script, is_stopped=is_stopped) as s:
        incident = await s.incident()
        ts = await s.ask(incident, "what happened?")
        told = "".join(whole(message) for message in s.answers(incident, ts))
        assert why in told
        assert "never said" not in told
        assert len(s.api.requests) == 1
        assert [call.task for call in said] == ["question", "question"]
        assert said[0].person


# --- deep ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("deep: why does checkout fail?", "why does checkout fail?"),
        ("Deep : causes", "causes"),
        ("--deep why?", "why?"),
        ("\u2014deep why?", "why?"),
        ("why is it slow? --deep", "why is it slow?"),
        ("why is it slow? \u2013deep ", "why is it slow?"),
    ],
)
def test_the_larger_model_is_asked_for_in_words(typed: str, asked: str) -> None:
    assert depth_of(typed) == (DEEP, asked)
    assert parse(typed).name == "ask"


@pytest.mark.parametrize(
    "typed", ["deep dive?", "how deep: is it?", "what does --deep do?", "deep:", "--deeper why?", ""]
)
def test_other_words_do_not_ask_for_it(typed: str) -> None:
    assert depth_of(typed) == (USUAL, typed)


async def test_a_deep_question_is_answered_by_the_deep_model_and_people_are_told(tmp_path: Path) -> None:
    said = "The error ratio of checkout rose from 1 % to 23 % [E1]."
    async with wired(tmp_path, [Say(said), Say(said)]) as s:
        incident = await s.incident()
        ts = await s.ask(incident, "deep: why does checkout fail?")
        first = s.answer(incident, ts)
        assert "Said by the deep model, claude-opus-5-5, as you asked." in whole(first)
        assert (s.api.last.model, s.api.last.said.splitlines()[-1]) == (
            "claude-opus-5-5",
            "A person asks: why does checkout fail?",
        )
        await s.say(incident, "why does checkout fail?", thread=ts)
        again = s.answers(incident, ts)[-1]
        assert s.api.last.model == "claude-sonnet-5-5", "the same words without it are another question"
        assert "deep model" not in whole(again)


async def test_the_slash_command_takes_it_too(tmp_path: Path) -> None:
    async with wired(tmp_path, [Say("I do not know.")]) as s:
        incident = await s.incident()
        await s.here.command("ask deep: why?", s.name(incident))
        assert s.api.last.model == "claude-opus-5-5"


async def test_help_tells_of_it(tmp_path: Path) -> None:
    async with wired(tmp_path, []) as s:
        assert "`deep:`" in await s.here.command("help")
