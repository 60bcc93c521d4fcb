"""What a scenario holds once it is loaded. All times are unix seconds (float) on the real clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.scenario.remedy import Remedy


@dataclass(frozen=True, kw_only=True)
class Person:
    handle: str  # "ana"
    name: str  # "Ana Ruiz"
    email: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class TimeSeries:
    """One Prometheus series: `labels` with `__name__`; `times` ascending; counters really count."""

    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One document of the logs' data stream."""

    at: float
    service: str
    level: str  # info, warn, error ...
    message: str
    host: str
    fields: Mapping[str, Any] = field(default_factory=dict)  # further ECS fields, dotted names: "trace.id"


@dataclass(frozen=True, kw_only=True)
class Commit:
    sha: str
    at: float
    author: str  # a person's handle
    message: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deployment:
    id: int
    at: float
    repository: str  # "owner/name"
    environment: str
    ref: str  # the version: "v2.31.0"
    sha: str
    creator: str  # a person's handle
    description: str = ""
    state: str = "success"  # the last status
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    number: int
    repository: str
    title: str
    author: str
    merged_at: float
    merge_sha: str


@dataclass(frozen=True, kw_only=True)
class OnCall:
    escalation_policy: str  # PagerDuty's id
    policy_name: str
    level: int
    person: str  # a person's handle
    start: float
    end: float
    schedule: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """A Prometheus alerting rule, and since when it fires (None: it does not)."""

    name: str
    query: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    firing_since: float | None = None
    value: float | None = None
    duration: float = 0.0  # the rule's `for`, in seconds: the expression held that long before `firing_since`


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The scenario's alert, as its vendor sends it; signed by the demo with the sandbox's secret."""

    source: str  # "pagerduty", "alertmanager", "generic"
    payload: Mapping[str, Any]
    rule: str = ""  # the name of the alerting rule that it is about; "" where the vendor has rules of its own


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The known true cause: kept in a file of its own, read by tests only."""

    cause_kind: str
    service: str
    subject: str
    story: str


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    title: str
    folder: Path  # holds services.yaml (the catalog), runbooks/ and history/ for the bot
    loaded_at: float
    onset: float
    people: tuple[Person, ...]
    webhook: Webhook
    distractors: tuple[Webhook, ...]  # unrelated alerts that may be sent as well
    series: tuple[TimeSeries, ...]
    logs: tuple[LogLine, ...]  # ascending by time; index "logs-app-default"
    rules: tuple[AlertRule, ...]
    commits: Mapping[str, tuple[Commit, ...]]  # by repository, newest first
    deployments: Sequence[Deployment]  # newest first; a world that is played adds those that are brought out in it
    pulls: tuple[PullRequest, ...]  # newest first
    oncalls: tuple[OnCall, ...]
    builds: Mapping[str, str] = field(default_factory=dict)  # the catalog's name of the service, by repository
    remedy: Remedy | None = None  # None: no version that is brought out ends the trouble
