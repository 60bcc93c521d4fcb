"""Unit and golden signal of a PromQL expression, as far as the names of its metrics tell them."""

from __future__ import annotations

import re
from typing import Any

from bot.domain.evidence import SignalKind

_ERROR_MATCHER = re.compile(r"""(?:code|status|status_code|grpc_code|result|outcome)\s*(?:=~|=|!~|!=)\s*["'].*?["']""")
_SECONDS = re.compile(r"_seconds(?:_bucket|_sum|_count)?\b")
_BYTES = re.compile(r"_bytes\b")
_RATE = re.compile(r"\bi?rate\(|:i?rate[0-9]")  # the second is what recording rules are called by convention
_RATIO = re.compile(r"[:_](?:ratio|fraction)(?:_rate)?(?:[0-9]|[:_{(\s)]|$)")
_PERCENT = re.compile(r"percent|_pct\b")
_ARRIVING = re.compile(r"request|received|calls|visits|messages_in")


def bare(expr: Any) -> Any:
    """Without the brackets around it."""
    import promql_parser as promql

    while isinstance(expr, promql.ParenExpr):
        expr = expr.expr
    return expr


def number(expr: Any) -> float | None:
    """The value of a constant: 5, -1, 5 * 60, vector(5)."""
    import promql_parser as promql

    expr = bare(expr)
    if isinstance(expr, promql.NumberLiteral):
        return float(expr.val)
    if isinstance(expr, promql.UnaryExpr):
        inner = number(expr.expr)
        return None if inner is None else -inner
    if isinstance(expr, promql.Call) and expr.func.name in ("vector", "scalar"):
        return number(expr.args[0])
    if not isinstance(expr, promql.BinaryExpr):
        return None
    left, right = number(expr.lhs), number(expr.rhs)
    if left is None or right is None:
        return None
    operator = str(expr.op)
    if operator == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}.get(operator)


def unit(expr: Any) -> str:
    """ "" where the names do not tell it."""
    import promql_parser as promql

    expr = bare(expr)
    if isinstance(expr, promql.BinaryExpr):
        return _unit_of_two(expr, str(expr.op))
    text = expr.prettify()
    if text.startswith("time("):
        return "s"
    if text.startswith("histogram_quantile"):
        return "s" if _SECONDS.search(text) else ""
    if _RATIO.search(text):
        return "ratio"
    if _PERCENT.search(text):
        return "%"
    if _RATE.search(text):
        if "cpu_" in text and "_seconds_total" in text:
            return "cores"
        return "bytes/s" if _BYTES.search(text) else "s/s" if "_seconds_sum" in text else "1/s"
    if _BYTES.search(text):
        return "bytes"
    return "s" if _SECONDS.search(text) and "_total" not in text else ""


def _unit_of_two(expr: Any, operator: str) -> str:
    left, right = unit(expr.lhs), unit(expr.rhs)
    if operator == "/":
        if (by := number(expr.rhs)) is not None:
            return "s" if by == 1000 and "milliseconds" in expr.lhs.prettify() else ""
        if left == right:
            return "ratio"
        # A rate of `_seconds_sum` over a rate of `_seconds_count` is an average duration.
        text = expr.prettify()
        return "s" if "_sum" in text and _SECONDS.search(text) else ""
    if operator == "*" and 100.0 in (number(expr.lhs), number(expr.rhs)):
        return "%"
    if operator in ("+", "-"):
        if number(expr.lhs) is None:
            return left
        # What is left of one second of a processor's time is a share of it.
        return "ratio" if number(expr.lhs) == 1.0 and right in ("cores", "s/s") else right
    return left if operator in ("or", "and", "unless") else ""


def kind(text: str) -> SignalKind | None:
    """None where the names do not tell it."""
    if "_bucket" in text or "latency" in text or "duration" in text:
        return SignalKind.LATENCY
    if re.search(r"error|fail|exception", text) or (_ERROR_MATCHER.search(text) and re.search(r"5\.\.|5xx|5\[", text)):
        return SignalKind.ERRORS
    if re.search(r"\b(?:up|probe_success)\b", text):
        return SignalKind.AVAILABILITY
    if _RATE.search(text) and _ARRIVING.search(text) and "/" not in text:
        return SignalKind.TRAFFIC
    return None
