"""Which questions fit which metrics: read from `exporters/*.yaml`.

Placeholders of the queries: `$own` (matchers of the services asked about), `$label` (the label that holds their names)
and `$window` (of rates). One query asks about several services at once, so every result keeps `$label`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template as Text

import msgspec

from bot.domain.evidence import SignalKind
from bot.domain.ranking.observed import Signal as Observed

FILES = ("http", "grpc", "mesh", "kubernetes", "node", "runtime", "storage", "expiry")  # the first that fits is asked
USERS_FEEL = frozenset({"errors", "latency", "traffic", "availability"})  # last words of a topic
OBSERVED = {
    SignalKind.TRAFFIC: Observed.TRAFFIC,
    SignalKind.ERRORS: Observed.ERRORS,
    SignalKind.LATENCY: Observed.LATENCY,
    SignalKind.SATURATION: Observed.USE,
    SignalKind.AVAILABILITY: Observed.AVAILABILITY,
}
_FOLDER = Path(__file__).resolve().parent / "exporters"
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}


class _Signal(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    unit: str
    needs: list[str]
    kind: SignalKind | None = None
    topic: str = ""
    series: Observed | None = None
    query: str = ""
    histogram: str = ""
    divisor: float = 1.0
    limit: str | float | None = None
    limit_needs: list[str] = []
    horizon: str = ""
    follows_load: bool = False


class _Forecast(msgspec.Struct, forbid_unknown_fields=True):
    subject: str
    needs: list[str]
    horizon: str
    query: str = ""
    countdown: str = ""
    unit: str = "s"
    limit: float = 0.0


class _Exporter(msgspec.Struct, forbid_unknown_fields=True):
    exporter: str
    page: str
    labels: list[str]
    signals: list[_Signal] = []
    forecasts: list[_Forecast] = []


@dataclass(frozen=True, kw_only=True)
class Template:
    """A signal that any service with these metrics has."""

    exporter: str
    page: str  # where the metrics are described
    labels: tuple[str, ...]  # that may hold the service's name, the likeliest first
    needs: tuple[str, ...]  # metrics that must exist
    query: str  # with placeholders
    unit: str
    name: str
    topic: str  # of several with the same topic one is enough
    kind: SignalKind | None
    series: Observed | None
    histogram: str = ""  # the buckets behind `query`, where it is a quantile
    divisor: float = 1.0  # makes the histogram's unit seconds
    limit: float | None = None
    limit_query: str = ""  # with placeholders
    limit_needs: tuple[str, ...] = ()
    horizon: float = 0.0  # seconds; 0 where running out is not foretold
    follows_load: bool = False  # it rises with the requests: no trouble of its own unless it is near its capacity

    @property
    def users_feel(self) -> bool:
        return self.topic.rpartition(" ")[2] in USERS_FEEL

    def quantile(self, share: float) -> str:
        return _quantile(share, self.histogram, self.divisor)


@dataclass(frozen=True, kw_only=True)
class ForecastTemplate:
    """Something that runs out, asked only to foretell when. `subject` may hold $labels of the result."""

    exporter: str
    page: str
    labels: tuple[str, ...]
    needs: tuple[str, ...]
    query: str
    unit: str
    subject: str
    horizon: float
    limit: float = 0.0
    is_countdown: bool = False  # the value is seconds left: nothing has to be foretold


@dataclass(frozen=True, kw_only=True)
class Templates:
    signals: tuple[Template, ...]
    forecasts: tuple[ForecastTemplate, ...]

    def metrics_by_label(self, first: str) -> dict[str, set[str]]:
        """Which metrics are looked for under which label; `first` is the operator's, under which all are."""
        wanted: dict[str, set[str]] = {first: set()}
        everything: list[Template | ForecastTemplate] = [*self.signals, *self.forecasts]
        for one in everything:
            names = {*one.needs, *(one.limit_needs if isinstance(one, Template) else ())}
            for label in (first, *one.labels):
                wanted.setdefault(label, set()).update(names)
        return wanted


def filled(query: str, *, label: str, own: str, window: str) -> str:
    return Text(query).substitute(label=label, own=own, window=window)


@cache
def templates() -> Templates:
    """All shipped templates; read once. Raises msgspec.ValidationError where a file is wrong, which a test finds."""
    exporters = [
        exporter
        for name in FILES
        for exporter in msgspec.yaml.decode((_FOLDER / f"{name}.yaml").read_bytes(), type=list[_Exporter])
    ]
    return Templates(
        signals=tuple(signal for exporter in exporters for signal in _signals(exporter)),
        forecasts=tuple(forecast for exporter in exporters for forecast in _forecasts(exporter)),
    )


def _signals(of: _Exporter) -> Iterator[Template]:
    for one in of.signals:
        is_query = isinstance(one.limit, str)
        yield Template(
            exporter=of.exporter,
            page=of.page,
            labels=tuple(of.labels),
            needs=tuple(one.needs),
            query=one.query or _quantile(0.95, one.histogram, one.divisor),
            unit=one.unit,
            name=one.name,
            topic=one.topic or (one.kind.value if one.kind else one.name),
            kind=one.kind,
            series=one.series or (OBSERVED[one.kind] if one.kind else None),
            histogram=one.histogram,
            divisor=one.divisor,
            limit=None if is_query else one.limit,  # type: ignore[arg-type]
            limit_query=str(one.limit) if is_query else "",
            limit_needs=tuple(one.limit_needs),
            horizon=_seconds(one.horizon),
            follows_load=one.follows_load,
        )


def _forecasts(of: _Exporter) -> Iterator[ForecastTemplate]:
    for one in of.forecasts:
        yield ForecastTemplate(
            exporter=of.exporter,
            page=of.page,
            labels=tuple(of.labels),
            needs=tuple(one.needs),
            query=one.query or one.countdown,
            unit=one.unit,
            subject=one.subject,
            horizon=_seconds(one.horizon),
            limit=one.limit,
            is_countdown=bool(one.countdown),
        )


def _quantile(share: float, histogram: str, divisor: float) -> str:
    query = f"histogram_quantile({share:g}, {histogram})"
    return query if divisor == 1.0 else f"{query} / {divisor:g}"


def _seconds(text: str) -> float:
    return float(text[:-1]) * _UNITS[text[-1]] if text else 0.0
