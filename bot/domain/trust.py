"""How far cause and fix of a record are believed: raised and lowered slowly, by what people say and what happens."""

from __future__ import annotations

from bot.domain.remembered import Held

# Shares of the way to 1 (or to 0) that one sign goes. One person's click moves less than an incident that came back,
# and no single sign more than a third: a record is wrong more seldom than a click is hasty.
HELPED, DID_NOT_HELP = 0.1, 0.1
IT_HELD, IT_CAME_BACK = 0.15, 0.3
LOWEST, HIGHEST = 0.05, 0.95  # nothing is ever past doubt, or past hope
NEUTRAL_FACTOR, SPREAD = 0.8, 0.4  # of a likeness: from 0.8 at trust 0 to 1.2 at trust 1


def after_feedback(trust: float, *, helped: bool) -> float:
    return _towards(trust, 1.0, HELPED) if helped else _towards(trust, 0.0, DID_NOT_HELP)


def after_outcome(trust: float, outcome: Held) -> float:
    """Unknown changes nothing."""
    if outcome is Held.HELD:
        return _towards(trust, 1.0, IT_HELD)
    return _towards(trust, 0.0, IT_CAME_BACK) if outcome is Held.CAME_BACK else trust


def factor(trust: float) -> float:
    """What a likeness is multiplied by when records are ordered."""
    return NEUTRAL_FACTOR + SPREAD * trust


def _towards(trust: float, end: float, share: float) -> float:
    return round(min(HIGHEST, max(LOWEST, trust + (end - trust) * share)), 4)
