"""Whether an incident meets what a runbook demands of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.domain.action import Value
from bot.domain.condition import ConditionError, paths
from bot.domain.evidence import ChangeFact, Evidence, LogFact, MetricFact, PodFact, ProbeFact
from bot.domain.runbook.declaration import Trigger
from bot.domain.runbook.names import SINGLE, having, listed, singles
from bot.domain.runbook.values import INCIDENT

MOST_FACTS = 100  # of a kind: a condition may loop over them, within a loop

FACTS = having(
    incident=INCIDENT,
    metrics=listed(singles("service", "name", "kind", "unit", "now", "before", "latest", "limit", "is_trigger")),
    logs=listed(singles("service", "level", "pattern", "count", "baseline", "sample")),
    changes=listed(singles("service", "kind", "version", "previous", "environment", "title", flags=listed(SINGLE))),
    pods=listed(singles("service", "pod", "count", "total", "restarts", "terminated", "waiting")),
    probes=listed(singles("service", "url", "status", "error", "seconds")),
)


class Fit(StrEnum):
    FITS = "it fits"
    SEVERITY = "it is for other severities"
    LABELS = "no alert has the labels that it asks for"
    CONDITION = "its condition does not hold"
    UNDECIDED = "its condition could not be decided"  # something that it asks about is not there

    @property
    def is_open(self) -> bool:
        """The runbook may be offered: it fits, or nobody can say yet."""
        return self in (Fit.FITS, Fit.UNDECIDED)


def fit(trigger: Trigger, incident: Mapping[str, Value], evidence: Iterable[Evidence] | None = None) -> Fit:
    """`incident`: as `incident_values` gives it. Without evidence a condition that asks for any is undecided."""
    if trigger.severities and incident.get("severity") not in trigger.severities:
        return Fit.SEVERITY
    if trigger.labels and not any(_has(labels, trigger) for labels in _labels(incident)):
        return Fit.LABELS
    if trigger.when is None:
        return Fit.FITS
    asks_evidence = any(path[0] != "incident" for path in paths(trigger.when.source))
    if asks_evidence and evidence is None:
        return Fit.UNDECIDED
    try:
        holds = trigger.when.holds({"incident": incident, **evidence_values(evidence or ())})
    except ConditionError:
        return Fit.UNDECIDED
    return Fit.FITS if holds else Fit.CONDITION


def evidence_values(evidence: Iterable[Evidence]) -> Mapping[str, Value]:
    """Facts by kind, as conditions see them. Of metrics those that were measured; what is not known is left out."""
    found: dict[str, list[Value]] = {name: [] for name in FACTS.members if name != "incident"}
    for item in evidence:
        kind, values = _of(item)
        if kind and len(found[kind]) < MOST_FACTS:
            found[kind].append({name: value for name, value in values.items() if value is not None})
    return {name: tuple(values) for name, values in found.items()}


def _of(evidence: Evidence) -> tuple[str, Mapping[str, Value]]:
    match evidence.fact:
        case MetricFact(now=float() | int()) as fact:
            return "metrics", {
                "service": fact.service, "name": fact.metric, "kind": fact.kind.value if fact.kind else "",
                "unit": fact.unit, "now": fact.now, "before": fact.before, "latest": fact.latest, "limit": fact.limit,
                "is_trigger": fact.is_trigger,
            }  # fmt: skip
        case LogFact() as fact:
            return "logs", {
                "service": fact.service, "level": fact.level, "pattern": fact.pattern, "count": fact.count,
                "baseline": fact.baseline, "sample": fact.sample,
            }  # fmt: skip
        case ChangeFact() as fact:
            return "changes", {
                "service": fact.service, "kind": fact.kind.value, "version": fact.version, "previous": fact.previous,
                "environment": fact.environment, "title": fact.title, "flags": fact.flags,
            }  # fmt: skip
        case PodFact() as fact:
            return "pods", {
                "service": fact.service, "pod": fact.pod, "count": fact.count, "total": fact.total,
                "restarts": fact.restarts, "terminated": fact.terminated, "waiting": fact.waiting,
            }  # fmt: skip
        case ProbeFact() as fact:
            return "probes", {
                "service": fact.service, "url": fact.url, "status": fact.status, "error": fact.error,
                "seconds": fact.seconds,
            }  # fmt: skip
    return "", {}


def _labels(incident: Mapping[str, Value]) -> Sequence[Mapping[str, Value]]:
    alerts = incident.get("alerts")
    found = [alert.get("labels") for alert in alerts if isinstance(alert, Mapping)] if isinstance(alerts, tuple) else []
    return [labels for labels in found if isinstance(labels, Mapping)]


def _has(labels: Mapping[str, Value], trigger: Trigger) -> bool:
    return all(
        any(fnmatchcase(str(labels.get(name, "")), pattern) for pattern in patterns)
        for name, patterns in trigger.labels.items()
    )
