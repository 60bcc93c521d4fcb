"""What a question is about, told by its words."""

from __future__ import annotations

import pytest

from bot.domain.answers import Topic, topics


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("what changed?", Topic.CHANGES),
        ("Was anything deployed in the last hour", Topic.CHANGES),
        ("which version is running", Topic.CHANGES),
        ("has this happened before?", Topic.BEFORE),
        ("is there a similar incident", Topic.BEFORE),
        ("have seen this last time?", Topic.BEFORE),
        ("who owns this service?", Topic.OWNER),
        ("which team looks after payments", Topic.OWNER),
        ("whose service is orders", Topic.OWNER),
        ("who is on call?", Topic.ON_CALL),
        ("who should I page", Topic.ON_CALL),
        ("what did we try?", Topic.TRIED),
        ("what has been done so far", Topic.TRIED),
        ("did anyone restart it", Topic.TRIED),
        ("what happened?", Topic.TRIED),
        ("why is it failing", Topic.CAUSE),
        ("what is the root cause", Topic.CAUSE),
        ("what's wrong", Topic.CAUSE),
        ("how bad is it", Topic.IMPACT),
        ("how many customers are affected", Topic.IMPACT),
        ("is it still failing?", Topic.IMPACT),
        ("what should we do?", Topic.NEXT),
        ("how do I fix it", Topic.NEXT),
        ("is there a runbook", Topic.NEXT),
        ("what have you ruled out", Topic.RULED_OUT),
        ("what could you not check", Topic.GAPS),
        ("show me the logs", Topic.LOGS),
        ("any exceptions?", Topic.LOGS),
        ("what depends on orders", Topic.NEIGHBOURS),
        ("what is downstream of it", Topic.NEIGHBOURS),
        ("since when", Topic.BEGAN),
        ("when did it start?", Topic.BEGAN),
    ],
)
def test_usual_questions_are_understood(question: str, topic: Topic) -> None:
    assert topic in topics(question)


def test_two_questions_in_one_are_both_understood_in_their_order() -> None:
    assert topics("Who owns it, and what changed?") == (Topic.OWNER, Topic.CHANGES)
    assert topics("What changed, and who owns it?") == (Topic.CHANGES, Topic.OWNER)


@pytest.mark.parametrize("said", ["", "thanks", "hello there", "was ist denn kaputt", "pool connections exhausted"])
def test_other_words_are_no_topic(said: str) -> None:
    assert topics(said) == ()
