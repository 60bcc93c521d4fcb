"""What responders wrote, sorted into cause, fix and what did not help: never more than they said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.worklog import FIELD_LIMIT, Worklog, read_worklog


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], Worklog()),
        (["ack"], Worklog()),
        (["Looking", "paging Ana", "Thanks all!", "back to normal"], Worklog()),
        (["Went back to v1"], Worklog(fix="Went back to v1")),
        (["Fix: `kubectl rollout undo deploy/x`", "all good"], Worklog(fix="`kubectl rollout undo deploy/x`")),
        (["**Resolution**: raised the limit to 80."], Worklog(fix="raised the limit to 80")),
        (["Fixed by kubectl apply -f ."], Worklog(fix="Fixed by kubectl apply -f .")),
        (["Root cause: a full disk"], Worklog(cause="a full disk")),
        (["Turned out the disk was full. Deleted old logs."],
         Worklog(cause="Turned out the disk was full", fix="Deleted old logs")),
        (["Restarted the pods, didn't help"], Worklog(unhelpful="Restarted the pods, didn't help")),
        (["Rolled back v2 but it made things worse"], Worklog(unhelpful="Rolled back v2 but it made things worse")),
        (["Restarted it.\nStill failing after that.", "Failed over to eu-2"],
         Worklog(fix="Restarted it; Failed over to eu-2", unhelpful="Still failing after that")),
        (["Should we roll back? Maybe restarted pods will do"], Worklog()),
        (["I will restart it", "not resolved yet"], Worklog()),
        (["Vendor confirmed an outage", "Vendor says it is over"], Worklog(fix="Vendor says it is over")),
        (["Reverted #812", "Reverted #812"], Worklog(fix="Reverted #812")),
    ],
)  # fmt: skip
def test_sentences_go_where_their_words_put_them(notes: list[str], expected: Worklog) -> None:
    assert read_worklog(notes) == expected


@given(st.lists(st.text(max_size=300), max_size=8))
def test_whatever_people_write_comes_out_plain_and_bounded(notes: list[str]) -> None:
    told = read_worklog(notes)
    for text in (told.cause, told.fix, told.unhelpful):
        assert len(text) <= FIELD_LIMIT
        assert text.isprintable()


@pytest.mark.parametrize("unit", ["a ", "Fix: ", "\n", "did not ", "; ", "*_", "Rolled back. "])
def test_long_notes_are_read_in_no_time(unit: str) -> None:
    """Patterns that go back and forth over a text would take minutes here."""
    read_worklog([unit * 200_000] * 50)
