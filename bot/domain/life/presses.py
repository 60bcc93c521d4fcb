"""What the buttons of an incident's life are called; what each carries as its value stands beside it."""

from __future__ import annotations

ACCEPT_HANDOFF = "life_accept_handoff"  # the handoff's id
DECLINE_HANDOFF = "life_decline_handoff"  # the handoff's id
TAKE_LEAD = "life_take_lead"  # the incident's id
WRITE_UPDATE = "life_write_update"  # the incident's id; opens a form
SNOOZE = "life_snooze"  # "INC-2026-0042 30": the incident's id and minutes
RESOLVE = "life_resolve"  # the incident's id
KEEP_OPEN = "life_keep_open"  # the incident's id
REOPEN = "life_reopen"  # the incident's id
PROMOTE = "life_promote"  # the incident's id
PAGE = "life_page"  # "INC-2026-0042 checkout": the incident's id and whom
SHOW_POSTMORTEM = "life_show_postmortem"  # the incident's id; opens the text to read and edit
APPROVE_POSTMORTEM = "life_approve_postmortem"  # "INC-2026-0042 3": the incident's id and the draft's version
REJECT_POSTMORTEM = "life_reject_postmortem"  # the incident's id; opens a form
FOLLOW_UP_DONE = "life_follow_up_done"  # the follow-up's id
FOLLOW_UP_EDIT = "life_follow_up_edit"  # the follow-up's id; opens a form
FOLLOW_UP_ISSUE = "life_follow_up_issue"  # the follow-up's id
NOT_RELATED = "life_not_related"  # "INC-2026-0042 cart": the incident's id and a service, or an alert's number from 1

ALL = frozenset(
    {
        ACCEPT_HANDOFF,
        DECLINE_HANDOFF,
        TAKE_LEAD,
        WRITE_UPDATE,
        SNOOZE,
        RESOLVE,
        KEEP_OPEN,
        REOPEN,
        PROMOTE,
        PAGE,
        SHOW_POSTMORTEM,
        APPROVE_POSTMORTEM,
        REJECT_POSTMORTEM,
        FOLLOW_UP_DONE,
        FOLLOW_UP_EDIT,
        FOLLOW_UP_ISSUE,
        NOT_RELATED,
    }
)
OPENING_FORMS = frozenset({WRITE_UPDATE, SHOW_POSTMORTEM, REJECT_POSTMORTEM, FOLLOW_UP_EDIT})
