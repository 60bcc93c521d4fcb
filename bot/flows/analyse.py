"""Ask the model what the evidence says, check what it answers, show it on the card."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.analysis import (
    Belief,
    CheckedAnalysis,
    belief_of_model,
    belief_of_rules,
    changed,
    check,
    disagreement,
    opinions_of,
    second_opinion,
)
from bot.domain.analysis.opinion import ModelOpinion
from bot.domain.briefing import Briefing
from bot.domain.catalog import Catalog
from bot.domain.causes.words import clock as told_time
from bot.domain.coalesce import Coalescer, Turn
from bot.domain.compose import compose
from bot.domain.errors import ChatError, NotStored
from bot.domain.evidence_ledger import EvidenceLedger, evidence_ledger, redactions
from bot.domain.incident import Incident
from bot.domain.model import NOTHING_SPENT, Instructions, ModelError, ModelRequest, ModelTask, UserTurn
from bot.domain.ports import Briefings, Clock, Incidents
from bot.domain.ports.opinion import ThreadNotes
from bot.domain.spend import Charge, ModelCall
from bot.flows.investigate import request_for
from bot.flows.metered import MeteredModel, NotAllowed
from bot.flows.place import existing
from bot.flows.second_look import second_look
from memory.store.answers import AnswerKind, Answers, Asked, KeptAnswer
from prompts import Rendered, render

if TYPE_CHECKING:
    from bot.domain.analysis.wire import KeptAnalysis

log = logging.getLogger(__name__)

TASK = "analysis"
PROMPT, FRAME = "analysis.v1", "untrusted.v1"
ASK = "Give your analysis of this incident in the form."

Show = Callable[[str], Awaitable[Briefing]]


def ledger_of(incident: Incident, briefing: Briefing) -> EvidenceLedger:
    alerts = tuple(grouped.alert for grouped in incident.alerts)
    return evidence_ledger(briefing.findings, alerts=alerts)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One request about one state of an incident."""

    incident: Incident
    briefing: Briefing
    ledger: EvidenceLedger

    def request(self, prompt: Rendered, now: datetime, *, ask: str = ASK) -> ModelRequest:
        """`prompt`: the instructions; they hold nothing of the incident. `ask`: what is said after the evidence."""
        said = render(
            FRAME,
            incident=self.incident.id,
            service=self.incident.service,
            severity=self.incident.severity.value,
            onset=told_time(self.incident.started_at),
            now=told_time(now),
            evidence=self.ledger.text,
            task=ask,
        )
        instructions = Instructions(text=prompt.text, prompt=prompt.template, digest=prompt.hash)
        return ModelRequest(task=ModelTask.MAIN, instructions=instructions, turns=(UserTurn(text=said.text),))

    def call(self, model: str) -> ModelCall:
        return ModelCall(
            task=TASK,
            model=model,
            incident_id=self.incident.id,
            service=self.incident.service,
            severity=self.incident.severity,
        )


class Analyse:
    """Never raises for what a model does: an incident goes on without it, and its card says what is missing."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        briefings: Briefings,
        answers: Answers,
        model: MeteredModel | None,
        notes: ThreadNotes,
        show: Show,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        """`show` writes the card anew, the model's opinion on it. Without a `model` nothing is ever done."""
        self._incidents = incidents
        self._briefings = briefings
        self._answers = answers
        self._model = model
        self._notes = notes
        self._show = show
        self._catalog = catalog
        self._clock = clock
        self._paces: dict[str, Coalescer] = {}
        self._later: dict[str, asyncio.Task[None]] = {}
        self._owed: dict[str, Callable[[], Awaitable[None]]] = {}  # by incident: what is made, and not yet shown
        self.troubles: dict[str, str] = {}  # by incident: why its last analysis failed

    async def __call__(self, incident_id: str) -> None:
        """Analyses now, later or not at all, as the pace allows. Raises NotStored, ChatError."""
        asking = await self._asking(incident_id) if self._model else None
        if self._model is None or asking is None:
            return
        pace = self._paces.get(incident_id) or await self._resumed(incident_id)
        pace, turn = pace.news(asking.ledger.digest, self._clock.now())
        self._paces[incident_id] = pace
        if turn is Turn.START:
            await self._run(asking, self._model)
            return
        await self._show_owed(incident_id)
        if turn is Turn.WAIT:
            self._wait(incident_id)

    async def close(self) -> None:
        for task in self._later.values():
            task.cancel()
        await asyncio.gather(*self._later.values(), return_exceptions=True)

    async def _resumed(self, incident_id: str) -> Coalescer:
        kept = [one for one in await self._answers.all(incident_id) if one.kind is AnswerKind.ANALYSIS]
        if kept:  # whether the card showed it before the restart is not known
            self._owed[incident_id] = lambda: self._shown(incident_id)
        return Coalescer.resumed([(one.made_at, one.asked.evidence_digest) for one in kept])

    async def _shown(self, incident_id: str) -> None:
        await self._show(incident_id)

    async def _show_owed(self, incident_id: str) -> None:
        """Also what Slack did not take the last time. Raises ChatError: then it is still owed."""
        owed = self._owed.get(incident_id)
        if owed is not None:
            await owed()
            if self._owed.get(incident_id) is owed:
                del self._owed[incident_id]

    async def _asking(self, incident_id: str) -> Asking | None:
        """None before the sources have answered."""
        incident = await existing(self._incidents, incident_id)
        findings = await self._briefings.findings(incident_id)
        if findings is None:
            return None
        briefing = compose(request_for(incident, self._catalog, self._clock), findings, self._clock.now())
        return Asking(incident=incident, briefing=briefing, ledger=ledger_of(incident, briefing))

    def _wait(self, incident_id: str) -> None:
        async def later() -> None:
            at = self._paces[incident_id].next_at(self._clock.now())
            if at is not None:
                await asyncio.sleep(max(0.0, (at - self._clock.now()).total_seconds()))
            del self._later[incident_id]
            try:
                await self(incident_id)
            except (NotStored, ChatError) as error:
                log.warning("%s could not be analysed again: %s", incident_id, error)

        if incident_id not in self._later:
            self._later[incident_id] = asyncio.create_task(later())

    async def _run(self, asking: Asking, model: MeteredModel) -> None:
        incident_id = asking.incident.id
        before = await self._belief(asking)
        self._paces[incident_id] = self._paces[incident_id].started(self._clock.now())
        analysis: CheckedAnalysis | None = None
        try:
            analysis = _checked(await self._said(asking, model), asking.ledger)
            self.troubles.pop(incident_id, None)
        except (ModelError, NotAllowed) as error:
            log.warning("%s is not analysed: %s", incident_id, error)
            self.troubles[incident_id] = str(error)
        finally:
            self._paces[incident_id] = self._paces[incident_id].ended(succeeded=analysis is not None)

        async def show_and_tell(analysis: CheckedAnalysis | None = analysis) -> None:
            await self._show(incident_id)
            if analysis is not None:
                await self._tell(asking, before, analysis)

        self._owed[incident_id] = show_and_tell
        await self._show_owed(incident_id)

    async def _said(self, asking: Asking, model: MeteredModel) -> KeptAnalysis:
        """With what a second look says of it, where there is one."""
        from bot.domain.analysis.wire import KeptAnalysis, SaidAnalysis

        now, prompt, name = self._clock.now(), render(PROMPT), model.name_for(ModelTask.MAIN)
        asked = Asked(
            prompt_hash=prompt.hash,
            evidence_digest=asking.ledger.digest,
            model=name,
            incident_id=asking.incident.id,
        )
        parsed = await model.parse(asking.request(prompt, now), SaidAnalysis, asking.call(name))
        second = await second_look(asking, check(parsed.value, asking.ledger, instructions=prompt.text), model)
        said = KeptAnalysis(**dict(parsed.value), second=second.value.opinions if second else [])
        spent = parsed.spent + (second.spent if second else NOTHING_SPENT)
        await self._answers.save(
            KeptAnswer(
                kind=AnswerKind.ANALYSIS,
                asked=asked,
                text=_told(said),
                body=said.model_dump_json(),
                prompt=prompt.template,
                made_at=self._clock.now(),
                charge=Charge(micro_dollars=-(-spent.nano_dollars // 1000)),
            )
        )
        return said

    async def _belief(self, asking: Asking) -> Belief:
        """What people were told last: by the model, else by the rules."""
        kept = await self._answers.latest(asking.incident.id)
        last = checked(kept, asking.ledger) if kept else None
        if last is not None:
            return belief_of_model(last, asking.ledger)
        return belief_of_rules(asking.briefing.hypotheses, asking.ledger)

    async def _tell(self, asking: Asking, before: Belief, analysis: CheckedAnalysis) -> None:
        news = changed(before, belief_of_model(analysis, asking.ledger))
        if not news or asking.incident.card is None:
            return
        text = note_text(analysis, [change.value for change in news])
        await self._notes.post(asking.incident.card, text, key=f"belief:{asking.incident.id}:{asking.ledger.digest}")


class KeptOpinions:
    """The `Opinions` port: what was kept, checked again against the evidence as it is."""

    def __init__(self, answers: Answers, analyse: Analyse | None = None) -> None:
        self._answers = answers
        self.analyse = analyse

    async def of(self, incident: Incident, briefing: Briefing) -> ModelOpinion | None:
        kept = await self._answers.latest(incident.id)
        trouble = self.analyse.troubles.get(incident.id, "") if self.analyse else ""
        ledger = ledger_of(incident, briefing)
        analysis = checked(kept, ledger) if kept else None
        if analysis is None or kept is None:
            return ModelOpinion(trouble=trouble) if trouble else None
        return ModelOpinion(
            analysis=analysis,
            disagreement=disagreement(briefing.hypotheses, analysis),
            model=kept.asked.model,
            trouble=trouble,
            redactions=redactions(ledger),
        )


def checked(kept: KeptAnswer, ledger: EvidenceLedger) -> CheckedAnalysis | None:
    """None where it was kept in a form of another version."""
    from pydantic import ValidationError

    from bot.domain.analysis.wire import KeptAnalysis

    try:
        return _checked(KeptAnalysis.model_validate_json(kept.body), ledger)
    except ValidationError:
        return None


def _checked(said: KeptAnalysis, ledger: EvidenceLedger) -> CheckedAnalysis:
    return second_opinion(check(said, ledger, instructions=render(PROMPT).text), opinions_of(said.second, ledger))


def note_text(analysis: CheckedAnalysis, news: Sequence[str]) -> str:
    top = analysis.top
    if top is None:
        return "The model no longer sees a cause that the evidence shows."
    cites = " ".join(f"[{cite}]" for cite in top.claim.evidence)
    what = {"cause": "likeliest cause", "band": "confidence", "gap": "what could be looked at"}
    about = " and ".join(what[name] for name in news)
    return f"Changed: {about}. Likeliest by the model: {top.claim.text} ({top.confidence} confidence) {cites}".rstrip()


def _told(said: KeptAnalysis) -> str:
    return " ".join(claim.text for claim in said.summary)
