"""What the model said: kept whole, found again, given again where nothing changed, judged, forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.spend import Charge
from memory.store.answers import (
    AnswerKind,
    Answers,
    Asked,
    Judgement,
    KeptAnswer,
    forget_answers,
    purge_answers,
)
from memory.store.database import Database
from tests.memory.store.samples import NOON, run

HOUR = timedelta(hours=1)
ASKED = Asked(
    prompt_hash="p" * 64,
    evidence_digest="e" * 64,
    model="large-1",
    question="What changed?",
    incident_id="INC-2026-0001",
)
ANSWER = KeptAnswer(
    kind=AnswerKind.ANSWER,
    asked=ASKED,
    text="v2 of checkout was deployed at 11:58 [E1].",
    body='{"claims": [{"text": "v2", "evidence": ["E1"]}]}',
    prompt="question",
    made_at=NOON,
    charge=Charge(
        micro_dollars=12_345,
        input_tokens=1000,
        output_tokens=200,
        cache_read_tokens=30,
        cache_write_tokens=4,
        request_id="req_1",
    ),
    asked_by="U1",
    thread="C1/1772625600.000100",
)
ANALYSIS = replace(ANSWER, kind=AnswerKind.ANALYSIS, prompt="analysis", asked_by="", thread="")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def answers(database: Database) -> Answers:
    return Answers(database)


async def test_an_answer_is_read_as_it_was_saved(answers: Answers) -> None:
    kept = await answers.save(ANSWER)
    assert kept == replace(ANSWER, id=kept.id)
    assert kept.id
    assert await answers.get(kept.id) == kept
    assert await answers.get("unknown") is None


async def test_the_latest_analysis_and_all_of_an_incident(answers: Answers) -> None:
    first = await answers.save(ANALYSIS)
    second = await answers.save(replace(ANALYSIS, text="It was the cache."))  # made at the same time
    question = await answers.save(replace(ANSWER, made_at=NOON + HOUR))
    await answers.save(replace(ANALYSIS, asked=replace(ASKED, incident_id="INC-2026-0002"), made_at=NOON + HOUR))
    assert await answers.latest("INC-2026-0001") == second
    assert await answers.latest("INC-2026-0001", AnswerKind.ANSWER) == question
    assert await answers.latest("INC-2026-0003") is None
    assert await answers.all("INC-2026-0001") == (first, second, question)


async def test_a_thread_has_its_newest_answers_in_order(answers: Answers) -> None:
    kept = [await answers.save(replace(ANSWER, text=str(n), made_at=NOON + n * HOUR)) for n in range(4)]
    await answers.save(replace(ANSWER, thread="C1/2"))
    await answers.save(replace(ANSWER, thread=""))
    assert await answers.in_thread(ANSWER.thread, newest=3) == tuple(kept[1:])
    assert await answers.in_thread("") == ()


async def test_the_same_question_about_the_same_evidence_has_an_answer_already(answers: Answers) -> None:
    kept = await answers.save(ANSWER)
    typed_otherwise = replace(ASKED, question="  what   CHANGED? ")
    assert await answers.again(typed_otherwise, at=NOON + HOUR, max_age=HOUR) == kept
    assert await answers.again(ASKED, at=NOON + HOUR + timedelta(seconds=1), max_age=HOUR) is None
    assert await answers.again(ASKED, at=NOON, max_age=timedelta(0)) is None
    newer = await answers.save(replace(ANSWER, text="Again", made_at=NOON + HOUR))
    assert await answers.again(ASKED, at=NOON + HOUR, max_age=HOUR) == newer


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, prompt_hash="q" * 64),
        replace(ASKED, evidence_digest="f" * 64),
        replace(ASKED, model="large-2"),
        replace(ASKED, question="What changed ?"),
        replace(ASKED, incident_id="INC-2026-0002"),
        replace(ASKED, incident_id=None),
        replace(ASKED, model="large-1W", question="hat changed?"),
    ],
)
async def test_what_differs_in_anything_is_asked_anew(answers: Answers, other: Asked) -> None:
    await answers.save(ANSWER)
    assert await answers.again(other, at=NOON, max_age=HOUR) is None


async def test_an_answer_that_was_cut_short_is_kept_and_never_given_again(answers: Answers) -> None:
    kept = await answers.save(replace(ANSWER, is_reusable=False))
    assert await answers.again(ASKED, at=NOON, max_age=HOUR) is None
    assert await answers.get(kept.id) == kept


async def test_a_person_counts_once_for_an_answer_by_the_last_word(answers: Answers) -> None:
    kept, other = await answers.save(ANSWER), await answers.save(replace(ANSWER, prompt="other"))
    assert await answers.judgements(kept.id) == (0, 0)
    assert await answers.judge(kept.id, "U1", helped=True, at=NOON) is Judgement.NEW
    assert await answers.judge(kept.id, "U1", helped=True, at=NOON) is Judgement.SAME
    assert await answers.judge(kept.id, "U2", helped=True, at=NOON) is Judgement.NEW
    assert await answers.judge(kept.id, "U1", helped=False, at=NOON) is Judgement.CHANGED
    assert await answers.judge(other.id, "U1", helped=False, at=NOON) is Judgement.NEW
    assert await answers.judgements(kept.id) == (1, 1)
    assert await answers.judged_by_prompt() == {("question", "p" * 64): (1, 1), ("other", "p" * 64): (0, 1)}


async def test_forgetting_an_incident_takes_its_answers_and_what_was_said_of_them(
    answers: Answers, database: Database, database_url: str
) -> None:
    gone = await answers.save(ANSWER)
    await answers.save(ANALYSIS)
    stays = await answers.save(replace(ANSWER, asked=replace(ASKED, incident_id="INC-2026-0002"), text="Stays"))
    for one in (gone, stays):
        await answers.judge(one.id, "U1", helped=True, at=NOON)
    assert await database.writer.write(lambda connection: forget_answers(connection, "INC-2026-0001")) == 2
    assert run(database_url, "SELECT text FROM answers") == [("Stays",)]
    assert run(database_url, "SELECT owner FROM feedback") == [(stays.id,)]
    assert await answers.again(ASKED, at=NOON, max_age=HOUR) is None
    assert await answers.judge(gone.id, "U2", helped=True, at=NOON) is Judgement.GONE
    assert run(database_url, "SELECT count(*) FROM feedback") == [(1,)]
    assert await database.writer.write(lambda connection: forget_answers(connection, "INC-2026-0001")) == 0


async def test_old_answers_about_no_incident_are_purged(answers: Answers, database: Database) -> None:
    about_none = replace(ANSWER, asked=replace(ASKED, incident_id=None))
    old = await answers.save(about_none)
    await answers.judge(old.id, "U1", helped=True, at=NOON)
    new, of_incident = await answers.save(replace(about_none, made_at=NOON + HOUR)), await answers.save(ANSWER)
    assert await database.writer.write(lambda connection: purge_answers(connection, NOON + HOUR)) == 1
    assert [await answers.get(one.id) for one in (old, new, of_incident)] == [None, new, of_incident]
    assert await answers.judgements(old.id) == (0, 0)


@pytest.mark.parametrize("hostile", ["\x00", "\ud800", "ß" * 5000, "'; DROP TABLE answers; --", "<!channel>"])
async def test_any_text_can_be_kept_and_found_again(answers: Answers, hostile: str) -> None:
    asked = replace(ASKED, question=hostile, incident_id=hostile, model=hostile)
    await answers.save(replace(ANSWER, asked=asked, text=hostile, thread=hostile, asked_by=hostile))
    assert len(await answers.all(hostile)) == 1
    assert len(await answers.in_thread(hostile)) == 1
    assert await answers.again(asked, at=NOON, max_age=HOUR) is not None
