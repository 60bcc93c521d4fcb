"""What no approval can make good: too much at once, too often, too little isolation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.domain.action import Isolation, Plan, Risk
from bot.domain.policy.autonomy import Rule
from bot.domain.policy.policy import Limits
from bot.domain.policy.ruling import Reason, RulingReason

ANY_UNIT = "*"
_STRENGTH = {Isolation.NONE: 0, Isolation.LANDLOCK: 1, Isolation.BUBBLEWRAP: 2, Isolation.NOT_NEEDED: 3}


def unit_of(word: str) -> str:
    """ "Pods" and "pod" are the same unit."""
    unit = word.strip().casefold()
    if unit.endswith(("sses", "xes", "ches", "shes")):
        return unit[:-2]
    if unit.endswith("ies") and len(unit) > 4:
        return f"{unit[:-3]}y"
    return unit[:-1] if unit.endswith("s") and not unit.endswith("ss") else unit


def radius_reason(limits: Limits, rules: Iterable[Rule], plan: Plan, risk: Risk) -> Reason | None:
    """Looking harms nothing, however much is looked at."""
    if risk is Risk.READ:
        return None
    radius, unit = plan.radius, unit_of(plan.radius.unit)
    bounds = [
        bound for limit in (limits.max_radius, *(rule.max_radius for rule in rules)) for bound in _of(limit, unit)
    ]
    if radius.count < 0:
        sentence = f"What it touches is not known ({radius.count} {radius.unit}), so it is not done."
    elif bounds and radius.count > min(bounds):
        sentence = f"It would touch {radius.count} {radius.unit}; the policy allows {min(bounds)} at most."
    else:
        return None
    return Reason(kind=RulingReason.RADIUS, sentence=sentence)


def _of(limit: Mapping[str, int], unit: str) -> tuple[int, ...]:
    """The bound of the unit itself, else the one for all others."""
    by_unit = {unit_of(name): bound for name, bound in limit.items()}
    found = by_unit.get(unit, by_unit.get(ANY_UNIT))
    return () if found is None else (found,)


def repetition_reason(limits: Limits, risk: Risk, times_done: int) -> Reason | None:
    if risk is Risk.READ or times_done < limits.repetitions:
        return None
    times = "once" if times_done == 1 else f"{times_done} times"
    done = f"The same was done {times} in this incident already" if times_done else "It is not to be done in incidents"
    sentence = f"{done}; doing it again needs a person at the console, or another cure."
    return Reason(kind=RulingReason.REPEATED, sentence=sentence)


def isolation_reason(limits: Limits, rules: Iterable[Rule], plan: Plan, risk: Risk) -> Reason | None:
    asked = [limits.isolation.get(risk, Isolation.BUBBLEWRAP), *(rule.isolation for rule in rules if rule.isolation)]
    needed = max(asked, key=lambda level: _STRENGTH[level])
    if _STRENGTH[plan.isolation] >= _STRENGTH[needed]:
        return None
    sentence = f"It needs to run isolated by {needed}, and this machine offers {plan.isolation}."
    return Reason(kind=RulingReason.ISOLATION, sentence=sentence)
