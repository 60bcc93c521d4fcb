"""Waiting for something that comes about by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STEP = 0.01  # seconds between looks


async def until(look: Callable[[], T], within: float, *, step: float = STEP) -> T:
    """What `look` finds as soon as that is true, or what it finds after `within` seconds."""
    ends = time.perf_counter() + within
    while True:
        found = look()
        if found or time.perf_counter() > ends:
            return found
        await asyncio.sleep(step)
