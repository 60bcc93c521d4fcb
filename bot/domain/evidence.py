"""What the sources said. A `Fact` is typed so that rules can reason over it; an `Evidence` makes it citable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SignalKind(StrEnum):
    """The golden signals."""

    TRAFFIC = "traffic"
    ERRORS = "errors"
    LATENCY = "latency"
    SATURATION = "saturation"
    AVAILABILITY = "availability"


@dataclass(frozen=True, kw_only=True)
class MetricFact:
    """One signal of one service, before the onset and now."""

    service: str
    metric: str  # a name for people, for example "error ratio"
    kind: SignalKind | None
    unit: str  # "ratio", "s", "1/s", "bytes", "connections" or ""
    before: float | None  # median of the baseline window; None where there was no sample
    now: float | None  # the worst sample since the onset (the trigger's own side of "worse"); None where none
    latest: float | None  # the newest sample
    spread: float  # robust spread of the baseline (1.4826 * median absolute deviation), in `unit`
    moved_at: datetime | None  # first sample that left the baseline for good; None where it did not move
    limit: float | None = None  # the capacity or the alert's threshold, where known
    is_trigger: bool = False  # True for the alert's own expression
    query: str = ""  # the exact PromQL that anyone can run again

    @property
    def moved(self) -> bool:
        return self.moved_at is not None


@dataclass(frozen=True, kw_only=True)
class LogFact:
    """A pattern in error logs: one template, its counts before and since the onset."""

    service: str
    level: str
    pattern: str  # the template, variable parts as <*>
    count: int  # since the onset
    baseline: int  # in an equally long window before the onset
    first_seen: datetime | None  # first occurrence since the onset, or in the baseline where older
    sample: str = ""  # one whole line, redacted and cut
    query: str = ""  # the exact search that anyone can run again

    @property
    def is_new(self) -> bool:
        return self.baseline == 0


class ChangeKind(StrEnum):
    DEPLOYMENT = "deployment"
    RELEASE = "release"
    MERGE = "merge"  # merged is not deployed


@dataclass(frozen=True, kw_only=True)
class ChangeFact:
    service: str
    kind: ChangeKind
    at: datetime
    version: str
    title: str
    author: str = ""
    previous: str | None = None  # the version before, where known: the rollback target
    environment: str = ""
    succeeded: bool | None = None  # a deployment's last status; None where unknown
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OnCallFact:
    person: str
    email: str
    level: int  # 1 is paged first
    policy: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PastIncidentFact:
    incident: str
    title: str
    service: str | None
    cause: str
    cause_kind: str  # a `CauseKind` value, or "" where it was never settled
    fix: str
    at: datetime
    minutes: int | None  # from onset to resolution
    score: float  # 0 to 1, how alike
    why: tuple[str, ...]  # words and fields that matched


@dataclass(frozen=True, kw_only=True)
class RunbookFact:
    runbook: str
    title: str
    why: tuple[str, ...]
    steps: tuple[str, ...]  # one line a step, commands verbatim
    score: float
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class ServiceFact:
    service: str
    owner: str
    tier: int | None
    depends_on: tuple[str, ...]
    dependants: tuple[str, ...]
    known: bool  # False: not in the catalog; the rest is a guess


@dataclass(frozen=True, kw_only=True)
class AlertFact:
    """Another alert of the same monitoring system that fires at the same time."""

    name: str
    service: str | None
    since: datetime
    severity: str = ""


@dataclass(frozen=True, kw_only=True)
class EventFact:
    """Warnings of one reason about the objects a service runs as."""

    service: str
    reason: str  # one word: "FailedScheduling", "Unhealthy", "BackOff"
    subject: str  # the object that was hit last: "pod checkout-7c9f"
    count: int  # how often, all objects together
    objects: int  # how many objects
    first_seen: datetime | None
    last_seen: datetime
    note: str = ""  # the last one's own words, redacted and cut


@dataclass(frozen=True, kw_only=True)
class PodFact:
    """Pods of one service that are in the same trouble."""

    service: str
    pod: str  # one of them
    count: int  # how many pods are in this trouble
    total: int  # how many pods the service has
    restarts: int = 0  # of all of them, since they were created
    terminated: str = ""  # why a container ended last: "OOMKilled", "Error", "Evicted"
    exit_code: int | None = None
    waiting: str = ""  # why a container does not start: "CrashLoopBackOff", "ImagePullBackOff"
    pending: bool = False  # it has not been started at all yet
    since: datetime | None = None  # the earliest time known of it
    note: str = ""  # the platform's own words, redacted and cut


@dataclass(frozen=True, kw_only=True)
class ConditionFact:
    """A thing that a service runs on or is run by is not as it should be."""

    service: str
    subject: str  # "node worker-3", "autoscaler checkout", "application checkout"
    condition: str  # "NotReady", "MemoryPressure", "AtMaximum", "Degraded", "OutOfSync"
    since: datetime | None = None
    detail: str = ""  # redacted and cut


@dataclass(frozen=True, kw_only=True)
class ProviderFact:
    """What a provider says of itself on its status page."""

    provider: str  # as the settings name it, best as `depends_on` of the catalog does
    component: str  # "" where the incident names none
    state: str  # "major_outage", "degraded_performance", "investigating", "under_maintenance"
    title: str = ""  # the incident's, where there is one
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProbeFact:
    """One GET of one address of a service, asked when the incident opened."""

    service: str
    url: str  # without its query, which may hold keys
    status: int | None  # None where there was no answer
    error: str  # why there was none; "" where there was
    seconds: float
    certificate_days: int | None = None  # until it expires; None for http and where it was not seen


Fact = (
    MetricFact
    | LogFact
    | ChangeFact
    | OnCallFact
    | PastIncidentFact
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
class TriggerChart:
    """What the chart of the alert's own expression needs."""

    title: str
    unit: str
    query: str
    series: tuple[Series, ...]
    onset: datetime
    threshold: float | None = None


class Outcome(StrEnum):
    FOUND = "found"
    NOTHING = "nothing"  # looked, and there is nothing
    FAILED = "failed"  # could not look
    SKIPPED = "skipped"  # not set up, or not applicable here


class FailureReason(StrEnum):
    UNREACHABLE = "unreachable"
    UNAUTHORISED = "unauthorised"  # the credentials are not accepted
    FORBIDDEN = "forbidden"  # the credentials are accepted but not allowed to look
    RATE_LIMITED = "rate_limited"
    NOT_ON_PLAN = "not_on_plan"
    TOO_SLOW = "too_slow"  # its deadline passed
    NONSENSE = "nonsense"  # an answer that is not what its protocol says
    REFUSED = "refused"  # the source understood and refused the request
    BUG = "bug"  # our own code failed while asking


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a source returns when it could look. No evidence means "nothing found"."""

    evidence: tuple[Evidence, ...] = ()
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
    checked: str = ""
    reason: FailureReason | None = None  # only for FAILED
    detail: str = ""  # one plain sentence: why it failed or was skipped, and what to do
    chart: TriggerChart | None = field(default=None, compare=False)
