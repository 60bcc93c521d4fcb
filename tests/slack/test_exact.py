"""What is shown of an action: nothing can hide in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks.exact import block, exact, lines

BIDI = "\u202e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kubectl delete pod \u0430pi-1", "kubectl delete pod \\u0430pi-1"),  # a Cyrillic letter
        (f"rm /srv/{BIDI}gpj.sh", "rm /srv/\\u202egpj.sh"),
        ("rm\u200b -r /srv", "rm\\u200b -r /srv"),
        ("a\u00a0b", "a\\u00a0b"),  # a blank that is no space
        ("a\tb\r", "a\\tb\\r"),
        ("echo \U000e0041", "echo \\U000e0041"),  # a tag character
        ("say one\ntwo", "say one\\n\n    two"),
        ("curl \uff0d\uff0dhead", "curl \\uff0d\\uff0dhead"),
        (r"grep '\u0430'", r"grep '\\u0430'"),  # our own spelling, typed
        (r"grep '\d+' C:\dir", r"grep '\d+' C:\dir"),
    ],
)
def test_what_cannot_be_seen_or_looks_like_something_else_is_spelled(text: str, shown: str) -> None:
    assert exact(text, is_command=True) == shown


@pytest.mark.parametrize("text", ["Störung in Zürich behoben", "障害 は 復旧", "done \u2013 it holds"])
def test_words_that_people_wrote_stay_readable_where_nothing_is_run(text: str) -> None:
    assert exact(text) == text


@pytest.mark.parametrize(
    "text",
    ["ch\u0435ckout", "\u0441\u043e\u0441\u043e", "a\u30cebc", "\u05d0\u05d1", "d\u0131sk", "x\u2013\u2013y"],
)
def test_look_alikes_are_spelled_also_in_prose(text: str) -> None:
    assert exact(text).isascii(), exact(text)
    assert exact(text) != text


@given(st.text(max_size=60))
def test_of_a_command_only_ascii_is_shown_and_two_commands_never_look_the_same(text: str) -> None:
    shown = exact(text, is_command=True)
    assert all(char == "\n" or (char.isascii() and char.isprintable()) for char in shown)


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_commands_never_look_the_same(one: str, other: str) -> None:
    assert (exact(one, is_command=True) == exact(other, is_command=True)) == (one == other)


@given(st.text(max_size=60))
def test_nothing_invisible_is_ever_shown(text: str) -> None:
    assert not [char for char in exact(text) if unicodedata.category(char) in ("Cf", "Cc", "Co", "Cn") and char != "\n"]


def test_secrets_are_hidden_also_those_in_several_lines() -> None:
    key = "-----BEGIN RSA " + "PRIVATE KEY-----"
    end = "-----END RSA " + "PRIVATE KEY-----"
    shown, is_hidden = lines(("deploy --key", key, "MIIB" + "x7Q2" * 12, end), is_command=True)
    assert is_hidden
    assert "x7Q2x7Q2" not in shown
    assert lines(("kubectl get pods",), is_command=True) == ("kubectl get pods", False)


def test_what_does_not_fit_says_so() -> None:
    assert block("a\nb", 10, 2)[1] is False
    cut, is_cut = block("a\nb\nc", 10, 2)
    assert is_cut
    assert cut["elements"][0]["elements"][0]["text"] == "a\nb\n\u2026"
    long, is_long = block("x" * 11, 10, 2)
    assert is_long
    assert len(long["elements"][0]["elements"][0]["text"]) == 10
