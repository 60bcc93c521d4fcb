"""What services run on and depend on outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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


GOOD = frozenset({"Ready"})  # conditions that are told because they clear a service


@dataclass(frozen=True, kw_only=True)
class ConditionFact:
    """A thing that a service runs on or is run by is not as it should be; where `is_good`, it is."""

    service: str
    subject: str  # "node worker-3", "autoscaler checkout", "application checkout"
    condition: str  # "NotReady", "MemoryPressure", "AtMaximum", "Degraded", "OutOfSync"; "Ready": all pods are
    since: datetime | None = None
    detail: str = ""  # redacted and cut

    @property
    def is_good(self) -> bool:
        return self.condition in GOOD


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
