"""Pods and events read for trouble, as facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.evidence import EventFact, PodFact
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.kubernetes.objects import ContainerStatus, Ended, Event, Pod, Waiting

NOTE_LIMIT = 160
NAME_LIMIT = 100
LOST = "Unknown"  # a container ended and the node does not know any more how
# Waiting for these is what every pod does for a while.
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_GONE = frozenset({"Succeeded", "Failed"})


def note(text: str | None) -> str:
    """The cluster's own words, fit to be shown."""
    return plain(redact(text or ""), NOTE_LIMIT)


def is_live(pod: Pod) -> bool:
    return pod.status.phase not in _GONE and pod.metadata.deletion_timestamp is None


# --- pods ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Trouble:
    """What is wrong with one pod; pods of the same `kind` are told together."""

    pod: str
    restarts: int
    terminated: str = ""
    exit_code: int | None = None
    waiting: str = ""
    pending: bool = False
    since: datetime | None = None
    note: str = ""

    @property
    def kind(self) -> tuple[str, str, bool]:
        return self.terminated, self.waiting, self.pending


def pod_facts(service: str, pods: Sequence[Pod], *, since: datetime) -> tuple[PodFact, ...]:
    """The trouble of most pods first. What ended before `since` and runs again is past."""
    groups: dict[tuple[str, str, bool], list[_Trouble]] = {}
    for pod in pods:
        if trouble := _trouble(pod, since):
            groups.setdefault(trouble.kind, []).append(trouble)
    total = sum(is_live(pod) for pod in pods)
    facts = [_pod_fact(service, total, those) for those in groups.values()]
    return tuple(sorted(facts, key=lambda fact: -fact.count))


def _pod_fact(service: str, total: int, those: Sequence[_Trouble]) -> PodFact:
    worst = max(those, key=lambda item: (item.restarts, item.pod))
    return PodFact(
        service=service,
        pod=plain(worst.pod, NAME_LIMIT),
        count=len(those),
        total=max(total, len(those)),
        restarts=sum(item.restarts for item in those),
        terminated=plain(worst.terminated, NAME_LIMIT),
        exit_code=worst.exit_code,
        waiting=plain(worst.waiting, NAME_LIMIT),
        pending=worst.pending,
        since=min((item.since for item in those if item.since), default=None),
        note=note(worst.note),
    )


def _trouble(pod: Pod, since: datetime) -> _Trouble | None:
    status, name = pod.status, pod.metadata.name
    if status.phase == "Succeeded" or pod.metadata.deletion_timestamp:
        return None
    restarts = sum(item.restart_count for item in status.containers)
    ended = _last_end(status.containers, since)
    if status.phase == "Failed":
        return _failed(pod, ended, restarts, since)
    waiting = next((item for item in map(_waiting, status.containers) if item), None)
    if waiting or ended:
        return _Trouble(
            pod=name,
            restarts=restarts,
            terminated=(ended.reason or "Error") if ended else "",
            exit_code=ended.exit_code if ended else None,
            waiting=(waiting.reason or "") if waiting else "",
            since=read_moment(ended.finished_at) if ended else pod.metadata.created,
            note=(waiting.message if waiting else None) or (ended.message if ended else None) or "",
        )
    if status.phase == "Pending":
        return _unscheduled(pod, restarts)
    return _not_ready(pod, restarts) or _restarted(pod, restarts, since)


def _failed(pod: Pod, ended: Ended | None, restarts: int, since: datetime) -> _Trouble | None:
    """Evicted pods stay listed for days: only those of late are news."""
    at = read_moment(ended.finished_at) if ended else read_moment(pod.status.start_time)
    if at is None or at < since:
        return None
    why = pod.status.reason or (ended.reason if ended else None) or "Failed"
    code = ended.exit_code if ended else None
    said = pod.status.message or ""
    return _Trouble(pod=pod.metadata.name, restarts=restarts, terminated=why, exit_code=code, since=at, note=said)


def _unscheduled(pod: Pod, restarts: int) -> _Trouble | None:
    """One that has a node already is starting, which is no trouble yet."""
    blocked = next((item for item in pod.status.conditions or () if item.type == "PodScheduled"), None)
    if blocked is None or blocked.status != "False":
        return None
    return _Trouble(
        pod=pod.metadata.name,
        restarts=restarts,
        waiting=blocked.reason or "",
        pending=True,
        since=blocked.since or pod.metadata.created,
        note=blocked.message or "",
    )


def _not_ready(pod: Pod, restarts: int) -> _Trouble | None:
    ready = pod.status.ready
    if ready is None or ready.status == "True":
        return None
    said = ready.message or ready.reason or ""
    return _Trouble(pod=pod.metadata.name, restarts=restarts, since=ready.since, note=said)


def _restarted(pod: Pod, restarts: int, since: datetime) -> _Trouble | None:
    """It runs, and not for the first time, though nothing is kept of how it ended before."""
    starts = []
    for item in pod.status.containers:
        running = item.state.running if item.state else None
        is_kept = item.last_state is not None and item.last_state.terminated is not None
        at = read_moment(running.started_at) if running else None
        if item.restart_count and not is_kept and at:
            starts.append(at)
    if not starts or max(starts) < since:
        return None
    return _Trouble(pod=pod.metadata.name, restarts=restarts, terminated=LOST, since=max(starts))


def _waiting(container: ContainerStatus) -> Waiting | None:
    waiting = container.state.waiting if container.state else None
    return waiting if waiting and waiting.reason and waiting.reason not in _STARTING else None


def _last_end(containers: Iterable[ContainerStatus], since: datetime) -> Ended | None:
    """The latest end of a container since then; init containers that did their work are none."""
    found = []
    for container in containers:
        for place, state in ((0, container.state), (1, container.last_state)):
            ended = state.terminated if state else None
            at = read_moment(ended.finished_at) if ended else None
            is_done = place == 0 and ended is not None and ended.exit_code == 0
            if ended and at and at >= since and not is_done:
                found.append((at, ended))
    return max(found, key=lambda pair: pair[0])[1] if found else None


# --- events ----------------------------------------------------------------------------------------------------------


def event_facts(service: str, events: Iterable[Event], *, since: datetime) -> tuple[EventFact, ...]:
    """One for each reason and kind of object, the latest first."""
    groups: dict[tuple[str, str], list[tuple[datetime, Event]]] = {}
    for event in events:
        if event.last and event.last >= since:
            key = (event.reason or "", event.involved_object.kind)
            groups.setdefault(key, []).append((event.last, event))
    facts = [_event_fact(service, those) for those in groups.values()]
    return tuple(sorted(facts, key=lambda fact: fact.last_seen, reverse=True))


def _event_fact(service: str, those: Sequence[tuple[datetime, Event]]) -> EventFact:
    last, newest = max(those, key=lambda pair: (pair[0], pair[1].metadata.name))
    regarded = newest.involved_object
    return EventFact(
        service=service,
        reason=plain(newest.reason or "Warning", NAME_LIMIT),
        subject=plain(f"{regarded.kind.lower()} {regarded.name}", NAME_LIMIT),
        count=sum(event.times for _, event in those),
        objects=len({event.involved_object.name for _, event in those}),
        first_seen=min((event.first for _, event in those if event.first), default=None),
        last_seen=last,
        note=note(newest.message),
    )
