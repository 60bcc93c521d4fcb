"""While people have not decided: when to remind them, and when to ask somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.approval.events import Escalated, Event, Reminded
from bot.domain.approval.request import Request
from bot.domain.approval.standing import Standing, State
from bot.domain.policy import Escalating


@dataclass(frozen=True, kw_only=True)
class Reminder:
    at: datetime  # when it is due; in the past where it was missed
    sentence: str


def next_reminder(
    request: Request, standing: Standing, events: Iterable[Event], now: datetime, before: Sequence[timedelta]
) -> Reminder | None:
    """The next one that was not given yet; of several that were missed the last alone. None where none is to come."""
    if standing.state is not State.WAITING:
        return None
    given = max((event.at for event in events if isinstance(event, Reminded)), default=request.created_at)
    moments = sorted(request.expires_at - lead for lead in before)
    open_ = [at for at in moments if given < at < request.expires_at]
    missed = [at for at in open_ if at <= now]
    at = missed[-1] if missed else next(iter(open_), None)
    if at is None:
        return None
    left = request.expires_at - max(at, now)
    count = f"{len(standing.approvals)} of {standing.needed} approvals"
    return Reminder(at=at, sentence=f"{_words(left)} left to decide: {count}.")


def _words(left: timedelta) -> str:
    seconds = max(0, round(left.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds // 60} min {seconds % 60} s"


class EscalationReason(StrEnum):
    DUE = "due"
    NOT_YET = "not_yet"
    NOT_SEVERE = "not_severe"  # not for incidents of this severity
    DONE = "done"  # already escalated
    OVER = "over"  # nothing to decide any more


@dataclass(frozen=True, kw_only=True)
class Escalation:
    reason: EscalationReason
    at: datetime | None = None  # from when on; None where never
    sentence: str = ""


def escalation(
    request: Request, standing: Standing, events: Iterable[Event], now: datetime, rule: Escalating
) -> Escalation:
    """Whether to page the next person on call because nobody has answered, or nobody after the last approval."""
    told = tuple(events)
    if standing.state is not State.WAITING:
        return Escalation(reason=EscalationReason.OVER)
    if request.severity is None or request.severity not in rule.severities:
        return Escalation(reason=EscalationReason.NOT_SEVERE)
    if any(isinstance(event, Escalated) for event in told):
        return Escalation(reason=EscalationReason.DONE)
    last = max((review.at for review in standing.approvals), default=request.created_at)
    at = last + rule.after
    if now < at:
        return Escalation(reason=EscalationReason.NOT_YET, at=at)
    waits = f"{request.plan.target} waits, with {len(standing.approvals)} of {standing.needed} approvals"
    sentence = f"Nobody has answered for {_words(now - last)}: {waits}."
    return Escalation(reason=EscalationReason.DUE, at=at, sentence=sentence)
