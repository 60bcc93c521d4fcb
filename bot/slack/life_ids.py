"""The names by which forms, shortcuts and confirmations of an incident's life come back from Slack.

The buttons that flows put under their messages are named in `bot.domain.life.presses`.
"""

from __future__ import annotations

from bot.domain.life import presses

CONFIRM_CANCEL = "life_confirm_cancel"  # "INC-2026-0042 why"
CONFIRM_MERGE = "life_confirm_merge"  # "INC-2026-0042 INC-2026-0041"
RESOLVE_FORM = "life_resolve_form"  # a button, and the form: the incident's id
FOLLOW_UP_FORM = "life_follow_up_form"  # a button, and the form: the incident's id

UPDATE_MODAL = "life_update"  # callback ids of forms
RESOLVE_MODAL = "life_resolve_modal"
FOLLOW_UP_MODAL = "life_follow_up"
FOLLOW_UP_EDIT_MODAL = "life_follow_up_change"
POSTMORTEM_MODAL = "life_postmortem"
REJECT_MODAL = "life_reject"
ASK_MODAL = "life_ask"
MODALS = (
    UPDATE_MODAL,
    RESOLVE_MODAL,
    FOLLOW_UP_MODAL,
    FOLLOW_UP_EDIT_MODAL,
    POSTMORTEM_MODAL,
    REJECT_MODAL,
    ASK_MODAL,
)

CREATE_FOLLOW_UP = "create_follow_up"  # callback ids of message shortcuts
ASK_ABOUT = "ask_about_this"

OPENING = frozenset({*presses.OPENING_FORMS, RESOLVE_FORM, FOLLOW_UP_FORM})  # a click opens a form, and changes nothing
RECORDED = frozenset({*(presses.ALL - presses.OPENING_FORMS), CONFIRM_CANCEL, CONFIRM_MERGE})


def two(value: str) -> tuple[str, str]:
    """An incident's id and what stands after it."""
    first, _, rest = value.partition(" ")
    return first, rest.strip()
