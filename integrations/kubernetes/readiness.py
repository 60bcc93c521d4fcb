"""Whether all is well with a service's pods now, and what of late is over: a fact that clears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.domain.evidence import ConditionFact, PodFact
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from integrations.kubernetes.objects import Deployment, Pod
from integrations.kubernetes.troubles import NAME_LIMIT, is_live

SETTLED = timedelta(minutes=10)  # a container that ended less than this ago may end again: the longest back-off is 5
MOST_ENDS = 2  # restarts of a pod within the hour; more are a loop, whatever it looks like at this moment
MOST_LEAVING = 2  # named in one sentence


def readiness(
    service: str, pods: Sequence[Pod], deployments: Iterable[Deployment], troubles: Iterable[PodFact], now: datetime
) -> Iterator[ConditionFact]:
    """One, or none unless every pod that is wanted is there, ready, and not about to fail again."""
    live = [pod for pod in pods if is_live(pod)]
    wanted = sum(1 if item.spec.replicas is None else item.spec.replicas for item in deployments)
    if not live or len(live) < wanted or not all(map(_is_ready, live)):
        return
    if not all(_is_past(fact, now) for fact in troubles):
        return
    since = max((at for pod in live if (at := _ready_since(pod))), default=None)
    yield ConditionFact(service=service, subject="pods", condition="Ready", since=since, detail=_detail(pods, live))


def _is_ready(pod: Pod) -> bool:
    return pod.status.ready is not None and pod.status.ready.status == "True"


def _is_past(fact: PodFact, now: datetime) -> bool:
    """It ended and runs again for a while."""
    if fact.pending or fact.waiting or not fact.terminated:
        return False
    return fact.restarts <= MOST_ENDS * fact.count and fact.since is not None and now - fact.since >= SETTLED


def _ready_since(pod: Pod) -> datetime | None:
    ready = pod.status.ready
    return (ready.since if ready else None) or _started(pod) or pod.metadata.created


def _started(pod: Pod) -> datetime | None:
    """The latest start of one of its containers."""
    states = (container.state for container in pod.status.containers)
    starts = (read_moment(state.running.started_at) for state in states if state and state.running)
    return max((at for at in starts if at), default=None)


def _detail(pods: Sequence[Pod], live: Sequence[Pod]) -> str:
    count = len(live)
    told = [f"{count} of {count}"]
    restarted = [(at, pod) for pod in live if _restarts(pod) and (at := _started(pod))]
    if restarted:
        restarts = sum(_restarts(pod) for _, pod in restarted)
        last, pod = max(restarted, key=lambda pair: (pair[0], pair[1].metadata.name))
        times = f"{restarts} restart{'s' if restarts > 1 else ''}"
        told.append(f"{times} in all, the last at {last:%d %b %H:%M} UTC ({plain(pod.metadata.name, NAME_LIMIT)})")
    else:
        told.append("no failure and no restart")
    return ", ".join(told) + _leaving(pods, live)


def _restarts(pod: Pod) -> int:
    return sum(container.restart_count for container in pod.status.containers)


def _leaving(pods: Sequence[Pod], live: Sequence[Pod]) -> str:
    """Pods that a rollout replaced often crash on their way out, which is what monitors see last of them."""
    current = {pod.metadata.owner("ReplicaSet") for pod in live}
    leaving = [pod for pod in pods if pod.metadata.deletion_timestamp]
    old = {pod.metadata.owner("ReplicaSet") for pod in leaving} - current - {None}
    if not leaving:
        return ""
    names = ", ".join(plain(pod.metadata.name, NAME_LIMIT) for pod in leaving[:MOST_LEAVING])
    more = f" and {len(leaving) - MOST_LEAVING} more" if len(leaving) > MOST_LEAVING else ""
    of = f" of an older ReplicaSet {sorted(map(str, old))[0]}, left over from a rollout," if old else ""
    return f"; {names}{more}{of} {'is' if len(leaving) == 1 else 'are'} being deleted"
