"""Does what it runs on fail? Nodes, disks of nodes, DNS, registries, providers."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes import platform
from bot.domain.causes.case import Case, Cited
from bot.domain.causes.complaints import complaint, unreachable_registry
from bot.domain.causes.weigh import hypothesis, reason
from bot.domain.causes.words import names_service, span
from bot.domain.evidence import ConditionFact, LogFact, ProviderFact

# How much a condition of a node says: one that does not answer has taken its pods along.
_NODES = {
    "NotReady": 4.0,
    "NetworkUnavailable": 3.0,
    "MemoryPressure": 2.0,
    "DiskPressure": 2.0,
    "PIDPressure": 2.0,
}
_SAID = {"NotReady": "is not ready", "NetworkUnavailable": "has no network"}
# The words of https://www.atlassian.com/software/statuspage for components and incidents; what is not here says little.
_OUTAGES = {"major_outage": 3.0, "critical": 3.0, "partial_outage": 2.5, "major": 2.5, "degraded_performance": 1.5}
_ANY_OUTAGE = 1.5
_MAINTENANCE = {"under_maintenance": 0.75, "in_progress": 0.75, "verifying": 0.5}
_UNRELATED = -1.0
REGISTRY = "image registry"


def consider(case: Case) -> Iterator[Hypothesis]:
    yield from _nodes(case)
    yield from _registry(case)
    yield from _dns(case)
    yield from _providers(case)


def _nodes(case: Case) -> Iterator[Hypothesis]:
    by_node: dict[tuple[str, str], list[Cited[ConditionFact]]] = {}
    for item in platform.conditions(case, *_NODES):
        by_node.setdefault((item.fact.service, item.fact.subject), []).append(item)
    for (service, node), told in by_node.items():
        told.sort(key=lambda item: -_NODES[item.fact.condition])
        worst = told[0].fact.condition
        reasons = [
            reason(_NODES[item.fact.condition] * (1.0 if place == 0 else 0.25), _condition(item.fact), item.id)
            for place, item in enumerate(told)
        ]
        reasons += _pods_on_it(case, service, node)
        reasons += platform.placed(case, service, told[0].fact.since, *(item.id for item in told))
        statement = f"{_capital(node)}, which {service} runs on, {_SAID.get(worst, f'is under {worst}')}"
        yield hypothesis(CauseKind.INFRASTRUCTURE, service, node, statement, reasons)


def _pods_on_it(case: Case, service: str, node: str) -> Iterator[Reason]:
    name = node.removeprefix("node ")
    for pods in case.pods:
        if pods.fact.service == service and name in pods.fact.note:
            yield reason(1.0, f"{platform.which(pods.fact)} are hurt with it", pods.id)
            return
    for event in platform.events(case, "NodeNotReady", "NodeControllerEviction", "TaintManagerEviction"):
        if name in event.fact.subject:
            yield reason(0.75, f"{event.fact.reason} was told of it", event.id)
            return


def _condition(fact: ConditionFact) -> str:
    return f"{fact.subject} says {fact.condition}" + (f": {fact.detail}" if fact.detail else "")


def _registry(case: Case) -> Iterator[Hypothesis]:
    for pods in case.pods:
        fact = pods.fact
        if fact.waiting in platform.IMAGE_REASONS and unreachable_registry(fact.note):
            reasons = [reason(3.0, f"{platform.which(fact)} cannot pull their image: {fact.note}", pods.id)]
            reasons += platform.placed(case, fact.service, fact.since, pods.id)
            statement = f"The registry with the image of {fact.service} does not answer as it should"
            yield hypothesis(CauseKind.INFRASTRUCTURE, fact.service, REGISTRY, statement, reasons)


def _dns(case: Case) -> Iterator[Hypothesis]:
    told: dict[str, list[Cited[LogFact]]] = {}
    for log in case.logs:
        said = complaint(f"{log.fact.pattern} {log.fact.sample}")
        if said and said.kind is CauseKind.INFRASTRUCTURE and log in case.notable_logs(log.fact.service):
            told.setdefault(log.fact.service, []).append(log)
    for service, logs in told.items():
        most = max(logs, key=lambda log: (log.fact.count, log.id))
        reasons = [reason(2.5, f"{service} says so in {most.fact.count} log lines", most.id)]
        others = [log for name, those in told.items() if name != service for log in those]
        if others:
            reasons.append(reason(1.0, f"{others[0].fact.service} says the same", others[0].id))
        reasons += platform.placed(case, service, None, most.id)
        yield hypothesis(CauseKind.INFRASTRUCTURE, service, "DNS", f"{service} gets no answer from DNS", reasons)


# --- providers -------------------------------------------------------------------------------------------------------


def _providers(case: Case) -> Iterator[Hypothesis]:
    """Those that nothing says it depends on; the others are dependencies."""
    for item in case.providers:
        fact = item.fact
        if is_called(case, fact.provider):
            continue
        reasons = [trouble_of(case, item), reason(_UNRELATED, f"nothing says that {case.service} needs it", item.id)]
        named = [log for log in case.notable_logs(case.service) if names_service(_text(log.fact), fact.provider)]
        if named:
            reasons.append(reason(2.0, f"{named[0].fact.count} new error lines name it", named[0].id))
        statement = f"{fact.provider} reports trouble{f' with {fact.component}' if fact.component else ''}"
        yield hypothesis(CauseKind.INFRASTRUCTURE, case.service, fact.provider, statement, reasons)


def is_called(case: Case, provider: str) -> bool:
    return provider in case.below(case.service)


def trouble_of(case: Case, item: Cited[ProviderFact]) -> Reason:
    """What its own status page says; trouble that began after ours, or days before, is another."""
    fact = item.fact
    what = f"{fact.component}: {fact.state}" if fact.component else fact.state
    text = f"{fact.provider} says of itself: {what}" + (f", {fact.title}" if fact.title else "")
    weight = _MAINTENANCE.get(fact.state, _OUTAGES.get(fact.state, _ANY_OUTAGE))
    if fact.since and fact.since < case.began - platform.LONG_BEFORE:
        return reason(weight * 0.5, f"{text}, already for {span(case.request.now - fact.since)}", item.id)
    return reason(weight, text, item.id)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(log: LogFact) -> str:
    return f"{log.pattern} {log.sample}"
