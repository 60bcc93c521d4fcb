"""An analysis is looked at twice where that can matter, paid for, stoppable, and says what was taken out."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.analysing import told_pseudonyms
from bot.domain.analysis import Cap
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.analysis.wire import SaidAnalysis
from bot.domain.briefing import Briefing
from bot.domain.catalog import Catalog
from bot.domain.compose import compose
from bot.domain.confidence import Confidence
from bot.domain.errors import ChatError
from bot.domain.incident import Card
from bot.domain.model import ModelTask
from bot.domain.spend import Caps, Limits, ModelCall, Notice
from bot.flows.analyse import Analyse, KeptOpinions, checked, ledger_of
from bot.flows.investigate import request_for
from bot.flows.metered import IsStopped, MeteredModel, never_stopped
from bot.settings import BotSettings
from bot.slack.blocks import opinion as shown
from integrations.anthropic import AnthropicSettings, Claude
from integrations.anthropic.tariff import AnthropicTariff
from memory.ledger import Ledger
from sandbox.anthropic import Asked, ClaudeApi, Error, Garbage, Json, Script, Turn
from sandbox.serve import serving
from tests.scene import Scene, scene
from tests.slack.speaking import SECRET, findings

KEY = hashlib.sha256(b"of the stand-in").hexdigest()
FAST = "claude-haiku-5-5"
CAUSE = {
    "statement": "checkout v2.31.0 brought NullPointerException",
    "service": "checkout",
    "kind": "deployment",
    "evidence_for": ["E2", "E3"],
    "evidence_against": [],
    "confidence": "high",
}
SAID: Mapping[str, Any] = {
    "summary": [{"text": "The error ratio of checkout rose from 1 % to 23 %.", "evidence": ["E1"]}],
    "hypotheses": [CAUSE],
    "ruled_out": [],
    "could_not_check": [],
    "next_steps": [],
    "severity": {"severity": "SEV1", "why": "The error ratio of checkout is 23 %.", "evidence": ["E1"]},
}
DOUBT = "The error ratio of checkout rose from 1 % to 23 %."


def looked(confidence: str, why: str = DOUBT, hypothesis: int = 1) -> Mapping[str, Any]:
    return {"opinions": [{"hypothesis": hypothesis, "confidence": confidence, "why": why, "evidence": ["E1"]}]}


def scripted(second: Turn, said: Mapping[str, Any] = SAID) -> Script:
    """The first answer, and what the second look answers."""
    return lambda asked: second if is_second(asked) else Json(said)


def is_second(asked: Asked) -> bool:
    return "You take a second look" in asked.system


async def _at_once(_: float) -> None:
    """Waits of retries."""


async def _unheard(call: ModelCall, notices: Sequence[Notice]) -> None: ...


@dataclass
class Notes:
    said: list[str] = field(default_factory=list)

    async def post(self, card: Card, text: str, *, key: str) -> None:
        self.said.append(text)


@dataclass(kw_only=True)
class Desk:
    stage: Scene
    api: ClaudeApi
    analyse: Analyse
    ledger: Ledger
    shows: list[str]
    restarted: Callable[[], Analyse]
    fail_shows: int = 0

    async def incident(self) -> str:
        incident_id = await self.stage.incident(title="Checkout fails")
        incident = await self.stage.get(incident_id)
        await self.stage.store.briefings.save_findings(incident_id, findings(incident))
        return incident_id

    async def analysed(self) -> str:
        incident_id = await self.incident()
        await self.analyse(incident_id)
        return incident_id

    async def opinion(self, incident_id: str) -> ModelOpinion | None:
        """As a card shows it that is written anew, after a restart too."""
        incident = await self.stage.get(incident_id)
        found = await self.stage.store.briefings.findings(incident_id)
        assert found is not None
        now = self.stage.clock.now()
        briefing = compose(request_for(incident, Catalog(), self.stage.clock), found, now)
        return await KeptOpinions(self.stage.store.answers, self.analyse).of(incident, briefing)

    async def card(self, incident_id: str) -> str:
        return "\n".join(
            str(block.get("text", {}).get("text") or block.get("elements", [{}])[0].get("text"))
            for block in shown.blocks(await self.opinion(incident_id))
        )


@asynccontextmanager
async def desk(
    folder: Path,
    script: Script,
    *,
    second: ModelTask | None = ModelTask.FAST,
    is_stopped: IsStopped = never_stopped,
    **limits: Any,
) -> AsyncIterator[Desk]:
    api = ClaudeApi(script)
    async with serving(api.app) as url, scene(folder) as stage:
        settings = AnthropicSettings(api_key=KEY, url=url)
        claude = Claude(settings, pause=_at_once)
        await asyncio.to_thread(claude.warm)
        ledger = Ledger(stage.store.spending, Limits(**({"caps": Caps()} | limits)))
        told = told_pseudonyms(claude, BotSettings(catalog=str(folder / "none.yaml")))
        model = MeteredModel(
            told, ledger, AnthropicTariff(settings), stage.clock, _unheard,
            is_stopped=is_stopped, second_opinion=second,
        )  # fmt: skip
        shows: list[str] = []

        async def show(incident_id: str) -> Briefing:
            if made.fail_shows:
                made.fail_shows -= 1
                raise ChatError("unreachable", is_final=False)
            shows.append(incident_id)
            incident, found = await stage.get(incident_id), await stage.store.briefings.findings(incident_id)
            return compose(request_for(incident, Catalog(), stage.clock), found or (), stage.clock.now())

        def started() -> Analyse:
            return Analyse(
                incidents=stage.store.incidents, briefings=stage.store.briefings, answers=stage.store.answers,
                model=model, notes=Notes(), show=show, catalog=Catalog(), clock=stage.clock,
            )  # fmt: skip

        made = Desk(stage=stage, api=api, analyse=started(), ledger=ledger, shows=shows, restarted=started)
        try:
            yield made
        finally:
            await made.analyse.close()
            await claude.close()


async def test_what_slack_did_not_take_is_shown_the_next_time_without_another_question(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("high")))) as d:
        incident_id = await d.incident()
        d.fail_shows = 1
        with pytest.raises(ChatError):
            await d.analyse(incident_id)
        asked = len(d.api.requests)
        assert d.shows == []
        await d.analyse(incident_id)
        await d.analyse(incident_id)
        assert (d.shows, len(d.api.requests)) == ([incident_id], asked)


async def test_after_a_restart_a_kept_analysis_is_shown_once(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("high")))) as d:
        incident_id = await d.analysed()
        asked = len(d.api.requests)
        d.analyse = d.restarted()
        for _ in range(2):
            await d.analyse(incident_id)
        assert (d.shows, len(d.api.requests)) == ([incident_id] * 2, asked)


# --- a second look ---------------------------------------------------------------------------------------------------


async def test_a_second_look_sees_evidence_and_claims_lowers_the_band_and_says_why(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("medium")))) as d:
        incident_id = await d.analysed()
        first, second = d.api.requests
        assert second.model == FAST
        evidence = r"BEGIN UNTRUSTED EVIDENCE.*END UNTRUSTED EVIDENCE"
        (given,), (again,) = (re.findall(evidence, one.said, re.DOTALL) for one in (first, second))
        assert given == again
        claims = second.said[second.said.index("The evidence ends here.") :]
        assert "1. checkout v2.31.0 brought NullPointerException (kind: deployment; service: checkout; conf" in claims
        assert "confidence: high; for it: E2, E3; against it: nothing" in claims
        opinion = await d.opinion(incident_id)
        assert opinion is not None
        assert opinion.analysis is not None
        (cause,) = opinion.analysis.hypotheses
        assert (cause.stated, cause.confidence) == (Confidence.HIGH, Confidence.MEDIUM)
        assert Cap.SECOND_OPINION in cause.caps
        card = await d.card(incident_id)
        assert "brought NullPointerException [E2] [E3] (medium confidence)" in card
        assert f":mag: A second look is less sure of it: {DOUBT} [E1]" in card
        assert d.shows == [incident_id], "the card is written once for both"


async def test_its_cost_is_told_by_itself(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("medium")))) as d:
        incident_id = await d.analysed()
        report = await d.ledger.cost_of_incident(incident_id, at=d.stage.clock.now())
        assert {line.task: line.calls for line in report.by_task} == {"analysis": 1, "second_opinion": 1}
        (kept,) = await d.stage.store.answers.all(incident_id)
        assert kept.charge.micro_dollars == pytest.approx(report.micro_dollars, abs=2)
        assert report.held == 0


async def test_a_reason_that_its_evidence_does_not_show_is_marked(tmp_path: Path) -> None:
    wrong = "The error ratio of checkout fell to 5 %."
    async with desk(tmp_path, scripted(Json(looked("low", wrong)))) as d:
        card = await d.card(await d.analysed())
        assert "(low confidence)" in card
        assert f"less sure of it: {wrong} [E1] :warning: _not shown by its evidence_" in card


@pytest.mark.parametrize("confidence", ["high", "medium"])
async def test_a_second_look_raises_nothing_and_the_card_does_not_speak_of_one_that_agrees(
    tmp_path: Path, confidence: str
) -> None:
    other = CAUSE | {"statement": "checkout brought NullPointerException", "confidence": "low"}
    said = {**SAID, "hypotheses": [CAUSE, other]}
    async with desk(tmp_path, scripted(Json(looked(confidence, "", hypothesis=2)), said)) as d:
        incident_id = await d.analysed()
        opinion = await d.opinion(incident_id)
        assert opinion is not None
        assert opinion.analysis is not None
        assert [one.confidence for one in opinion.analysis.hypotheses] == [Confidence.HIGH, Confidence.LOW]
        assert "second look" not in await d.card(incident_id)


@pytest.mark.parametrize("confidence", ["medium", "low"])
async def test_where_nothing_is_of_high_confidence_nobody_looks_again(tmp_path: Path, confidence: str) -> None:
    said = {**SAID, "hypotheses": [CAUSE | {"confidence": confidence}]}
    async with desk(tmp_path, scripted(Json(looked("low")), said)) as d:
        assert f"({confidence} confidence)" in await d.card(await d.analysed())
        assert len(d.api.requests) == 1


@pytest.mark.parametrize(
    "turn", [Error(529), Garbage(), Json({"opinions": "all fine"})], ids=["529", "garbage", "form"]
)
async def test_a_second_look_that_fails_leaves_the_analysis_as_it_is(tmp_path: Path, turn: Turn) -> None:
    async with desk(tmp_path, scripted(turn)) as d:
        incident_id = await d.analysed()
        card = await d.card(incident_id)
        assert "(high confidence)" in card
        assert "missing" not in card
        assert d.analyse.troubles == {}


async def test_it_can_be_turned_off_or_left_to_the_main_model(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("low"))), second=None) as d:
        assert "(high confidence)" in await d.card(await d.analysed())
        assert len(d.api.requests) == 1
    (tmp_path / "main").mkdir()
    async with desk(tmp_path / "main", scripted(Json(looked("low"))), second=ModelTask.MAIN) as d:
        await d.analysed()
        assert [one.model for one in d.api.requests] == ["claude-sonnet-5-5"] * 2


async def test_it_waits_for_nothing_where_the_rate_leaves_no_room(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("low"))), requests_per_minute=0.5) as d:
        async with asyncio.timeout(60):  # two minutes and more, if it waited
            incident_id = await d.analysed()
        assert "(high confidence)" in await d.card(incident_id)
        assert len(d.api.requests) == 1


async def test_an_answer_kept_before_there_were_second_looks_is_still_shown(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("low"))), second=None) as d:
        incident_id = await d.analysed()
        (kept,) = await d.stage.store.answers.all(incident_id)
        incident, found = await d.stage.get(incident_id), await d.stage.store.briefings.findings(incident_id)
        briefing = compose(request_for(incident, Catalog(), d.stage.clock), found or (), d.stage.clock.now())
        old = replace(kept, body=SaidAnalysis.model_validate(SAID).model_dump_json())
        assert checked(old, ledger_of(incident, briefing)) == checked(kept, ledger_of(incident, briefing))


# --- stopped by people -----------------------------------------------------------------------------------------------


async def test_where_people_stopped_the_model_nothing_is_asked_and_the_card_says_who(tmp_path: Path) -> None:
    why = "The model is stopped since 12:00 UTC by U1: too chatty."
    asked: list[ModelCall] = []

    async def is_stopped(call: ModelCall) -> str:
        asked.append(call)
        return why

    async with desk(tmp_path, scripted(Json(looked("low"))), is_stopped=is_stopped) as d:
        incident_id = await d.analysed()
        assert why in await d.card(incident_id)
        assert d.api.requests == []
        (call,) = asked
        assert (call.task, call.incident_id, call.service) == ("analysis", incident_id, "checkout")
        report = await d.ledger.cost_of_incident(incident_id, at=d.stage.clock.now())
        assert (report.calls, report.held) == (0, 0)


async def test_it_is_asked_before_the_second_look_too(tmp_path: Path) -> None:
    async def is_stopped(call: ModelCall) -> str:
        return "The model is stopped." if call.task == "second_opinion" else ""

    async with desk(tmp_path, scripted(Json(looked("low"))), is_stopped=is_stopped) as d:
        card = await d.card(await d.analysed())
        assert "(high confidence)" in card
        assert "missing" not in card
        assert len(d.api.requests) == 1


# --- what was taken out ----------------------------------------------------------------------------------------------


async def test_the_card_says_in_how_many_places_secrets_were_taken_out(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted(Json(looked("high", "")))) as d:
        incident_id = await d.analysed()
        assert all(SECRET.encode() not in one.raw for one in d.api.requests)
        opinion = await d.opinion(incident_id)
        assert opinion is not None
        assert opinion.redactions == 1, "the sentence and the sample are of one line"
        assert ":lock: Secrets were taken out of the evidence in one place before the model saw it." in await d.card(
            incident_id
        )


def test_where_none_was_taken_out_nothing_is_said() -> None:
    assert "lock" not in str(shown.blocks(ModelOpinion(trouble="It is down.")))
