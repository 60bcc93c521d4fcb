"""Aggregations over series: sum, avg, topk and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import promql_parser as syntax

from sandbox.prometheus.promql.errors import CannotExecute
from sandbox.prometheus.promql.frame import NAME, Floats, Frame, Labels, Scalar, anywhere, key_of, stack, total, without
from sandbox.prometheus.promql.over_time import quantile_of_sorted

Reduce = Callable[[Frame, Floats], Floats]  # (the group's rows, the parameter of each step) -> T


def aggregate(expr: syntax.AggregateExpr, frame: Frame, parameter: Scalar | None) -> Frame:
    steps = frame.values.shape[1]
    number = parameter.values if parameter else np.zeros(steps)
    op = str(expr.op)
    groups = _groups(frame.labels, expr.modifier)
    if op in ("topk", "bottomk"):
        return stack((_extreme(frame.rows(rows), number, top=op == "topk") for _, rows in groups), steps)
    if op not in _REDUCERS:
        raise CannotExecute(f"the aggregation {op!r} is not part of this replay server")
    return stack((_reduced(labels, frame.rows(rows), _REDUCERS[op], number) for labels, rows in groups), steps)


def _groups(every: Sequence[Labels], modifier: syntax.AggModifier | None) -> list[tuple[Labels, list[int]]]:
    found: dict[object, tuple[Labels, list[int]]] = {}
    for row, labels in enumerate(every):
        kept = _kept(labels, modifier)
        found.setdefault(key_of(kept), (kept, []))[1].append(row)
    return list(found.values())


def _kept(labels: Labels, modifier: syntax.AggModifier | None) -> Labels:
    if modifier is None:
        return {}
    if modifier.type == syntax.AggModifierType.By:
        return {name: labels[name] for name in modifier.labels if name in labels}
    return without(labels, NAME, *modifier.labels)


def _reduced(labels: Labels, group: Frame, reduce: Reduce, number: Floats) -> Frame:
    present = anywhere(group.present)
    values = np.where(present, reduce(group, number), 0.0)
    return Frame(labels=(labels,), values=values[None, :], present=present[None, :])


def _filled(group: Frame, filler: float) -> Floats:
    return np.where(group.present, group.values, filler)


def _count(group: Frame, _: Floats) -> Floats:
    return total(group.present, axis=0)


def _sum(group: Frame, _: Floats) -> Floats:
    return total(_filled(group, 0.0), axis=0)


def _mean(group: Frame, number: Floats) -> Floats:
    return _sum(group, number) / _count(group, number)


def _variance(group: Frame, number: Floats) -> Floats:
    gap = np.where(group.present, group.values - _mean(group, number), 0.0)
    return total(gap**2, axis=0) / _count(group, number)


def _quantile(group: Frame, number: Floats) -> Floats:
    ordered = np.sort(_filled(group, np.inf), axis=0).T
    return quantile_of_sorted(ordered, group.present.sum(axis=0), number)


_REDUCERS: Mapping[str, Reduce] = {
    "sum": _sum,
    "avg": _mean,
    "min": lambda group, _: np.fmin.reduce(_filled(group, np.nan), axis=0),
    "max": lambda group, _: np.fmax.reduce(_filled(group, np.nan), axis=0),
    "count": _count,
    "group": lambda group, _: np.ones(group.values.shape[1]),
    "stddev": lambda group, number: np.sqrt(_variance(group, number)),
    "stdvar": _variance,
    "quantile": _quantile,
}


def _extreme(group: Frame, number: Floats, *, top: bool) -> Frame:
    """The k largest or smallest samples of each step, with their own labels; NaN comes last."""
    worth = group.values if top else -group.values
    worth = np.where(group.present & ~np.isnan(group.values), worth, -np.inf)
    order = np.argsort(-worth, axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(len(order))[:, None], order.shape), axis=0)
    best = group.only(rank < np.nan_to_num(number))
    return best.rows(np.flatnonzero(best.present.any(axis=1)).tolist())
