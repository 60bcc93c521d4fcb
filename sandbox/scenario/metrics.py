"""Synthesises Prometheus series: request counters and latency histograms that agree, gauges, plain counters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from sandbox.scenario.levels import LEVEL_MEMBERS, Floats, Level, level_of, read_level
from sandbox.scenario.model import TimeSeries
from sandbox.scenario.reading import Node
from sandbox.scenario.remedy import RESTARTS_AFTER, Relief, Rollout

STEP = 15.0  # seconds between scrapes
PORT = 8080
BUILD_INFO = "app_build_info"  # the metric by which a service tells its version
# The default buckets of the Prometheus client libraries, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
REDIRECTS = 0.015  # share of 3xx among the requests that went well
START_COUNT_HOURS = 30.0  # counters do not begin at zero: the process has been up for about this long

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """When samples were taken: `times` in unix seconds, `offsets` in seconds after the onset."""

    times: tuple[float, ...]
    offsets: Floats


def make_grid(onset: float, *, before: float, after: float) -> Grid:
    count = int((before + after) // STEP) + 1
    offsets: Floats = np.arange(count, dtype=float) * STEP - before
    return Grid(times=tuple((onset + offsets).tolist()), offsets=offsets)


def generator(seed: int, part: str) -> np.random.Generator:
    """Each part draws from its own stream: changing one leaves the others as they were."""
    return np.random.default_rng([seed, crc32(part.encode())])


@dataclass(frozen=True, kw_only=True)
class HttpService:
    """A service that answers requests; `median` in seconds, `spread` is the sigma of the log-normal latency."""

    name: str
    instances: int
    rate: Level  # requests a second over all instances
    errors: Level  # share of 5xx
    client_errors: Level  # share of 4xx
    median: Level
    spread: Level
    error_code: str
    restarts: tuple[float, ...]
    memory: Level  # bytes
    cpu: Level  # seconds of processor time for one request

    def after(self, rollouts: Iterable[Rollout], relief: Relief | None) -> HttpService:
        """Restarted by each rollout of its own, and its faults relieved."""
        restarts = (*self.restarts, *(item.at + RESTARTS_AFTER for item in rollouts if item.service == self.name))
        if relief is None:
            return replace(self, restarts=restarts)
        return replace(
            self,
            restarts=restarts,
            rate=self.rate.relieved(relief),
            errors=self.errors.relieved(relief),
            client_errors=self.client_errors.relieved(relief),
            median=self.median.relieved(relief),
            spread=self.spread.relieved(relief),
            memory=self.memory.relieved(relief),
            cpu=self.cpu.relieved(relief),
        )

    def hosts(self) -> tuple[str, ...]:
        return tuple(f"{self.name}-{number}" for number in range(self.instances))


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A gauge, or (`counts`) a counter whose level is a rate per second."""

    name: str
    labels: Mapping[str, str]
    level: Level
    counts: bool = False
    integer: bool = False
    spans: tuple[tuple[float, float], ...] = ((-math.inf, math.inf),)  # when it is there: from, and before

    def after(self, rollouts: Iterable[Rollout], relief: Relief | None) -> Measure:
        """Its faults relieved; what tells a version is there while that version runs."""
        spans = self.spans
        if self.name == BUILD_INFO:
            for item in sorted(rollouts, key=lambda item: item.at):
                if item.service == self.labels.get("service"):
                    spans = _cut(spans, item.at + RESTARTS_AFTER, goes_on=item.version == self.labels.get("version"))
        return replace(self, spans=spans, level=self.level.relieved(relief) if relief else self.level)


def _cut(spans: tuple[tuple[float, float], ...], at: float, *, goes_on: bool) -> tuple[tuple[float, float], ...]:
    """What was before `at`, and what is from then on or not."""
    before = tuple((begin, min(end, at)) for begin, end in spans if begin < at)
    return (*before, (at, math.inf)) if goes_on else before


def read_http(name: str, node: Node) -> HttpService:
    node.only(
        "instances", "rate", "errors", "client_errors", "median", "spread", "error_code", "restarts", "memory", "cpu"
    )
    return HttpService(
        name=name,
        instances=node.integer("instances", 2),
        rate=read_level(node.child("rate")),
        errors=_level(node, "errors", 0.001),
        client_errors=_level(node, "client_errors", 0.015),
        median=read_level(node.child("median")),
        spread=_level(node, "spread", 0.6),
        error_code=node.text("error_code", "500"),
        restarts=tuple(item.as_seconds() for item in node.items("restarts")),
        memory=_level(node, "memory", 300e6),
        cpu=_level(node, "cpu", 0.006),
    )


def _level(node: Node, name: str, default: float) -> Level:
    found = node.maybe(name)
    return read_level(found) if found else Level(base=default, noise=0.05)


def read_measure(node: Node) -> Measure:
    node.only("name", "labels", "type", "integer", "from", "until", *LEVEL_MEMBERS)
    kind = node.text("type", "gauge")
    if kind not in ("gauge", "counter"):
        raise node.child("type").error("must be gauge or counter")
    return Measure(
        name=node.text("name"),
        labels=node.labels("labels"),
        level=level_of(node),
        counts=kind == "counter",
        integer=node.flag("integer"),
        spans=(
            (
                node.seconds("from") if node.maybe("from") else -math.inf,
                node.seconds("until") if node.maybe("until") else math.inf,
            ),
        ),
    )


def measure_series(measure: Measure, grid: Grid, seed: int) -> TimeSeries:
    rng = generator(seed, f"{measure.name}{sorted(measure.labels.items())}")
    values = measure.level.sample(grid.offsets, rng)
    if measure.counts:
        values = _counter(rng.poisson(values * STEP), rng, ()).astype(float)
    elif measure.integer:
        values = np.round(values)
    labels = {"__name__": measure.name, **measure.labels}
    there = np.any([(grid.offsets >= begin) & (grid.offsets < end) for begin, end in measure.spans], axis=0)
    if there.all():
        return TimeSeries(labels=labels, times=grid.times, values=tuple(values.tolist()))
    times = tuple(itertools.compress(grid.times, there.tolist()))
    return TimeSeries(labels=labels, times=times, values=tuple(values[there].tolist()))


def http_series(service: HttpService, grid: Grid, seed: int) -> Iterator[TimeSeries]:
    """`http_requests_total` by code, `http_request_duration_seconds`, memory, processor time and `up`, per instance."""
    rng = generator(seed, f"http {service.name}")
    rate = service.rate.sample(grid.offsets, rng) / service.instances
    errors = service.errors.sample(grid.offsets, rng)
    for host in service.hosts():
        instance = _Instance(service=service, grid=grid, rng=rng, host=host)
        yield from instance.series(rate, np.clip(errors, 0, 1))


@dataclass(frozen=True, kw_only=True)
class _Instance:
    service: HttpService
    grid: Grid
    rng: np.random.Generator
    host: str

    def series(self, rate: Floats, errors: Floats) -> Iterator[TimeSeries]:
        requests = self.rng.poisson(rate * STEP)
        yield from self._by_code(requests, errors)
        yield from self._latency(requests)
        yield from self._process(requests)

    def _by_code(self, requests: Ints, errors: Floats) -> Iterator[TimeSeries]:
        refused = self.service.client_errors.mean(self.grid.offsets)
        well = np.clip(1 - errors - refused, 0, 1)
        shares = np.stack([well * (1 - REDIRECTS), well * REDIRECTS, refused, errors], axis=1)
        counts = self.rng.multinomial(requests, shares / shares.sum(axis=1, keepdims=True))
        for column, code in enumerate(("200", "302", "404", self.service.error_code)):
            yield self._one("http_requests_total", self._count(counts[:, column]), code=code)

    def _latency(self, requests: Ints) -> Iterator[TimeSeries]:
        offsets = self.grid.offsets
        median = self.service.median.sample(offsets, self.rng)
        spread = self.service.spread.mean(offsets)
        cumulative = log_normal_cdf(np.array(BUCKETS), median, spread)
        counts = self.rng.multinomial(requests, np.diff(cumulative, axis=1, prepend=0.0)).cumsum(axis=1)
        family = "http_request_duration_seconds"
        for column, bound in enumerate(BUCKETS):
            le = "+Inf" if math.isinf(bound) else f"{bound:g}"
            yield self._one(f"{family}_bucket", self._count(counts[:, column]), le=le)
        mean = median * np.exp(spread**2 / 2)
        yield self._one(f"{family}_sum", self._count(requests * mean))
        yield self._one(f"{family}_count", self._count(requests))

    def _process(self, requests: Ints) -> Iterator[TimeSeries]:
        offsets = self.grid.offsets
        memory = np.round(self.service.memory.sample(offsets, self.rng) / 4096) * 4096
        busy = requests * self.service.cpu.sample(offsets, self.rng)
        yield self._one("process_resident_memory_bytes", memory)
        yield self._one("process_cpu_seconds_total", np.round(self._count(busy), 2))
        yield self._one("up", np.ones(len(offsets)))

    def _count(self, increments: Iterable[float]) -> Floats:
        restarts = tuple(int(np.searchsorted(self.grid.offsets, at)) for at in self.service.restarts)
        return _counter(np.asarray(increments), None, restarts).astype(float)

    def _one(self, name: str, values: Floats, **labels: str) -> TimeSeries:
        identity = {"service": self.service.name, "job": self.service.name, "instance": f"{self.host}:{PORT}"}
        return TimeSeries(
            labels={"__name__": name, **identity, **labels}, times=self.grid.times, values=tuple(values.tolist())
        )


def _counter(increments: NDArray[np.generic], rng: np.random.Generator | None, restarts: tuple[int, ...]) -> Floats:
    """Counts up, and from zero again at each restart (an index into the grid)."""
    total = np.cumsum(increments.astype(float))
    begin = float(increments[:240].astype(float).mean() * START_COUNT_HOURS * 3600 / STEP)
    total += round(begin if rng is None else begin * rng.uniform(0.5, 1.5))
    for index in restarts:
        total[index:] -= total[max(index - 1, 0)]
    return total


def log_normal_cdf(bounds: Floats, median: Floats, spread: Floats) -> Floats:
    """Share of values up to each bound: rows are times, columns bounds; the infinite bound has exactly 1."""
    z = (np.log(bounds)[None, :] - np.log(median)[:, None]) / spread[:, None]
    return np.where(np.isinf(bounds)[None, :], 1.0, _normal_cdf(z))


def _normal_cdf(z: Floats) -> Floats:
    """Abramowitz and Stegun 26.2.17, off by less than 7.5e-8: numpy has no error function."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    tail = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    upper = tail * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.where(z >= 0, 1 - upper, upper)
