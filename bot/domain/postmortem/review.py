"""What stands in a draft's history, and what follows from it for its card and for the model. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.life import Draft, DraftState, Revision, presses
from bot.domain.ports.life import Choice

FROM_FACTS, BY_MODEL = "drafted from facts", "drafted by the model"
EDITED, REJECTED, APPROVED, PUBLISHED = "edited", "rejected", "approved", "published"
NOT_AGAIN = "not drafted anew"


def wants_model(draft: Draft) -> bool:
    """It was drafted by rules alone and nobody has touched it since; or it was rejected. Asked for once each."""
    last = draft.history[-1]
    if draft.state is DraftState.REJECTED:
        return last.what == REJECTED
    return draft.state is DraftState.DRAFT and last.what == FROM_FACTS and not last.reason


def drafted_at(draft: Draft) -> datetime:
    """When it was last drafted from the record."""
    return next((one.at for one in reversed(draft.history) if one.what in (FROM_FACTS, BY_MODEL)), draft.history[0].at)


def round_of(draft: Draft) -> int:
    """How often it was put before people anew: the model's better wording of the same draft is no new round."""
    return sum(_begins(before, one) for before, one in zip((None, *draft.history), draft.history, strict=False))


def _begins(before: Revision | None, one: Revision) -> bool:
    if one.what == FROM_FACTS:
        return True
    return one.what == BY_MODEL and (before is None or before.what != FROM_FACTS)


def choices(draft: Draft) -> Sequence[Choice]:
    show = Choice(action=presses.SHOW_POSTMORTEM, text="Read and edit", value=draft.incident)
    if draft.state is DraftState.APPROVED:
        return ()
    if draft.state is not DraftState.DRAFT:
        return (show,)
    approval = f"{draft.incident} {draft.version}"
    return (
        show,
        Choice(action=presses.APPROVE_POSTMORTEM, text="Approve and publish", value=approval),
        Choice(action=presses.REJECT_POSTMORTEM, text="Reject", value=draft.incident, is_danger=True),
    )
