"""What is read of objects before they are changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.plaintext import plain

REVISION = "deployment.kubernetes.io/revision"
_SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class Workload:
    uid: str
    replicas: int  # wanted; of a daemon set, one for each node
    ready: int
    revision: int  # 0 where it has none
    labels: Mapping[str, str]  # that its pods carry


@dataclass(frozen=True, kw_only=True)
class Revision:
    number: int
    images: tuple[str, ...]

    def __str__(self) -> str:
        return plain(f"revision {self.number} ({', '.join(self.images) or 'no image'})", _SHOWN)


@dataclass(frozen=True, kw_only=True)
class Pod:
    uid: str
    owner: str  # "replicaset/checkout-7d"; "" where nothing makes it anew
    node: str


def workload(item: Mapping[str, Any]) -> Workload:
    spec, status, about = _of(item, "spec"), _of(item, "status"), _of(item, "metadata")
    return Workload(
        uid=str(about.get("uid", "")),
        replicas=_number(status.get("desiredNumberScheduled", spec.get("replicas", 1))),
        ready=_number(status.get("numberReady", status.get("readyReplicas", 0))),
        revision=_number(_of(about, "annotations").get(REVISION, 0)),
        labels={str(key): str(value) for key, value in _of(_of(spec, "selector"), "matchLabels").items()},
    )


def revisions(items: Mapping[str, Any], owner: str) -> tuple[Revision, ...]:
    """Of the replica sets of a deployment, the newest first."""
    found = []
    for item in items.get("items") or ():
        about = _of(item, "metadata")
        owned = any(reference.get("uid") == owner for reference in about.get("ownerReferences") or ())
        number = _number(_of(about, "annotations").get(REVISION, 0))
        if owned and number:
            found.append(Revision(number=number, images=_images(item)))
    return tuple(sorted(found, key=lambda revision: -revision.number))


def pod(item: Mapping[str, Any]) -> Pod:
    about = _of(item, "metadata")
    owners: Sequence[Mapping[str, Any]] = about.get("ownerReferences") or ()
    owner = next((one for one in owners if one.get("controller")), None)
    return Pod(
        uid=str(about.get("uid", "")),
        owner=plain(f"{str(owner.get('kind', '')).lower()}/{owner.get('name', '')}", _SHOWN) if owner else "",
        node=plain(str(_of(item, "spec").get("nodeName", "")), _SHOWN),
    )


def _images(item: Mapping[str, Any]) -> tuple[str, ...]:
    containers = _of(_of(_of(item, "spec"), "template"), "spec").get("containers") or ()
    return tuple(plain(str(container.get("image", "")).rpartition("/")[2], _SHOWN) for container in containers)


def _of(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = item.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
