"""The reference of commands, reactions and severities says what the bot understands.

    UPDATE_SNAPSHOTS=1 pytest tests/docs/test_chatops.py

writes the table of commands anew.
"""

from __future__ import annotations

import os
import re
from dataclasses import fields

import pytest

from bot.domain.alert import Severity
from bot.domain.life import DUTIES, Priority, Role
from bot.domain.life.pace_of_updates import SPANS
from bot.domain.postmortem.statement import Section
from bot.life_settings import LifeSettings
from bot.slack.grammar import WORDS, parse
from bot.slack.life_inbound import Reactions
from bot.slack.settings import SlackSettings
from bot.slack.views import SEVERITY_MEANING
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "chatops.md"
BEGIN, END = "<!-- words -->\n", "<!-- end of words -->\n"


def table() -> str:
    rows = ["| word | also | does |", "|---|---|---|"]
    for word in WORDS:
        usage = f"{word.name} {word.takes}".strip().replace("|", "\\|")
        also = ", ".join(f"`{name}`" for name in word.also)
        rows.append(f"| `{usage}` | {also} | {word.does} |")
    return "\n".join(rows) + "\n"


def parts() -> tuple[str, str, str]:
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    stated, end, after = rest.partition(END)
    assert begin, "the mark before the table of commands is gone"
    assert end, "the mark after the table of commands is gone"
    return before, stated, after


def test_the_table_of_commands_is_what_the_bot_understands() -> None:
    before, stated, after = parts()
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        PAGE.write_text(f"{before}{BEGIN}{table()}{END}{after}")
        return
    assert stated == table(), "write it anew: UPDATE_SNAPSHOTS=1 pytest tests/docs/test_chatops.py"


def test_what_the_text_tells_people_to_type_is_understood() -> None:
    before, _, after = parts()
    typed = re.findall(r"`/inc ([^`]+)`", before + after)
    assert len(typed) > 10
    known = {word.name for word in WORDS}
    for words in typed:
        if words == "WORD":
            continue
        assert parse(words).name in known, words


@pytest.mark.parametrize("phrase", ["status resolved", "set severity 2", "add note x", "hand over @bo", "false alarm"])
def test_the_phrases_of_other_tools_are_understood(phrase: str) -> None:
    assert f"`{phrase.replace(' x', ' ...')}`" in PAGE.read_text()
    assert parse(phrase).name in {"resolve", "sev", "timeline", "handoff", "cancel"}, phrase


def test_reactions_severities_roles_sections_and_priorities_are_named() -> None:
    page = PAGE.read_text()
    marks = Reactions()
    for emoji in (marks.timeline, marks.postmortem, marks.follow_up, marks.on_it):
        assert f"`:{emoji}:`" in page
    for severity in Severity:
        assert f"| {severity} | {SEVERITY_MEANING[severity]} |" in page
    for role in Role:
        assert f"| {role} |" in page
        assert DUTIES[role]
    for section in Section:
        assert section.value.lower() in " ".join(page.split()).lower(), section
    for priority in Priority:
        assert f"| {priority} |" in page


def test_the_pace_of_updates_is_as_stated() -> None:
    assert {severity.value: int(span.total_seconds() // 60) for severity, span in SPANS.items()} == {
        "SEV1": 30,
        "SEV2": 60,
        "SEV3": 240,
    }, "say it in docs/chatops.md, too"


def test_settings_that_are_named_are_settings() -> None:
    settings = {field.metadata["env"] for kind in (LifeSettings, SlackSettings) for field in fields(kind)}
    named = set(re.findall(r"`([A-Z][A-Z_]{5,})`", PAGE.read_text()))
    assert named
    assert named <= settings
