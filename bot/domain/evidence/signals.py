"""What metrics and logs say."""

from __future__ import annotations

from dataclasses import dataclass
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
    usual: float | None = None  # median at the same time of earlier days; None where that is not known

    @property
    def moved(self) -> bool:
        return self.moved_at is not None


@dataclass(frozen=True, kw_only=True)
class ForecastFact:
    """When something runs out if it goes on as it did lately. Only where it will, within a time that matters."""

    service: str
    subject: str  # for people: "disk space of /data", "certificate of shop.example"
    now: float  # in `unit`
    limit: float  # reached at `runs_out_at`; below `now` for what shrinks, as free space does
    unit: str
    per_hour: float  # how `now` changes in an hour; negative for what shrinks
    runs_out_at: datetime
    query: str = ""  # the exact PromQL that anyone can run again


@dataclass(frozen=True, kw_only=True)
class LogSample:
    """One whole line of a pattern."""

    at: datetime
    text: str  # redacted and cut
    trace: str = ""  # its trace id, where it has one
    link: str | None = None  # to the line or the trace


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
    first: LogSample | None = None  # the first since the onset
    last: LogSample | None = None  # the newest; None where it is the first
    over_time: tuple[int, ...] = ()  # counts in equal slices of the time since the onset, oldest first
    slice_seconds: float = 0.0  # length of one slice
    differs: tuple[str, ...] = ()  # what these lines share and others do not: "version 2.31.0: 96 % here, 30 % of all"
    is_sampled: bool = False  # True: not all lines were read, the counts are scaled

    @property
    def is_new(self) -> bool:
        return self.baseline == 0


@dataclass(frozen=True, kw_only=True)
class SuspectFact:
    """What the ranking of all series says of one service. `confidence` is a `Confidence` value."""

    service: str
    place: int  # 1 is the likeliest
    score: float
    confidence: str
    grounds: tuple[str, ...]  # why, strongest first, one short phrase each
    metric: str = ""  # what deviates most of it; "" where only others speak against it


@dataclass(frozen=True, kw_only=True)
class OnsetFact:
    """When the trouble began by the data, which is usually before the alert."""

    at: datetime
    movers: tuple[str, ...]  # what jumped there, most first: "checkout error ratio"
