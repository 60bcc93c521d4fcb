"""What metrics exist for which service, found in one request; and the questions that then make sense."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.catalog import Signal
from bot.domain.evidence import SignalKind
from integrations.prometheus.names import Known, either, quoted, whose
from integrations.prometheus.templates import ForecastTemplate, Template, Templates, filled
from integrations.prometheus.wire import LabelledSeries

TOGETHER = 20  # services in one query: more make its answer large and its failure dear
GENERATED = "pod"  # a label whose values come and go: it is asked by pattern, so that earlier pods are found too
FOUND_MOST = 5_000  # pairs of a metric and a label value that are read of the answer

Holding = tuple[str, str]  # (service, label)


@dataclass(frozen=True, kw_only=True)
class Existing:
    """Per service and label: the metrics that exist, and the label's values."""

    metrics: Mapping[Holding, frozenset[str]]
    values: Mapping[Holding, frozenset[str]]

    def label_for(self, service: str, labels: Iterable[str], needs: Collection[str]) -> str | None:
        return next((one for one in labels if self.metrics.get((service, one), frozenset()).issuperset(needs)), None)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One template asked about services that hold their name in the same label."""

    template: Template | ForecastTemplate
    label: str
    services: tuple[str, ...]
    own: str  # the matchers of all of them
    limited: frozenset[str] = frozenset()  # the services whose capacity is a metric that exists
    each: Mapping[str, str]  # matchers of one service alone, for the query that people run again

    def query(self, text: str, window: str, service: str | None = None) -> str:
        return filled(text, label=self.label, own=self.each[service] if service else self.own, window=window)


def what_exists(services: Sequence[Known], templates: Templates, label: str) -> str:
    """PromQL for (metric, label value) pairs of these services. `label` is the operator's.

    An instant `group by` costs Prometheus one look at each matching series and answers with pairs alone, where
    `/api/v1/series` would send every label of every bucket. Of a histogram only its last bucket is looked at.
    """
    parts = []
    for one, metrics in templates.metrics_by_label(label).items():
        buckets = {name for name in metrics if name.endswith("_bucket")}
        pattern = quoted("|".join(service.pattern(one) for service in services))
        for names, by, more in ((metrics - buckets, "", ""), (buckets, ", le", ',le="+Inf"')):
            if names:
                matchers = f"__name__=~{quoted('|'.join(sorted(names)))},{one}=~{pattern}{more}"
                parts.append(f"group by (__name__, {one}{by}) ({{{matchers}}})")
    return " or ".join(parts)


def existing(found: Iterable[LabelledSeries], services: Sequence[Known]) -> Existing:
    metrics: dict[Holding, set[str]] = {}
    values: dict[Holding, set[str]] = {}
    for item in found:
        name = item.labels.get("__name__", "")
        for label, value in item.labels.items():
            if label in ("__name__", "le"):
                continue
            service = whose(value, label, services)
            if name and service:
                metrics.setdefault((service, label), set()).add(name)
                values.setdefault((service, label), set()).add(value)
    return Existing(
        metrics={key: frozenset(names) for key, names in metrics.items()},
        values={key: frozenset(found) for key, found in values.items()},
    )


def batches(
    services: Sequence[Known],
    there: Existing,
    templates: Templates,
    label: str,
    *,
    asked: Mapping[str, Sequence[Signal]],
    symptoms_only: bool = False,
) -> tuple[Batch, ...]:
    """For each service the first template of every topic whose metrics exist, unless `asked` covers it already.

    In the templates' order, with what users feel first. `symptoms_only`: nothing but that.
    """
    chosen: dict[tuple[Template, str], list[Known]] = {}
    for service in services:
        taken: set[str] = set()
        for template in templates.signals:
            if template.topic in taken or (symptoms_only and not template.users_feel):
                continue
            if _is_covered(template, asked.get(service.service, ())):
                continue
            if holds := there.label_for(service.service, (label, *template.labels), template.needs):
                taken.add(template.topic)
                chosen.setdefault((template, holds), []).append(service)
    made = [
        batch
        for (template, holds), of in chosen.items()
        for batch in _batches(template, holds, of, there, template.limit_needs)
    ]
    return tuple(sorted(made, key=lambda batch: not batch.template.users_feel))  # type: ignore[union-attr]


def histogram_of(service: Known, there: Existing, templates: Templates, label: str) -> Batch | None:
    """The first histogram of its latency."""
    for template in templates.signals:
        holds = there.label_for(service.service, (label, *template.labels), template.needs)
        if template.histogram and holds:
            return next(_batches(template, holds, (service,), there, ()))
    return None


def forecast_batches(services: Sequence[Known], there: Existing, templates: Templates, label: str) -> tuple[Batch, ...]:
    chosen: dict[tuple[ForecastTemplate, str], list[Known]] = {}
    for service in services:
        for template in templates.forecasts:
            if holds := there.label_for(service.service, (label, *template.labels), template.needs):
                chosen.setdefault((template, holds), []).append(service)
    return tuple(
        batch for (template, holds), of in chosen.items() for batch in _batches(template, holds, of, there, ())
    )


def _is_covered(template: Template, signals: Sequence[Signal]) -> bool:
    """What users feel, by its kind; a resource by its name in the signal's own name or query."""
    if template.users_feel:
        kind = SignalKind(template.topic.rpartition(" ")[2])
        return any(signal.kind is kind for signal in signals)
    words = template.topic.split()
    return any(all(word in f"{one.name} {one.query}".lower() for word in words) for one in signals)


def _batches(
    template: Template | ForecastTemplate,
    label: str,
    services: Sequence[Known],
    there: Existing,
    limit_needs: Collection[str],
) -> Iterator[Batch]:
    for first in range(0, len(services), TOGETHER):
        some = services[first : first + TOGETHER]
        held = {one.service: there.values[one.service, label] for one in some}
        if label == GENERATED:
            own = f"{label}=~{quoted('|'.join(one.pattern(label) for one in some))}"
            each = {one.service: f"{label}=~{quoted(one.pattern(label))}" for one in some}
        else:
            own = f"{label}{either(value for values in held.values() for value in values)}"
            each = {service: f"{label}{either(values)}" for service, values in held.items()}
        limited = {name for name in held if there.metrics[name, label].issuperset(limit_needs)} if limit_needs else ()
        yield Batch(
            template=template,
            label=label,
            services=tuple(held),
            own=own,
            limited=frozenset(limited),
            each=each,
        )
