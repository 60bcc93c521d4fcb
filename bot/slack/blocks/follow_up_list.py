"""Follow-ups as people see them: in a list, and in a reminder. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from bot.domain.incident import Incident
from bot.domain.life import FollowUp, FollowUpState, Priority, presses
from bot.domain.naming import bare_title
from bot.slack.blocks.acting import actions, button, mention, said
from bot.slack.blocks.limits import SECTION_LIMIT, Block, fitted, section
from bot.slack.mrkdwn import bold, escape, link

TEXT, TITLE, WORD = 220, 100, 150
MOST_WITH_BUTTONS = 8  # each takes two blocks of a view that holds a hundred, or of a message that holds fifty
_SIGNS = {Priority.P0: ":red_circle:", Priority.P1: ":large_orange_circle:", Priority.P2: ":white_circle:"}


def reminder(one: FollowUp, incident: Incident | None, now: datetime) -> str:
    title = f" ({said(bare_title(incident.title), TITLE)})" if incident else ""
    when = _when(one.due_on, now.date())
    return f":ballot_box_with_check: {bold(f'Follow-up {one.id}')}{title} is {when}.\n{line(one, now.date())}"


def listed(follow_ups: Sequence[FollowUp], today: date) -> str:
    """Lines of mrkdwn for one section; what does not fit is counted."""
    if not follow_ups:
        return "No follow-ups."
    return fitted([line(one, today) for one in follow_ups], SECTION_LIMIT, total=len(follow_ups))


def blocks(follow_ups: Sequence[FollowUp], today: date) -> list[Block]:
    """Each with its buttons; those beyond the first few in one list."""
    shown, rest = follow_ups[:MOST_WITH_BUTTONS], follow_ups[MOST_WITH_BUTTONS:]
    found = [block for one in shown for block in _with_buttons(one, today)]
    return [*found, section(listed(rest, today))] if rest else found or [section(listed((), today))]


def line(one: FollowUp, today: date) -> str:
    return " · ".join(_parts(one, today))


def _parts(one: FollowUp, today: date) -> Iterator[str]:
    text = said(one.text, TEXT)
    if one.state is not FollowUpState.OPEN:
        text = f"~{text}~" if text else ""
    origin = f" {link(one.link, 'from')}" if one.link else ""
    yield f"{_SIGNS[one.priority]} {escape(one.id)} {one.priority}{origin} {text}"
    yield f"owner {mention(one.owner)}" if one.owner else "nobody owns it yet"
    if one.state is FollowUpState.OPEN and one.due_on is not None:
        yield _when(one.due_on, today)
    elif one.state is not FollowUpState.OPEN:
        yield f"{one.state}: {said(one.word, WORD)}" if one.word else one.state.value
    if one.issue:
        yield link(one.issue, "issue")


def _when(due_on: date | None, today: date) -> str:
    if due_on is None:
        return "without a date"
    late = (today - due_on).days
    if late > 0:
        return f"*overdue since {due_on:%Y-%m-%d}* ({late} {'day' if late == 1 else 'days'})"
    return "due today" if late == 0 else f"due {due_on:%Y-%m-%d}"


def _with_buttons(one: FollowUp, today: date) -> Iterator[Block]:
    yield section(line(one, today))
    if one.state is FollowUpState.OPEN:
        yield actions(button("Done", presses.FOLLOW_UP_DONE, one.id), button("Edit", presses.FOLLOW_UP_EDIT, one.id))
