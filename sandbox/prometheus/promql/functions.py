"""Functions of instant vectors and scalars."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import promql_parser as syntax

from sandbox.prometheus.promql.errors import CannotExecute
from sandbox.prometheus.promql.frame import (
    NAME,
    Floats,
    Frame,
    Labels,
    Scalar,
    Text,
    Value,
    anywhere,
    relabelled,
    total,
    without,
)
from sandbox.prometheus.promql.histogram import histogram_quantile

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_GO_GROUP = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")

Function = Callable[[Sequence[Value], Floats], Value]  # (arguments, times of the steps)


def _frame(value: Value) -> Frame:
    if not isinstance(value, Frame):
        raise CannotExecute("expected an instant vector")
    return value


def _numbers(value: Value) -> Floats:
    if not isinstance(value, Scalar):
        raise CannotExecute("expected a scalar")
    return value.values


def _text(value: Value) -> str:
    if not isinstance(value, Text):
        raise CannotExecute("expected a string")
    return value.value


def _each(compute: Callable[..., Floats], *defaults: float) -> Function:
    """`compute(samples, number, ...)` on every sample; missing numbers take their default."""

    def function(arguments: Sequence[Value], at: Floats) -> Value:
        frame = _frame(arguments[0])
        numbers = [_numbers(argument) for argument in arguments[1:]]
        numbers += [np.full(len(at), default) for default in defaults[len(numbers) :]]
        return frame.with_values(compute(frame.values, *numbers))

    return function


def _round(values: Floats, to: Floats) -> Floats:
    inverse = 1.0 / to
    return np.floor(values * inverse + 0.5) / inverse


def _clamp(values: Floats, low: Floats, high: Floats) -> Floats:
    return np.maximum(low, np.minimum(high, values))


def _clamp_function(arguments: Sequence[Value], at: Floats) -> Value:
    frame, low, high = _frame(arguments[0]), _numbers(arguments[1]), _numbers(arguments[2])
    return frame.with_values(_clamp(frame.values, low, high)).only(~(high < low))


def _scalar(arguments: Sequence[Value], at: Floats) -> Value:
    frame = _frame(arguments[0])
    alone = frame.present.sum(axis=0) == 1
    return Scalar(values=np.where(alone, total(np.where(frame.present, frame.values, 0.0), axis=0), np.nan))


def _vector(arguments: Sequence[Value], at: Floats) -> Value:
    values = _numbers(arguments[0])[None, :]
    return Frame(labels=({},), values=values, present=np.ones_like(values, dtype=bool))


def _time(arguments: Sequence[Value], at: Floats) -> Value:
    return Scalar(values=at)


def _histogram_quantile(arguments: Sequence[Value], at: Floats) -> Value:
    return histogram_quantile(_numbers(arguments[0]), _frame(arguments[1]))


def _label_replace(arguments: Sequence[Value], at: Floats) -> Value:
    frame = _frame(arguments[0])
    target, replacement, source, pattern = map(_text, arguments[1:])
    if not _LABEL_NAME.fullmatch(target):
        raise CannotExecute(f"invalid destination label name in label_replace(): {target}")
    try:
        compiled = re.compile(pattern)
    except re.error:
        raise CannotExecute(f"invalid regular expression in label_replace(): {pattern}") from None

    def change(labels: Labels) -> Labels:
        match = compiled.fullmatch(labels.get(source, ""))
        return labels if match is None else _with_label(labels, target, _expand(replacement, match))

    return relabelled(frame, change)


def _expand(template: str, match: re.Match[str]) -> str:
    """Go's template of a regular expression: $1, ${1}, ${name}, $$; unknown groups are empty."""

    def group(reference: re.Match[str]) -> str:
        if reference[3]:
            return "$"
        name = reference[1] or reference[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _GO_GROUP.sub(group, template)


def _label_join(arguments: Sequence[Value], at: Floats) -> Value:
    frame = _frame(arguments[0])
    target, separator, *sources = map(_text, arguments[1:])
    if not _LABEL_NAME.fullmatch(target):
        raise CannotExecute(f"invalid destination label name in label_join(): {target}")

    def change(labels: Labels) -> Labels:
        return _with_label(labels, target, separator.join(labels.get(name, "") for name in sources))

    return relabelled(frame, change)


def _with_label(labels: Labels, name: str, value: str) -> Labels:
    return {**labels, name: value} if value else without(labels, name)


def absent(frame: Frame, argument: object) -> Frame:
    """1 where there is no sample; labels from the selector's own equalities, as far as they are unambiguous."""
    nothing = ~anywhere(frame.present)
    return Frame(labels=(_labels_of(argument),), values=np.ones((1, len(nothing))), present=nothing[None, :])


def _labels_of(argument: object) -> Labels:
    if isinstance(argument, syntax.MatrixSelector):
        argument = argument.vector_selector
    if not isinstance(argument, syntax.VectorSelector):
        return {}
    labels: dict[str, str] = {}
    several: set[str] = set()
    for matcher in argument.matchers.matchers:
        if matcher.name == NAME:
            continue
        if matcher.op != syntax.MatchOp.Equal or matcher.name in labels:
            several.add(matcher.name)
        else:
            labels[matcher.name] = matcher.value
    return without(labels, *several)


def _sorted(sign: int) -> Function:
    """Orders the samples of an instant query; over a range the order of series is not by value."""

    def function(arguments: Sequence[Value], at: Floats) -> Value:
        frame = _frame(arguments[0])
        if len(at) != 1:
            return frame
        values = frame.values[:, 0] * sign
        return frame.rows(np.lexsort((np.where(np.isnan(values), 0, values), np.isnan(values))).tolist())

    return function


def _calendar(compute: Callable[[Floats], Floats]) -> Function:
    """A part of the UTC date of each sample; of the step's time where there is no argument."""

    def function(arguments: Sequence[Value], at: Floats) -> Value:
        if not arguments:
            return _vector([Scalar(values=compute(at))], at)
        frame = _frame(arguments[0])
        return frame.with_values(compute(frame.values))

    return function


FUNCTIONS: Mapping[str, Function] = {
    "abs": _each(np.abs),
    "ceil": _each(np.ceil),
    "floor": _each(np.floor),
    "exp": _each(np.exp),
    "ln": _each(np.log),
    "log2": _each(np.log2),
    "log10": _each(np.log10),
    "sqrt": _each(np.sqrt),
    "sgn": _each(np.sign),
    "round": _each(_round, 1.0),
    "clamp": _clamp_function,
    "clamp_min": _each(np.maximum),
    "clamp_max": _each(np.minimum),
    "scalar": _scalar,
    "vector": _vector,
    "time": _time,
    "histogram_quantile": _histogram_quantile,
    "label_replace": _label_replace,
    "label_join": _label_join,
    "sort": _sorted(1),
    "sort_desc": _sorted(-1),
    "minute": _calendar(lambda at: np.floor(at / 60) % 60),
    "hour": _calendar(lambda at: np.floor(at / 3600) % 24),
    "day_of_week": _calendar(lambda at: (np.floor(at / 86400) + 4) % 7),  # 1 January 1970 was a Thursday
}
ORDERING = frozenset({"sort", "sort_desc"})
