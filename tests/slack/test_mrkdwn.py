from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.mrkdwn import bold, code, escape, link, mentioned, typed

PIECES = [
    "<",
    ">",
    "&",
    "|",
    "`",
    "```",
    "*",
    "_",
    "~",
    "@channel",
    "<!here>",
    "<@U01>",
    "<#C01>",
    "\n> ",
    "\u202e",
    "\u200b",
    "a",
    " ",
]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=20).map("".join)


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("<!channel> now", "&lt;!channel&gt; now"),
        ("a & b < c", "a &amp; b &lt; c"),
        ("*bold* ~gone~", "\u2217bold\u2217 \u223cgone\u223c"),
        ("_slanted_ but http_requests_total", "\u02cdslanted\u02cd but http_requests_total"),
        ("__twice__", "\u02cd\u02cdtwice\u02cd\u02cd"),
        ("@channel and @Here and me@shop.example", "\uff20channel and \uff20Here and me@shop.example"),
        ("line one\n\n> quoted\tend ", "line one &gt; quoted end"),
        ("abc\u202edcba\u200b\u0007\x1b[31m", "abcdcba"),
        ("`rm -rf`", "\u02cbrm -rf\u02cb"),
        ("", ""),
    ],
)
def test_foreign_text_is_readable_and_inert(foreign: str, shown: str) -> None:
    assert escape(foreign) == shown


@given(HOSTILE)
@settings(max_examples=300)
def test_nothing_live_survives_in_text(foreign: str) -> None:
    for shown in (escape(foreign), bold(foreign)[1:-1]):
        assert not set("<>`~*\n") & set(shown)
        assert not re.search(r"&(?!(amp|lt|gt);)", shown)
        assert not re.search(r"(?<![A-Za-z0-9_])_|_(?![A-Za-z0-9_])", shown)
        assert not re.search(r"@(channel|here|everyone)\b", shown, re.IGNORECASE)
        assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"}]


@given(HOSTILE)
@settings(max_examples=300)
def test_code_cannot_be_left(foreign: str) -> None:
    shown = code(foreign)
    if shown:
        assert shown.startswith("`")
        assert shown.endswith("`")
        assert not set("`<>\n") & set(shown[1:-1])


def test_code_keeps_what_people_copy() -> None:
    assert code("kubectl -n shop logs *_pod* | grep 'a'") == "`kubectl -n shop logs *_pod* | grep 'a'`"


@given(HOSTILE, HOSTILE)
@settings(max_examples=300)
def test_a_link_is_one_entity_or_none(path: str, label: str) -> None:
    shown = link(f"https://shop.example/{path}", label)
    assert shown.count("<") == shown.count(">") <= 1
    if "<" in shown:
        assert re.fullmatch(r"<https://shop\.example/[^<>|\s]*\|[^<>|]+>", shown)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "slack://open",
        "ftp://files.example/",
        "//shop.example/",
        "https://",
        "https://slack.com@evil.example/",
        "https://shop.example:port/",
        "https://shop.example/\u202etxt",
        "https://shop.example/ a\nb",
        "https://[half/",
        "https://shop.example/" + "a" * 3000,
        "!channel",
    ],
)
def test_what_is_no_plain_address_stays_text(url: str | None) -> None:
    assert link(url, "see <this>") == "see &lt;this&gt;"


def test_an_address_keeps_its_meaning() -> None:
    assert (
        link('https://g.example/d?a=1&b={x="y|z"}', "graph")
        == "<https://g.example/d?a=1&amp;b=%7Bx=%22y%7Cz%22%7D|graph>"
    )


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt; stays", "&lt; stays"),
        ("<@U12345678> and <@U00000000|bo> and <@U99999999>", "@Ana Ruiz and @bo and @U99999999"),
        ("<!here> <!channel|channel> <!subteam^S1|@oncall>", "@here channel @oncall"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<https://a.example/x|the graph> <https://a.example/y>", "the graph https://a.example/y"),
        ("plain *bold*", "plain *bold*"),
        ("<>", "<>"),
    ],
)
def test_what_people_typed_is_read_as_it_looked(sent: str, meant: str) -> None:
    assert typed(sent, {"U12345678": "Ana Ruiz"}) == meant


def test_the_people_in_a_message_are_found() -> None:
    assert mentioned("<@U12345678> <@U00000000|bo> <!here> <#C1> &lt;@U5&gt;") == ("U12345678", "U00000000")
