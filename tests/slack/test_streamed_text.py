"""A model's text has no effect in a message, however it is cut into pieces."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.streamed_text import Harmless, harmless

LIVE = re.compile(r"<[@!#]|\]\(|\]\[|\]:|!\[|://|(?:^|\s)@|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
HOSTILE = [
    "<!channel>",
    "<@U012AB>",
    "@here now",
    "[click](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "![](@U012AB)",
    "<https://evil.example|bank>",
    "https://evil.example/?q=secret",
    "www.evil.example",
    "mailto:a@evil.example",
    "[a][b]\n\n[b]: https://evil.example",
    "abc\u202etxt.exe",
    "pass\u200bword",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_stays_alive(text: str) -> None:
    assert not LIVE.search(harmless(text)), harmless(text)


@given(
    st.lists(
        st.sampled_from([*HOSTILE, " ", "\n", "]", "(", "!", "[", ":", "//", "@", "<", "p95 is 2 s "]), max_size=8
    ).map("".join),
    st.data(),
)
def test_pieces_give_the_same_as_the_whole(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    made = Harmless()
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    told = "".join(made.feed(piece) for piece in pieces) + made.finish()
    assert not LIVE.search(told)
    assert told == harmless(text)


def test_what_makes_an_answer_readable_stays() -> None:
    text = "**Likely**: v2.31.0 [E12]\n- p95 > 2 s, 40 %\n- `kubectl rollout undo deployment/checkout`\n"
    assert harmless(text) == text


def test_a_word_without_an_end_does_not_wait_for_ever() -> None:
    made = Harmless()
    told = made.feed("x" * 5000)
    assert len(told) >= 4000
