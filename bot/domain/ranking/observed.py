"""What the ranking is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.confidence import Confidence


class Signal(StrEnum):
    """What a metric tells about its service. Finer than the golden signals: the side of a latency matters here."""

    LATENCY = "latency"  # how long the service takes to answer
    WAITING = "waiting"  # how long its own calls to others take: a symptom of something below
    ERRORS = "errors"  # failed requests: a ratio, a rate or a count
    AVAILABILITY = "availability"  # succeeded requests: a ratio or a percentage
    USE = "use"  # CPU, memory, pools, queues: local to the service
    TRAFFIC = "traffic"  # requests it receives: decided by its callers
    FLOW = "flow"  # bytes, packets, system calls: follow the traffic


FAILING = frozenset({Signal.ERRORS, Signal.AVAILABILITY})  # two ways to tell the same


@dataclass(frozen=True, kw_only=True)
class ObservedSeries:
    """One metric of one service."""

    service: str
    metric: str
    points: tuple[tuple[float, float], ...]  # (unix seconds, value), ascending; NaN: no sample
    signal: Signal | None = None  # None: guessed from the metric's name
    unit: str = ""  # "ms" where a latency is not in seconds; otherwise of no use here


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the alert is about."""

    service: str
    signal: Signal


@dataclass(frozen=True, kw_only=True)
class Situation:
    series: tuple[ObservedSeries, ...]
    onset: float  # unix seconds
    step: float  # seconds between two samples; the sample that the onset falls into counts as after it
    calls: frozenset[tuple[str, str]] = frozenset()  # (caller, callee); empty: not known
    target: Target | None = None
    error_rises: Mapping[str, float] = field(default_factory=dict)  # error-log lines now / before, per service


class Ground(StrEnum):
    """Why a service is suspected."""

    OWN_SIGNAL = "own signal"  # one of its metrics left its range, and nothing below explains that
    LOSS = "loss"  # the time or the requests that the alert is about are lost here
    ACCUSED = "accused"  # its callers wait, and no callee's own latency explains it: think of the network
    CUT_OFF = "cut off"  # it gets its traffic, what it calls does not
    LOGS = "logs"  # its error logs rose


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """One ground against one service."""

    ground: Ground
    weight: float  # its part of the score
    signal: Signal | None = None
    metric: str = ""  # the loudest metric of that signal
    deviation: float = 0.0  # robust deviations of that metric, signed


@dataclass(frozen=True, kw_only=True)
class Suspect:
    service: str
    score: float
    speaking: tuple[Speaking, ...]  # weightiest first
    confidence: Confidence  # how sure it is that this one is the cause; LOW for all but the first
