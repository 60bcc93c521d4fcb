"""Prometheus' JSON shapes: samples as texts, times as numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from starlette.responses import Response

from sandbox.prometheus.promql.frame import Floats, Frame, Scalar, Text, Value, key_of
from sandbox.prometheus.promql.store import Block

JSON = "application/json"
TRUNCATED = "results truncated due to limit"


def success(data: Any, *, warnings: Sequence[str] = ()) -> Response:
    body: dict[str, Any] = {"status": "success", "data": data}
    if warnings:
        body["warnings"] = list(warnings)
    return Response(msgspec.json.encode(body), media_type=JSON)


def failure(status: int, kind: str, message: str) -> Response:
    body = {"status": "error", "errorType": kind, "error": message}
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def cut(items: list[Any], limit: int) -> tuple[list[Any], tuple[str, ...]]:
    """The items, and the warning where the limit left some off."""
    return (items[:limit], (TRUNCATED,)) if 0 < limit < len(items) else (items, ())


def number(value: float) -> str:
    """The shortest decimal that reads back the same, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = np.format_float_positional(value, trim="-")
    return text.removesuffix(".0")


def go_exponent(value: float) -> str:
    """Go's shortest form with an exponent, in which the rules API gives values: 1.7e-01."""
    if not math.isfinite(value):
        return number(value)
    return np.format_float_scientific(value, trim="-", exp_digits=2)


def moment(at: float) -> float | int:
    """Milliseconds are as fine as it gets."""
    rounded = round(at, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def instant(value: Value, at: float, *, ordered: bool) -> dict[str, Any]:
    when = moment(at)
    if isinstance(value, Scalar):
        return {"resultType": "scalar", "result": [when, number(float(value.values[0]))]}
    if isinstance(value, Text):
        return {"resultType": "string", "result": [when, value.value]}
    rows = [row for row in range(len(value.labels)) if value.present[row, 0]]
    if not ordered:
        rows.sort(key=lambda row: key_of(value.labels[row]))
    samples = value.values[:, 0].tolist()
    result = [{"metric": value.labels[row], "value": [when, number(samples[row])]} for row in rows]
    return {"resultType": "vector", "result": result}


def over_range(value: Frame | Scalar, at: Floats) -> dict[str, Any]:
    if isinstance(value, Scalar):
        values = value.values[None, :]
        value = Frame(labels=({},), values=values, present=np.ones_like(values, dtype=bool))
    times = [moment(t) for t in at.tolist()]
    result = []
    for row in sorted(range(len(value.labels)), key=lambda row: key_of(value.labels[row])):
        there = value.present[row].tolist()
        samples = value.values[row].tolist()
        points = [[t, number(v)] for t, v, ok in zip(times, samples, there, strict=True) if ok]
        if points:
            result.append({"metric": value.labels[row], "values": points})
    return {"resultType": "matrix", "result": result}


def raw(blocks: Iterable[Block]) -> dict[str, Any]:
    result = []
    for block in blocks:
        times = [moment(t) for t in block.times.tolist()]
        for labels, samples in zip(block.labels, block.values.tolist(), strict=True):
            points = [[t, number(v)] for t, v in zip(times, samples, strict=True)]
            result.append({"metric": labels, "values": points})
    result.sort(key=lambda item: key_of(_labels(item)))
    return {"resultType": "matrix", "result": result}


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    labels: Mapping[str, str] = item["metric"]
    return labels
