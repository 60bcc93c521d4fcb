"""What ends a scenario's trouble, and how it fades once that is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.scenario.reading import Node

Floats = NDArray[np.float64]
Versions = Mapping[str, Sequence[tuple[float, str]]]  # by service: (seconds after the onset, version), oldest first

ROLLS_OVER = 20.0  # seconds until all instances run the other version: trouble goes, and comes back, over them
RESTARTS_AFTER = ROLLS_OVER / 2  # seconds: counters begin anew at one moment, which stands for all instances


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """All faults of the scenario end while `service` runs any other version than `away_from`."""

    service: str
    away_from: str


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """A version that was brought out while the scenario was played; `at` in seconds after the onset."""

    at: float
    service: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Relief:
    """How much of the trouble is left. `bends`: (seconds after the onset, share), ascending, straight in between."""

    bends: tuple[tuple[float, float], ...]

    def left(self, offsets: Floats) -> Floats:
        times, shares = zip(*self.bends, strict=True)
        found: Floats = np.interp(offsets, times, shares)
        return found


def relief(remedy: Remedy | None, rollouts: Iterable[Rollout]) -> Relief | None:
    """None where nothing that was done touches the trouble."""
    bends: list[tuple[float, float]] = []
    for rollout in sorted(rollouts, key=lambda item: item.at):
        if remedy is None or rollout.service != remedy.service:
            continue
        now = _at(bends, rollout.at)
        then = 1.0 if rollout.version == remedy.away_from else 0.0
        bends = [bend for bend in bends if bend[0] < rollout.at]
        bends += [(rollout.at, now), (rollout.at + ROLLS_OVER, then)]
    return Relief(bends=tuple(bends)) if bends else None


def _at(bends: Sequence[tuple[float, float]], at: float) -> float:
    return float(Relief(bends=tuple(bends)).left(np.array([at]))[0]) if bends else 1.0


def read_remedy(node: Node, versions: Versions) -> Remedy:
    """`versions`: those that were brought out before, by service."""
    node.only("service", "away_from")
    found = Remedy(service=node.text("service"), away_from=node.text("away_from"))
    if found.service not in versions:
        raise node.child("service").error(f"nothing was ever deployed of it; services are {', '.join(versions)}")
    known = [version for _, version in versions[found.service]]
    if found.away_from not in known:
        raise node.child("away_from").error(f"was never deployed; versions are {', '.join(known)}")
    return found


__all__ = ["RESTARTS_AFTER", "ROLLS_OVER", "Relief", "Remedy", "Rollout", "Versions", "read_remedy", "relief"]
