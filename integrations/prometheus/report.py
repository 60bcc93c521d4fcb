"""What Prometheus said about an incident, as an `Answer`."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, TriggerChart
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity
from integrations.prometheus.firing import other_alerts
from integrations.prometheus.gaps import gaps
from integrations.prometheus.observed import observed
from integrations.prometheus.questions import usual_of
from integrations.prometheus.running_out import forecasts
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.told import Place, Told, fitting, trigger_of
from integrations.prometheus.wording import NAME_LIMIT, Measured, chart, evidence

TITLE_LIMIT = 120
NEARLY_FULL = 0.8  # of its capacity: from there on a neighbour's resource is told though it did not move


def report(request: ContextRequest, told: Told, settings: PrometheusSettings) -> Answer:
    link = (settings.public_url or settings.url or "").rstrip("/")
    metrics: list[Evidence] = []
    picture: TriggerChart | None = None
    trigger: Measured | None = None
    same_as: Place | None = None
    if found := trigger_of(told.sides):
        index, trigger, threshold = found
        same_as = _same_signal(told, trigger)
        trigger = _named_after(told.signals[same_as], trigger) if same_as else _with_service(trigger, settings)
        usual = usual_of(told.sides.usual, trigger.series[0][0]) if index == 0 else None
        beside = _beside(told, trigger) if same_as else ()
        metrics.append(evidence(trigger, limit=threshold, link=link, usual=usual, beside=beside))
        picture = chart(trigger, title=plain(bare_title(request.alert.title), TITLE_LIMIT), threshold=threshold)
    metrics += _signals(told, same_as, link)
    running_out = forecasts(told, now=request.now, needed=_needed(request), link=link)
    others = other_alerts(request, told, settings.service_label, link)
    return Answer(
        evidence=(*metrics, *running_out, *others),
        series=observed(told, trigger if same_as is None else None),
        gaps=gaps(request, told),
        checked=_checked(told, has_trigger=trigger is not None),
        chart=picture,
    )


def _signals(told: Told, same_as: Place | None, link: str) -> list[Evidence]:
    """The burning service's first. The alert's own is told once, unless its signal knows a capacity besides."""
    told_of = []
    for place, found in sorted(told.signals.items()):
        limit = fitting(told.limits.get(place, ()), found.series[0][0])
        limit = limit if limit is not None and limit > 0 else None
        if (place == same_as and limit is None) or not (found.subject.is_needed or _is_notable(found, limit)):
            continue
        usual = usual_of(told.usual.get(place, ()), found.series[0][0])
        told_of.append(evidence(found, limit=limit, link=link, usual=usual, beside=_beside(told, found)))
    return told_of


def _is_notable(found: Measured, limit: float | None) -> bool:
    latest = found.movement.latest
    is_moved = found.movement.moved_at is not None and not found.subject.follows_load
    return is_moved or (limit is not None and latest is not None and latest >= NEARLY_FULL * limit)


def _beside(told: Told, found: Measured) -> tuple[str, ...]:
    """The other quantiles now, where this is one of them."""
    subject = found.subject
    if not subject.metric.endswith("p95 latency"):
        return ()
    return tuple(
        f"{name} {quantity(series.points[-1][1], 's')}"
        for service, name, series in sorted(told.quantiles, key=lambda one: float(one[1].lstrip("p") or 0))
        if service == subject.service and series.points
    )


def _needed(request: ContextRequest) -> frozenset[str]:
    depends_on = request.service.depends_on if request.service else ()
    return frozenset({request.service_name or "", *depends_on})


def _with_service(found: Measured, settings: PrometheusSettings) -> Measured:
    """Where the alert names no service, its series may."""
    if found.subject.service:
        return found
    labels = found.series[0][0].labels
    named = labels.get(settings.service_label) or labels.get("job") or "the service"
    return replace(found, subject=replace(found.subject, service=plain(named, NAME_LIMIT)))


def _same_signal(told: Told, own: Measured) -> Place | None:
    """The signal that measures what the alert measures: the same samples, however it is written."""
    samples = own.series[0][0].points
    if len({value for _, value in samples}) == 1:
        return None  # a constant is like any other
    for place, found in sorted(told.signals.items()):
        if found.subject.service == own.subject.service and found.series[0][0].points == samples:
            return place
    return None


def _named_after(signal: Measured, trigger: Measured) -> Measured:
    """The catalog's words for it are better than a rule's name."""
    known = signal.subject
    subject = replace(trigger.subject, metric=known.metric, kind=known.kind, unit=known.unit)
    return replace(trigger, subject=subject)


def _checked(told: Told, *, has_trigger: bool) -> str:
    services = list(dict.fromkeys(told.asked)) or [one.service for one in told.services[:1]]
    parts = ["the alert's own expression"] if has_trigger else []
    parts.append(f"{len(told.asked)} signals of {', '.join(services)}" if services else "no signals (no service known)")
    if told.alerts is not None:
        parts.append("alerts firing now")
    if told.foretold or any(found.subject.horizon for found in told.signals.values()):
        parts.append("what runs out")
    return f"{', '.join(parts)}, from {told.span.start:%H:%M} to {told.span.end:%H:%M} UTC"
