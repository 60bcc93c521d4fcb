"""What Prometheus is asked about an incident, and over which time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.domain.catalog import Signal
from bot.domain.context import ContextRequest
from bot.domain.evidence import SignalKind
from bot.domain.movement import WORSE_BY_KIND, Worse
from bot.domain.ranking.observed import Signal as Observed
from integrations.prometheus.budget import Rank
from integrations.prometheus.discovery import Batch
from integrations.prometheus.templates import OBSERVED, USERS_FEEL, Template
from integrations.prometheus.wire import LabelledSeries, LabelledValue

FINEST_STEP = 15  # seconds: the shortest scrape interval in wide use
POINTS = 300  # of one series: enough for a chart and for the statistics; Prometheus refuses more than 11,000
HISTORY = timedelta(hours=6)  # over which what fills slowly is looked at
HISTORY_STEP = 5 * 60  # seconds
DAYS_BEFORE = (1, 2, 7)  # the days whose same hour tells what is usual: yesterday, the day before, the same weekday
HOUR, HOUR_STEP = "1h", "2m"  # of each of those days, and how fine
CURRENT = 5 * 60  # seconds: Prometheus's own staleness; older samples are not "now"
RESOURCE_HORIZON = 6 * 3600.0  # seconds: a pool that is full tomorrow is not tonight's trouble
SIDE, DAY, QUANTILE = "first_responder_side", "first_responder_day", "first_responder_quantile"  # labels we add
BESIDE = (0.5, 0.99)  # quantiles that are told beside the 95th


@dataclass(frozen=True, kw_only=True)
class Span:
    """`step` in seconds."""

    start: datetime
    end: datetime
    step: int


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was measured."""

    service: str
    metric: str
    kind: SignalKind | None
    unit: str
    query: str
    worse: Worse
    onset: datetime
    now: datetime
    is_trigger: bool = False
    is_needed: bool = True  # told even where nothing happened to it
    follows_load: bool = False  # that it moved tells nothing that the traffic does not
    observed: Observed | None = None  # for the ranking; None: by its name
    horizon: float = 0.0  # seconds within which running out matters; 0: nothing runs out


def span_of(request: ContextRequest) -> Span:
    """From the start of the baseline until now, at a step that keeps a series below `POINTS` samples."""
    start, end = request.baseline_start, max(request.now, request.onset)
    seconds = (end - start).total_seconds()
    step = max(FINEST_STEP, -(-seconds // POINTS))
    return Span(start=start, end=end, step=int(-(-step // FINEST_STEP) * FINEST_STEP))


def rank_of(request: ContextRequest, service: str) -> Rank:
    if service == request.service_name:
        return Rank.OWN
    depends_on = request.service.depends_on if request.service else ()
    return Rank.DEPENDENCY if service in depends_on else Rank.DEPENDANT


def of_catalog(request: ContextRequest, service: str, signal: Signal) -> Subject:
    has_limit = signal.limit is not None or bool(signal.limit_query)
    fills = signal.kind is SignalKind.SATURATION and "cpu" not in f"{signal.name} {signal.query}".lower()
    return Subject(
        service=service,
        metric=signal.name,
        kind=signal.kind,
        unit=signal.unit,
        query=signal.query,
        worse=WORSE_BY_KIND.get(signal.kind, Worse.EITHER),
        onset=request.onset,
        now=request.now,
        observed=OBSERVED[signal.kind],
        horizon=RESOURCE_HORIZON
        if has_limit and fills
        else 0.0,  # time of a processor is not kept: it does not run out
    )


def of_template(request: ContextRequest, template: Template, service: str, query: str) -> Subject:
    return Subject(
        service=service,
        metric=template.name,
        kind=template.kind,
        unit=template.unit,
        query=query,
        worse=WORSE_BY_KIND[template.kind] if template.kind else Worse.EITHER,
        onset=request.onset,
        now=request.now,
        is_needed=service == request.service_name
        or (template.users_feel and template.kind is not SignalKind.AVAILABILITY),
        follows_load=template.follows_load,
        observed=template.series,
        horizon=template.horizon,
    )


def about(subject: Subject) -> str:
    return f"{subject.metric} of {subject.service}"


def asks_usual(request: ContextRequest, subject: Subject) -> bool:
    """What users feel of the burning service is also compared with earlier days."""
    kind = subject.kind
    return subject.service == request.service_name and kind is not None and kind.value in USERS_FEEL


def with_limit(batch: Batch, window: str) -> str:
    """PromQL for the signal and, in the same request, for its capacity."""
    template = batch.template
    query = batch.query(template.query, window)
    if not isinstance(template, Template) or not template.limit_query or not batch.limited:
        return query
    return f"{_marked(query, SIDE, 'value')} or {_marked(batch.query(template.limit_query, window), SIDE, 'limit')}"


def beside(batch: Batch, window: str) -> str:
    """PromQL for the other quantiles of a template with a histogram."""
    template = batch.template
    assert isinstance(template, Template)
    return " or ".join(
        _marked(batch.query(template.quantile(share), window), QUANTILE, f"p{share * 100:g}") for share in BESIDE
    )


def usual_query(query: str) -> str:
    """PromQL for the median of each of the earlier days' same hour, as an instant query."""
    return " or ".join(
        _marked(f"quantile_over_time(0.5, ({query})[{HOUR}:{HOUR_STEP}] offset {day}d)", DAY, str(day))
        for day in DAYS_BEFORE
    )


def usual_of(values: Sequence[LabelledValue], series: LabelledSeries) -> float | None:
    """Of that series; None where the data do not reach that far."""
    own = _bare(series.labels)
    same = [item.value for item in values if _bare(item.labels) == own]
    return median(same) if same else None


def _marked(query: str, label: str, value: str) -> str:
    return f'label_replace({query}, "{label}", "{value}", "", "")'


def _bare(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in ("__name__", SIDE, DAY, QUANTILE)}
