"""How long the chaos tests go on: `make chaos` runs them longer than `make test` does."""

from __future__ import annotations

import os

FACTOR = float(os.environ.get("CHAOS", "1"))


def rounds(in_the_suite: int) -> int:
    return max(1, round(in_the_suite * FACTOR))
