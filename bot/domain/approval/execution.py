"""The last word before something is done: everything that was checked when people decided is checked once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.action import Plan, canonical
from bot.domain.approval.events import Event, Posted, Reviewed, in_order
from bot.domain.approval.people import People
from bot.domain.approval.request import Request, text_keys_only
from bot.domain.approval.standing import Standing, State, state
from bot.domain.kill_switch import Stopped, Switch, bites
from bot.domain.policy import Autonomy, Ruling


class Precheck(StrEnum):
    """What the step's own condition says now."""

    NOT_DECLARED = "not_declared"
    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"  # it could not be checked

    @property
    def lets_through(self) -> bool:
        return self in (Precheck.NOT_DECLARED, Precheck.HOLDS)


class ExecutionReason(StrEnum):
    MAY_RUN = "may_run"
    ALREADY_BEGUN = "already_begun"
    STOPPED = "stopped"  # by the kill switch
    UNREADABLE = "unreadable"  # a record or plan that is no JSON
    NOT_POSTED = "not_posted"
    REQUEST_CHANGED = "request_changed"
    PLAN_CHANGED = "plan_changed"
    RUNBOOK_CHANGED = "runbook_changed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    MESSAGE_EDITED = "message_edited"
    MESSAGE_DELETED = "message_deleted"
    EXPIRED = "expired"
    NOT_ENOUGH = "not_enough"
    NO_LONGER_ENOUGH = "no_longer_enough"  # an approver is not eligible any more
    NEEDS_APPROVAL = "needs_approval"  # asked to run without any
    POLICY_FORBIDS = "policy_forbids"
    POLICY_STRICTER = "policy_stricter"
    PRECHECK_FAILS = "precheck_fails"
    PRECHECK_UNKNOWN = "precheck_unknown"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    reason: ExecutionReason
    sentence: str
    switch: Switch | None = None  # that stopped it
    standing: Standing | None = None

    @property
    def may_run(self) -> bool:
        return self.reason is ExecutionReason.MAY_RUN


_SENTENCES = {
    ExecutionReason.MAY_RUN: "Everything that was approved still holds.",
    ExecutionReason.ALREADY_BEGUN: "It was begun already; an approval is good for one execution.",
    ExecutionReason.UNREADABLE: "The plan or the request cannot be compared with what was approved; ask for it anew.",
    ExecutionReason.NOT_POSTED: "The request was never put before people.",
    ExecutionReason.REQUEST_CHANGED: "The request is not the one that was shown to people; ask for it anew.",
    ExecutionReason.RUNBOOK_CHANGED: "The runbook has changed since it was approved; start the run anew.",
    ExecutionReason.NO_LONGER_ENOUGH: "An approver may not approve any more: {count} of {needed} approvals are left.",
    ExecutionReason.POLICY_STRICTER: "The policy asks for more than it did when this was approved; ask for it anew.",
    ExecutionReason.PRECHECK_FAILS: "What must hold before the step does not hold any more.",
    ExecutionReason.PRECHECK_UNKNOWN: "It could not be checked whether the step's condition still holds.",
}
_UNREADABLE = (TypeError, ValueError, AttributeError, RecursionError)  # what was put in is no plan, no JSON, or endless
_OVER = {
    State.CONSUMED: ExecutionReason.ALREADY_BEGUN,
    State.DENIED: ExecutionReason.DENIED,
    State.WITHDRAWN: ExecutionReason.WITHDRAWN,
    State.MESSAGE_EDITED: ExecutionReason.MESSAGE_EDITED,
    State.MESSAGE_DELETED: ExecutionReason.MESSAGE_DELETED,
    State.EXPIRED: ExecutionReason.EXPIRED,
}


def may_execute(
    request: Request,
    events: Iterable[Event],
    *,
    plan_now: Plan,
    runbook_digest_now: str,
    now: datetime,
    people: People,
    switches: Sequence[Switch],
    precheck: Precheck,
    ruling: Ruling | None = None,
) -> Verdict:
    """Whether the approved plan may be begun at this moment; the caller then claims it by compare-and-set.

    `plan_now`, `runbook_digest_now`, `people`, `switches`, `precheck` and `ruling` (what the policy says of `plan_now`)
    as they are now, not as they were. Never raises for what a request or plan holds.
    """
    told = in_order(events)
    posted = next((event for event in told if isinstance(event, Posted)), None)
    if posted is None:
        return _verdict(ExecutionReason.NOT_POSTED)
    if changed := _changed(request, posted.request_digest, plan_now):
        return changed
    if switch := _stopped(request, plan_now, switches):
        return _stopped_verdict(switch)
    standing = state(request, told, now, people)
    if over := _OVER.get(standing.state):
        return Verdict(reason=over, sentence=standing.sentence, standing=standing)
    if standing.state is not State.APPROVED:
        return _not_enough(request, told, standing, now)
    if runbook_digest_now != request.runbook_digest:
        return _verdict(ExecutionReason.RUNBOOK_CHANGED)
    if tighter := _tighter(request, ruling, now):
        return tighter
    return _by_precheck(precheck, standing)


def may_run_at_once(
    plan: Plan, ruling: Ruling, *, incident: str, service: str | None, switches: Sequence[Switch], precheck: Precheck
) -> Verdict:
    """For what the policy lets the bot do without asking: `ruling` on this very plan, made now."""
    if not _is_readable(plan):
        return _verdict(ExecutionReason.UNREADABLE)
    for touched in dict.fromkeys((plan.call.service, service)):
        if switch := bites(switches, Stopped.ACTIONS, touched, incident):
            return _stopped_verdict(switch)
    if ruling.kind is Autonomy.FORBIDDEN:
        return Verdict(reason=ExecutionReason.POLICY_FORBIDS, sentence=ruling.sentence)
    if not ruling.may_run_at_once:
        return Verdict(reason=ExecutionReason.NEEDS_APPROVAL, sentence=ruling.sentence)
    return _by_precheck(precheck, None)


def _changed(request: Request, shown: str, plan_now: Plan) -> Verdict | None:
    try:
        if not (_is_readable(request.plan) and _is_readable(plan_now)):
            return _verdict(ExecutionReason.UNREADABLE)
        if request.digest != shown or request.plan.digest != request.plan_digest:
            return _verdict(ExecutionReason.REQUEST_CHANGED)
        if plan_now.digest == request.plan_digest:
            return None
    except _UNREADABLE:
        return _verdict(ExecutionReason.UNREADABLE)
    names = ", ".join(differing(request.plan, plan_now))
    sentence = f"What would be done now is not what was approved; these differ: {names}. Ask for it anew."
    return Verdict(reason=ExecutionReason.PLAN_CHANGED, sentence=sentence)


def _is_readable(plan: Plan) -> bool:
    try:
        return bool(plan.digest) and text_keys_only(asdict(plan))
    except _UNREADABLE:
        return False


def differing(before: Plan, after: Plan) -> tuple[str, ...]:
    """Names of the fields that are not the same, those of the call as "call.parameters"."""
    old, new = _flat(before), _flat(after)
    return tuple(name for name in old | new if canonical(old.get(name)) != canonical(new.get(name)))


def _flat(plan: Plan) -> dict[str, object]:
    plain: dict[str, object] = asdict(plan)
    call = plain.pop("call")
    return plain | ({f"call.{name}": value for name, value in call.items()} if isinstance(call, dict) else {})


def _stopped(request: Request, plan: Plan, switches: Sequence[Switch]) -> Switch | None:
    """By a switch for what the plan touches, or for what the incident is about."""
    found = (bites(switches, Stopped.ACTIONS, s, request.incident) for s in (plan.call.service, request.service))
    return next((switch for switch in found if switch), None)


def _not_enough(request: Request, events: Sequence[Event], standing: Standing, now: datetime) -> Verdict:
    """Whether people may yet approve, or those who did may not any more."""
    then = {event.reviewer.id: event.reviewer for event in events if isinstance(event, Reviewed)}
    before = state(request, events, now, then)
    lost = before.state is State.APPROVED
    reason = ExecutionReason.NO_LONGER_ENOUGH if lost else ExecutionReason.NOT_ENOUGH
    sentence = _SENTENCES.get(reason, standing.sentence).format(count=len(standing.approvals), needed=standing.needed)
    return Verdict(reason=reason, sentence=sentence, standing=standing)


def _tighter(request: Request, ruling: Ruling | None, now: datetime) -> Verdict | None:
    if ruling is None or ruling.may_run_at_once:
        return None
    if ruling.kind is Autonomy.FORBIDDEN:
        return Verdict(reason=ExecutionReason.POLICY_FORBIDS, sentence=ruling.sentence)
    is_tighter = (
        ruling.needed > request.needed
        or not set(request.groups) <= set(ruling.approvers)
        or (request.requester_may_approve and not ruling.requester_may_approve)
        or now >= request.created_at + ruling.expires_after
    )
    return _verdict(ExecutionReason.POLICY_STRICTER) if is_tighter else None


def _by_precheck(precheck: Precheck, standing: Standing | None) -> Verdict:
    reason = {
        Precheck.FAILS: ExecutionReason.PRECHECK_FAILS,
        Precheck.UNKNOWN: ExecutionReason.PRECHECK_UNKNOWN,
    }.get(precheck, ExecutionReason.MAY_RUN)
    sentence = _SENTENCES[reason] if standing or reason is not ExecutionReason.MAY_RUN else "The policy lets it run."
    return Verdict(reason=reason, sentence=sentence, standing=standing)


def _stopped_verdict(switch: Switch) -> Verdict:
    return Verdict(reason=ExecutionReason.STOPPED, sentence=switch.sentence, switch=switch)


def _verdict(reason: ExecutionReason) -> Verdict:
    return Verdict(reason=reason, sentence=_SENTENCES[reason])
