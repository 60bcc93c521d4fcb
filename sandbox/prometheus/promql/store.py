"""The samples a query may see: selection of series, the newest sample at a step, the samples of a range."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import promql_parser as syntax

from sandbox.prometheus.promql.frame import NAME, Bools, Floats, Frame, Ints, Labels, empty, stack
from sandbox.scenario.model import TimeSeries

WINDOW_CELLS = 2_000_000  # how many samples are looked at together: 16 MB an array


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Series that share their sample times."""

    labels: tuple[Labels, ...]  # N
    times: Floats  # S, ascending
    values: Floats  # N x S


class Store:
    """All series of a scenario."""

    def __init__(self, series: Iterable[TimeSeries]) -> None:
        self._series = tuple(series)

    @cached_property
    def _blocks(self) -> tuple[Block, ...]:
        together: dict[int, list[TimeSeries]] = {}
        for item in self._series:
            together.setdefault(id(item.times), []).append(item)
        return tuple(
            Block(
                labels=tuple(item.labels for item in items),
                times=np.array(items[0].times, dtype=float),
                values=np.array([item.values for item in items], dtype=float),
            )
            for items in together.values()
        )

    def until(self, now: float) -> tuple[Block, ...]:
        """What has been scraped by then: the future is not shown."""
        seen = []
        for block in self._blocks:
            count = int(np.searchsorted(block.times, now, side="right"))
            seen.append(Block(labels=block.labels, times=block.times[:count], values=block.values[:, :count]))
        return tuple(seen)


def select(blocks: Sequence[Block], selector: syntax.VectorSelector) -> Iterator[Block]:
    wanted = Wanted(selector)
    for block in blocks:
        rows = [row for row, labels in enumerate(block.labels) if wanted(labels)]
        if rows and len(block.times):
            yield Block(labels=tuple(block.labels[r] for r in rows), times=block.times, values=block.values[rows])


class Wanted:
    """Decides whether a label set matches a selector."""

    def __init__(self, selector: syntax.VectorSelector) -> None:
        either = [list(group) for group in selector.matchers.or_matchers] or [list(selector.matchers.matchers)]
        self._either = [[_Condition(matcher) for matcher in group] for group in either]
        self._name = selector.name

    def __call__(self, labels: Labels) -> bool:
        if self._name is not None and labels.get(NAME) != self._name:
            return False
        return any(all(condition(labels) for condition in group) for group in self._either)


class _Condition:
    def __init__(self, matcher: syntax.Matcher) -> None:
        self._label = matcher.name
        self._value = matcher.value
        self._negative = matcher.op in (syntax.MatchOp.NotEqual, syntax.MatchOp.NotRe)
        is_pattern = matcher.op in (syntax.MatchOp.Re, syntax.MatchOp.NotRe)
        self._pattern = re.compile(matcher.value) if is_pattern else None

    def __call__(self, labels: Labels) -> bool:
        value = labels.get(self._label, "")
        same = value == self._value if self._pattern is None else self._pattern.fullmatch(value) is not None
        return same is not self._negative


def newest(blocks: Iterable[Block], at: Floats, lookback: float, *, stamps: bool = False) -> Frame:
    """The newest sample of each series at each step, unless it is `lookback` old. `stamps`: its time as the value."""
    frames = []
    for block in blocks:
        index = np.searchsorted(block.times, at, side="right") - 1
        known = np.clip(index, 0, None)
        fresh = (index >= 0) & (at - block.times[known] < lookback)
        values = np.broadcast_to(block.times[known], (len(block.labels), len(at))) if stamps else block.values[:, known]
        present = np.broadcast_to(fresh, values.shape)
        frames.append(Frame(labels=block.labels, values=values, present=present))
    return _there(stack(frames, len(at)))


def _there(frame: Frame) -> Frame:
    """Without the series that have no sample at any step."""
    keep = frame.present.any(axis=1)
    return frame if keep.all() else frame.rows(np.flatnonzero(keep).tolist())


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """The samples in (start, end] of each step. W is the most any step has; a step's samples come first in its row."""

    labels: tuple[Labels, ...]  # N
    start: Floats  # T
    end: Floats  # T
    count: Ints  # T
    times: Floats  # T x W
    values: Floats  # N x T x W
    mask: Bools  # T x W: where there is a sample

    @property
    def first(self) -> Floats:
        return self.values[..., 0]

    @property
    def first_time(self) -> Floats:
        return self.times[:, 0]

    def nth_last(self, n: int) -> Floats:
        """The last sample's value (n=1) or one before; meaningless where a step has fewer."""
        return self.values[:, np.arange(len(self.count)), np.clip(self.count - n, 0, None)]

    def nth_last_time(self, n: int) -> Floats:
        return self.times[np.arange(len(self.count)), np.clip(self.count - n, 0, None)]


def windows(blocks: Iterable[Block], at: Floats, length: float) -> Iterator[tuple[slice, Window]]:
    """For each block its windows, a slice of the steps at a time so that memory stays bounded."""
    for block in blocks:
        low = np.searchsorted(block.times, at - length, side="right")
        high = np.searchsorted(block.times, at, side="right")
        width = max(1, int((high - low).max(initial=0)))
        chunk = max(1, WINDOW_CELLS // (width * len(block.labels)))
        for begin in range(0, len(at), chunk):
            part = slice(begin, begin + chunk)
            yield part, _window(block, at[part], low[part], high[part], width, length)


def _window(block: Block, at: Floats, low: Ints, high: Ints, width: int, length: float) -> Window:
    offsets = np.arange(width)
    index = np.minimum(low[:, None] + offsets, len(block.times) - 1)
    return Window(
        labels=block.labels,
        start=at - length,
        end=at,
        count=high - low,
        times=block.times[index],
        values=block.values[:, index],
        mask=offsets < (high - low)[:, None],
    )


def blocks_of(frame: Frame, at: Floats) -> Iterator[Block]:
    """A subquery's result as if it had been scraped."""
    for row, labels in enumerate(frame.labels):
        there = frame.present[row]
        yield Block(labels=(labels,), times=at[there], values=frame.values[row : row + 1, there])


__all__ = ["Block", "Store", "Wanted", "Window", "blocks_of", "empty", "newest", "select", "windows"]
