"""How long the chaos tests go on: `make chaos` runs them longer than `make test` does."""

from __future__ import annotations

import os

import pytest

FACTOR = float(os.environ.get("CHAOS", "1"))
# Whole bots that live whole lives: a minute and more even in a small number.
long = pytest.mark.skipif("CHAOS" not in os.environ, reason="takes minutes: `make chaos` runs it")


def rounds(in_the_suite: int) -> int:
    return max(1, round(in_the_suite * FACTOR))
