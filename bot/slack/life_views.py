"""The forms of an incident's life: pure, values in, Block Kit out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.incident import Incident
from bot.domain.life import Audience, Draft, DraftState, FollowUp, Priority
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.slack import life_ids as ids
from bot.slack.blocks.limits import Block, context, section
from bot.slack.inputs import LONGEST_TEXT, date_input, modal, person_input, select_input, text_input
from bot.slack.long_text import Parts
from bot.slack.mrkdwn import escape

View = Mapping[str, Any]
TEXT, AUDIENCE, NEXT, FIX, CAUSE, OWNER, DUE, PRIORITY, REASON = (
    "text", "audience", "next", "fix", "cause", "owner", "due", "priority", "reason",
)  # fmt: skip
PART = "part"  # and a number
UPDATE_LIMIT, FOLLOW_UP_LIMIT, REASON_LIMIT = 3000, 500, 500  # characters
TITLE_SHOWN = 120
NEXT_IN = {"": "as the severity asks", "15": "15 minutes", "30": "30 minutes", "60": "1 hour", "120": "2 hours",
           "240": "4 hours"}  # fmt: skip
BY_SEVERITY = "default"  # an option's value cannot be empty
PRIORITIES = (
    (Priority.P0, "P0: until it is done it can happen again tomorrow"),
    (Priority.P1, "P1: it would have been shorter or smaller"),
    (Priority.P2, "P2: it would have been easier"),
)


def _about(incident: Incident) -> Block:
    return context(
        f"*{incident.id}* {escape(plain(bare_title(incident.title), TITLE_SHOWN))} \u00b7 {incident.severity}"
    )


def update_view(incident: Incident, draft: str) -> View:
    """`draft`: the text that it begins with."""
    audiences = (
        (Audience.INTERNAL.value, "Colleagues: posted here and in announcements"),
        (Audience.PUBLIC.value, "Customers: a text for the status page"),
    )
    blocks = [
        _about(incident),
        select_input(AUDIENCE, "For whom?", audiences, first=Audience.INTERNAL.value),
        text_input(TEXT, "What they read", value=draft, multiline=True, most=UPDATE_LIMIT),
        select_input(
            NEXT,
            "Next update in",
            [(value or BY_SEVERITY, text) for value, text in NEXT_IN.items()],
            first=BY_SEVERITY,
        ),
    ]
    return modal(ids.UPDATE_MODAL, "Status update", "Send", blocks, incident.id)


def resolve_view(incident: Incident) -> View:
    blocks = [
        _about(incident),
        text_input(FIX, "What fixed it?", optional=True, multiline=True, most=FOLLOW_UP_LIMIT),
        text_input(CAUSE, "What was the cause?", optional=True, multiline=True, most=FOLLOW_UP_LIMIT),
    ]
    return modal(ids.RESOLVE_MODAL, "Resolve incident", "Resolve", blocks, incident.id)


def follow_up_view(incident: Incident, *, text: str = "", source: Mapping[str, str] | None = None) -> View:
    """`source`: the message that it comes from, its channel, ts and thread."""
    about = json.dumps({"incident": incident.id, **(source or {})})
    return modal(ids.FOLLOW_UP_MODAL, "Follow-up", "Create", _follow_up_fields(incident, text=text), about)


def follow_up_edit_view(incident: Incident, follow_up: FollowUp) -> View:
    blocks = _follow_up_fields(
        incident,
        text=follow_up.text,
        owner=follow_up.owner,
        due=str(follow_up.due_on or ""),
        priority=follow_up.priority,
    )
    return modal(ids.FOLLOW_UP_EDIT_MODAL, "Change follow-up", "Save", blocks, follow_up.id)


def _follow_up_fields(
    incident: Incident, *, text: str, owner: str = "", due: str = "", priority: Priority = Priority.P1
) -> Sequence[Block]:
    return [
        _about(incident),
        text_input(TEXT, "What is to be done?", value=text, multiline=True, most=FOLLOW_UP_LIMIT),
        person_input(OWNER, "By whom?", user=owner),
        date_input(DUE, "Until when?", day=due),
        select_input(PRIORITY, "How much does it matter?", PRIORITIES, first=priority),
    ]


def postmortem_view(incident: Incident, draft: Draft, parts: Parts) -> View:
    """All of the text, in as many fields as it needs."""
    how_many = len(parts.texts)
    fields = [
        text_input(
            f"{PART}{number}",
            "The text" if how_many == 1 else f"The text, part {number + 1} of {how_many}",
            value=text,
            multiline=True,
            optional=True,
            most=LONGEST_TEXT,
        )
        for number, text in enumerate(parts.texts)
    ]
    about = json.dumps({"incident": incident.id, "version": draft.version, "breaks": parts.breaks})
    note = "It is published; saving publishes it anew." if draft.state is DraftState.PUBLISHED else "Markdown."
    blocks = [_about(incident), context(note), *fields]
    return modal(ids.POSTMORTEM_MODAL, "Postmortem", "Save", blocks, about)


def reject_view(incident: Incident) -> View:
    field = text_input(REASON, "What is missing or wrong?", multiline=True, most=REASON_LIMIT)
    return modal(ids.REJECT_MODAL, "Reject postmortem", "Reject", [_about(incident), field], incident.id)


def ask_view(excerpt: str, source: Mapping[str, str]) -> View:
    """`excerpt`: of the message that is asked about."""
    quoted = section(f"> {escape(plain(excerpt, 300)) or 'a message without text'}")
    field = text_input(TEXT, "What do you want to know?", value="What does this mean here?", multiline=True, most=500)
    about = json.dumps({**source, "excerpt": plain(excerpt, 300)})
    return modal(ids.ASK_MODAL, "Ask about this", "Ask", [quoted, field], about)
