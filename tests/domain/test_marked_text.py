"""Sentences are checked as they end, whatever the pieces they come in, and what is not shown is marked there."""

from __future__ import annotations

import pytest

from bot.domain.discretion import LEFT_OUT, Discretion
from bot.domain.evidence_ledger import evidence_ledger, tool_item, with_items
from bot.domain.marked_text import NO_CITE, NOT_SHOWN, Marking, admits_not_knowing

LEDGER = with_items(
    evidence_ledger(()),
    [
        tool_item(
            1, "prometheus", "error ratio of checkout rose from 1 % to 23 % at 12:01:00 UTC", services=["checkout"]
        ),
        tool_item(2, "catalog", "payments is owned by payments-team", services=["payments"]),
    ],
)


def marked(text: str, size: int = 5) -> tuple[str, Marking]:
    marking = Marking(LEDGER)
    out = "".join(marking.feed(text[at : at + size]) for at in range(0, len(text), size))
    return out + marking.finish(), marking


@pytest.mark.parametrize(
    "text",
    [
        "The error ratio of checkout rose from 1 % to 23 % [T1].",
        "The error ratio of checkout rose to 23 %. [T1] Payments is owned by payments-team [T2].",
        "payments is owned by payments-team [T2]. I do not know who owns checkout.",
        "I do not know.",
        "Do you mean checkout?",
        "- payments is owned by payments-team [T2]\n- the error ratio of checkout rose to 23 % [T1]",
        "Weiß ich nicht.",
        "```\nrate(x[5m]) > 17.5\n```",
        "",
        " ",
        "...",
    ],
)
def test_what_is_shown_and_what_tells_nothing_is_left_as_it_is(text: str) -> None:
    for size in (1, 4, 1000):
        out, marking = marked(text, size)
        assert out == text
        assert marking.unsupported == []


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("The error ratio of checkout rose to 47 % [T1].", NOT_SHOWN),
        ("The error ratio of payments rose to 23 % [T1].", NOT_SHOWN),
        ("It was v9.9.9 that did it.", NO_CITE),
        ("At 11:07 UTC somebody restarted it.", NO_CITE),
        ("checkout was hacked.", NO_CITE),
        ("Es waren 99 Fehler.", NO_CITE),
        ("99件のエラーがあります。", NO_CITE),
    ],
)
def test_what_is_not_shown_is_marked(text: str, mark: str) -> None:
    for size in (1, 4, 1000):
        out, marking = marked(f"{text} I do not know more.", size)
        assert f"{text} ⚠ _{mark}_ I do not know" in out
        assert len(marking.unsupported) == 1


def test_an_id_that_is_not_there_is_no_support() -> None:
    out, marking = marked("The error ratio of checkout rose to 23 % [T9].")
    assert "⚠" in out
    assert marking.cited == {}


def test_the_same_marks_whatever_the_pieces() -> None:
    text = "Rose to 47 % [T1]. checkout v2 came [T2]! And e.g. 3 pods died.\n1. payments is owned by bo [T2]"
    outs = {marked(text, size)[0] for size in (1, 2, 3, 7, 50, 1000)}
    assert len(outs) == 1


def test_a_sentence_without_an_end_is_checked_all_the_same() -> None:
    out, _ = marked("the error ratio of checkout is 47 % and so on and on " * 40)
    assert out.count("⚠") > 2


def test_words_are_not_held_back_while_a_sentence_grows() -> None:
    marking = Marking(LEDGER)
    assert marking.feed("The error ratio ") == "The error ratio "


def test_what_is_cited_is_known_in_its_order() -> None:
    _, marking = marked("payments is owned by payments-team [T2]. The error ratio of checkout rose to 23 % [T1].")
    assert list(marking.cited) == ["T2", "T1"]


def test_code_is_seen_and_not_checked() -> None:
    assert marked("```\nup == 0\n```")[1].has_code
    assert not marked("`up` is 0")[1].has_code


def test_saying_that_one_does_not_know_is_seen() -> None:
    assert admits_not_knowing("I don't know who did it.")
    assert not admits_not_knowing("The database is down.")


INSTRUCTIONS = "You answer questions of the people on call about an incident, in Slack, while it runs, and never lie."


def discreet(text: str, size: int) -> str:
    guard = Discretion(INSTRUCTIONS)
    return "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size)) + guard.finish()


def test_instructions_are_left_out_from_the_eighth_word_on() -> None:
    for size in (1, 6, 1000):
        out = discreet(f"Sure: {INSTRUCTIONS} Anything else?", size)
        assert out == f"Sure: You answer questions of the people on {LEFT_OUT}Anything else?"


def test_case_and_marks_do_not_hide_them() -> None:
    assert LEFT_OUT in discreet(INSTRUCTIONS.upper().replace(" ", " *"), 3)


def test_other_words_pass_as_they_are() -> None:
    text = "The people on call know:\n\n- questions about an incident are **fine**, in Slack."
    assert discreet(text, 4) == text
