"""Likely causes by explicit rules over typed facts: no model, and no name of any service is known here.

Every rule adds a reason for or against, with the evidence that it rests on; a cause's score is their sum.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes import (
    changes,
    dependency,
    exhaustion,
    infrastructure,
    misconfiguration,
    recovery,
    traffic,
)
from bot.domain.causes.calm import no_cause
from bot.domain.causes.case import Case
from bot.domain.causes.confidence import settle
from bot.domain.causes.culprit import tell_exactly
from bot.domain.causes.history import remember
from bot.domain.causes.suspects import suspect
from bot.domain.context import ContextRequest
from bot.domain.evidence import Finding

_RULES = (
    exhaustion.consider,
    misconfiguration.consider,
    changes.consider,
    infrastructure.consider,
    dependency.consider,
    traffic.consider,
    recovery.consider,
)
_EXACT_FIRST = (CauseKind.EXHAUSTION, CauseKind.CONFIGURATION, CauseKind.DEPLOYMENT, CauseKind.DEPENDENCY)
# Of equal scores, the more exact cause stands first.
_ORDER = {kind: place for place, kind in enumerate(_EXACT_FIRST)}


def rank(request: ContextRequest, findings: Iterable[Finding]) -> tuple[Hypothesis, ...]:
    """All causes that were considered, likeliest first, "unknown" last.

    A score of zero or less means: considered, and nothing is left that speaks for it. Evidence without an id is not
    used, since nothing may be claimed that cannot be cited.
    """
    case = Case(request, findings)
    observed = tell_exactly([h for consider in _RULES for h in consider(case)])
    found = [remember(case, suspect(case, h)) for h in observed]
    found.sort(key=lambda h: (-h.score, _ORDER.get(h.kind, len(_ORDER)), h.service, h.subject, h.statement))
    return settle(case, [*found, no_cause(case)])


__all__ = ["rank"]
