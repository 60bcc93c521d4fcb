"""A value over time: a base, its noise, its daily shape, and the faults that bend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sandbox.scenario.reading import Node
from sandbox.scenario.remedy import Relief

Floats = NDArray[np.float64]

DAY = 86400.0
NOISE_MEMORY = 0.6  # how much of the noise carries over from one sample to the next: metrics wander, they do not jump
SATURATION = 4.0  # a saturating fault has covered 1 - e^-4, that is 98 %, of its way after `over`


class Shape(StrEnum):
    STEP = "step"  # at once
    RAMP = "ramp"  # in a straight line over `over`
    SATURATE = "saturate"  # fast first, then slower, over `over`
    SPIKE = "spike"  # up and down again within `over`
    DROP = "drop"  # at once, and back after `over`


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Bends a level towards `to`, or towards `times` its own value. Times are seconds after the onset."""

    shape: Shape
    at: float
    over: float
    to: float | None
    times: float
    relief: Relief | None = None  # None: nothing was done against it

    def weight(self, offsets: Floats) -> Floats:
        """How far the fault has taken hold, 0 to 1."""
        weight = self._taken(offsets)
        return weight if self.relief is None else weight * self.relief.left(offsets)

    def _taken(self, offsets: Floats) -> Floats:
        since = (offsets - self.at) / max(self.over, 1e-9)
        match self.shape:
            case Shape.STEP:
                return np.where(since >= 0, 1.0, 0.0)
            case Shape.RAMP:
                return _clipped(since, 0, 1)
            case Shape.SATURATE:
                return np.where(since >= 0, -np.expm1(-SATURATION * np.maximum(since, 0)), 0.0)
            case Shape.SPIKE:
                return _clipped(1 - np.abs(2 * since - 1), 0, 1)
            case Shape.DROP:
                return np.where((since >= 0) & (since < 1), 1.0, 0.0)

    def bend(self, values: Floats, offsets: Floats) -> Floats:
        weight = self.weight(offsets)
        target = values * self.times if self.to is None else self.to
        return values * (1 - weight) + target * weight


@dataclass(frozen=True, kw_only=True)
class Level:
    """`noise` and `daily` are relative to the base: 0.05 is five per cent. `peak`: seconds after the onset."""

    base: float
    noise: float = 0.0
    daily: float = 0.0
    peak: float = 0.0
    trend: float = 0.0  # per hour, in the level's own unit, from the onset on and before
    low: float = 0.0
    high: float = float("inf")
    faults: tuple[Fault, ...] = ()

    def mean(self, offsets: Floats) -> Floats:
        day = 1 + self.daily * np.cos(2 * np.pi * (offsets - self.peak) / DAY)
        values = self.base * day + self.trend * offsets / 3600
        for fault in self.faults:
            values = fault.bend(values, offsets)
        return _clipped(values, self.low, self.high)

    def relieved(self, relief: Relief) -> Level:
        return replace(self, faults=tuple(replace(fault, relief=relief) for fault in self.faults))

    def sample(self, offsets: Floats, rng: np.random.Generator) -> Floats:
        values = self.mean(offsets)
        if self.noise:
            values = values * (1 + self.noise * _wander(len(offsets), rng))
        return _clipped(values, self.low, self.high)


def _clipped(values: Floats, low: float, high: float) -> Floats:
    inside: Floats = np.clip(values, low, high)
    return inside


def _wander(length: int, rng: np.random.Generator) -> Floats:
    """Noise of unit variance in which neighbours are alike: white noise under a short exponential kernel."""
    kernel = NOISE_MEMORY ** np.arange(12)
    kernel /= np.sqrt((kernel**2).sum())
    return np.convolve(rng.standard_normal(length + len(kernel) - 1), kernel, mode="valid")


LEVEL_MEMBERS = ("base", "noise", "daily", "peak", "trend", "min", "max", "faults")


def read_level(node: Node) -> Level:
    """A plain number is a level without noise."""
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return Level(base=float(node.value))
    node.only(*LEVEL_MEMBERS)
    return level_of(node)


def level_of(node: Node) -> Level:
    """From a mapping that may have further members."""
    return Level(
        base=node.number("base"),
        noise=node.number("noise", 0.0),
        daily=node.number("daily", 0.0),
        peak=node.seconds("peak", "0s"),
        trend=node.number("trend", 0.0),
        low=node.number("min", 0.0),
        high=node.number("max", float("inf")),
        faults=tuple(_read_fault(item) for item in node.items("faults")),
    )


def _read_fault(node: Node) -> Fault:
    node.only("shape", "at", "over", "to", "times")
    shape = node.text("shape")
    if shape not in set(Shape):
        raise node.child("shape").error(f"must be one of {', '.join(Shape)}")
    if (node.maybe("to") is None) == (node.maybe("times") is None):
        raise node.error("needs either 'to' or 'times'")
    return Fault(
        shape=Shape(shape),
        at=node.seconds("at"),
        over=node.seconds("over", "0s"),
        to=node.number("to") if node.maybe("to") else None,
        times=node.number("times", 1.0),
    )
