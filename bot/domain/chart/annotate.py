"""What other sources know of the time that a chart shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.evidence import ChangeFact, ChangeKind, Finding, Mark, OnsetFact, TriggerChart
from bot.domain.merging import merged_changes

TAKES_EFFECT = (
    ChangeKind.DEPLOYMENT,
    ChangeKind.RELEASE,
    ChangeKind.WORKFLOW,
)  # what is only merged changes nothing that is measured


def annotated(chart: TriggerChart, findings: Sequence[Finding]) -> TriggerChart:
    """With the onset that was concluded and with the changes within the chart's time; what it has already is kept."""
    evidence = [item for finding in findings for item in finding.evidence]
    onsets = [item.fact.at for item in evidence if isinstance(item.fact, OnsetFact)]
    times = [at for series in chart.series for at, _ in series.points]
    changes = [change.fact for change in merged_changes(evidence) if change.fact.kind in TAKES_EFFECT]
    inside = [c for c in changes if times and min(times) <= c.at.timestamp() <= max(times)]
    return replace(
        chart,
        began=chart.began or (min(onsets) if onsets else None),
        marks=chart.marks or tuple(_marks(inside)),
    )


def _marks(changes: Iterable[ChangeFact]) -> list[Mark]:
    """One a minute, oldest first: "checkout v2.31.0", "checkout v2.31.0 +2"."""
    minutes: dict[datetime, dict[str, ChangeFact]] = {}
    for change in sorted(changes, key=lambda c: (c.kind is not ChangeKind.DEPLOYMENT, c.at, c.service)):
        moment = change.at.replace(second=0, microsecond=0)
        minutes.setdefault(moment, {}).setdefault(f"{change.service} {change.version}".strip(), change)
    return [_mark(tuple(group), min(c.at for c in group.values())) for _, group in sorted(minutes.items())]


def _mark(names: Sequence[str], at: datetime) -> Mark:
    return Mark(at=at, label=names[0] + (f" +{len(names) - 1}" if names[1:] else ""))
