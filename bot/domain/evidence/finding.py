"""What a source said: typed facts so that rules can reason, made citable as evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.evidence.changes import ChangeFact
from bot.domain.evidence.people import (
    AlertFact,
    NextOnCallFact,
    NoteFact,
    OnCallFact,
    PastIncidentFact,
    RecentIncidentFact,
    RecurrenceFact,
    RunbookFact,
    ServiceFact,
)
from bot.domain.evidence.platform import ConditionFact, EventFact, PodFact, ProbeFact, ProviderFact
from bot.domain.evidence.signals import ForecastFact, LogFact, MetricFact, OnsetFact, SuspectFact
from bot.domain.ranking.observed import ObservedSeries

Fact = (
    MetricFact
    | ForecastFact
    | LogFact
    | SuspectFact
    | OnsetFact
    | ChangeFact
    | OnCallFact
    | NextOnCallFact
    | PastIncidentFact
    | RecentIncidentFact
    | RecurrenceFact
    | NoteFact
    | RunbookFact
    | ServiceFact
    | AlertFact
    | EventFact
    | PodFact
    | ConditionFact
    | ProviderFact
    | ProbeFact
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One citable datum. `id` ("E1") is given once all sources have answered; until then it is empty."""

    source: str
    text: str  # one plain sentence for people; never trusted as markup
    fact: Fact
    link: str | None = None
    at: datetime | None = None
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """Samples over time; `points` are (unix seconds, value), ascending."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A moment worth a line in a chart."""

    at: datetime
    label: str  # a few words: "checkout v2.31.0"


@dataclass(frozen=True, kw_only=True)
class TriggerChart:
    """What the chart of the alert's own expression needs."""

    title: str
    unit: str
    query: str
    series: tuple[Series, ...]
    onset: datetime
    threshold: float | None = None
    began: datetime | None = None  # the onset found from the data, where it is not the alert's
    marks: tuple[Mark, ...] = ()  # changes, oldest first


class Outcome(StrEnum):
    FOUND = "found"
    NOTHING = "nothing"  # looked, and there is nothing
    FAILED = "failed"  # could not look
    SKIPPED = "skipped"  # not set up, or not applicable here


class FailureReason(StrEnum):
    UNREACHABLE = "unreachable"
    UNAUTHORISED = "unauthorised"  # the credentials are not accepted
    FORBIDDEN = "forbidden"  # the credentials are accepted but not allowed to look
    RATE_LIMITED = "rate_limited"  # by the source
    HELD_BACK = "held_back"  # by our own budget for the source
    NOT_ON_PLAN = "not_on_plan"
    TOO_SLOW = "too_slow"  # its deadline passed
    NONSENSE = "nonsense"  # an answer that is not what its protocol says
    REFUSED = "refused"  # the source understood and refused the request
    BUG = "bug"  # our own code failed while asking


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a source returns when it could look. No evidence means "nothing found"."""

    evidence: tuple[Evidence, ...] = ()
    series: tuple[ObservedSeries, ...] = ()  # what the ranking of services may use; not kept
    gaps: tuple[str, ...] = ()  # what could not be looked at although the rest could: one plain sentence each
    checked: str = ""  # what was looked at, for "ruled out": "deployments of checkout in the last 2 h"
    chart: TriggerChart | None = None
    skipped: str = ""  # why there was nothing to ask, for example "no repository in the catalog"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One source's answer, or the reason there is none."""

    source: str
    outcome: Outcome
    seconds: float  # how long it took
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[str, ...] = ()  # what could not be looked at although the rest could
    checked: str = ""
    reason: FailureReason | None = None  # only for FAILED
    detail: str = ""  # one plain sentence: why it failed or was skipped, and what to do
    chart: TriggerChart | None = field(default=None, compare=False)
    series: tuple[ObservedSeries, ...] = field(default=(), compare=False)  # for the ranking; not kept
