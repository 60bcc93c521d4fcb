"""How the tests are dealt out, and the patience of those that make up their examples."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing on a busy machine. `make chaos` makes up other examples each time.
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CHAOS" not in os.environ
)
settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes get equal shares of the order of the tests, and take from each other what is left: the slow
    ones, which mostly wait, stand first in each share, so that none of them is begun when all others are done.
    """
    shares = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if shares < 2:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    size = -(-len(quick) // shares)
    items[:] = [
        item for share in range(shares) for item in (*slow[share::shares], *quick[share * size : (share + 1) * size])
    ]
