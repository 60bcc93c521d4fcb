"""Every word has one clear answer, however and wherever it is used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.incident import Incident, PlaceKind
from bot.slack.grammar import WORDS
from tests.scene import until
from tests.slack.life_asking import normal, told
from tests.slack.life_office import Life, life
from tests.slack.life_table import NOTHING_HERE, ROWS, SAME, Row
from tests.slack.office import BOT

pytestmark = pytest.mark.asyncio(loop_scope="module")
BY_WORD = {row.word: row for row in ROWS}


@dataclass(kw_only=True)
class Answers:
    """What was answered, by word: one workspace and one incident for all of it, in the table's order."""

    right: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    outsider: dict[str, str] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Answers]:
    async with life(tmp_path_factory.mktemp("asked"), connect=False, acts=True) as made:
        incident = await made.incident(title="Checkout fails")
        other = await made.incident(title="Payments slow", service="payments")
        await made.guest(incident)
        answers = Answers()
        for row in ROWS:
            await _ask(made, row, incident, other, answers)
        yield answers


async def _ask(made: Life, row: Row, incident: Incident, other: Incident, answers: Answers) -> None:
    right, here = row.right.replace("{other}", other.id), made.name(incident)
    answers.right[row.word] = normal(await told(made, right, here), incident, other)
    answers.wrong[row.word] = normal(await told(made, row.wrong, here), incident, other) if row.wrong else ""
    answers.outside[row.word] = normal(await told(made, right, "general"), incident, other)
    answers.outsider[row.word] = normal(await told(made, right, here, who="gus"), incident, other)


@pytest.mark.parametrize("word", BY_WORD)
async def test_the_right_way_is_answered(asked: Answers, word: str) -> None:
    assert asked.right[word] == BY_WORD[word].answer


@pytest.mark.parametrize("word", [word for word, row in BY_WORD.items() if row.wrong])
async def test_a_wrong_argument_is_refused_with_what_to_say_instead(asked: Answers, word: str) -> None:
    assert asked.wrong[word] == BY_WORD[word].refusal


@pytest.mark.parametrize("word", BY_WORD)
async def test_outside_an_incident_it_is_said_what_to_do(asked: Answers, word: str) -> None:
    row = BY_WORD[word]
    expected = row.answer if row.outside == SAME else row.outside
    assert asked.outside[word] == (NOTHING_HERE.format(word=word) if expected == NOTHING_HERE else expected)


@pytest.mark.parametrize("word", BY_WORD)
async def test_guests_may_look_and_not_change(asked: Answers, word: str) -> None:
    row = BY_WORD[word]
    assert asked.outsider[word] == (row.answer if row.outsider == SAME else row.outsider)


@pytest.mark.parametrize("word", [word.name for word in WORDS])
async def test_every_word_is_in_the_table_and_its_help_has_an_example(word: str) -> None:
    assert word in BY_WORD
    (found,) = [one for one in WORDS if one.name == word]
    assert found.example.startswith(word) or not found.takes, "show people how it is written"


# --- by mention, in the thread of an incident: over the wire ---------------------------------------------------------

# A thread's incident has another place: what is said of that differs.
IN_A_THREAD = {
    "promote": "{id} gets a channel of its own.",
    "resume": ":arrow_forward: *Ana Ruiz* let actions go on for incident {id}.",
}
ELSEWHERE = frozenset({"ask", "list", "status", "catchup", "cost", "notes", "actions"})  # their answers show more


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mentioned(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, str]]:
    async with life(tmp_path_factory.mktemp("mentioned"), acts=True) as made:
        await made.incident(PlaceKind.THREAD, title="Another one")
        incident = await made.incident(PlaceKind.THREAD, title="Checkout fails")
        other = await made.incident(PlaceKind.THREAD, title="Payments slow", service="payments")
        assert incident.card is not None
        place, thread = made.here.workspace.channel("incident-triage"), incident.card.ts
        answers: dict[str, str] = {}
        for row in ROWS:
            words = row.right.replace("{other}", other.id)
            ts = await made.here.control.say("ana", place.id, f"@{BOT} {words}", thread)
            heard: list[Any] = []

            def answered(ts: str = ts, heard: list[Any] = heard) -> bool:
                heard[:] = [
                    message
                    for message in place.messages.values()
                    if message.user == made.here.workspace.bot.id and float(message.ts) > float(ts)
                ]
                return bool(heard)

            await until(answered)
            assert [message.thread_ts for message in heard] == [thread]
            answers[row.word] = normal(heard[0].text, incident, other)
        yield answers


@pytest.mark.parametrize("word", BY_WORD)
async def test_in_a_thread_a_mention_does_the_same(mentioned: Mapping[str, str], word: str) -> None:
    if word in ELSEWHERE:
        assert "belongs to no incident" not in mentioned[word]
        return
    assert mentioned[word] == IN_A_THREAD.get(word, BY_WORD[word].answer)
