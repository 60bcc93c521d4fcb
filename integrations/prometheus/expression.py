"""What an alerting rule's expression tells: the measured side, the threshold, the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.evidence import SignalKind
from bot.domain.movement import Worse
from integrations.prometheus.meaning import bare, kind, number, unit

SIDES = 3  # of an `or` that are asked about
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_LINES = re.compile(r"\s*\n\s*")
_CAPACITY = re.compile(r"max|limit|quota|capacity|threshold|objective|slo\b|_size_|total_bytes", re.IGNORECASE)
_GUARD = re.compile(r"\b(?:time|hour|minute|day_of_week|day_of_month|month)\(|\bon\s*\(\s*\)")
# What an alert is about where its expression joins several conditions: seldom the load that makes it worth telling.
_RANKS = {SignalKind.ERRORS: 2, SignalKind.LATENCY: 2, SignalKind.AVAILABILITY: 2, SignalKind.TRAFFIC: 0}

_Comparison = tuple[Any, str, Any]  # syntax trees of both sides, with the operator


@dataclass(frozen=True, kw_only=True)
class Expression:
    """`measured` is PromQL that has samples whether or not the alert fires."""

    measured: str
    threshold: float | None = None
    threshold_query: str = ""  # PromQL, where the threshold is no number
    worse: Worse = Worse.EITHER
    unit: str = ""
    kind: SignalKind | None = None
    others: tuple[Expression, ...] = ()  # further sides of an `or`: any of them may be what fires

    def is_crossed(self, value: float, threshold: float) -> bool:
        if self.worse is Worse.EITHER:
            return value != threshold
        return value >= threshold if self.worse is Worse.UP else value <= threshold


def read_expression(text: str) -> Expression | None:
    """Split a comparison from what it compares; None where `text` is not PromQL."""
    import promql_parser as promql

    try:
        whole = promql.parse(text)
    except ValueError:
        return None
    sides = [found for side in _sides(whole) if (found := _read(side))]
    if not sides:
        return Expression(measured=text.strip(), worse=Worse.UP, unit=unit(whole), kind=kind(text))
    return replace(sides[0], others=tuple(sides[1:SIDES]))


def _sides(expr: Any) -> Iterator[Any]:
    """Of `a or b or c`, each."""
    expr = bare(expr)
    if _operator(expr) == "or":
        yield from _sides(expr.lhs)
        yield from _sides(expr.rhs)
    else:
        yield expr


def _read(side: Any) -> Expression | None:
    found = [_expression(comparison) for comparison in _comparisons(side)]
    return max(found, key=_tells, default=None)  # the first of several that tell as much


def _tells(found: Expression) -> int:
    if _GUARD.search(found.measured):
        return -1
    return _RANKS.get(found.kind, 1) if found.kind else 1


def _comparisons(expr: Any) -> Iterator[_Comparison]:
    """Those that are joined by `and`, and on the left of `unless`; of `0.5 < x < 0.9` the first."""
    expr = bare(expr)
    operator = _operator(expr)
    if operator in _FLIPPED:
        inner = tuple(_comparisons(expr.lhs)) if _is_mere_truth(expr, operator) else ()
        yield from inner or ((expr.lhs, operator, expr.rhs),)
    elif operator in ("and", "or"):
        yield from _comparisons(expr.lhs)
        yield from _comparisons(expr.rhs)
    elif operator == "unless":
        yield from _comparisons(expr.lhs)
    elif (there := _presence(expr)) is not None:
        yield there


def _is_mere_truth(expr: Any, operator: str) -> bool:
    """`x > 0.5` in `x > 0.5 < 0.9`; `x > bool 0.5` and `absent(x)` in comparisons with 0 and 1 that say "it is so"."""
    import promql_parser as promql

    left = bare(expr.lhs)
    says_so = (operator, number(expr.rhs)) in ((">", 0.0), ("==", 1.0), (">=", 1.0), ("!=", 0.0))
    if _operator(left) in _FLIPPED:
        return says_so or not (left.modifier and left.modifier.return_bool)
    return says_so and isinstance(left, promql.Call)


def _presence(expr: Any) -> _Comparison | None:
    """`absent(x)` has samples only while it fires: how many there are of x is the same, told always."""
    import promql_parser as promql

    if not isinstance(expr, promql.Call) or expr.func.name not in ("absent", "absent_over_time"):
        return None
    of = expr.args[0].prettify()
    there = f"present_over_time({of})" if expr.func.name == "absent_over_time" else of
    counted = promql.parse(f"count({there}) or vector(0)")
    return counted, "==", promql.parse("0")


def _operator(expr: Any) -> str:
    import promql_parser as promql

    return str(expr.op) if isinstance(expr, promql.BinaryExpr) else ""


def _expression(comparison: _Comparison) -> Expression:
    left, operator, right = comparison
    if _is_threshold(left, right):
        left, operator, right = right, _FLIPPED[operator], left
    threshold = number(right)
    measured = _one_line(left)
    is_presence = measured.endswith("or vector(0)") and operator == "=="
    told = SignalKind.AVAILABILITY if is_presence else kind(measured)
    return Expression(
        measured=measured,
        threshold=threshold,
        threshold_query="" if threshold is not None else _one_line(right),
        worse=_worse(operator, threshold, told),
        unit="" if is_presence else unit(left),
        kind=told,
    )


def _is_threshold(left: Any, right: Any) -> bool:
    """The left side is what the right one is compared with: a number, or a capacity before what is used of it."""
    if number(left) is not None:
        return True
    if number(right) is not None:
        return False
    return bool(_CAPACITY.search(left.prettify())) and not _CAPACITY.search(right.prettify())


def _one_line(expr: Any) -> str:
    return _LINES.sub(" ", bare(expr).prettify())


def _worse(operator: str, threshold: float | None, told: SignalKind | None) -> Worse:
    if operator in (">", ">="):
        return Worse.UP
    if operator in ("<", "<=") or (operator == "==" and threshold == 0):
        return Worse.DOWN
    return Worse.DOWN if operator == "!=" and told is SignalKind.AVAILABILITY else Worse.EITHER
