"""Everything that could be told, with what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.alert import Alert
from bot.domain.evidence import Evidence, Finding, LogFact, MetricFact, Outcome, RunbookFact
from bot.domain.evidence_ledger.item import ItemKind, LedgerItem, Trend
from bot.domain.evidence_ledger.reading import (
    Detail,
    details_of,
    kind_of,
    mentioned_in,
    reading_of,
    services_of,
    times_of,
    trend_of,
)
from bot.domain.evidence_ledger.safe import safe

TEXT_LIMIT = 700  # of one sentence: the longest error pattern with its counts
LABEL_LIMIT = 80

# What is dropped last comes first: what the alert is about, what changed, what moved.
_WORTH = {
    ItemKind.CHANGE: 90,
    ItemKind.PLATFORM: 86,
    ItemKind.FORECAST: 84,
    ItemKind.CONCLUSION: 82,
    ItemKind.GAP: 80,
    ItemKind.LOOK: 78,
    ItemKind.RUNBOOK: 76,
    ItemKind.PROBE: 74,
    ItemKind.PROVIDER: 74,
    ItemKind.OTHER: 72,
    ItemKind.SERVICE: 70,
    ItemKind.PAST: 68,
    ItemKind.NOTE: 60,
    ItemKind.ALERT: 58,
    ItemKind.METRIC: 40,
    ItemKind.LOG: 38,
    ItemKind.PERSON: 30,
}
_TRIGGER, _MOVED = 100, 88


@dataclass(frozen=True, kw_only=True)
class Entry:
    item: LedgerItem
    worth: int
    details: tuple[Detail, ...] = ()
    mentions: tuple[str, ...] = ()  # services that it names besides its own


def entries(findings: Sequence[Finding], alerts: Sequence[Alert]) -> tuple[Entry, ...]:
    """The alerts, the evidence, then what was looked at and what could not be."""
    told = [Entry(item=item, worth=_TRIGGER) for item in _alerts(alerts)]
    told += [_entry(item) for finding in findings for item in finding.evidence]
    told += [Entry(item=item, worth=_WORTH[item.kind]) for item in (*_looks(findings), *_gaps(findings))]
    return tuple(told)


def _entry(evidence: Evidence) -> Entry:
    fact = evidence.fact
    text = f"[runbook {fact.runbook}] {evidence.text}" if isinstance(fact, RunbookFact) else evidence.text
    item = LedgerItem(
        id=evidence.id,
        source=evidence.source,
        kind=kind_of(fact),
        text=safe(text, TEXT_LIMIT),
        services=services_of(fact),
        trend=trend_of(fact),
        reading=reading_of(fact),
        version=getattr(fact, "version", ""),
        previous=getattr(fact, "previous", None) or "",
        is_rollback=getattr(fact, "is_rollback", False),
        runbook=getattr(fact, "runbook", ""),
        times=times_of(fact, evidence.at),
    )
    return Entry(item=item, worth=_worth(evidence, item), details=details_of(fact), mentions=mentioned_in(fact))


def _worth(evidence: Evidence, item: LedgerItem) -> int:
    if isinstance(evidence.fact, MetricFact) and evidence.fact.is_trigger:
        return _TRIGGER
    if isinstance(evidence.fact, MetricFact | LogFact) and item.trend is not Trend.STEADY:
        return _MOVED
    return _WORTH[item.kind]


def _alerts(alerts: Iterable[Alert]) -> Iterable[LedgerItem]:
    for number, alert in enumerate(alerts, start=1):
        whose = f" of {alert.service}" if alert.service else ""
        labels = ", ".join(f"{name}={value[:LABEL_LIMIT]}" for name, value in sorted(alert.labels.items()))
        said = [f"the alert {alert.title}{whose} fired at {alert.started_at:%H:%M:%S} UTC as {alert.severity}"]
        said += [alert.description] if alert.description else []
        said += [f"labels {labels}"] if labels else []
        yield LedgerItem(
            id=f"A{number}",
            source=alert.source,
            kind=ItemKind.ALERT,
            text=safe("; ".join(said), TEXT_LIMIT),
            services=(alert.service,) if alert.service else (),
            times=(alert.started_at,),
        )


def _looks(findings: Iterable[Finding]) -> Iterable[LedgerItem]:
    looked = [f for f in findings if f.outcome in {Outcome.FOUND, Outcome.NOTHING} and (f.checked or not f.evidence)]
    for number, finding in enumerate(looked, start=1):
        found = f"{len(finding.evidence)} found" if finding.evidence else "nothing was found"
        text = f"{finding.source} looked at {finding.checked or 'what it has'}: {found}"
        yield LedgerItem(
            id=f"L{number}",
            source=finding.source,
            kind=ItemKind.LOOK,
            text=safe(text, TEXT_LIMIT),
            is_empty=not finding.evidence,
        )


def _gaps(findings: Iterable[Finding]) -> Iterable[LedgerItem]:
    told = [(f.source, gap) for f in findings for gap in f.gaps]
    told += [
        (f.source, f"{f.source} could not be asked: {f.detail or f.reason or f.outcome}")
        for f in findings
        if f.outcome in {Outcome.FAILED, Outcome.SKIPPED}
    ]
    for number, (source, text) in enumerate(told, start=1):
        yield LedgerItem(id=f"G{number}", source=source, kind=ItemKind.GAP, text=safe(text, TEXT_LIMIT))
