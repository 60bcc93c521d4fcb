"""Numbers with their unit, as people read them."""

from __future__ import annotations

import math

_BYTE_STEPS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_TIME_STEPS = (
    (1e-3, 1e6, "µs"),
    (1.0, 1e3, "ms"),
    (120.0, 1.0, "s"),
    (7200.0, 1 / 60, "min"),
    (math.inf, 1 / 3600, "h"),
)
_GROUPED_FROM = 1_000  # from here on thousands are set apart


def quantity(value: float, unit: str) -> str:
    """ "12.4 %" for 0.124 of "ratio", "1.3 s", "3.2 GiB", "98 connections", "61.5/s": three significant digits.

    Units with a form of their own: "ratio" (1.0 is 100 %), "%", "s", "bytes" (1024 each), "bytes/s" and "1/s"; any
    other word stands behind the number as it is. NaN is "no value".
    """
    if math.isnan(value):
        return "no value"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value < 0:
        return f"-{quantity(-value, unit)}"
    if unit in ("ratio", "%"):
        return _percent(value * 100 if unit == "ratio" else value)
    if unit == "s":
        return _duration(value)
    if unit in ("bytes", "bytes/s"):
        return _bytes(value) + ("/s" if unit == "bytes/s" else "")
    if unit == "1/s":
        return f"{_number(value)}/s"
    return f"{_number(value)} {unit}".rstrip()


def quantity_of(value: float, limit: float, unit: str) -> str:
    """ "98 of 100 connections", "1.2 GiB of 2 GiB"."""
    full = quantity(limit, unit)
    if unit in ("ratio", "%", "s", "bytes", "bytes/s", "1/s"):
        return f"{quantity(value, unit)} of {full}"
    return f"{quantity(value, '')} of {full}"


def times(factor: float) -> str:
    """ "x41", "x2.4": how many times as much; two significant digits."""
    return f"x{_number(factor, digits=2)}"


def _percent(value: float) -> str:
    return f"{_number(value, digits=3 if value >= 1 else 2)} %"


def _duration(seconds: float) -> str:
    if seconds == 0:
        return "0 s"
    for below, factor, name in _TIME_STEPS:
        if seconds < below:
            return f"{_number(seconds * factor)} {name}"
    raise AssertionError("the last step has no end")


def _bytes(value: float) -> str:
    step = 0
    while value >= 1024 and step < len(_BYTE_STEPS) - 1:
        value /= 1024
        step += 1
    return f"{_number(value)} {_BYTE_STEPS[step]}"


def _number(value: float, digits: int = 3) -> str:
    """Significant digits, in powers of ten only where it is tiny or huge: 0.00213, 1.3, 61.5, 240, 12,346."""
    if value == 0:
        return "0"
    if value < 1e-4:
        return f"{value:.1e}"
    if value >= 1e15:
        return f"{value:.2e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(value)))
    text = f"{value:,.{decimals}f}" if value >= _GROUPED_FROM else f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
