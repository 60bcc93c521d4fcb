"""The values expressions evaluate to. T is the number of steps of the query, N the number of series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.prometheus.promql.errors import CannotExecute

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Labels = Mapping[str, str]
Key = tuple[tuple[str, str], ...]

NAME = "__name__"


def key_of(labels: Labels) -> Key:
    return tuple(sorted(labels.items()))


def shown(labels: Labels) -> str:
    """As Prometheus prints label sets in its messages."""
    inner = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != NAME)
    return f"{labels.get(NAME, '')}{{{inner}}}"


def without(labels: Labels, *names: str) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in names}


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """An instant vector at every step. Where `present` is false there is no sample, whatever stands in `values`."""

    labels: tuple[Labels, ...]  # N
    values: Floats  # N x T
    present: Bools  # N x T

    def with_values(self, values: Floats) -> Frame:
        """The same samples with new values: the metric's name no longer fits and goes."""
        return relabelled(Frame(labels=self.labels, values=values, present=self.present), unnamed)

    def rows(self, indices: Sequence[int]) -> Frame:
        chosen = list(indices)
        return Frame(
            labels=tuple(self.labels[i] for i in chosen), values=self.values[chosen], present=self.present[chosen]
        )

    def only(self, keep: Bools) -> Frame:
        return Frame(labels=self.labels, values=self.values, present=self.present & keep)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scalar:
    values: Floats  # T


@dataclass(frozen=True, kw_only=True)
class Text:
    value: str


Value = Frame | Scalar | Text


def empty(steps: int) -> Frame:
    return Frame(labels=(), values=np.zeros((0, steps)), present=np.zeros((0, steps), dtype=bool))


def total(values: NDArray[np.generic], *, axis: int) -> Floats:
    added: Floats = np.add.reduce(values, axis=axis, dtype=float)
    return added


def anywhere(present: Bools) -> Bools:
    """For each step: whether any series has a sample."""
    found: Bools = np.logical_or.reduce(present, axis=0)
    return found


def unnamed(labels: Labels) -> Labels:
    return without(labels, NAME)


def stack(frames: Iterable[Frame], steps: int) -> Frame:
    parts = [frame for frame in frames if frame.labels]
    if not parts:
        return empty(steps)
    return Frame(
        labels=tuple(labels for part in parts for labels in part.labels),
        values=np.concatenate([part.values for part in parts]),
        present=np.concatenate([part.present for part in parts]),
    )


def relabelled(frame: Frame, change: Callable[[Labels], Labels]) -> Frame:
    """Raises CannotExecute where two samples of one step end up with the same labels."""
    changed = Frame(labels=tuple(map(change, frame.labels)), values=frame.values, present=frame.present)
    return merged(changed, lambda _: "vector cannot contain metrics with the same labelset")


def merged(frame: Frame, complaint: Callable[[Labels], str]) -> Frame:
    """Rows with equal labels become one; raises CannotExecute where they have samples at the same step."""
    places: dict[Key, list[int]] = {}
    for row, labels in enumerate(frame.labels):
        places.setdefault(key_of(labels), []).append(row)
    if len(places) == len(frame.labels):
        return frame
    values, present = [], []
    for rows in places.values():
        there = frame.present[rows]
        if (there.sum(axis=0) > 1).any():
            raise CannotExecute(complaint(frame.labels[rows[0]]))
        values.append(np.where(there, frame.values[rows], 0.0).sum(axis=0))
        present.append(there.any(axis=0))
    return Frame(
        labels=tuple(frame.labels[rows[0]] for rows in places.values()),
        values=np.array(values),
        present=np.array(present),
    )
