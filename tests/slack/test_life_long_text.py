"""A long text goes into several fields and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.inputs import LONGEST_TEXT
from bot.slack.long_text import MOST_PARTS, PART, join, split

LONG = "\n\n".join(f"## Part {number}\n\n" + "word " * 150 for number in range(20))
PIECES = st.sampled_from(["a" * 400, "word ", "\n", "\n\n", "\n" * 12, "é" * 90, "x" * 2600])


@pytest.mark.parametrize("text", ["", "short", LONG, "x" * 9000, "\n" * 6000, "a\n" * 4000, LONG + "\n\n\n"])
def test_nothing_is_lost(text: str) -> None:
    parts = split(text)
    assert parts is not None
    assert join(parts.texts, parts.breaks) == text
    assert all(len(part) <= PART < LONGEST_TEXT for part in parts.texts)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_nothing_is_lost_of_any_text(text: str) -> None:
    parts = split(text)
    assert parts is not None
    assert join(parts.texts, parts.breaks) == text


def test_it_is_cut_between_paragraphs() -> None:
    parts = split(LONG)
    assert parts is not None
    assert set(parts.breaks) == {"2"}


def test_what_no_form_can_hold_is_not_cut() -> None:
    assert split("x" * (PART * MOST_PARTS + 1)) is None
    assert split("\u65e5" * 100_000) is None
