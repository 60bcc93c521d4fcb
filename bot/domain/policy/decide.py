"""The decision on one plan: the strictest of all that fits holds.

forbidden > approval > notify > allowed; the most approvers needed, the shortest expiry, the smallest radius, the
strongest isolation; the requester may approve only where nothing says otherwise; of rules that name approvers the
groups that all of them name. Where no rule fits: approval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from bot.domain.action import Plan, Reversibility, Risk, canonical
from bot.domain.policy.autonomy import UNKNOWN, Autonomy, Rule
from bot.domain.policy.bounds import isolation_reason, radius_reason, repetition_reason
from bot.domain.policy.policy import Policy
from bot.domain.policy.ruling import ActionContext, Reason, Ruling, RulingReason


def decide(policy: Policy, plan: Plan, context: ActionContext) -> Ruling:
    risk = weighed_risk(plan)
    rules = _fitting(policy, plan, risk, context)
    kind, reasons = _autonomy(policy, plan, rules, context)
    kind, reasons = _quiet(policy, risk, kind, reasons, context)
    refusals = _refusals(policy, plan, risk, rules, context)
    if refusals:
        kind, reasons = Autonomy.FORBIDDEN, refusals + (reasons if kind is Autonomy.FORBIDDEN else ())
    if kind is not Autonomy.APPROVAL:
        return Ruling(kind=kind, reasons=reasons, risk=risk, policy_version=policy.version)
    return _with_approvers(policy, risk, rules, reasons)


def repetition_key(plan: Plan) -> str:
    """The same for two plans that do the same thing to the same target, also where what they found there differs."""
    call = plan.call
    same = [call.action, call.environment, call.service, plan.target, dict(call.parameters)]
    return hashlib.sha256(canonical(same).encode()).hexdigest()


def weighed_risk(plan: Plan) -> Risk:
    """What cannot be undone counts as DESTROY, whatever it is called."""
    return Risk.DESTROY if plan.reversibility is Reversibility.IRREVERSIBLE else plan.risk


def _fitting(policy: Policy, plan: Plan, risk: Risk, context: ActionContext) -> tuple[Rule, ...]:
    fitting = [p for p in policy.profiles if p.fits(plan.call.environment, context.severity)]
    replaced = {profile.instead_of for profile in fitting}
    from_profiles = (rule for profile in fitting if profile.name not in replaced for rule in profile.rules)
    return tuple(rule for rule in (*policy.rules, *from_profiles) if rule.fits(plan, risk, context.tier))


def _autonomy(
    policy: Policy, plan: Plan, rules: tuple[Rule, ...], context: ActionContext
) -> tuple[Autonomy, tuple[Reason, ...]]:
    if rules:
        kind = max((rule.autonomy for rule in rules), key=lambda autonomy: autonomy.rank)
        return kind, tuple(_because(rule, plan) for rule in rules if rule.autonomy is kind)
    environment = plan.call.environment
    if any(profile.fits(environment, context.severity) for profile in policy.profiles):
        sentence = f"No rule of the policy fits {plan.call.action} in {environment}, so it needs approval."
        return UNKNOWN, (Reason(kind=RulingReason.NO_RULE, sentence=sentence),)
    sentence = f"The policy says nothing about the environment {environment or 'without a name'}: it needs approval."
    return UNKNOWN, (Reason(kind=RulingReason.NO_PROFILE, sentence=sentence),)


_SAYS = {
    Autonomy.ALLOWED: "lets the bot do it",
    Autonomy.NOTIFY: "lets the bot do it and say so",
    Autonomy.APPROVAL: "asks for approval",
    Autonomy.FORBIDDEN: "forbids it",
}


def _because(rule: Rule, plan: Plan) -> Reason:
    why = f": {rule.why.rstrip('.')}" if rule.why else ""
    sentence = f"The policy ({rule.name}) {_SAYS[rule.autonomy]} for {plan.call.action}{why}."
    return Reason(kind=RulingReason.RULE, sentence=sentence, rule=rule.name)


def _quiet(
    policy: Policy, risk: Risk, kind: Autonomy, reasons: tuple[Reason, ...], context: ActionContext
) -> tuple[Autonomy, tuple[Reason, ...]]:
    if not context.is_automatic or risk is Risk.READ:
        return kind, reasons
    quiet = [hours for hours in policy.quiet_hours if hours.holds(context.now) and hours.autonomy.rank > kind.rank]
    if not quiet:
        return kind, reasons
    strictest = max(quiet, key=lambda hours: hours.autonomy.rank)
    says = "nothing is changed automatically" if strictest.autonomy is Autonomy.FORBIDDEN else "a person must agree"
    sentence = f"It is {strictest.name} until {strictest.end:%H:%M} ({strictest.zone}): {says}."
    return strictest.autonomy, (Reason(kind=RulingReason.QUIET_HOURS, sentence=sentence),)


def _refusals(
    policy: Policy, plan: Plan, risk: Risk, rules: tuple[Rule, ...], context: ActionContext
) -> tuple[Reason, ...]:
    found = (
        radius_reason(policy.limits, rules, plan, risk),
        repetition_reason(policy.limits, risk, context.times_done),
        isolation_reason(policy.limits, rules, plan, risk),
    )
    return tuple(reason for reason in found if reason)


def _with_approvers(policy: Policy, risk: Risk, rules: tuple[Rule, ...], reasons: tuple[Reason, ...]) -> Ruling:
    approving = policy.approving
    groups = _groups(policy, rules)
    if not groups:
        reason = Reason(kind=RulingReason.NO_APPROVERS, sentence=_nobody(rules))
        return Ruling(kind=Autonomy.FORBIDDEN, reasons=(reason, *reasons), risk=risk, policy_version=policy.version)
    floor = max(1, approving.needed.get(risk, 1))
    needed = max((floor, *(rule.needed for rule in rules if rule.needed is not None)))
    expiries = (rule.expires_after for rule in rules if rule.expires_after is not None)
    own = approving.requester_may_approve and all(rule.requester_may_approve is not False for rule in rules)
    return Ruling(
        kind=Autonomy.APPROVAL,
        reasons=reasons,
        risk=risk,
        approvers=groups,
        needed=needed,
        requester_may_approve=own and needed < 2,
        expires_after=min((approving.expires_after, *expiries)),
        policy_version=policy.version,
    )


def _groups(policy: Policy, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Only groups that there are: a name that means nobody never opens anything."""
    named = [rule.approvers for rule in rules if rule.approvers]
    first = named[0] if named else policy.approving.groups
    return tuple(name for name in first if name in policy.groups and all(name in other for other in named))


def _nobody(rules: tuple[Rule, ...]) -> str:
    naming = [rule.name for rule in rules if rule.approvers]
    if len(naming) > 1:
        return f"Nobody may approve it: the rules {' and '.join(naming)} name approvers that have no group in common."
    return "It needs approval, but the policy names nobody who may approve; add a group under `approving: groups`."
