"""Approvals: what people are asked, what they say, and whether it may be done."""

from bot.domain.approval.events import (
    ApprovalWithdrawn,
    Decision,
    Escalated,
    Event,
    Executed,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    Posted,
    Reminded,
    RequestWithdrawn,
    Reviewed,
    Started,
    in_order,
)
from bot.domain.approval.execution import ExecutionReason, Precheck, Verdict, differing, may_execute, may_run_at_once
from bot.domain.approval.people import Eligibility, People, Person, PersonKind, eligibility
from bot.domain.approval.request import Request
from bot.domain.approval.review import ReviewReason, ReviewVerdict, TakingBack, review, take_back
from bot.domain.approval.standing import Standing, State, may_deny, state
from bot.domain.approval.waiting import Escalation, EscalationReason, Reminder, escalation, next_reminder

__all__ = [
    "ApprovalWithdrawn",
    "Decision",
    "Eligibility",
    "Escalated",
    "Escalation",
    "EscalationReason",
    "Event",
    "Executed",
    "ExecutionReason",
    "Expired",
    "Message",
    "MessageDeleted",
    "MessageEdited",
    "People",
    "Person",
    "PersonKind",
    "Posted",
    "Precheck",
    "Reminded",
    "Reminder",
    "Request",
    "RequestWithdrawn",
    "ReviewReason",
    "ReviewVerdict",
    "Reviewed",
    "Standing",
    "Started",
    "State",
    "TakingBack",
    "Verdict",
    "differing",
    "eligibility",
    "escalation",
    "in_order",
    "may_deny",
    "may_execute",
    "may_run_at_once",
    "next_reminder",
    "review",
    "state",
    "take_back",
]
