import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.redaction_made import LINES, NAMED, PLACES, TELLING, lines, planted
from bot.domain.redact import HIDDEN, redact, redacted

CASES = [case.text for case in [*planted(TELLING, NAMED, PLACES, 3)[::7], *lines(LINES, 3, times=1)]]
PIECES = st.sampled_from(
    [
        *(
            HIDDEN,
            "[hidden",
            "hidden]",
            "[",
            "]",
            "hidden",
            "password",
            "token",
            "key",
            "secret",
            "=",
            ": ",
            '"',
            "'",
            "\\",
        ),
        *(
            " ",
            "\n",
            "&",
            ",",
            ";",
            "|",
            "@",
            "://",
            "http://",
            "Bearer ",
            "Authorization: ",
            "Cookie: ",
            "a=b",
            "<",
            ">",
        ),
        *(
            "xK9mQ2vL7pR4" + "tW8zB3nF6hJ1",
            "eyJhbGciOiJIUzI1NiJ9",
            ".",
            "-",
            "_",
            "--",
            "0a1b2c3d" * 4,
            "q7q7q7q7",
            "-----",
        ),
    ]
)
TEXTS = st.lists(PIECES | st.sampled_from(CASES) | st.text(max_size=4), max_size=16).map("".join)


@given(TEXTS)
def test_redacting_once_more_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert redacted(once).count == 0


@given(TEXTS)
def test_characters_are_only_taken_away_and_markers_stay_whole(text: str) -> None:
    left = iter(text.replace(HIDDEN, ""))
    assert all(char in left for char in redact(text).replace(HIDDEN, "")), "in this order, what is left was there"


@pytest.mark.parametrize("text", CASES[::23])
def test_secrets_beside_each_other_are_all_hidden(text: str) -> None:
    assert redact(f"{text}\n{text}").count(HIDDEN) == 2 * redact(text).count(HIDDEN)


HOSTILE = (
    *(
        "a",
        "aA1",
        "a.",
        "ab_",
        "eyJ",
        "eyJabcdefghijkl.",
        "eyJ_",
        "key=",
        "password: ",
        "token|",
        "&key=abcdefgh12345678",
    ),
    *("://", "http://a:b@", "http://a:", "Bearer ", "cookie: a=b;", "authorization: digest ", "mysql -p ", "curl -u "),
    *(
        "-----BEGIN PRIVATE" + " KEY-----",
        "A" * 30 + "-----END PRIVATE" + " KEY-----",
        'password="',
        'password=\\"',
        "\\",
    ),
    *("$2b$", "[hidden]", "password=[hidden]", "0f", "aB3dE6gH9jK2mN5pQ8sT.", "identified by ", "scrypt:", "password["),
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_grows_with_the_length_and_no_faster(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begun = time.process_time()
    once = redact(text)
    # Some 0.1 s where the work is linear; where it is quadratic, more than a minute.
    assert time.process_time() - begun < 4
    assert redact(once) == once
