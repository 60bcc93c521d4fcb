"""The few fields of the cluster's objects that are looked at. https://kubernetes.io/docs/reference/kubernetes-api/

What is written in Go may be null wherever it may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from bot.domain.moment import read_moment

T = TypeVar("T")

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"  # numbers it had before it was rolled back to
CHANGE_CAUSE = "kubernetes.io/change-cause"


class _Camel(msgspec.Struct, rename="camel"):
    pass


class Owner(_Camel):
    kind: str
    name: str


class Meta(_Camel):
    name: str
    namespace: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None

    @property
    def created(self) -> datetime | None:
        return read_moment(self.creation_timestamp)

    @property
    def notes(self) -> Mapping[str, str]:
        return self.annotations or {}

    def owner(self, kind: str) -> str | None:
        return next((owner.name for owner in self.owner_references or () if owner.kind == kind), None)


class Condition(_Camel):
    type: str
    status: str  # "True", "False" or "Unknown"
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None
    last_update_time: str | None = None

    @property
    def since(self) -> datetime | None:
        return read_moment(self.last_transition_time)


class Ended(_Camel):
    reason: str | None = None
    exit_code: int | None = None
    finished_at: str | None = None
    message: str | None = None


class Waiting(_Camel):
    reason: str | None = None
    message: str | None = None


class Running(_Camel):
    started_at: str | None = None


class State(_Camel):
    running: Running | None = None
    waiting: Waiting | None = None
    terminated: Ended | None = None


class ContainerStatus(_Camel):
    name: str
    restart_count: int = 0
    ready: bool = False
    state: State | None = None
    last_state: State | None = None


class PodStatus(_Camel):
    phase: str = ""
    reason: str | None = None
    message: str | None = None
    start_time: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None

    @property
    def containers(self) -> tuple[ContainerStatus, ...]:
        return (*(self.init_container_statuses or ()), *(self.container_statuses or ()))

    @property
    def ready(self) -> Condition | None:
        return next((item for item in self.conditions or () if item.type == "Ready"), None)


class PodSpec(_Camel):
    node_name: str | None = None


class Pod(_Camel):
    metadata: Meta
    spec: PodSpec
    status: PodStatus


class Container(_Camel):
    name: str
    image: str = ""


class TemplateSpec(_Camel):
    containers: list[Container] | None = None


class Template(_Camel):
    spec: TemplateSpec


class ReplicaSetSpec(_Camel):
    template: Template


class ReplicaSet(_Camel):
    metadata: Meta
    spec: ReplicaSetSpec

    @property
    def images(self) -> Mapping[str, str]:
        """By the container's name."""
        return {item.name: item.image for item in self.spec.template.spec.containers or ()}


class Conditions(_Camel):
    conditions: list[Condition] | None = None

    def find(self, kind: str) -> Condition | None:
        return next((item for item in self.conditions or () if item.type == kind), None)


class DeploymentSpec(_Camel):
    replicas: int | None = None


class DeploymentStatus(Conditions):
    """The API leaves out what is zero."""

    ready_replicas: int | None = None
    unavailable_replicas: int | None = None

    @property
    def ready(self) -> int | None:
        """None where the cluster has not looked at it yet."""
        return 0 if self.ready_replicas is None and self.unavailable_replicas else self.ready_replicas


class Deployment(_Camel):
    metadata: Meta
    spec: DeploymentSpec
    status: DeploymentStatus


class NodeSpec(_Camel):
    unschedulable: bool | None = None


class Node(_Camel):
    metadata: Meta
    spec: NodeSpec
    status: Conditions


class ScaleTarget(_Camel):
    kind: str
    name: str


class AutoscalerSpec(_Camel):
    scale_target_ref: ScaleTarget
    max_replicas: int


class AutoscalerStatus(Conditions):
    current_replicas: int | None = None
    desired_replicas: int | None = None


class Autoscaler(_Camel):
    metadata: Meta
    spec: AutoscalerSpec
    status: AutoscalerStatus


class Regarded(_Camel):
    kind: str = ""
    name: str = ""


class EventSeries(_Camel):
    count: int | None = None
    last_observed_time: str | None = None


class Event(_Camel):
    metadata: Meta
    involved_object: Regarded
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None

    @property
    def times(self) -> int:
        return max(1, (self.series.count if self.series else None) or self.count or 1)

    @property
    def first(self) -> datetime | None:
        """New events have `eventTime` and maybe a series, older ones the two time stamps."""
        return read_moment(self.first_timestamp) or read_moment(self.event_time) or self.metadata.created

    @property
    def last(self) -> datetime | None:
        observed = self.series.last_observed_time if self.series else None
        return read_moment(observed) or read_moment(self.last_timestamp) or self.first


class ListMeta(msgspec.Struct):
    continue_: str | None = msgspec.field(name="continue", default=None)


class Listed(msgspec.Struct, Generic[T]):
    items: list[T] | None
    metadata: ListMeta
