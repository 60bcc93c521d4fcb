"""What pods run on and by, read for trouble, as facts: nodes, deployments, autoscalers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.domain.evidence import ConditionFact
from bot.domain.plaintext import plain
from integrations.kubernetes.objects import Autoscaler, Condition, Deployment, Node
from integrations.kubernetes.rollouts import DEADLINE_EXCEEDED
from integrations.kubernetes.troubles import NAME_LIMIT, note

_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
TOO_MANY = "TooManyReplicas"  # the autoscaler wants more than its maximum
# The node's controller says so itself once the kubelet has been silent for its grace period.
# https://kubernetes.io/docs/reference/node/node-status/#condition
SILENT = "its Ready condition is Unknown, its kubelet does not report any more"


def node_facts(service: str, nodes: Iterable[Node]) -> Iterator[ConditionFact]:
    for node in nodes:
        subject = f"node {plain(node.metadata.name, NAME_LIMIT)}"
        ready = node.status.find("Ready")
        if ready is not None and ready.status != "True":
            yield ConditionFact(
                service=service, subject=subject, condition="NotReady", since=ready.since, detail=_unready(ready)
            )
        for name in _PRESSURES:
            found = node.status.find(name)
            if found is not None and found.status == "True":
                yield ConditionFact(
                    service=service, subject=subject, condition=name, since=found.since, detail=note(found.message)
                )
        if node.spec.unschedulable:
            yield ConditionFact(service=service, subject=subject, condition="Cordoned", detail="it takes no new pods")


def _unready(ready: Condition) -> str:
    said = note(ready.message)
    if ready.status != "Unknown":
        return said
    return SILENT + (f" (“{said}”)" if said else "")


def deployment_facts(service: str, deployments: Iterable[Deployment]) -> Iterator[ConditionFact]:
    for item in deployments:
        subject = f"deployment {plain(item.metadata.name, NAME_LIMIT)}"
        if item.spec.replicas == 0:
            yield ConditionFact(service=service, subject=subject, condition="ScaledToZero", detail="no pod is wanted")
            continue
        yield from _availability(service, subject, item)
        progress, failure = item.status.find("Progressing"), item.status.find("ReplicaFailure")
        if progress is not None and progress.reason == DEADLINE_EXCEEDED:
            yield ConditionFact(
                service=service,
                subject=subject,
                condition=DEADLINE_EXCEEDED,
                since=progress.since,
                detail=note(progress.message),
            )
        if failure is not None and failure.status == "True":
            yield ConditionFact(
                service=service,
                subject=subject,
                condition="ReplicaFailure",
                since=failure.since,
                detail=note(failure.message or failure.reason),
            )


def _availability(service: str, subject: str, item: Deployment) -> Iterator[ConditionFact]:
    available, ready, wanted = item.status.find("Available"), item.status.ready, item.spec.replicas or 1
    counted = f"{ready} of {wanted} pods are ready" if ready is not None and ready < wanted else ""
    if available is not None and available.status == "False":
        detail = "; ".join(part for part in (counted, note(available.message)) if part)
        yield ConditionFact(
            service=service, subject=subject, condition="Unavailable", since=available.since, detail=detail
        )
    elif counted:
        yield ConditionFact(service=service, subject=subject, condition="TooFewReady", detail=counted)


def autoscaler_facts(service: str, autoscalers: Iterable[Autoscaler]) -> Iterator[ConditionFact]:
    for item in autoscalers:
        subject = f"autoscaler {plain(item.metadata.name, NAME_LIMIT)}"
        limited, active = item.status.find("ScalingLimited"), item.status.find("ScalingActive")
        most, current = item.spec.max_replicas, item.status.current_replicas or 0
        if limited is not None and limited.status == "True" and limited.reason == TOO_MANY and current >= most:
            detail = f"{current} of at most {most} replicas, and it wants more"
            yield ConditionFact(
                service=service, subject=subject, condition="AtMaximum", since=limited.since, detail=detail
            )
        if active is not None and active.status == "False" and active.reason != "ScalingDisabled":
            detail = note(active.message or active.reason)
            yield ConditionFact(
                service=service, subject=subject, condition="CannotScale", since=active.since, detail=detail
            )
