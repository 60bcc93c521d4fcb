"""Operators between two expressions, with Prometheus' rules for matching series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import promql_parser as syntax

from sandbox.prometheus.promql.errors import CannotExecute
from sandbox.prometheus.promql.frame import (
    NAME,
    Bools,
    Floats,
    Frame,
    Key,
    Labels,
    Scalar,
    Value,
    key_of,
    merged,
    relabelled,
    shown,
    stack,
    unnamed,
    without,
)

_ARITHMETIC: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
_COMPARISON: Mapping[str, Callable[[Floats, Floats], Bools]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
_SETS = ("and", "or", "unless")


def combine(expr: syntax.BinaryExpr, left: Value, right: Value) -> Value:
    op = str(expr.op)
    gives_bool = expr.modifier is not None and expr.modifier.return_bool
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return Scalar(values=_apply(op, left.values, right.values))
    if isinstance(left, Frame) and isinstance(right, Scalar):
        return _with_scalar(op, left, left.values, right.values, gives_bool)
    if isinstance(left, Scalar) and isinstance(right, Frame):
        return _with_scalar(op, right, left.values, right.values, gives_bool)
    if not isinstance(left, Frame) or not isinstance(right, Frame):
        raise CannotExecute("binary expression must contain only scalar and instant vector types")
    match = _Match(expr.modifier)
    if op in _SETS:
        return _set(op, left, right, match)
    return _vectors(op, left, right, match, gives_bool)


def _apply(op: str, left: Floats, right: Floats) -> Floats:
    return _COMPARISON[op](left, right).astype(float) if op in _COMPARISON else _ARITHMETIC[op](left, right)


def _with_scalar(op: str, frame: Frame, left: Floats, right: Floats, gives_bool: bool) -> Frame:
    if op in _COMPARISON and not gives_bool:
        return frame.only(_COMPARISON[op](left, right))
    return frame.with_values(np.broadcast_to(_apply(op, left, right), frame.values.shape))


class _Match:
    """How series of the two sides find each other."""

    def __init__(self, modifier: syntax.BinModifier | None) -> None:
        matching = modifier.matching if modifier else None
        self.on = matching is not None and matching.type == syntax.LabelModifierType.Include
        self.names = tuple(matching.labels) if matching else ()
        self.card = modifier.card if modifier else syntax.VectorMatchCardinality.OneToOne
        self.include = tuple(modifier.group_labels or ()) if modifier else ()

    def key(self, labels: Labels) -> Key:
        return key_of(self.matching_labels(labels))

    def matching_labels(self, labels: Labels) -> Labels:
        if self.on:
            return {name: labels[name] for name in self.names if name in labels}
        return without(labels, NAME, *self.names)

    def result(self, many: Labels, one: Labels, *, keep_name: bool) -> Labels:
        labels = dict(many) if keep_name else without(many, NAME)
        if self.card == syntax.VectorMatchCardinality.OneToOne:
            names = self.names
            labels = {k: v for k, v in labels.items() if k in names} if self.on else without(labels, *names)
        for name in self.include:
            labels.pop(name, None)
            if name in one:
                labels[name] = one[name]
        return labels


def _by_key(frame: Frame, match: _Match) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for row, labels in enumerate(frame.labels):
        found.setdefault(match.key(labels), []).append(row)
    return found


def _set(op: str, left: Frame, right: Frame, match: _Match) -> Frame:
    if op == "or":
        rest = right.only(~_has_partner(right, left, match))
        # What comes from the left at one step and from the right at another is one series all the same.
        both = stack([left, rest], left.values.shape[1])
        return merged(both, lambda _: "vector cannot contain metrics with the same labelset")
    partner = _has_partner(left, right, match)
    return left.only(partner if op == "and" else ~partner)


def _has_partner(frame: Frame, other: Frame, match: _Match) -> Bools:
    """For each sample of `frame`: whether `other` has one that matches at the same step."""
    theirs = _by_key(other, match)
    partner = np.zeros_like(frame.present)
    for row, labels in enumerate(frame.labels):
        rows = theirs.get(match.key(labels))
        if rows:
            partner[row] = other.present[rows].any(axis=0)
    return partner


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pair:
    many: int
    one: int


def _vectors(op: str, left: Frame, right: Frame, match: _Match, gives_bool: bool) -> Frame:
    swapped = match.card == syntax.VectorMatchCardinality.OneToMany
    many, one = (right, left) if swapped else (left, right)
    _refuse_duplicates(one, match, "left" if swapped else "right")
    if match.card == syntax.VectorMatchCardinality.OneToOne:
        _refuse_duplicates(many, match, "left", only_with=_by_key(one, match))
    filters = op in _COMPARISON and not gives_bool
    pairs = list(_pairs(many, one, match))
    a = many.values[[p.many for p in pairs]]
    b = one.values[[p.one for p in pairs]]
    present = many.present[[p.many for p in pairs]] & one.present[[p.one for p in pairs]]
    lhs, rhs = (b, a) if swapped else (a, b)
    if filters:
        values, present = lhs, present & _COMPARISON[op](lhs, rhs)
    else:
        values = _apply(op, lhs, rhs)
    labels = tuple(match.result(many.labels[p.many], one.labels[p.one], keep_name=filters) for p in pairs)
    complaint = "multiple matches for labels: grouping labels must ensure unique matches"
    return merged(Frame(labels=labels, values=values, present=present), lambda _: complaint)


def _pairs(many: Frame, one: Frame, match: _Match) -> Iterator[_Pair]:
    partners = _by_key(one, match)
    for row, labels in enumerate(many.labels):
        for other in partners.get(match.key(labels), ()):
            yield _Pair(many=row, one=other)


def _refuse_duplicates(frame: Frame, match: _Match, side: str, only_with: Mapping[Key, object] | None = None) -> None:
    for key, rows in _by_key(frame, match).items():
        if only_with is not None and key not in only_with:
            continue
        together = frame.present[rows].sum(axis=0) > 1
        if not together.any():
            continue
        step = int(np.argmax(together))
        first, second = [row for row in rows if frame.present[row, step]][:2]
        raise CannotExecute(
            f"found duplicate series for the match group {shown(dict(key))} on the {side} hand-side of the operation: "
            f"[{shown(frame.labels[second])}, {shown(frame.labels[first])}];"
            "many-to-many matching not allowed: matching labels must be unique on one side"
        )


def negated(value: Value) -> Value:
    if isinstance(value, Scalar):
        return Scalar(values=-value.values)
    if isinstance(value, Frame):
        return relabelled(Frame(labels=value.labels, values=-value.values, present=value.present), unnamed)
    raise CannotExecute("unary expression only allowed on expressions of type scalar or instant vector")
