"""What fired together in earlier incidents belongs together: learned by counting. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from bot.domain.grouping import Named

CLOSE = timedelta(minutes=10)  # one fault's alerts come within the time of a rule's `for` and its evaluation
LEAST = 3  # incidents: twice may be chance where there are hundreds of conditions
MOST_OF_ONE = 30  # conditions of one incident, the earliest: a storm pairs everything with everything
MOST_PARTNERS = 10  # of one condition, the most frequent


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """A condition that fired in an incident."""

    condition: Named
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Learned:
    # By condition its partners, the most frequent first, each with the sentence that says so.
    partners: Mapping[Named, Mapping[Named, str]] = field(default_factory=dict)

    def of(self, condition: Named) -> Mapping[Named, str]:
        return self.partners.get(condition, {})


NOTHING_LEARNED = Learned()


def learn(incidents: Iterable[Sequence[Occurrence]], *, least: int = LEAST) -> Learned:
    """`incidents`: what fired in each, in order of arrival. An incident counts once for two conditions."""
    counts: Counter[tuple[Named, Named]] = Counter()
    looked_at = 0
    for occurrences in incidents:
        looked_at += 1
        counts.update(_pairs(occurrences))
    partners: dict[Named, dict[Named, str]] = {}
    for (one, other), times in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if times >= least:
            _add(partners.setdefault(one, {}), other, times, looked_at)
            _add(partners.setdefault(other, {}), one, times, looked_at)
    return Learned(partners=partners)


def _pairs(occurrences: Sequence[Occurrence]) -> set[tuple[Named, Named]]:
    first: dict[Named, datetime] = {}
    for one in occurrences:
        if len(first) < MOST_OF_ONE:
            first.setdefault(one.condition, one.at)
    return {(a, b) for a, b in combinations(sorted(first), 2) if abs(first[a] - first[b]) <= CLOSE}


def _add(known: dict[Named, str], partner: Named, times: int, looked_at: int) -> None:
    if len(known) < MOST_PARTNERS:
        name, service = partner
        what = f"{name} of {service}" if service else name
        known[partner] = f"fired together with {what} in {times} of the last {looked_at} incidents"
