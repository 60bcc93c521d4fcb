"""When something runs out, as facts and plain sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from string import Template as Text
from urllib.parse import urlencode

from bot.domain.evidence import Evidence, ForecastFact
from bot.domain.forecast import Outlook, look_ahead
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity, quantity_of
from integrations.prometheus.questions import CURRENT
from integrations.prometheus.told import Foretold, Told, fitting
from integrations.prometheus.wire import LabelledSeries
from integrations.prometheus.wording import NAME_LIMIT, SOURCE

SHOWN = 8  # of one incident; the soonest


def forecasts(told: Told, *, now: datetime, needed: frozenset[str], link: str) -> list[Evidence]:
    """What runs out soonest first, and each thing once. `needed`: the burning service and what it depends on."""
    signals, others = tuple(_of_signals(told, now)), tuple(_of_foretold(told, now))
    facts: dict[tuple[str, str], ForecastFact] = {}
    for fact in sorted((*signals, *others), key=lambda one: one.runs_out_at):
        if fact.service in needed:
            facts.setdefault((fact.service, fact.subject), fact)
    return [_evidence(fact, now, link, is_use=fact in signals) for fact in list(facts.values())[:SHOWN]]


def _of_signals(told: Told, now: datetime) -> Iterator[ForecastFact]:
    """Resources that are measured anyway and have a capacity."""
    for place, found in told.signals.items():
        subject = found.subject
        if not subject.horizon:
            continue
        for series, _ in found.series:
            limit = fitting(told.limits.get(place, ()), series)
            if limit is None or limit <= 0:
                continue
            if outlook := _outlook(series, now, limit, subject.horizon):
                what = f"{subject.metric}{_which(series.labels, len(found.series))}"
                yield _fact(subject.service, what, outlook, limit, subject.unit, subject.query)


def _of_foretold(told: Told, now: datetime) -> Iterator[ForecastFact]:
    for one in told.foretold:
        template = one.template
        for left in one.left:
            if left.value <= template.horizon:
                ends = Outlook(now=left.value, per_hour=-3600.0, runs_out_at=now.timestamp() + left.value)
                yield _fact(one.service, _subject(one, left.labels), ends, 0.0, template.unit, one.query)
        for series in one.series:
            if outlook := _outlook(series, now, template.limit, template.horizon):
                what = _subject(one, series.labels)
                yield _fact(one.service, what, outlook, template.limit, template.unit, one.query)


def _outlook(series: LabelledSeries, now: datetime, limit: float, horizon: float) -> Outlook | None:
    """None as well where the samples have stopped: what is gone fills no more."""
    if not series.points or series.points[-1][0] < now.timestamp() - CURRENT:
        return None
    return look_ahead(series.points, limit=limit, horizon=horizon)


def _fact(service: str, subject: str, outlook: Outlook, limit: float, unit: str, query: str) -> ForecastFact:
    return ForecastFact(
        service=service,
        subject=plain(subject, NAME_LIMIT),
        now=outlook.now,
        limit=limit,
        unit=unit,
        per_hour=outlook.per_hour,
        runs_out_at=datetime.fromtimestamp(outlook.runs_out_at, tz=UTC),
        query=query,
    )


def _subject(one: Foretold, labels: Mapping[str, str]) -> str:
    """With the labels of the result; one that is wanting leaves a gap, no placeholder."""
    return Text(one.template.subject).substitute(defaultdict(str, labels)).removesuffix(" of ").strip()


def _which(labels: Mapping[str, str], of: int) -> str:
    """Which one, where there are several: a pod, an instance."""
    told = [labels[name] for name in ("pod", "instance") if name in labels]
    return f" of {told[0]}" if of > 1 and told else ""


def _evidence(fact: ForecastFact, now: datetime, link: str, *, is_use: bool) -> Evidence:
    return Evidence(
        source=SOURCE,
        text=_sentence(fact, now, is_use=is_use),
        fact=fact,
        link=f"{link}/graph?{urlencode({'g0.expr': fact.query, 'g0.tab': 0})}",
        at=fact.runs_out_at if fact.runs_out_at <= now else None,
    )


def _sentence(fact: ForecastFact, now: datetime, *, is_use: bool) -> str:
    """`is_use`: what is counted is in use ("connections in use"), not what there is ("disk space")."""
    who, when = f"{fact.subject} of {fact.service}", _moment(fact.runs_out_at, now)
    away = _length(abs((fact.runs_out_at - now).total_seconds()))
    is_over = fact.runs_out_at <= now
    if fact.limit == 0 and fact.unit == "s":  # a countdown
        return f"{who} ended {away} ago, {when}" if is_over else f"{who} ends in {_length(fact.now)}, {when}"
    full = quantity_of(fact.now, fact.limit, fact.unit)
    if is_over:
        return f"{who} is {'at its limit' if is_use else 'used up'}: {full}, since {when} at the latest"
    ends = "reaches its limit" if is_use else "runs out"
    return (
        f"{who} {ends} in about {away}, {when}, if it goes on as it did lately: "
        f"{full} now, {quantity(fact.per_hour, fact.unit)} more each hour"
    )


def _moment(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M} UTC" if abs(at - now) < timedelta(hours=12) else f"{at:%d %B %H:%M} UTC"


def _length(seconds: float) -> str:
    """No finer than a forecast can be."""
    minutes = seconds / 60
    if minutes < 90:
        return f"{max(1, round(minutes))} min"
    return f"{minutes / 60:.0f} h" if minutes < 72 * 60 else f"{minutes / 1440:.0f} days"
