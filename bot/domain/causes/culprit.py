"""The same culprit told twice: "it is failing" gives way to why it is failing, and hands over what it knows."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.weigh import reason, with_reasons

# An exact cause has to stand by itself before it inherits: a timing with a reaction, or a limit that is reached.
STANDS = 2.5
TOLD_MORE_EXACTLY = -1.0  # less than any observation: the vaguer cause is not wrong, it only says less
_EXACT = (CauseKind.DEPLOYMENT, CauseKind.EXHAUSTION, CauseKind.CONFIGURATION, CauseKind.INFRASTRUCTURE)


def tell_exactly(found: Sequence[Hypothesis]) -> list[Hypothesis]:
    """What callers say of a failing dependency speaks for the deployment, or the full disk, that made it fail."""
    told = list(found)
    for place, vague in enumerate(found):
        if vague.kind is not CauseKind.DEPENDENCY or vague.score <= 0:
            continue
        exact = [
            n for n, h in enumerate(found) if h.kind in _EXACT and h.service == vague.service and h.score >= STANDS
        ]
        if exact:
            heir = max(exact, key=lambda n: (found[n].score, -n))
            told[heir] = with_reasons(found[heir], _handed_over(vague, found[heir]))
            told[place] = with_reasons(vague, [_why(found[heir])])
    return told


def _handed_over(vague: Hypothesis, exact: Hypothesis) -> list[Reason]:
    """What rests on evidence that the exact cause has not used yet: nothing counts twice."""
    used = {i for r in exact.reasons for i in r.evidence}
    return [r for r in vague.reasons_for if not set(r.evidence) <= used]


def _why(exact: Hypothesis) -> Reason:
    strongest = exact.reasons_for[0]
    return reason(TOLD_MORE_EXACTLY, f"there is a reason for it: {exact.statement}", *strongest.evidence)
