"""What an alerting rule's expression tells: the measured side, the threshold, the unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.domain.evidence import SignalKind
from bot.domain.movement import Worse

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_ERROR_MATCHER = re.compile(r"""(?:code|status|status_code|grpc_code|result|outcome)\s*(?:=~|=|!~|!=)\s*["'].*?["']""")
_LINES = re.compile(r"\s*\n\s*")
_SECONDS = re.compile(r"_seconds(?:_bucket|_sum|_count)?\b")
_BYTES = re.compile(r"_bytes\b")


@dataclass(frozen=True, kw_only=True)
class Expression:
    """`measured` is PromQL that has samples whether or not the alert fires."""

    measured: str
    threshold: float | None = None
    threshold_query: str = ""  # PromQL, where the threshold is no number
    worse: Worse = Worse.EITHER
    unit: str = ""
    kind: SignalKind | None = None


def read_expression(text: str) -> Expression | None:
    """Split a top-level comparison; None where `text` is not PromQL."""
    import promql_parser as promql

    try:
        whole = promql.parse(text)
    except ValueError:
        return None
    compared = _comparison(whole, promql)
    if compared is None:
        return Expression(measured=text.strip(), worse=Worse.UP, unit=_unit(whole, promql), kind=_kind(text))
    left, operator, right = compared
    if _number(left, promql) is not None:
        left, operator, right = right, _FLIPPED[operator], left
    threshold = _number(right, promql)
    measured = _one_line(left)
    return Expression(
        measured=measured,
        threshold=threshold,
        threshold_query="" if threshold is not None else _one_line(right),
        worse=_worse(operator, threshold),
        unit=_unit(left, promql),
        kind=_kind(measured),
    )


def _one_line(expr: Any) -> str:
    return _LINES.sub(" ", expr.prettify())


def _comparison(expr: Any, promql: Any) -> tuple[Any, str, Any] | None:
    """The first comparison of the expression's top: through brackets, and into the left side of `and` and `unless`."""
    expr = _bare(expr, promql)
    if not isinstance(expr, promql.BinaryExpr):
        return None
    operator = str(expr.op)
    if operator in _FLIPPED:
        return expr.lhs, operator, expr.rhs
    return _comparison(expr.lhs, promql) if operator in ("and", "unless", "or") else None


def _bare(expr: Any, promql: Any) -> Any:
    while isinstance(expr, promql.ParenExpr):
        expr = expr.expr
    return expr


def _number(expr: Any, promql: Any) -> float | None:
    """The value of a constant: 5, -1, 5 * 60."""
    expr = _bare(expr, promql)
    if isinstance(expr, promql.NumberLiteral):
        return float(expr.val)
    if isinstance(expr, promql.UnaryExpr):
        inner = _number(expr.expr, promql)
        return None if inner is None else -inner
    if not isinstance(expr, promql.BinaryExpr):
        return None
    left, right = _number(expr.lhs, promql), _number(expr.rhs, promql)
    if left is None or right is None:
        return None
    operator = str(expr.op)
    if operator == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}.get(operator)


def _worse(operator: str, threshold: float | None) -> Worse:
    if operator in (">", ">="):
        return Worse.UP
    if operator in ("<", "<=") or (operator == "==" and threshold == 0):
        return Worse.DOWN
    return Worse.EITHER


def _unit(expr: Any, promql: Any) -> str:
    """As far as names tell it; "" where they do not."""
    expr = _bare(expr, promql)
    text = expr.prettify()
    if isinstance(expr, promql.BinaryExpr):
        operator = str(expr.op)
        if operator == "/":
            left, right = _unit(expr.lhs, promql), _unit(expr.rhs, promql)
            if left == right:
                return "ratio"
            # A rate of `_seconds_sum` over a rate of `_seconds_count` is an average duration.
            return "s" if "_sum" in text and _SECONDS.search(text) else ""
        if operator == "*" and 100.0 in (_number(expr.lhs, promql), _number(expr.rhs, promql)):
            return "%"
        if operator in ("+", "-"):
            return _unit(expr.rhs if _number(expr.lhs, promql) is not None else expr.lhs, promql)
        return ""
    if text.startswith("histogram_quantile"):
        return "s" if _SECONDS.search(text) else ""
    if re.search(r"\bi?rate\(", text):
        return "bytes/s" if _BYTES.search(text) else "s/s" if "_seconds_sum" in text else "1/s"
    if _BYTES.search(text):
        return "bytes"
    return "s" if _SECONDS.search(text) and "_total" not in text else ""


def _kind(text: str) -> SignalKind | None:
    if "_bucket" in text or "latency" in text or "duration" in text:
        return SignalKind.LATENCY
    if re.search(r"error|fail|exception", text) or (_ERROR_MATCHER.search(text) and re.search(r"5\.\.|5xx|5\[", text)):
        return SignalKind.ERRORS
    if re.search(r"\b(?:up|probe_success)\b", text):
        return SignalKind.AVAILABILITY
    return None
