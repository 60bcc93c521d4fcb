"""What templates and conditions can see: the names that there are, and the values behind them during a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.action import ActionResult, Ending, Value
from bot.domain.alert import Alert
from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.evidence import ChangeFact, Evidence
from bot.domain.incident import Incident
from bot.domain.runbook.declaration import RunbookStep
from bot.domain.runbook.names import OPEN, SINGLE, Names, listed, singles
from bot.domain.runbook.template import Single

MOST_ALERTS = 100  # of a storm's thousands: a condition may loop over them, within a loop
SKIPPED = "skipped"  # the ending of a step whose condition did not hold

_ALERT = singles("name", "title", "description", "service", "environment", "severity", labels=OPEN)
INCIDENT = singles(
    "id", "title", "severity", "status", "service", "environment", "started_at", "alert",
    labels=OPEN, alerts=listed(_ALERT),
)  # fmt: skip
CHANGE = singles("service", "repository", "version", "previous")  # seen by defaults of parameters alone
OUTCOME = ("ending", "succeeded", "summary", "output", "seconds")  # of every step, beside what it names itself
MANY = ("ending", "succeeded", "count", "items")  # of a step with `foreach`
RESERVED = frozenset({*OUTCOME, "item"})  # names that no output may have


def incident_values(incident: Incident, environment: str = "") -> Mapping[str, Value]:
    """`environment`: the catalog's, where the alert says none."""
    return alert_values(
        [grouped.alert for grouped in incident.alerts],
        id=incident.id,
        title=incident.title,
        severity=incident.severity.value,
        status=incident.status.value,
        service=incident.service,
        environment=environment,
        started_at=incident.started_at.isoformat(),
    )


def change_values(
    hypotheses: Iterable[Hypothesis], evidence: Iterable[Evidence], repository: Callable[[str], str | None]
) -> Mapping[str, Value]:
    """The deployment that is held the likeliest cause; nothing where none is. What is not known is left out.

    `repository`: "owner/name" of a service.
    """
    facts = [item.fact for item in evidence if isinstance(item.fact, ChangeFact)]
    for cause in hypotheses:
        if cause.kind is CauseKind.DEPLOYMENT:
            found = [fact for fact in facts if (fact.service, fact.version) == (cause.service, cause.subject)]
            # The version as people call it; the exact ref, which is often a commit, only where that is not known.
            named = [name for fact in found if (name := fact.previous)] + [
                ref for fact in found if (ref := fact.rollback)
            ]
            previous = next(iter(named), None)
            told = {
                "service": cause.service,
                "repository": repository(cause.service),
                "version": cause.subject,
                "previous": previous,
            }
            return {name: value for name, value in told.items() if value}
    return {}


def alert_values(
    alerts: Sequence[Alert],
    *,
    id: str,
    title: str,
    severity: str,
    status: str,
    service: str | None,
    environment: str,
    started_at: str,
) -> Mapping[str, Value]:
    """The incident as expressions see it. `started_at` in ISO 8601: `timestamp(incident.started_at)` in CEL."""
    first = alerts[0] if alerts else None
    return {
        "id": id,
        "title": title,
        "severity": severity,
        "status": status,
        "service": service,
        "environment": (first.environment if first else None) or environment or None,
        "started_at": started_at,
        "alert": _name(first) if first else "",
        "labels": dict(first.labels) if first else {},
        "alerts": tuple(_alert(alert) for alert in alerts[:MOST_ALERTS]),
    }


def _alert(alert: Alert) -> Mapping[str, Value]:
    return {
        "name": _name(alert),
        "title": alert.title,
        "description": alert.description,
        "service": alert.service or "",
        "environment": alert.environment or "",
        "severity": alert.severity.value,
        "labels": dict(alert.labels),
    }


def _name(alert: Alert) -> str:
    return alert.labels.get("alertname") or alert.title


@dataclass(frozen=True, kw_only=True)
class RunValues:
    """All that is known when a step is rendered. `environment` and `service` say where its actions happen."""

    incident: Mapping[str, Value]
    environment: str
    service: str | None = None
    parameters: Mapping[str, Single] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)  # outcomes by step id
    item: Value = None  # of `foreach`
    result: Mapping[str, Value] | None = None  # what a check's action gave

    def as_mapping(self) -> Mapping[str, Value]:
        found: dict[str, Value] = {"incident": self.incident, "parameters": self.parameters, "steps": self.steps}
        if self.item is not None:
            found["item"] = self.item
        if self.result is not None:
            found["result"] = self.result
        return found


def run_values(incident: Mapping[str, Value], parameters: Mapping[str, Single]) -> RunValues:
    """At the start of a run. Parameters called `environment` and `service` say where, else the incident does."""
    environment = parameters.get("environment") or incident.get("environment") or ""
    service = parameters.get("service") or incident.get("service")
    return RunValues(
        incident=incident,
        environment=str(environment),
        service=str(service) if service else None,
        parameters=parameters,
    )


def outcome(result: ActionResult, named: Mapping[str, Value]) -> Mapping[str, Value]:
    """Of a step that was done. `named`: as `parse_output` gave it, {} where the step failed."""
    return {
        "ending": result.ending.value,
        "succeeded": result.ending is Ending.SUCCEEDED,
        "summary": result.summary,
        "output": result.output,
        "seconds": result.seconds,
        **named,
    }


def skipped(step: RunbookStep) -> Mapping[str, Value]:
    if step.foreach is not None:
        return {"ending": SKIPPED, "succeeded": False, "count": 0, "items": ()}
    return {"ending": SKIPPED, "succeeded": False, "summary": "", "output": "", "seconds": 0.0}


def many(outcomes: Iterable[Mapping[str, Value]]) -> Mapping[str, Value]:
    """Of a step with `foreach`, from those of its elements, each with its `item`: all of them must have succeeded."""
    items = tuple(outcomes)
    bad = next((str(item["ending"]) for item in items if not item["succeeded"]), Ending.SUCCEEDED.value)
    return {"ending": bad, "succeeded": bad == Ending.SUCCEEDED.value, "count": len(items), "items": items}


# --- names -----------------------------------------------------------------------------------------------------------


def step_names(step: RunbookStep) -> Names:
    """What later steps can see of it."""
    named: dict[str, Names] = dict.fromkeys(step.output.names, OPEN) if step.output else {}
    if step.output and step.output.lines:
        named[step.output.lines] = listed(SINGLE)
    if step.foreach is None:
        return singles(*OUTCOME, **named)
    return singles(*(name for name in MANY if name != "items"), items=listed(singles(*OUTCOME, item=OPEN, **named)))
