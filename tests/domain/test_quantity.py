import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.quantity import quantity, quantity_of, times


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.124, "ratio", "12.4 %"),
        (0.003, "ratio", "0.3 %"),
        (0.00213, "ratio", "0.21 %"),
        (1.0, "ratio", "100 %"),
        (5, "%", "5 %"),
        (1.31, "s", "1.31 s"),
        (0.19, "s", "190 ms"),
        (0.0000005, "s", "0.5 µs"),
        (150, "s", "2.5 min"),
        (8000, "s", "2.22 h"),
        (98, "connections", "98 connections"),
        (3.2 * 2**30, "bytes", "3.2 GiB"),
        (512, "bytes", "512 B"),
        (2048, "bytes/s", "2 KiB/s"),
        (61.52, "1/s", "61.5/s"),
        (12345.6, "1/s", "12,346/s"),
        (0, "s", "0 s"),
        (0, "", "0"),
        (-3.5, "", "-3.5"),
        (0.00213, "", "0.00213"),
        (math.nan, "s", "no value"),
        (math.inf, "s", "infinite"),
    ],
)
def test_numbers_read_as_people_write_them(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_a_share_of_a_capacity_names_the_unit_once() -> None:
    assert quantity_of(98, 100, "connections") == "98 of 100 connections"
    assert quantity_of(2**30, 2 * 2**30, "bytes") == "1 GiB of 2 GiB"
    assert quantity_of(0.5, 1, "ratio") == "50 % of 100 %"


def test_factors_have_two_digits() -> None:
    assert times(41.33) == "x41"
    assert times(2.44) == "x2.4"


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["ratio", "s", "bytes", "1/s", "", "orders"]))
def test_any_number_has_a_short_text(value: float, unit: str) -> None:
    text = quantity(value, unit)
    assert text
    assert "nan" not in text
    assert len(text) < 40 or abs(value) > 1e12, text


@given(st.floats(min_value=1e-3, max_value=1e9))
def test_the_text_is_within_one_percent_of_the_number(value: float) -> None:
    shown = float(quantity(value, "").replace(",", ""))
    assert shown == pytest.approx(value, rel=0.01)
