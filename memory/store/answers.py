"""What the model said: analyses and answers, kept with all that they rest on; the same question costs nothing again."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, select

from bot.domain.spend import Charge
from memory.store.database import Database
from memory.store.schema import answers, feedback
from memory.store.upsert import put

FEEDBACK_KIND = "answer"  # beside the kinds of records of memory


class AnswerKind(StrEnum):
    ANALYSIS = "analysis"
    ANSWER = "answer"  # to a question of people
    CATCH_UP = "catch_up"
    POSTMORTEM = "postmortem"


class Judgement(StrEnum):
    """What a person's word about an answer changed."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    GONE = "gone"  # there is no such answer, or its incident was forgotten


@dataclass(frozen=True, kw_only=True)
class Asked:
    """All that makes an answer right: where it is the same, the answer is."""

    prompt_hash: str
    evidence_digest: str
    model: str
    question: str = ""
    incident_id: str | None = None

    @property
    def sameness(self) -> str:
        """A digest. Of the question neither case nor white space count."""
        question = " ".join(self.question.split()).casefold()
        parts = (self.prompt_hash, self.evidence_digest, self.model, question, self.incident_id or "")
        sized = "".join(f"{len(part)}:{part}" for part in parts)  # two parts never read like two others
        return hashlib.sha256(sized.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    id: str = ""  # given when it is saved
    kind: AnswerKind
    asked: Asked
    text: str  # as people read it
    body: str = ""  # the typed form as JSON
    prompt: str  # its name; its hash is in `asked`
    made_at: datetime
    charge: Charge
    asked_by: str = ""  # Slack user id; empty: nobody asked
    thread: str = ""  # where it was given, so that a further question has the earlier ones; empty: in none
    is_reusable: bool = True  # False: cut short or refused, kept and never given again


class Answers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, answer: KeptAnswer) -> KeptAnswer:
        """With its id. Raises NotStored."""
        kept = replace(answer, id=uuid.uuid4().hex)
        values = _values(kept)
        await self._database.writer.write(lambda connection: connection.execute(answers.insert(), values))
        return kept

    async def get(self, answer_id: str) -> KeptAnswer | None:
        return next(iter(await self._read(answers.c.key == answer_id, limit=1)), None)

    async def latest(self, incident_id: str, kind: AnswerKind = AnswerKind.ANALYSIS) -> KeptAnswer | None:
        found = await self._read(answers.c.incident_id == incident_id, answers.c.kind == kind.value, limit=1)
        return next(iter(found), None)

    async def all(self, incident_id: str) -> Sequence[KeptAnswer]:
        """Of every kind, oldest first."""
        return (await self._read(answers.c.incident_id == incident_id))[::-1]

    async def in_thread(self, thread: str, *, newest: int = 50) -> Sequence[KeptAnswer]:
        """The newest, oldest of them first."""
        return (await self._read(answers.c.thread == thread, limit=newest))[::-1] if thread else ()

    async def again(self, asked: Asked, *, at: datetime, max_age: timedelta) -> KeptAnswer | None:
        """The newest answer to exactly this that is no older; None at once where `max_age` is zero."""
        if max_age <= timedelta(0):
            return None
        # What was made after `at`, by a process whose clock is ahead, is new enough.
        same = answers.c.sameness == asked.sameness
        return next(iter(await self._read(same, answers.c.made_at >= at - max_age, limit=1)), None)

    async def judge(self, answer_id: str, person: str, *, helped: bool, at: datetime) -> Judgement:
        """A person counts once for an answer, by the last word. Raises NotStored."""
        return await self._database.writer.write(
            lambda connection: _judge(connection, answer_id, person, helped=helped, at=at)
        )

    async def judgements(self, answer_id: str) -> tuple[int, int]:
        """How many it helped, how many it did not."""
        mine = (feedback.c.kind == FEEDBACK_KIND, feedback.c.owner == answer_id)
        wanted = select(_counted(helped=True), _counted(helped=False)).where(*mine)
        row = await self._database.read(lambda connection: connection.execute(wanted).one())
        return int(row[0]), int(row[1])

    async def judged_by_prompt(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """By a prompt's name and hash: how often its answers helped, and how often they did not."""
        of_answers = (feedback.c.kind == FEEDBACK_KIND) & (feedback.c.owner == answers.c.key)
        wanted = (
            select(answers.c.prompt, answers.c.prompt_hash, _counted(helped=True), _counted(helped=False))
            .join_from(answers, feedback, of_answers)
            .group_by(answers.c.prompt, answers.c.prompt_hash)
        )
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in found}

    async def _read(self, *where: ColumnElement[bool], limit: int | None = None) -> Sequence[KeptAnswer]:
        """Newest first."""
        wanted = select(answers).where(*where).order_by(answers.c.made_at.desc(), answers.c.id.desc()).limit(limit)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(_answer(row) for row in found)


def forget_answers(connection: Connection, incident_id: str) -> int:
    """All that was said of it, and what people said of that. How many answers."""
    return _drop(connection, answers.c.incident_id == incident_id)


def purge_answers(connection: Connection, before: datetime) -> int:
    """Answers about no incident, made before that time: no incident's end takes them along. How many."""
    return _drop(connection, answers.c.incident_id.is_(None), answers.c.made_at < before)


def _drop(connection: Connection, *where: ColumnElement[bool]) -> int:
    keys = select(answers.c.key).where(*where)
    connection.execute(delete(feedback).where(feedback.c.kind == FEEDBACK_KIND, feedback.c.owner.in_(keys)))
    return connection.execute(delete(answers).where(*where)).rowcount


def _judge(connection: Connection, answer_id: str, person: str, *, helped: bool, at: datetime) -> Judgement:
    if connection.execute(select(answers.c.id).where(answers.c.key == answer_id)).scalar() is None:
        return Judgement.GONE
    mine = {"kind": FEEDBACK_KIND, "owner": answer_id, "person": person}
    wanted = select(feedback.c.helped).where(*(feedback.c[name] == value for name, value in mine.items()))
    before = connection.execute(wanted).scalar()
    put(connection, feedback, {**mine, "helped": helped, "at": at}, key=tuple(mine))
    if before is None:
        return Judgement.NEW
    return Judgement.SAME if bool(before) == helped else Judgement.CHANGED


def _counted(*, helped: bool) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((feedback.c.helped.is_(helped), 1), else_=0)), 0)


def _values(answer: KeptAnswer) -> Mapping[str, Any]:
    asked, charge = answer.asked, answer.charge
    return {
        "key": answer.id,
        "kind": answer.kind.value,
        "incident_id": asked.incident_id,
        "thread": answer.thread,
        "asked_by": answer.asked_by,
        "question": asked.question,
        "text": answer.text,
        "body": answer.body,
        "prompt": answer.prompt,
        "prompt_hash": asked.prompt_hash,
        "evidence_digest": asked.evidence_digest,
        "model": asked.model,
        "sameness": asked.sameness if answer.is_reusable else None,
        "made_at": answer.made_at,
        "input_tokens": charge.input_tokens,
        "output_tokens": charge.output_tokens,
        "cache_read_tokens": charge.cache_read_tokens,
        "cache_write_tokens": charge.cache_write_tokens,
        "micro_dollars": charge.micro_dollars,
        "request_id": charge.request_id,
    }


def _answer(row: Row[Any]) -> KeptAnswer:
    asked = Asked(
        prompt_hash=row.prompt_hash,
        evidence_digest=row.evidence_digest,
        model=row.model,
        question=row.question,
        incident_id=row.incident_id,
    )
    charge = Charge(
        micro_dollars=row.micro_dollars,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        request_id=row.request_id,
    )
    return KeptAnswer(
        id=row.key,
        kind=AnswerKind(row.kind),
        asked=asked,
        text=row.text,
        body=row.body,
        prompt=row.prompt,
        made_at=row.made_at,
        charge=charge,
        asked_by=row.asked_by,
        thread=row.thread,
        is_reusable=row.sameness is not None,
    )
