"""What a check of a sentence against its evidence says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    SUPPORTED = "supported"
    PARTLY = "partly"  # most of it is shown; what is not is marked
    UNSUPPORTED = "unsupported"


class FaultKind(StrEnum):
    NO_ID = "no_id"
    UNKNOWN_ID = "unknown_id"
    NUMBER_NOT_FOUND = "number_not_found"
    WRONG_UNIT = "wrong_unit"
    WRONG_METRIC = "wrong_metric"  # the number is that of another metric or quantile
    WRONG_SERVICE = "wrong_service"  # the number or time is that of another service
    NAME_NOT_FOUND = "name_not_found"  # service, host, person, version, commit, incident, error
    QUOTE_NOT_FOUND = "quote_not_found"
    TIME_NOT_FOUND = "time_not_found"
    DIRECTION = "direction"  # it went the other way, or did not move; before and after are swapped
    NOT_SHOWN = "not_shown"  # the cited evidence does not speak of it, or says otherwise
    OVERSTATED = "overstated"  # surer than any evidence can be
    IRRELEVANT_ID = "irrelevant_id"  # one of several that are cited has nothing to do with it


# These leave what is said standing, only the way it is said or cited is wrong.
SOFT = frozenset({FaultKind.OVERSTATED, FaultKind.IRRELEVANT_ID, FaultKind.UNKNOWN_ID})
# What is not found may be one slip among much that is right; these say something that is not so.
CONTRADICTS = frozenset(
    {FaultKind.WRONG_SERVICE, FaultKind.WRONG_METRIC, FaultKind.DIRECTION, FaultKind.NOT_SHOWN, FaultKind.NO_ID}
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    kind: FaultKind
    said: str  # the words it is about; an id for faults of ids
    start: int = 0  # in the sentence; start == end: the whole of it
    end: int = 0


@dataclass(frozen=True, kw_only=True)
class CheckedClaim:
    text: str
    evidence: tuple[str, ...]  # the ids that exist, of those that were cited
    verdict: Verdict
    faults: tuple[Fault, ...] = ()  # in the order of the sentence
    checked: int = 0  # how many numbers, times and names of it were found in the evidence


def verdict_of(faults: tuple[Fault, ...], checked: int) -> Verdict:
    """One thing that is not found among at least two that are leaves a sentence partly supported."""
    hard = [fault for fault in faults if fault.kind not in SOFT]
    if not hard:
        return Verdict.PARTLY if faults else Verdict.SUPPORTED
    one_slip = len(hard) == 1 and hard[0].kind not in CONTRADICTS and checked >= 2
    return Verdict.PARTLY if one_slip else Verdict.UNSUPPORTED
