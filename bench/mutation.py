"""Payloads with one thing wrong: missing, null, of another type, or huge."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

HUGE = "x" * 1_000_000
HUGE_SHARE = 0.05  # of the mutations; each costs as much as a hundred others
_ODD: tuple[Any, ...] = (None, 0, -1, 1e308, True, "", " ", "\u0000\u202e", [], {}, [None], [[]], {"": ""}, "9" * 40)


def mutated(payload: Any, random: Random) -> Any:
    """A copy in which one to three places are spoiled; the same for the same state of `random`."""
    spoiled = copy.deepcopy(payload)
    for _ in range(random.randint(1, 3)):
        places = list(_places(spoiled))
        if places:
            holder, key = random.choice(places)
            _spoil(holder, key, random)
    return spoiled


def _places(value: Any) -> Any:
    """Every holder and key in it."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _spoil(holder: Any, key: Any, random: Random) -> None:
    if random.random() < HUGE_SHARE:
        holder[key] = HUGE
    elif random.random() < 0.3:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(random.choice(_ODD))
