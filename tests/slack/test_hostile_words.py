"""Words from outside stay words: no ping, no markup, no overflow, wherever they are answered back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.incident import Incident, Place, PlaceKind
from bot.domain.ports import TimelineEvent
from bot.slack import views
from bot.slack.blocks.limits import SECTION_LIMIT, TEXT_LIMIT
from bot.slack.grammar import parse
from bot.testing import NOON
from tests.domain.test_naming import INCIDENT
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, office

HOSTILE = (
    "<!channel> look",
    "<!here|here> <@U12345678> <!subteam^S1|@oncall>",
    "*bold* _it_ ~gone~ `code`",
    "safe\u202egnp.exe\u200b",
    "<https://evil.example|login>",
    "@channel @everyone @here",
    "```\n> quote",
)
LIVE = re.compile(r"<[!@#](?!C)|<https?://evil|\u202e|\u200b|(?<![`])\*bold\*|~gone~|@(channel|everyone|here)\b")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        yield made


@pytest.mark.parametrize("words", HOSTILE)
async def test_the_title_of_an_alert_is_inert_in_every_answer(here: Office, words: str) -> None:
    incident = await here.incident(title=words, service=words)
    assert incident.place is not None
    channel = incident.place.name
    await here.control.open_home("ana")
    told = [
        await here.command("list"),
        await here.command("status", channel),
        await here.mention("list", channel),
        await here.mention("status", channel),
        str(await here.control.home("ana")),
    ]
    assert [text for text in told if LIVE.search(text)] == []
    assert here.pings == []


@pytest.mark.parametrize("words", HOSTILE)
async def test_what_people_type_is_inert_when_it_is_told_back(here: Office, words: str) -> None:
    incident = await here.incident()
    assert incident.place is not None
    channel = incident.place.name
    told = [await here.command(f"{words}"), await here.command(f"status {words}")]
    await here.command(f"timeline {words}", channel)
    told += [await here.command("timeline", channel), await here.mention("timeline", channel)]
    said = await here.control.say("bo", channel, words)
    await here.control.react("ana", channel, said, "pushpin")
    await here.quiet()
    told += [await here.mention("timeline", channel), await here.mention(f"status {words.replace('@', '')}", channel)]
    assert [text for text in told if LIVE.search(text)] == []
    assert here.pings == []


def many(count: int, title: str) -> list[Incident]:
    place = Place(kind=PlaceKind.CHANNEL, channel="C0123456789", name="inc")
    return [replace(INCIDENT, id=f"INC-2026-{n:04d}", title=title, service=title, place=place) for n in range(count)]


def whole_lines(text: str, begin: str) -> bool:
    """Every listed line ends as it should: none was cut."""
    listed = [line for line in text.splitlines() if line.startswith(begin)]
    return bool(listed) and all(line.endswith(">") for line in listed)


@pytest.mark.parametrize("title", ["Down", "<&>" * 500, "x" * 10_000])
@pytest.mark.parametrize("count", [1, 21, 500])
def test_a_list_of_any_length_is_cut_by_whole_lines_with_a_notice(count: int, title: str) -> None:
    text = views.list_text(many(count, title), NOON)
    assert len(text) <= SECTION_LIMIT
    assert text.startswith(f"{count} open incident")
    assert whole_lines(text, "•")
    shown = sum(line.startswith("•") for line in text.splitlines())
    assert shown >= 1
    assert (f"+{count - shown} more" in text) == (count > shown)
    section = views.home(many(count, title), NOON, "/inc")["blocks"][1]
    assert section["text"]["text"] == text


def entries(count: int, text: str, link: str | None = "https://a.example/archives/C1/p1") -> list[TimelineEvent]:
    return [
        TimelineEvent(
            incident_id=INCIDENT.id,
            at=NOON + timedelta(seconds=n),
            kind="note",
            text=f"{n}: {text}",
            actor="U12345678",
            link=link,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("words", ["fine", "<&>" * 1000, "y" * 5000])
@pytest.mark.parametrize("count", [1, 31, 1000])
def test_a_timeline_of_any_length_keeps_the_newest_and_says_how_many(count: int, words: str) -> None:
    text = views.timeline_text(INCIDENT, entries(count, words), {"U12345678": "Ana"})
    heading, *lines = text.splitlines()
    assert len(text) <= TEXT_LIMIT
    assert lines[-1].split(" ")[1] == f"{count - 1}:"
    assert all(line.endswith("|\u2197>") for line in lines), "every line is whole"
    assert (f"the newest {len(lines)} of {count}" in heading) == (len(lines) < count)


def test_a_person_without_a_known_name_is_not_mentioned_either() -> None:
    text = views.timeline_text(INCIDENT, entries(1, "x"), {})
    assert "(U12345678)" in text


def test_a_link_that_is_none_is_left_out() -> None:
    text = views.timeline_text(INCIDENT, entries(1, "x", link="javascript:alert(1)"), {})
    assert "javascript" not in text


def test_an_empty_timeline_has_its_heading() -> None:
    assert views.timeline_text(INCIDENT, [], {}) == f"*Timeline of {INCIDENT.id}* (UTC)"


@pytest.mark.parametrize("typed", ["z" * 8000, "<!channel>" * 500])
def test_help_for_an_endless_word_is_short(typed: str) -> None:
    text = views.help_text("/inc", parse(typed))
    assert len(text) <= SECTION_LIMIT
    assert "<!" not in text


@pytest.mark.parametrize(
    ("minutes", "told"), [(-5, "0 min"), (0, "0 min"), (59, "59 min"), (61, "1 h 01 min"), (3000, "2 days")]
)
def test_ages(minutes: int, told: str) -> None:
    assert views.age(NOON + timedelta(minutes=minutes), NOON) == told


def test_a_form_with_very_many_services_keeps_slacks_limits() -> None:
    form = views.declare_form([f"service-with-a-long-name-{n}" for n in range(500)], "t" * 140)
    hint = next(block["hint"]["text"] for block in form["blocks"] if "hint" in block)
    assert len(hint) <= 2000
