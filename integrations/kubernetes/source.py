"""Asks the cluster what happened to the service's objects; at once, since it forgets its events after an hour."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, ChangeFact, ChangeKind, ConditionFact, Evidence
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.descriptor import Tools
from integrations.kubernetes.client import NODE_EVENTS, VENDOR, KubernetesClient
from integrations.kubernetes.conditions import autoscaler_facts, deployment_facts, node_facts
from integrations.kubernetes.objects import Autoscaler, Deployment, Event, Node, Pod, ReplicaSet
from integrations.kubernetes.readiness import readiness
from integrations.kubernetes.rollouts import Rollout, rollouts
from integrations.kubernetes.settings import ALL_NAMESPACES, KubernetesSettings
from integrations.kubernetes.troubles import NAME_LIMIT, event_facts, pod_facts
from integrations.kubernetes.wording import of_condition, of_events, of_pods, of_rollout
from integrations.threads import run_until

T = TypeVar("T")

SOURCE = "kubernetes"
BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told
NODES_FROM = 0.6  # of the deadline: the first round ends then at the latest, so that there is time for the nodes
AT_ONCE = 8  # requests; the API server queues more from one client than its share
# A monitor that counts restarts over an hour fires until an hour after the last, and people come to it later still.
LOOK_BACK = timedelta(hours=2)
MOST_SERVICES = 8  # each costs three requests
MOST_NODES = 10  # each costs one request
MOST_ROLLOUTS = 10  # of one service
MOST_TROUBLES = 6  # of one service, of each kind
TITLE_LIMIT = 160
# A label's value; what comes with an alert and is none would be another question, or an error of the cluster's.
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL = re.compile(r"[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", re.ASCII)


class KubernetesSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: KubernetesSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    async def look(self, request: ContextRequest) -> Answer:
        services = _services(request)
        if not services:
            return Answer(skipped="the alert names no service that objects of a cluster could be labelled with")
        began = asyncio.get_running_loop().time()
        async with KubernetesClient(self._settings, self._threads, deadline=self._deadline) as client:
            look = _Look(request, self._settings, services, client)
            await run_until(began + self._deadline * NODES_FROM, look.questions())
            await run_until(began + self._deadline * BUDGET_SHARE, look.questions_about_nodes())
        answer = look.answer()
        if not answer.evidence and services[0] not in look.pods:
            raise next(iter(look.errors.values()), VENDOR.too_slow(self._deadline * NODES_FROM))
        return answer


def _services(request: ContextRequest) -> tuple[str, ...]:
    """The burning one first; none where that has no name that a label could have."""
    own = request.service_name or ""
    if not _LABEL.fullmatch(own):
        return ()
    near = (service.name for service in request.neighbours if _LABEL.fullmatch(service.name))
    return tuple(dict.fromkeys((own, *near)))[:MOST_SERVICES]


@dataclass
class _Look:
    """One incident's questions, and what came back by service, namespace or node."""

    request: ContextRequest
    settings: KubernetesSettings
    services: Sequence[str]
    client: KubernetesClient
    pods: dict[str, tuple[Pod, ...]] = field(default_factory=dict)
    sets: dict[str, tuple[ReplicaSet, ...]] = field(default_factory=dict)
    deployments: dict[str, tuple[Deployment, ...]] = field(default_factory=dict)
    autoscalers: dict[str, tuple[Autoscaler, ...]] = field(default_factory=dict)
    events: dict[str, tuple[Event, ...]] = field(default_factory=dict)
    node_events: dict[str, tuple[Event, ...]] = field(default_factory=dict)  # of all nodes, under one key
    nodes: dict[str, Node] = field(default_factory=dict)
    errors: dict[str, SourceError] = field(default_factory=dict)  # by what was asked for
    cut: set[str] = field(default_factory=set)  # what was longer than is read
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def questions(self) -> list[Coroutine[Any, Any, None]]:
        client = self.client
        asked: list[Coroutine[Any, Any, None]] = []
        for service in self.services:
            where = self.settings.namespace_of(service), self.settings.selector_of(service)
            asked.append(self._list("pods", self.pods, service, partial(client.pods, *where)))
            asked.append(self._list("replica sets", self.sets, service, partial(client.replica_sets, *where)))
            asked.append(self._list("deployments", self.deployments, service, partial(client.deployments, *where)))
        for namespace in dict.fromkeys(self.settings.namespace_of(service) for service in self.services):
            asked.append(self._list("events", self.events, namespace, partial(client.warnings, namespace)))
            asked.append(self._list("autoscalers", self.autoscalers, namespace, partial(client.autoscalers, namespace)))
        return asked

    def questions_about_nodes(self) -> list[Coroutine[Any, Any, None]]:
        """Of the burning service's pods, those with most of them first."""
        names = Counter(pod.spec.node_name for pod in self.pods.get(self.services[0], ()) if pod.spec.node_name)
        asked = [self._node(name) for name, _ in names.most_common(MOST_NODES)]
        if asked and not {ALL_NAMESPACES, NODE_EVENTS} & self.events.keys():
            asked.append(self._list("events of nodes", self.node_events, NODE_EVENTS, self.client.node_warnings))
        return asked

    async def _list(
        self,
        what: str,
        place: dict[str, tuple[T, ...]],
        key: str,
        ask: Callable[[], Awaitable[tuple[tuple[T, ...], bool]]],
    ) -> None:
        async with self.slots:
            try:
                place[key], is_all = await ask()
                if not is_all:
                    self.cut.add(what)
            except SourceError as error:
                self.errors.setdefault(what, error)

    async def _node(self, name: str) -> None:
        async with self.slots:
            try:
                self.nodes[name] = await self.client.node(name)
            except SourceError as error:
                self.errors.setdefault("nodes", error)

    def answer(self) -> Answer:
        if not any((*self.pods.values(), *self.sets.values(), *self.deployments.values())):
            own = self.services[0]
            if own not in self.pods:
                return Answer()
            where = f"namespace {self.settings.namespace_of(own)}"
            return Answer(
                skipped=f"nothing in {where} has the labels {self.settings.selector_of(own)}: KUBERNETES_NAMESPACE "
                "and KUBERNETES_SELECTOR say where services are"
            )
        return Answer(evidence=tuple(self._evidence()), gaps=tuple(self._gaps()), checked=self._checked())

    def _evidence(self) -> Iterator[Evidence]:
        for service in self.services:
            yield from self._rollouts(service)
        for service in self.services:
            yield from self._troubles(service)

    def _rollouts(self, service: str) -> Iterator[Evidence]:
        request = self.request
        found = rollouts(self.deployments.get(service, ()), self.sets.get(service, ()), since=request.changes_since)
        for rollout in found[:MOST_ROLLOUTS]:
            fact = _change(service, rollout)
            yield Evidence(source=SOURCE, text=of_rollout(fact, request.onset), fact=fact, at=fact.at)

    def _troubles(self, service: str) -> Iterator[Evidence]:
        since = self.request.onset - LOOK_BACK
        pods = self.pods.get(service, ())
        troubles = pod_facts(service, pods, since=since)
        for pod in troubles[:MOST_TROUBLES]:
            yield Evidence(source=SOURCE, text=of_pods(pod), fact=pod, at=pod.since)
        conditions = [*self._conditions(service)][:MOST_TROUBLES]
        if service == self.services[0]:
            conditions += readiness(service, pods, self.deployments.get(service, ()), troubles, self.request.now)
        for condition in conditions:
            yield Evidence(source=SOURCE, text=of_condition(condition), fact=condition, at=condition.since)
        for event in event_facts(service, self._own_events(service), since=since)[:MOST_TROUBLES]:
            yield Evidence(source=SOURCE, text=of_events(event), fact=event, at=event.first_seen)

    def _conditions(self, service: str) -> Iterator[ConditionFact]:
        yield from deployment_facts(service, self.deployments.get(service, ()))
        yield from autoscaler_facts(service, self._own_autoscalers(service))
        if service == self.services[0]:
            yield from node_facts(service, self.nodes.values())

    def _own_autoscalers(self, service: str) -> list[Autoscaler]:
        names = {(item.metadata.namespace, item.metadata.name) for item in self.deployments.get(service, ())}
        return [
            item
            for item in self.autoscalers.get(self.settings.namespace_of(service), ())
            if item.spec.scale_target_ref.kind == "Deployment"
            and (item.metadata.namespace, item.spec.scale_target_ref.name) in names
        ]

    def _own_events(self, service: str) -> Iterator[Event]:
        """Of its pods, also of those that are gone: they are named after their replica set."""
        names = {item.metadata.name for item in self.pods.get(service, ())}
        names |= {item.metadata.name for item in self.deployments.get(service, ())}
        names |= {item.metadata.name for item in self._own_autoscalers(service)}
        sets = {item.metadata.name for item in self.sets.get(service, ())}
        nodes = set(self.nodes) if service == self.services[0] else set()
        for event in (
            *self.events.get(self.settings.namespace_of(service), ()),
            *self.node_events.get(NODE_EVENTS, ()),
        ):
            name = event.involved_object.name
            if event.involved_object.kind == "Node":
                if name in nodes:
                    yield event
            elif name in names or name in sets or name.rpartition("-")[0] in sets:
                yield event

    def _checked(self) -> str:
        own = self.settings.namespace_of(self.services[0])
        where = "all namespaces" if own == ALL_NAMESPACES else f"namespace {own}"
        names = ", ".join(service for service in self.services if service in self.pods)
        since = f"from {self.request.onset - LOOK_BACK:%H:%M} to {self.request.now:%H:%M} UTC"
        told = [f"pods, rollouts, autoscalers and warning events of {names} in {where}, {since}"]
        if self.nodes:
            told.append(f"{len(self.nodes)} node{'s' if len(self.nodes) > 1 else ''} of {self.services[0]}")
        return "; ".join(told)

    def _gaps(self) -> Iterator[str]:
        for what, error in self.errors.items():
            yield f"{what} could not be looked at: {error.detail.rstrip('.')}"
        late = [service for service in self.services if service not in self.pods and "pods" not in self.errors]
        if late:
            yield f"no answer in time about {', '.join(late)}"
        for what in sorted(self.cut):
            yield f"not all {what} were read, there are too many"


def _change(service: str, rollout: Rollout) -> ChangeFact:
    return ChangeFact(
        service=service,
        kind=ChangeKind.DEPLOYMENT,
        at=rollout.at,
        version=plain(rollout.version, NAME_LIMIT),
        title=plain(redact(rollout.title), TITLE_LIMIT),
        previous=plain(rollout.previous, NAME_LIMIT) if rollout.previous else None,
        succeeded=rollout.succeeded,
    )
