"""Parses a query and evaluates it at all its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import promql_parser as syntax

from sandbox.prometheus.promql.aggregate import aggregate
from sandbox.prometheus.promql.binary import combine, negated
from sandbox.prometheus.promql.errors import BadQuery, CannotExecute
from sandbox.prometheus.promql.frame import Floats, Frame, Scalar, Text, Value, empty, relabelled, stack, unnamed
from sandbox.prometheus.promql.functions import FUNCTIONS, ORDERING, absent
from sandbox.prometheus.promql.over_time import FUNCTIONS as RANGE_FUNCTIONS
from sandbox.prometheus.promql.over_time import RangeFunction
from sandbox.prometheus.promql.store import Block, Window, blocks_of, newest, select, windows

LOOKBACK = 300.0  # seconds after which a sample is stale: the server's default, --query.lookback-delta
DEFAULT_SUBQUERY_STEP = 15.0  # the server's evaluation interval
_TYPE_WORDS = {"matrix": "range vector", "vector": "instant vector", "scalar": "scalar", "string": "string"}


def parse(query: str) -> Any:
    """The syntax tree. Raises BadQuery with the position and words of the real server, as far as they are known."""
    if not query.strip():
        raise BadQuery("1:1: parse error: no expression found in input")
    try:
        return syntax.parse(query)
    except ValueError as error:
        raise BadQuery(_complaint(query, str(error))) from None


def _complaint(query: str, message: str) -> str:
    unknown = re.search(r"function with name '(\w+)'", message)
    at = query.find(unknown[1]) if unknown else 0
    message = re.sub(r"(?<=expected type )(\w+)|(?<=got )(\w+)", lambda m: _TYPE_WORDS.get(m[0], m[0]), message)
    message = re.sub(r"'(\w+)'", r'"\1"', message)
    line = query.count("\n", 0, at) + 1
    column = at - (query.rfind("\n", 0, at) + 1) + 1
    return f"{line}:{column}: parse error: {message}"


def is_ordered(tree: Any) -> bool:
    """Whether the order of an instant query's result has a meaning."""
    while isinstance(tree, syntax.ParenExpr):
        tree = tree.expr
    if isinstance(tree, syntax.Call):
        return tree.func.name in ORDERING
    return isinstance(tree, syntax.AggregateExpr) and str(tree.op) in ("topk", "bottomk")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """One query over what the store shows. `at`: the steps' times; `start`, `end`: as the outermost query gave them."""

    blocks: Sequence[Block]
    at: Floats
    start: float
    end: float
    lookback: float = LOOKBACK

    def evaluate(self, tree: Any) -> Value:
        """Raises CannotExecute."""
        with np.errstate(all="ignore"):
            return self._value(tree)

    def samples(self, tree: syntax.MatrixSelector) -> Iterator[Block]:
        """The raw samples of a range selector at the last step."""
        length = tree.range.total_seconds()
        end = float(self._moments(tree.vector_selector)[-1])
        for block in select(self.blocks, tree.vector_selector):
            inside = (block.times > end - length) & (block.times <= end)
            if inside.any():
                yield Block(labels=block.labels, times=block.times[inside], values=block.values[:, inside])

    def _value(self, tree: Any) -> Value:
        match tree:
            case syntax.NumberLiteral():
                return self._constant(tree.val)
            case syntax.StringLiteral():
                return Text(value=tree.val)
            case syntax.ParenExpr():
                return self._value(tree.expr)
            case syntax.UnaryExpr():
                return negated(self._value(tree.expr))
            case syntax.VectorSelector():
                return newest(select(self.blocks, tree), self._moments(tree), self.lookback)
            case syntax.BinaryExpr():
                return combine(tree, self._value(tree.lhs), self._value(tree.rhs))
            case syntax.AggregateExpr():
                return self._aggregate(tree)
            case syntax.Call():
                return self._call(tree)
        raise CannotExecute(f"{type(tree).__name__} cannot stand here")

    def _constant(self, number: float) -> Scalar:
        return Scalar(values=np.full(len(self.at), number))

    def _frame(self, tree: Any) -> Frame:
        value = self._value(tree)
        if not isinstance(value, Frame):
            raise CannotExecute("expected an instant vector")
        return value

    def _moments(self, tree: syntax.VectorSelector | syntax.SubqueryExpr) -> Floats:
        """When the selector looks, after `@` and `offset`."""
        moments = self.at
        if tree.at is not None:
            moments = np.full(len(self.at), self._fixed(tree.at))
        return moments - _seconds(tree.offset)

    def _fixed(self, modifier: syntax.AtModifier) -> float:
        if modifier.type == syntax.AtModifierType.Start:
            return self.start
        if modifier.type == syntax.AtModifierType.End:
            return self.end
        assert isinstance(modifier.at, datetime)
        return modifier.at.timestamp()

    def _aggregate(self, tree: syntax.AggregateExpr) -> Frame:
        parameter = None if tree.param is None else self._value(tree.param)
        if isinstance(parameter, Frame):
            raise CannotExecute("expected a scalar as the aggregation's parameter")
        return aggregate(tree, self._frame(tree.expr), parameter if isinstance(parameter, Scalar) else None)

    def _call(self, tree: syntax.Call) -> Value:
        name = tree.func.name
        if name in RANGE_FUNCTIONS:
            return self._over_range(RANGE_FUNCTIONS[name], tree.args)
        if name == "absent":
            return absent(self._frame(tree.args[0]), tree.args[0])
        if name == "absent_over_time":
            return absent(self._over_range(RANGE_FUNCTIONS["present_over_time"], tree.args), tree.args[0])
        if name == "timestamp" and isinstance(selector := _bare(tree.args[0]), syntax.VectorSelector):
            times = newest(select(self.blocks, selector), self._moments(selector), self.lookback, stamps=True)
            return relabelled(times, unnamed)
        if name == "timestamp":
            frame = self._frame(tree.args[0])
            return frame.with_values(np.broadcast_to(self.at, frame.values.shape))
        if name not in FUNCTIONS:
            raise CannotExecute(f"the function {name!r} is not part of this replay server")
        return FUNCTIONS[name]([self._value(argument) for argument in tree.args], self.at)

    def _over_range(self, function: RangeFunction, arguments: Sequence[Any]) -> Frame:
        numbers = np.zeros(len(self.at))
        rest = list(arguments)
        if function.number:
            value = self._value(rest.pop(0 if function.number == "before" else 1))
            numbers = value.values if isinstance(value, Scalar) else numbers
        tree = _bare(rest[0])
        if isinstance(tree, syntax.SubqueryExpr):
            blocks, moments = self._subquery(tree), self._moments(tree)
        else:
            blocks, moments = select(self.blocks, tree.vector_selector), self._moments(tree.vector_selector)
        length = tree.range.total_seconds()
        parts: list[Frame] = []
        for steps, window in windows(blocks, moments, length):
            parts.append(_spread(_applied(function, window, numbers[steps]), steps, len(self.at)))
        frame = stack(_joined(parts), len(self.at))
        return frame if function.keeps_name else relabelled(frame, unnamed)

    def _subquery(self, tree: syntax.SubqueryExpr) -> Iterator[Block]:
        """The inner expression at steps that are multiples of the subquery's step, as the server does."""
        step = _seconds(tree.step) or DEFAULT_SUBQUERY_STEP
        moments = self._moments(tree)
        first = np.floor((moments.min() - _seconds(tree.range)) / step) * step + step
        inner = replace(self, at=np.arange(first, moments.max() + step / 1e6, step))
        return blocks_of(inner._frame(tree.expr), inner.at)


def _applied(function: RangeFunction, window: Window, numbers: Floats) -> Frame:
    values = function.apply(window, numbers)
    present = np.broadcast_to(window.count >= function.needs, values.shape)
    return Frame(labels=window.labels, values=values, present=present)


def _spread(frame: Frame, steps: slice, total: int) -> Frame:
    """A part of the steps, put back among all of them."""
    if frame.values.shape[1] == total:
        return frame
    whole = empty(total)
    values = np.zeros((len(frame.labels), total))
    present = np.zeros((len(frame.labels), total), dtype=bool)
    values[:, steps], present[:, steps] = frame.values, frame.present
    return replace(whole, labels=frame.labels, values=values, present=present)


def _joined(parts: Sequence[Frame]) -> Iterator[Frame]:
    """Parts of the same series follow each other: added up they are whole; series without a sample go."""
    whole: dict[int, Frame] = {}
    for part in parts:
        key = id(part.labels)
        if key in whole:
            old = whole[key]
            values = np.where(part.present, part.values, old.values)
            part = Frame(labels=part.labels, values=values, present=old.present | part.present)
        whole[key] = part
    for frame in whole.values():
        keep = frame.present.any(axis=1)
        yield frame if keep.all() else frame.rows(np.flatnonzero(keep).tolist())


def _bare(tree: Any) -> Any:
    while isinstance(tree, syntax.ParenExpr):
        tree = tree.expr
    return tree


def _seconds(offset: timedelta | None) -> float:
    return offset.total_seconds() if offset else 0.0


__all__ = ["BadQuery", "CannotExecute", "Evaluation", "Text", "Value", "is_ordered", "parse"]
