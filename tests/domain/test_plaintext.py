import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import plaintext
from bot.domain.plaintext import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\nlines\r\n\tand  blanks ", "two lines and blanks"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u200bb\ufeffc\u2060d", "abcd"),
        ("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link", "red link"),
        ("null\x00byte\x7f", "nullbyte"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("Z" + "\u0300" * 40 + "algo", "Zalgo"),
        ("blank\u3164filler\u2800", "blankfiller"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("Ünïcödé 日本語 🔥 stays", "Ünïcödé 日本語 🔥 stays"),
        ("<!channel> is data", "<!channel> is data"),
        ("", ""),
    ],
)
def test_what_misleads_the_eye_is_taken_out(text: str, expected: str) -> None:
    assert plain(text, 100) == expected


def test_what_is_cut_says_so() -> None:
    assert plain("abcdefghij", 5) == "abcd…"
    assert plain("abcde", 5) == "abcde"
    assert plain("abc", 0) == ""


def test_a_line_of_megabytes_costs_little_and_is_marked_as_cut() -> None:
    assert plain("x" * 5_000_000, 10) == "x" * 9 + "…"
    assert plain("\u200b" * 5_000_000 + "x", 10).endswith("…")


@given(st.text(max_size=300), st.integers(min_value=1, max_value=50))
def test_the_result_is_one_bounded_line_and_stays_as_it_is(text: str, limit: int) -> None:
    once = plain(text, limit)
    assert len(once) <= limit
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in once)
    assert plain(once, limit) == once


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=300), st.integers(1, 90))
def test_text_without_anything_to_take_out_is_treated_like_any_other(text: str, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plaintext, "_is_harmless", lambda _: False)
        slowly = plain(text, limit)
    assert plain(text, limit) == slowly
