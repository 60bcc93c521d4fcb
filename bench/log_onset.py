"""Whether an error pattern that is new since the onset stands among the first that are shown: made cases."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bench.log_made import filled, systems
from bot.domain.logpattern import Line, cluster

SHOWN = 5
ONSET = datetime(2026, 3, 4, 9, tzinfo=UTC)
BEFORE, SINCE = 1_800, 900  # seconds
_SYSTEMS = 2  # whose templates make the noise of one case
_RARE = 0.6  # share of the templates that are so rare that they may first occur since the onset by chance
_LINES = (300, 1_500)  # of noise in each window, the earlier one having twice as many
_NEW = (1, 2, 3, 5, 10, 30, 100)  # lines of the new pattern


def share(cases: int) -> float:
    """Of cases in which the new pattern is among the first five."""
    return sum(place(seed) <= SHOWN for seed in range(cases)) / cases


def place(seed: int) -> int:
    """Of the first pattern that is told as new and is mostly made of lines of what is new."""
    rng = random.Random(f"onset {seed}")
    texts = [text for system in rng.sample(list(systems()), _SYSTEMS) for _, text in systems()[system]]
    rng.shuffle(texts)
    new, *noise = texts
    weights = [rng.uniform(0.01, 0.1) if rng.random() < _RARE else rng.uniform(1, 6) for _ in noise]
    risen = [weight * rng.choice((1, 1, 1, 3)) for weight in weights]
    count = rng.randint(*_LINES)
    before = _lines(rng, noise, weights, 2 * count, -BEFORE, 0)
    now = _lines(rng, noise, risen, count, 0, SINCE)
    injected = _lines(rng, [new], [1.0], rng.choice(_NEW), 5, SINCE)
    wanted = {id(line) for line in injected}
    found = cluster([*now, *injected], before)
    for number, pattern in enumerate(found, 1):
        own = sum(id(line) in wanted for line in pattern.lines)
        if pattern.baseline == 0 and own > pattern.count / 2:
            return number
    return len(found) + 1


def _lines(
    rng: random.Random, texts: Sequence[str], weights: Sequence[float], count: int, start: float, end: float
) -> list[Line]:
    return [
        Line(
            at=ONSET + timedelta(seconds=rng.uniform(start, end)),
            service="shop",
            level="error",
            text=filled(text, rng),
        )
        for text in rng.choices(texts, weights, k=count)
    ]
