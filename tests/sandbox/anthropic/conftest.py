"""One server for all tests here: starting and stopping one takes longer than asking it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from sandbox.serve import serving
from tests.sandbox.anthropic.desk import DESK


@pytest_asyncio.fixture(scope="package", loop_scope="package", autouse=True)
async def at_the_desk() -> AsyncIterator[None]:
    async with serving(DESK) as url:
        DESK.url = url
        yield
