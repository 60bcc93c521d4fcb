"""What was rolled out: replica sets read as a history of versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.moment import read_moment
from integrations.kubernetes.objects import CHANGE_CAUSE, REVISION, REVISION_HISTORY, Condition, Deployment, ReplicaSet

DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
COMPLETE = "NewReplicaSetAvailable"
DIGEST_SHOWN = 12  # characters of an image's digest: what `docker images` shows


@dataclass(frozen=True, kw_only=True)
class Rollout:
    deployment: str
    at: datetime
    version: str  # the image's tag; "revision 12" where the image stayed the same
    previous: str | None
    title: str
    succeeded: bool | None  # None where the cluster does not say any more


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One revision; a replica set that was rolled back to stands for several."""

    revision: int
    set: ReplicaSet
    at: datetime | None  # None: rolled back to at a time that nothing tells any more


def rollouts(deployments: Sequence[Deployment], sets: Sequence[ReplicaSet], *, since: datetime) -> tuple[Rollout, ...]:
    """Newest first."""
    by_name = {item.metadata.name: item for item in deployments}
    owned: dict[str, list[ReplicaSet]] = {}
    for item in sets:
        if owner := item.metadata.owner("Deployment"):
            owned.setdefault(owner, []).append(item)
    found = [
        rollout for name, those in owned.items() for rollout in _of_deployment(name, by_name.get(name), those, since)
    ]
    return tuple(sorted(found, key=lambda item: item.at, reverse=True))


def _of_deployment(
    name: str, deployment: Deployment | None, sets: Iterable[ReplicaSet], since: datetime
) -> Iterator[Rollout]:
    progress = deployment.status.find("Progressing") if deployment else None
    steps = _steps(sets, progress)
    for before, step in zip([None, *steps], steps, strict=False):
        # The very first revision is the deployment's birth: it counts, but there is nothing to go back to.
        if step.at and step.at >= since:
            yield _rollout(name, before, step, progress if step is steps[-1] else None, steps)


def _steps(sets: Iterable[ReplicaSet], progress: Condition | None) -> list[_Step]:
    """By revision, ascending."""
    steps = []
    for item in sets:
        numbers = sorted(
            {*_numbers(item.metadata.notes.get(REVISION)), *_numbers(item.metadata.notes.get(REVISION_HISTORY))}
        )
        steps += [
            _Step(revision=number, set=item, at=item.metadata.created if place == 0 else None)
            for place, number in enumerate(numbers)
        ]
    steps.sort(key=lambda step: step.revision)
    if steps and steps[-1].at is None and progress:
        # Gone back to an older set: only the deployment's own progress tells when.
        moved = _moment(progress)
        steps[-1] = _Step(revision=steps[-1].revision, set=steps[-1].set, at=moved)
    return steps


def _rollout(
    name: str, before: _Step | None, step: _Step, progress: Condition | None, steps: Sequence[_Step]
) -> Rollout:
    assert step.at is not None
    old = before.set.images if before else {}
    new = step.set.images
    changed = [container for container, image in new.items() if old.get(container) != image]
    container = next(iter(changed or new), "")
    is_new_image = bool(changed) or not old
    version = _version(new.get(container, "")) if is_new_image else f"revision {step.revision}"
    return Rollout(
        deployment=name,
        at=step.at,
        version=version or f"revision {step.revision}",
        previous=_previous(old, container, before, is_new_image),
        title=_title(step, before, new.get(container, ""), is_new_image, steps),
        succeeded=_succeeded(progress),
    )


def _previous(old: Mapping[str, str], container: str, before: _Step | None, is_new_image: bool) -> str | None:
    if before is None:
        return None
    return (_version(old.get(container, "")) if is_new_image else "") or f"revision {before.revision}"


def _title(step: _Step, before: _Step | None, image: str, is_new_image: bool, steps: Sequence[_Step]) -> str:
    if cause := step.set.metadata.notes.get(CHANGE_CAUSE):
        return cause
    earlier = [other.revision for other in steps if other.set is step.set and other.revision < step.revision]
    if earlier:
        return f"rolled back to revision {earlier[-1]}, {image}"
    if is_new_image or before is None:
        return f"rollout of {image}"
    return f"same image {image}, something else of the pods' template changed"


def _succeeded(progress: Condition | None) -> bool | None:
    if progress is None:
        return None
    if progress.reason == DEADLINE_EXCEEDED:
        return False
    return True if progress.reason == COMPLETE else None


def _moment(progress: Condition) -> datetime | None:
    return read_moment(progress.last_update_time) or progress.since


def _version(image: str) -> str:
    """ "1.4.2" of "registry:5000/shop/checkout:1.4.2@sha256:..."; of an image without a tag its digest, shortened."""
    name, _, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    if colon and tag:
        return tag
    return digest.removeprefix("sha256:")[:DIGEST_SHOWN] if digest else ("latest" if name else "")


def _numbers(text: str | None) -> list[int]:
    return [int(part) for part in (text or "").split(",") if part.strip().isdigit()]
