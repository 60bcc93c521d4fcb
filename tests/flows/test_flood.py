"""When triage keeps out of the way of webhooks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.flows.flood import Flood


def seen(rate: float, *, seconds: float, every: float = 0.05) -> Sequence[bool]:
    """Whether it was a flood, at each look."""
    flood, told = Flood(), []
    for number in range(round(seconds / every) + 1):
        flood.look(round(rate * number * every), number * every)
        told.append(flood.is_on)
    return told


def test_a_storm_of_ten_thousand_alerts_in_a_minute_is_no_flood() -> None:
    assert not any(seen(10_000 / 60, seconds=60))


def test_a_thousand_a_second_are_one_after_a_tenth_of_a_second() -> None:
    told = seen(1_000, seconds=2)
    assert not told[0]
    assert all(told[2:])


def test_ten_at_once_are_none() -> None:
    flood = Flood()
    flood.look(0, 100.0)
    flood.look(10, 100.001)
    assert not flood.is_on


@pytest.mark.parametrize("silence", [1.5, 3600.0])
def test_it_is_over_when_nothing_more_comes(silence: float) -> None:
    flood = Flood()
    for number in range(20):
        flood.look(number * 100, number * 0.05)
    assert flood.is_on
    flood.look(1_900, 0.95 + silence)
    assert not flood.is_on
