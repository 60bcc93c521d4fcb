"""Answer a question of people: the model looks up what it needs, its words stream, each sentence is checked.

question -> evidence, record, what was said before -> [ model -> look-ups ] ... -> words, marked -> sources, kept
                                                         |
                   no model, no money, no answer -> what was said stays; quotes of what is known follow
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.answers import Answer as QuotedAnswer
from bot.domain.conversation import Exchange, digest_of, turns_of
from bot.domain.discretion import Discretion
from bot.domain.errors import NotStored
from bot.domain.evidence_ledger import EvidenceLedger
from bot.domain.loop_guard import LoopGuard, LoopVerdict
from bot.domain.marked_text import Marking
from bot.domain.model import (
    Ended,
    Instructions,
    ModelError,
    ModelRequest,
    OperatorNote,
    StopReason,
    TextPart,
)
from bot.domain.ports import Briefings, Clock
from bot.domain.ports.reply import Reply, Source, Stopped
from bot.domain.redact import redact
from bot.domain.spend import ModelCall
from bot.flows.depth import DEEP, Depth, depth_of
from bot.flows.kept_talk import Details, Ending, KeptTalk, Question, details_of
from bot.flows.metered import MeteredModel, NotAllowed
from bot.flows.quote import Quoting
from bot.flows.talk import Talk, ledger_of
from bot.flows.tools import ReadOnlyTool, Scene, Toolbox
from memory.store.answers import Asked, KeptAnswer
from prompts import Rendered, render

log = logging.getLogger(__name__)

TASK = "question"
PROMPT = "answer.v1"
REUSE_FOR = timedelta(minutes=10)
ANSWER_NOW = "No more look-ups are possible. Answer now with what you have, and say what you could not look up."
EMPTY = "The model gave no answer."
TOO_LONG = "The answer took too long."
STOPPED = "Stopped."


@dataclass(frozen=True, kw_only=True)
class Answered:
    """`message`: the id of the message that holds it."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """What is known, in quotes, to be posted by the caller. `why`: why no model says it; empty where there is none.

    `was_begun`: a model had begun to answer; what it said stands, marked as broken off.
    """

    answer: QuotedAnswer
    why: str = ""
    was_begun: bool = False
    answer_id: str = ""


class _BrokenOff(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Answering:
    def __init__(
        self,
        *,
        model: MeteredModel | None,
        tools: Sequence[ReadOnlyTool],
        briefings: Briefings,
        kept: KeptTalk,
        quoting: Quoting,
        clock: Clock,
        command: str,
    ) -> None:
        """`command`: the slash command, named where a runbook is proposed. Without a `model` all answers are quotes."""
        self._model = model
        self._tools = tuple(tools)
        self._briefings = briefings
        self._kept = kept
        self._quoting = quoting
        self._clock = clock
        self._command = command

    @property
    def has_model(self) -> bool:
        return self._model is not None

    async def __call__(self, question: Question, reply: Reply, halt: asyncio.Event) -> Answered | Quoted:
        """`halt`: people stop it. Raises ChatError, NotStored."""
        depth, asked = depth_of(question.text)
        question = replace(question, text=redact(asked))
        if self._model is None:
            return await self.quoted(question)
        before = await self._kept.of_thread(question.thread)
        mine = next((one for one in before if one.key == question.key), None)
        if mine is not None and mine.ending is Ending.ANSWERED:
            return await self._again(mine.answer, reply)  # a crash came between keeping and posting it
        earlier = [one.exchange for one in before if one is not mine]
        talk = await self._begin(question, earlier, self._model, depth)
        same = await self._kept.again(talk.asked, at=talk.began, max_age=REUSE_FOR)
        if same is not None:
            await self._model.again(self._call(question, talk.asked.model))
            copy = await self._kept.copy(same, question, at=talk.began)
            return await self._again(copy, reply)
        return await self._answered(talk, self._model, reply, halt)

    async def quoted(self, question: Question, why: str = "", *, was_begun: bool = False) -> Quoted:
        """Raises NotStored."""
        said = await self._quoting(question.text, question.incident, question.names)
        answer_id = await self._kept.save_quoted(question, said, at=self._clock.now())
        return Quoted(answer=said, why=why, was_begun=was_begun, answer_id=answer_id)

    # --- before it ---------------------------------------------------------------------------------------------------

    async def _begin(self, question: Question, earlier: Sequence[Exchange], model: MeteredModel, depth: Depth) -> Talk:
        now, prompt = self._clock.now(), render(PROMPT)
        findings = tuple(await self._briefings.findings(question.incident.id) or ()) if question.incident else ()
        ledger = ledger_of(question.incident, findings)
        scene = Scene(incident=question.incident, ledger=ledger, findings=findings, names=question.names)
        return Talk(
            question=question,
            asked=self._asked(question, prompt, ledger, earlier, model.name_for(depth.task)),
            depth=depth,
            instructions=Instructions(text=prompt.text, prompt=prompt.template, digest=prompt.hash),
            findings=findings,
            toolbox=Toolbox(self._tools, scene),
            marking=Marking(ledger),
            turns=turns_of(question.incident, ledger, earlier, question.text, now),
            began=now,
        )

    def _asked(
        self,
        question: Question,
        prompt: Rendered,
        ledger: EvidenceLedger,
        earlier: Sequence[Exchange],
        model: str,
    ) -> Asked:
        return Asked(
            prompt_hash=prompt.hash,
            evidence_digest=digest_of(ledger, earlier),
            model=model,
            question=question.text,
            incident_id=question.incident.id if question.incident else None,
        )

    def _call(self, question: Question, model: str) -> ModelCall:
        incident = question.incident
        return ModelCall(
            task=TASK,
            model=model,
            incident_id=incident.id if incident else None,
            service=incident.service if incident else None,
            person=question.person,
            severity=incident.severity if incident else None,
        )

    # --- the conversation --------------------------------------------------------------------------------------------

    async def _answered(self, talk: Talk, model: MeteredModel, reply: Reply, halt: asyncio.Event) -> Answered | Quoted:
        try:
            await _unless_halted(self._converse(talk, model, reply), halt)
        except Stopped:
            talk.notice = STOPPED
        except _BrokenOff as broken:
            return await self._broken_off(talk, broken.why, reply)
        return await self._finish(talk, reply)

    async def _converse(self, talk: Talk, model: MeteredModel, reply: Reply) -> None:
        """Raises _BrokenOff, Stopped."""
        try:
            async with asyncio.timeout(talk.depth.wall_clock):
                await self._loop(talk, model, reply)
        except ModelError as error:
            log.warning("a question is not answered by the model: %s", error)
            talk.spent += error.spent
            raise _BrokenOff(error.sentence) from error
        except NotAllowed as error:
            raise _BrokenOff(str(error)) from error
        except TimeoutError:
            raise _BrokenOff(TOO_LONG) from None

    async def _loop(self, talk: Talk, model: MeteredModel, reply: Reply) -> None:
        guard, may_call = LoopGuard(limits=talk.depth.look_ups), True
        if talk.depth is DEEP:
            await reply.doing(f"is thinking with the deep model, {talk.asked.model}: this may take minutes")
        while True:
            ended = await self._turn(talk, model, reply, may_call=may_call)
            if ended.stop is not StopReason.TOOLS or not ended.turn.calls or not may_call:
                break
            calls = ended.turn.calls
            decision = guard.decide(calls, (self._clock.now() - talk.began).total_seconds())
            if decision.verdict.runs_calls:
                await reply.doing(talk.toolbox.doing(calls))
            results = await talk.toolbox.run(calls, decision)
            guard = guard.after(decision)
            may_call = decision.verdict is LoopVerdict.GO_ON
            note = () if may_call else (OperatorNote(text=ANSWER_NOW),)
            talk.turns = (*talk.turns, ended.turn, results, *note)
            talk.marking.ledger = talk.toolbox.ledger
        if ended.stop is StopReason.REFUSED or not talk.text:
            raise _BrokenOff(ended.notice or EMPTY)
        talk.notice = ended.notice
        talk.is_whole = ended.stop is StopReason.END and not ended.notice

    async def _turn(self, talk: Talk, model: MeteredModel, reply: Reply, *, may_call: bool) -> Ended:
        request = ModelRequest(
            task=talk.depth.task,
            instructions=talk.instructions,
            turns=talk.turns,
            tools=talk.toolbox.tools,
            may_call=may_call,
            max_tokens=talk.depth.max_tokens,
            deadline=talk.depth.deadline,
        )
        ended: Ended | None = None
        discretion = Discretion(talk.instructions.text)
        gap = "\n\n" if talk.said else ""  # between what was said before a look-up and after it
        async with aclosing(model.stream(request, self._call(talk.question, talk.asked.model))) as events:
            async for event in events:
                match event:
                    case TextPart() if event.text:
                        await talk.write(reply, talk.marking.feed(gap + discretion.feed(event.text)))
                        gap = ""
                    case Ended():
                        ended = event
        await talk.write(reply, talk.marking.feed(discretion.finish()) + talk.marking.finish())
        assert ended is not None, "a stream ends with its last event, or raises"
        talk.spent += ended.spent
        return ended

    # --- after it ----------------------------------------------------------------------------------------------------

    async def _broken_off(self, talk: Talk, why: str, reply: Reply) -> Quoted:
        if not talk.text:
            return await self.quoted(talk.question, why)
        await talk.write(reply, talk.marking.finish(), heed=False)
        talk.notice = f"Broken off: {why}"
        notice, sources = talk.notices(), talk.sources()
        await self._save(talk, Ending.BROKEN_OFF, notice, sources)
        await reply.finish(notice=notice, sources=sources)
        return await self.quoted(talk.question, why, was_begun=True)

    async def _finish(self, talk: Talk, reply: Reply) -> Answered:
        await talk.write(reply, talk.marking.finish(), heed=False)
        notice, sources = talk.notices(self._command), talk.sources()
        answer_id = await self._save(talk, Ending.ANSWERED, notice, sources)
        return Answered(message=await reply.finish(notice=notice, sources=sources, answer_id=answer_id))

    async def _save(self, talk: Talk, ending: Ending, notice: str, sources: Sequence[Source]) -> str:
        """Its id; empty where it could not be kept: an answer that people read is not said again for that."""
        try:
            return await self._kept.save(
                talk.question,
                talk.asked,
                text=talk.text,
                details=Details(key=talk.question.key, ending=ending, notice=notice, sources=tuple(sources)),
                prompt=talk.instructions.prompt,
                at=self._clock.now(),
                charge=talk.charge,
                is_reusable=talk.is_whole and not talk.toolbox.has_changing,
            )
        except NotStored as error:
            log.warning("an answer could not be kept: %s", error)
            return ""

    async def _again(self, kept: KeptAnswer, reply: Reply) -> Answered:
        details = details_of(kept)
        await reply.write(kept.text)
        message = await reply.finish(notice=details.notice, sources=details.sources, answer_id=kept.id)
        return Answered(message=message)


async def _unless_halted(work: Coroutine[object, object, None], halt: asyncio.Event) -> None:
    """Raises Stopped as soon as people say so, whatever it waits for."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(halt.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Stopped(STOPPED)
        working.result()
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
