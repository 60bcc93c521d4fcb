"""Recorded incidents end to end without a model: webhook, sources, rules, message; against what they truly were.

The alert goes through the front door's own reading, the cluster and the logs through their replay servers and the real
sources, the briefing through the same blocks that Slack gets.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from bench.case_recording import Recording, load
from bench.result import Result
from bot.domain.alert import Alert
from bot.domain.briefing import Briefing, CauseKind
from bot.domain.card import CardView
from bot.domain.compose import compose, number
from bot.domain.conclude import conclude
from bot.domain.context import ContextRequest
from bot.domain.evidence import Finding, Outcome
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import ContextSource
from bot.domain.setting import read
from bot.flows.gather import Gather
from bot.slack.blocks.briefing import render
from bot.testing import FrozenClock
from integrations import datadog, elasticsearch, generic, kubernetes
from integrations.descriptor import Integration, Tools, WebhookRequest
from integrations.threads import SourceThreads
from sandbox.elasticsearch.server import create_app as logs_server
from sandbox.scenario.model import Scenario
from sandbox.serve import serving

ROOM = 3_000  # characters of a message in which the facts must stand
DEADLINE = 20.0  # seconds; how fast the sources are is measured elsewhere
HEALTHY = "healthy"
CATEGORIES = {
    CauseKind.DEPLOYMENT: "code_defect",
    CauseKind.EXHAUSTION: "resource_exhaustion",
    CauseKind.DEPENDENCY: "dependency_failure",
    CauseKind.TRAFFIC: "resource_exhaustion",
    CauseKind.CONFIGURATION: "configuration_error",
    CauseKind.INFRASTRUCTURE: "infrastructure",
    CauseKind.HEALTHY: HEALTHY,
    CauseKind.UNKNOWN: "unknown",
}
# What somebody would guess who reads the title alone; the first that fits.
_TITLES = (
    ("infrastructure", r"\bnode\b|zone|network"),
    ("configuration_error", r"image|probe|config|rollout|dns|certificate|secret"),
    ("resource_exhaustion", r"oom|memory|cpu|disk|quota|pending|crashloop|replicas|restart"),
    ("dependency_failure", r"error rate|latency|timeout|upstream|5xx"),
    (HEALTHY, r"health check|recovered|resolved"),
)
GOALS = {"right": 10, "message": 75.0}
_SECRET = "s" * 32
_LINK = re.compile(r"<[^<>|]+\|([^<>]*)>")

_console = Console(width=200, stderr=True)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was posted about one case."""

    case: Recording
    briefing: Briefing
    message: str  # all of its text

    @property
    def category(self) -> str:
        causes = self.briefing.hypotheses
        return CATEGORIES[causes[0].kind] if causes else "unknown"

    @property
    def named(self) -> frozenset[str]:
        """Categories of all causes that are shown; that none stands out is said of the first alone."""
        shown = [h for h in self.briefing.hypotheses if h.kind is not CauseKind.UNKNOWN]
        return frozenset({self.category, *(CATEGORIES[h.kind] for h in shown)})

    @property
    def is_right(self) -> bool:
        return self.category == self.case.category

    @property
    def forbidden(self) -> frozenset[str]:
        return self.named & self.case.forbidden

    def facts_in(self, text: str) -> list[str]:
        return [fact for fact in self.case.facts if fact.lower() in text.lower()]

    @property
    def evidence(self) -> str:
        return "\n".join(item.text for item in self.briefing.evidence)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to come to a case: beside the case as it is, what is left of it where something is missing."""

    name: str
    is_late: bool = False  # the alert comes only when everything has happened
    has_logs: bool = True
    has_events: bool = True  # clusters forget them after an hour


AS_IT_IS = Variant(name="as it is")
OTHERS = (
    Variant(name="alert last", is_late=True),
    Variant(name="no logs", has_logs=False),
    Variant(name="no events", has_events=False),
)


async def run() -> list[Result]:
    cases = load(Path(os.environ.get("BENCH_DATA", "")))
    told = await _tell_all(cases, AS_IT_IS)
    others = {variant.name: await _tell_all(cases, variant) for variant in OTHERS}
    _show(told, others)
    results = _results(told)
    for name, its in others.items():
        results.append(_count(f"{name}: right category", its, lambda one: one.is_right))
    faults = [one for its in others.values() for one in its if one.case.category != HEALTHY]
    wrong = _count("something missing: true faults called healthy", faults, lambda one: HEALTHY in one.named)
    return [*results, replace(wrong, goal=0, at_least=False)]


async def _tell_all(cases: Sequence[Recording], variant: Variant) -> list[Told]:
    told = [await _tell(case, variant) for case in cases]
    if missing := {case.name for case in cases} - {one.case.name for one in told}:
        raise SystemExit(f"cases: {', '.join(sorted(missing))} did not run")
    return told


# --- one case --------------------------------------------------------------------------------------------------------


async def _tell(case: Recording, variant: Variant) -> Told:
    onset = case.now if variant.is_late else case.first_sign
    alerts = _alerts(case, onset)
    request = ContextRequest(
        incident_id="INC-2026-0001", alerts=alerts, onset=onset, now=case.now, service=None, neighbours=()
    )
    findings = await _gathered(case, request, variant)
    if failed := [f"{f.source}: {f.detail}" for f in findings if f.outcome is Outcome.FAILED]:
        raise SystemExit(f"cases: {case.name} could not be looked at: {'; '.join(failed)}")
    numbered = number([*findings, conclude(request, findings)])
    briefing = compose(request, numbered, case.now)
    view = CardView(incident=_incident(request), findings=briefing.findings, briefing=briefing)
    return Told(case=case, briefing=briefing, message=_text(render(view, briefing).blocks))


def _alerts(case: Recording, onset: datetime) -> tuple[Alert, ...]:
    """The case's own alert as it stands, then the monitors that fire, as their vendor sends them."""
    own = generic.INTEGRATION.alert_format
    assert own is not None
    assert datadog.INTEGRATION.alert_format is not None
    door = own(generic.GenericSettings(secrets=(_SECRET,)))
    monitors = datadog.INTEGRATION.alert_format(datadog.DatadogSettings(token=_SECRET))
    assert door is not None
    assert monitors is not None
    stamped = {**case.alert, "started_at": onset.isoformat()}
    alerts = [*door.parse(_webhook(stamped, case.now)).alerts]
    for monitor in case.monitors():
        if monitor["overall_state"] == "Alert":
            alerts += monitors.parse(_webhook(_event_of(monitor, onset), case.now)).alerts
    return tuple(alerts)


def _webhook(payload: Mapping[str, Any], at: datetime) -> WebhookRequest:
    return WebhookRequest(headers={}, body=json.dumps(payload).encode(), received_at=at)


def _event_of(monitor: Mapping[str, Any], onset: datetime) -> Mapping[str, Any]:
    return {
        "event_title": f"[Triggered] {monitor['name']}",
        "alert_transition": "Triggered",
        "alert_id": str(monitor["id"]),
        "alert_type": "error",
        "alert_query": monitor["query"],
        "text": monitor["message"],
        "tags": ",".join(monitor["tags"]),
        "date": str(int(onset.timestamp() * 1000)),
    }


async def _gathered(case: Recording, request: ContextRequest, variant: Variant) -> tuple[Finding, ...]:
    threads = SourceThreads(4)
    lent = Tools(clock=FrozenClock(case.now), threads=threads, source_deadline=DEADLINE)
    logs = cast(Scenario, SimpleNamespace(logs=case.logs()))  # of a scenario the server takes its logs alone
    cluster = case.cluster(with_events=variant.has_events)
    asked: list[Integration[Any]] = [kubernetes.INTEGRATION]
    asked += [elasticsearch.INTEGRATION] if variant.has_logs else []
    try:
        async with AsyncExitStack() as stack:
            lines = logs_server(logs, clock=lambda: case.now.timestamp())
            store = await stack.enter_async_context(serving(lines))
            environ = {
                "KUBERNETES_URL": await stack.enter_async_context(serving(cluster.app)),
                "KUBERNETES_NAMESPACE": case.namespace,
                "ELASTICSEARCH_URL": store,
            }
            sources: list[ContextSource] = []
            for item in asked:
                assert item.sources is not None
                sources += item.sources(read(item.settings, environ), lent)
            return await Gather(sources, deadline=DEADLINE)(request, lambda *_: None)
    finally:
        threads.close()


def _incident(request: ContextRequest) -> Incident:
    first = request.alert
    return Incident(
        id=request.incident_id,
        title=first.title,
        severity=first.severity,
        status=IncidentStatus.INVESTIGATING,
        service=first.service,
        started_at=request.onset,
        opened_at=request.onset,
        briefed_at=request.now,
        alerts=tuple(
            GroupedAlert(alert=alert, reason=GroupingReason.NEW_CONDITION, received_at=request.now)
            for alert in request.alerts
        ),
    )


def _text(value: Any) -> str:
    """What people read of the blocks: links by their label, without markup's escapes."""
    if isinstance(value, list):
        return "\n".join(part for part in map(_text, value) if part)
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            return html.unescape(_LINK.sub(r"\1", value["text"]))
        return _text([value[key] for key in ("text", "elements", "fields") if key in value])
    return ""


# --- what came out ---------------------------------------------------------------------------------------------------


def _results(told: list[Told]) -> list[Result]:
    usual, _ = Counter(one.case.category for one in told).most_common(1)[0]
    alarms = [one for one in told if one.case.category == HEALTHY]
    faults = [one for one in told if one.case.category != HEALTHY]
    return [
        replace(_count("right category", told, lambda one: one.is_right), goal=GOALS["right"]),
        _count("baseline: the keywords of its title", told, lambda one: _by_title(one.case) == one.case.category),
        _count(f"baseline: always “{usual}”", told, lambda one: one.case.category == usual),
        replace(_count("false alarms said to be likely healthy", alarms, lambda one: one.is_right), goal=len(alarms)),
        replace(_count("true faults called healthy", faults, lambda one: HEALTHY in one.named), goal=0, at_least=False),
        replace(_count("a forbidden category named", told, lambda one: bool(one.forbidden)), goal=0, at_least=False),
        _share(
            f"required facts in the first {ROOM:,} characters", told, lambda one: one.message[:ROOM], GOALS["message"]
        ),
        _share("required facts in the sources' evidence", told, lambda one: one.evidence),
        _share("required facts in the recordings themselves", told, lambda one: one.case.raw),
    ]


def _by_title(case: Recording) -> str:
    title = str(case.alert["title"]).lower()
    return next((category for category, words in _TITLES if re.search(words, title)), "unknown")


def _count(name: str, told: Sequence[Told], counts: Any) -> Result:
    return Result(name=name, value=sum(map(counts, told)), unit="cases", runs=len(told), at_least=True)


def _share(name: str, told: Sequence[Told], text: Any, goal: float | None = None) -> Result:
    all_ = sum(len(one.case.facts) for one in told)
    found = sum(len(one.facts_in(text(one))) for one in told)
    return Result(name=name, value=100 * found / all_, unit="%", runs=all_, goal=goal, at_least=True)


def _show(told: Sequence[Told], others: Mapping[str, Sequence[Told]]) -> None:
    table = Table(title="recorded cases end to end: what was said first, without a model")
    headings = ("case", "truly", "said", "band", "first cause", "facts missing", "forbidden", "text", *others)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for place, one in enumerate(told):
        first = one.briefing.hypotheses[0]
        missing = set(one.case.facts) - set(one.facts_in(one.message[:ROOM]))
        table.add_row(
            one.case.name[:24],
            one.case.category,
            _marked(one),
            first.confidence.value,
            first.statement,
            ", ".join(sorted(missing)),
            ", ".join(sorted(one.forbidden)),
            f"{len(one.message):,}",
            *(_marked(its[place]) for its in others.values()),
        )
    _console.print(table)


def _marked(one: Told) -> str:
    return one.category if one.is_right else f"[red]{one.category}[/red]"


def texts(folder_: Path) -> None:
    """Prints each message as posted: `python -m bench.cases DIR`."""
    import asyncio

    for one in asyncio.run(_tell_all(load(folder_), AS_IT_IS)):
        print("=" * 100, one.case.name, one.case.category, one.case.facts, sep="\n")
        print(one.message)


if __name__ == "__main__":
    import sys

    texts(Path(sys.argv[1]))
