"""Foreign words do nothing in Slack, people are mentioned, and lengths of time read as people say them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.life.wording import lines_said, person, said, sentence, span, to_copy

HOSTILE = (
    "<!channel>",
    "<@U0123456|x>",
    "<https://evil.example|click>",
    "@here",
    "*bold* _it_ ~no~ `code`",
    "a\u202eb",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_words_do_nothing(text: str) -> None:
    shown = said(text, 200)
    assert not set(shown) & set("<>*~`\u202e")
    assert "@here" not in shown
    assert "_it_" not in shown


def test_what_a_person_wrote_keeps_its_lines_and_mentions_people_alone() -> None:
    text = "<@U0123456> looks\n<!here> <#C1> & *so* on"
    assert lines_said(text) == "<@U0123456> looks\n&lt;!here&gt; &lt;#C1&gt; &amp; \u2217so\u2217 on"


def test_secrets_are_hidden_everywhere() -> None:
    secret = "sw0rd" * 5
    for shown in (said(f"password={secret}", 200), lines_said(f"password={secret}"), to_copy(f"password={secret}")):
        assert secret not in shown


def test_a_text_to_copy_cannot_leave_its_block() -> None:
    assert to_copy("a ``` <!channel>\nb").count("```") == 2
    assert "<!" not in to_copy("a <!channel>")


def test_a_person_is_mentioned_by_id_alone() -> None:
    assert person("U0123456") == "<@U0123456>"
    assert person("U1> <!channel") == "U1&gt; &lt;!channel"


@pytest.mark.parametrize(
    ("length", "said_as"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(seconds=-20), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=65), "1 hour 5 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=50), "2 days"),
    ],
)
def test_lengths_read_as_people_say_them(length: timedelta, said_as: str) -> None:
    assert span(length) == said_as


def test_a_sentence_has_one_full_stop() -> None:
    assert [sentence(text) for text in ("it fell", "it fell.", "why?", " ")] == ["it fell.", "it fell.", "why?", ""]
