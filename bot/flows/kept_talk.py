"""Questions with their answers, kept by the thread they were asked in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.answers import Answer
from bot.domain.conversation import Exchange
from bot.domain.incident import Incident
from bot.domain.ports.reply import Source
from bot.domain.spend import Charge
from memory.store.answers import AnswerKind, Answers, Asked, KeptAnswer

QUOTED = "quoted"  # in the place of a prompt's name: no model said it
NEWEST = 30  # questions of a thread that are read: more than a conversation has


@dataclass(frozen=True, kw_only=True)
class Question:
    """`key` is the same when it is asked again after a crash."""

    key: str
    text: str
    person: str  # Slack user id
    thread: str  # where it was asked, unique over all channels
    incident: Incident | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # what people are called, by user id


class Ending(StrEnum):
    ANSWERED = "answered"
    BROKEN_OFF = "broken off"
    QUOTED = "quoted"


@dataclass(frozen=True, kw_only=True)
class Details:
    """What belongs to an answer besides its words."""

    key: str = ""  # of its question
    ending: Ending = Ending.ANSWERED
    notice: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Talked:
    key: str
    ending: Ending
    exchange: Exchange
    answer: KeptAnswer


class KeptTalk:
    """All of it raises NotStored."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def of_thread(self, thread: str) -> Sequence[Talked]:
        """Oldest first; of a question the last word."""
        found: dict[str, Talked] = {}
        for kept in await self._answers.in_thread(thread, newest=NEWEST):
            details = details_of(kept)
            key = details.key or kept.id
            found.pop(key, None)
            exchange = Exchange(question=kept.asked.question, answer=kept.text)
            found[key] = Talked(key=key, ending=details.ending, exchange=exchange, answer=kept)
        return tuple(found.values())

    async def is_conversation(self, thread: str) -> bool:
        """A question was answered there."""
        return bool(await self._answers.in_thread(thread, newest=1))

    async def ending_of(self, question_key: str, thread: str) -> Ending | None:
        """None where nothing was kept of it."""
        return next((one.ending for one in await self.of_thread(thread) if one.key == question_key), None)

    async def again(self, asked: Asked, *, at: datetime, max_age: timedelta) -> KeptAnswer | None:
        return await self._answers.again(asked, at=at, max_age=max_age)

    async def save(
        self,
        question: Question,
        asked: Asked,
        *,
        text: str,
        details: Details,
        prompt: str,
        at: datetime,
        charge: Charge,
        is_reusable: bool,
    ) -> str:
        """Its id."""
        kept = KeptAnswer(
            kind=AnswerKind.ANSWER,
            asked=asked,
            text=text,
            body=_body(details),
            prompt=prompt,
            made_at=at,
            charge=charge,
            asked_by=question.person,
            thread=question.thread,
            is_reusable=is_reusable,
        )
        return (await self._answers.save(kept)).id

    async def copy(self, kept: KeptAnswer, question: Question, *, at: datetime) -> KeptAnswer:
        """The same answer to the same question, asked once more: it cost nothing, and does not get younger by it."""
        body = _body(replace(details_of(kept), key=question.key))
        mine = replace(kept, body=body, made_at=at, charge=Charge(micro_dollars=0), is_reusable=False)
        return await self._answers.save(replace(mine, asked_by=question.person, thread=question.thread))

    async def save_quoted(self, question: Question, said: Answer, *, at: datetime) -> str:
        """Its id; that of the first time where a crash made it be asked again."""
        for before in await self.of_thread(question.thread):
            if before.key == question.key and before.ending is Ending.QUOTED:
                return before.answer.id
        incident_id = question.incident.id if question.incident else None
        asked = Asked(prompt_hash="", evidence_digest="", model="", question=question.text, incident_id=incident_id)
        return await self.save(
            question,
            asked,
            text=quoted_words(said),
            details=Details(key=question.key, ending=Ending.QUOTED),
            prompt=QUOTED,
            at=at,
            charge=Charge(micro_dollars=0),
            is_reusable=False,
        )


def details_of(kept: KeptAnswer) -> Details:
    """Nothing where it was kept by another version, or for something else."""
    try:
        body = json.loads(kept.body or "{}")
        sources = [Source(mark=one["mark"], title=one["title"], link=one["link"]) for one in body.get("sources", ())]
        return Details(
            key=body.get("key", ""),
            ending=Ending(body.get("ending", Ending.ANSWERED)),
            notice=body.get("notice", ""),
            sources=tuple(sources),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Details()


def quoted_words(said: Answer) -> str:
    lines = [
        f"{part.heading}: {'; '.join(quote.text for quote in part.quotes) if part.quotes else part.nothing}"
        for part in said.parts
    ]
    return "\n".join(lines) if not (said.is_guess and said.is_empty) else "Not known."


def _body(details: Details) -> str:
    sources = [{"mark": one.mark, "title": one.title, "link": one.link} for one in details.sources]
    kept = {"key": details.key, "ending": details.ending.value, "notice": details.notice, "sources": sources}
    return json.dumps(kept, ensure_ascii=False)
