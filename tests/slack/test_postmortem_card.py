"""What Slack shows of postmortems and follow-ups: plain, within its limits, and foreign words do nothing in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.domain.life import Draft, DraftState, FollowUp, FollowUpState, Priority, Revision, presses
from bot.domain.postmortem.review import choices
from bot.slack.blocks.follow_up_list import blocks, line, listed, reminder
from bot.slack.blocks.postmortem_card import PostmortemWords
from bot.slack.telling import content
from sandbox.slack.blocks import Surface, problems
from sandbox.slack.pings import targets
from tests.flows.life.hour import ANA, BO, INC, incident

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TODAY = AT.date()
HOSTILE = "<!channel> *bold* <https://evil.example|log in> `x` & <@UEVIL1>"
TEXT = f"# {INC}\n\n## Executive summary\n\n- {HOSTILE} [[T1]](#fact-t1)\n- Two\n- Three\n- Four\n- Five\n"
WORDS = PostmortemWords()


def revision(what: str, by: str = ANA, reason: str = "") -> Revision:
    return Revision(at=AT, by=by, what=what, markdown=TEXT, reason=reason)


def draft(state: DraftState, *revisions: Revision) -> Draft:
    history = (revision("drafted from facts", by=""), *revisions)
    return Draft(incident=INC, state=state, history=history, lessons=(HOSTILE,), version=3)


def follow_up(**details: object) -> FollowUp:
    given: dict[str, object] = {
        "id": f"{INC}/1", "incident": INC, "text": HOSTILE, "priority": Priority.P0, "created_at": AT,
        "created_by": ANA, "owner": BO, "due_on": TODAY, **details,
    }  # fmt: skip
    return FollowUp(**given)  # type: ignore[arg-type]


READING = [presses.SHOW_POSTMORTEM]
REVIEWING = [*READING, presses.APPROVE_POSTMORTEM, presses.REJECT_POSTMORTEM]
REJECTED = draft(DraftState.REJECTED, revision("rejected", reason=HOSTILE))
PUBLISHED = draft(DraftState.PUBLISHED, revision("approved", BO), revision("published", ""))


@pytest.mark.parametrize(
    ("one", "said", "buttons"),
    [
        (draft(DraftState.DRAFT), "made from the record by rules", REVIEWING),
        (draft(DraftState.DRAFT, revision("edited")), f"edited by <@{ANA}>", REVIEWING),
        (REJECTED, f"Rejected by <@{ANA}>", READING),
        (draft(DraftState.APPROVED, revision("approved")), f"Approved by <@{ANA}>", []),
        (PUBLISHED, f"Published by <@{BO}>", READING),
    ],
)
def test_the_card_says_how_it_stands_and_offers_what_can_be_done(one: Draft, said: str, buttons: list[str]) -> None:
    text = WORDS.review(incident(title=HOSTILE), one, HOSTILE)
    assert said in text
    assert [choice.action for choice in choices(one)] == buttons
    message = content(text, choices(one))
    assert problems(message.blocks, Surface.MESSAGE) == []
    assert set(targets(text, message.blocks)) <= {ANA, BO}
    assert "<https://evil" not in text


def test_the_approval_s_button_carries_the_version_that_is_shown() -> None:
    (approve,) = [one for one in choices(draft(DraftState.DRAFT)) if one.action == presses.APPROVE_POSTMORTEM]
    assert approve.value == f"{INC} 3"
    assert "Draft 1" in WORDS.review(incident(), draft(DraftState.DRAFT), "")


def test_four_lines_of_the_summary_are_shown_and_the_rest_stands_behind_the_button() -> None:
    text = WORDS.review(incident(), draft(DraftState.DRAFT), "")
    assert "• Four" in text
    assert "• Five" not in text


def test_what_is_published_is_linked_and_files_of_a_folder_are_not() -> None:
    done = draft(DraftState.PUBLISHED, revision("approved"))
    text = WORDS.published(incident(), done, ("https://x.example/docs/T1/F1", "/srv/postmortems/x.md"))
    assert "<https://x.example/docs/T1/F1|Canvas>" in text
    assert "/srv" not in text
    assert "private" in WORDS.published(incident(is_private=True), done, ())


@pytest.mark.parametrize(
    ("due_on", "said"),
    [
        (None, "without a date"),
        (TODAY, "due today"),
        (date(2026, 11, 22), "due 2026-11-22"),
        (date(2026, 11, 20), "*overdue since 2026-11-20* (1 day)"),
        (date(2026, 11, 1), "(20 days)"),
    ],
)
def test_a_reminder_says_what_of_which_incident_and_since_when(due_on: date | None, said: str) -> None:
    text = reminder(follow_up(due_on=due_on), incident(title=HOSTILE), AT)
    assert said in text
    assert f"Follow-up {INC}/1" in text
    assert set(targets(text, [])) <= {BO}


def test_of_many_the_first_have_buttons_and_all_fit() -> None:
    many = [replace(follow_up(text="x" * 500), id=f"{INC}/{number}") for number in range(1, 60)]
    shown = blocks(many, TODAY)
    assert problems(shown, Surface.MESSAGE) == []
    values = [element["value"] for block in shown if block["type"] == "actions" for element in block["elements"]]
    assert values == [f"{INC}/{number}" for number in range(1, 9) for _ in range(2)]
    assert len(listed(many, TODAY)) <= 3000
    assert listed((), TODAY) == "No follow-ups."


def test_what_is_closed_is_struck_and_says_why() -> None:
    text = line(
        follow_up(text="Old", state=FollowUpState.DROPPED, word="not worth it", issue="https://x.example/1"), TODAY
    )
    assert "~Old~" in text
    assert "dropped: not worth it" in text
    assert "<https://x.example/1|issue>" in text
    assert "due" not in text
