"""What ran out, as the platform and forecasts tell it: memory, room on the nodes, quota, replicas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.briefing import Reason
from bot.domain.causes import platform
from bot.domain.causes.case import Case, Cited
from bot.domain.causes.resources import of_metric
from bot.domain.causes.weigh import reason
from bot.domain.causes.words import clock, span
from bot.domain.evidence import ConditionFact, EventFact, ForecastFact, PodFact
from bot.domain.quantity import quantity

LOOP = 3  # restarts from which it is no accident
PAST_FACTOR = 0.5  # what ended once and runs again says half as much
# What is not used up yet has hurt nobody yet: it fills because of something, or will be the next trouble.
_SOON = ((timedelta(), 2.5), (timedelta(hours=1), 0.75), (timedelta(hours=6), 0.4), (timedelta(days=1), 0.2))
_INSUFFICIENT = re.compile(r"insufficient ([\w/-]+(?:\.[\w/-]+)*)", re.IGNORECASE)  # "nvidia.com/gpu" too
_QUOTA = re.compile(r"exceeded quota: ([\w.-]+)(?:, requested: ([\w./-]+))?", re.IGNORECASE)
_LOW_ON = re.compile(r"low on (?:resource: )?([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A reason to think that `resource` of `service` ran out."""

    service: str
    resource: str
    reasons: tuple[Reason, ...]
    is_reached: bool = True  # False: it will be


def limits(case: Case) -> Iterator[Limit]:
    yield from _memory(case)
    yield from _room(case)
    yield from _quota(case)
    yield from _autoscalers(case)
    yield from _forecasts(case)


def _memory(case: Case) -> Iterator[Limit]:
    for pods in case.pods:
        fact = pods.fact
        factor = PAST_FACTOR if platform.is_past(case, fact) else 1.0
        told: list[Reason] = []
        if fact.terminated == "OOMKilled":
            code = f" (exit code {fact.exit_code})" if fact.exit_code is not None else ""
            told.append(reason(3.5 * factor, f"{platform.which(fact)} killed for lack of memory{code}", pods.id))
        elif fact.exit_code == platform.KILLED and fact.terminated != "Evicted":
            text = f"{platform.which(fact)} killed with exit code {platform.KILLED}, as the memory limit does"
            told.append(reason(0.75 * factor, text, pods.id))
        if told and fact.restarts >= LOOP and not platform.is_past(case, fact):
            told.append(reason(1.0, f"they were restarted {fact.restarts} times", pods.id))
        if told:
            yield Limit(service=fact.service, resource="memory", reasons=tuple(told))


def _room(case: Case) -> Iterator[Limit]:
    """Pods for which no node has room, and those that a node sent away."""
    for pods in case.pods:
        for short in dict.fromkeys(_INSUFFICIENT.findall(pods.fact.note)) if pods.fact.pending else ():
            why = f" ({pods.fact.waiting})" if pods.fact.waiting else ""
            text = f"no node has room for {platform.which(pods.fact)}{why}: insufficient {short}"
            yield _of_nodes(case, pods, short, 3.5, text)
        if pods.fact.terminated == "Evicted" and (low := _LOW_ON.search(pods.fact.note)):
            yield _of_nodes(
                case, pods, low[1], 2.5, f"{platform.which(pods.fact)} evicted: the node was low on {low[1]}"
            )
    for event in platform.events(case, "FailedScheduling"):
        for short in dict.fromkeys(_INSUFFICIENT.findall(event.fact.note)):
            text = f"scheduling failed {_times(event.fact)}: insufficient {short}"
            yield _of_nodes(case, event, short, 1.0, text)


def _of_nodes(case: Case, told: Cited[PodFact] | Cited[EventFact], resource: str, weight: float, text: str) -> Limit:
    fact = told.fact
    since = fact.since if isinstance(fact, PodFact) else fact.first_seen
    said = (reason(weight, text, told.id), *platform.aged(case, since, told.id))
    name = resource.upper() if resource.lower() == "cpu" else resource
    return Limit(service=fact.service, resource=f"{name} of the nodes", reasons=said)


def _quota(case: Case) -> Iterator[Limit]:
    told: list[Cited[EventFact] | Cited[ConditionFact]] = [
        *platform.events(case, "FailedCreate"),
        *platform.conditions(case, "ReplicaFailure"),
    ]
    for item in told:
        note = item.fact.note if isinstance(item.fact, EventFact) else item.fact.detail
        since = item.fact.first_seen if isinstance(item.fact, EventFact) else item.fact.since
        if found := _QUOTA.search(note):
            what = f", {found[2]}" if found[2] else ""
            text = f"new pods are refused: quota {found[1]} of the namespace is used up{what}"
            said = (reason(3.5, text, item.id), *platform.aged(case, since, item.id))
            yield Limit(service=item.fact.service, resource="quota", reasons=said)


def _autoscalers(case: Case) -> Iterator[Limit]:
    for item in platform.conditions(case, "AtMaximum"):
        fact = item.fact
        text = f"{fact.subject} is at its maximum" + (f": {fact.detail}" if fact.detail else "")
        said = (reason(2.0, text, item.id), *platform.aged(case, fact.since, item.id))
        yield Limit(service=fact.service, resource="replicas", reasons=said)


def _forecasts(case: Case) -> Iterator[Limit]:
    for item in case.forecasts:
        fact = item.fact
        left = fact.runs_out_at - case.request.now
        weight = next((weight for within, weight in _SOON if left <= within), 0.0)
        if not weight or is_certificate(fact):
            continue
        when = f"in {span(left)}, at {clock(fact.runs_out_at)}" if left > timedelta() else "now"
        numbers = f"{quantity(fact.now, fact.unit)} now, limit {quantity(fact.limit, fact.unit)}"
        text = f"{fact.subject} runs out {when} at this pace ({numbers})"
        known = of_metric(fact.subject)
        said = (reason(weight, text, item.id),)
        resource = known.name if known else fact.subject
        yield Limit(service=fact.service, resource=resource, reasons=said, is_reached=left <= timedelta())


def is_certificate(fact: ForecastFact) -> bool:
    return "certificate" in fact.subject.lower()


def by_resource(found: Iterable[Limit]) -> dict[tuple[str, str], list[Limit]]:
    sorted_: dict[tuple[str, str], list[Limit]] = {}
    for limit in found:
        sorted_.setdefault((limit.service, limit.resource), []).append(limit)
    return sorted_


def _times(event: EventFact) -> str:
    return f"{event.count} times" if event.count > 1 else "once"
