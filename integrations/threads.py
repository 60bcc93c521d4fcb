"""A thread pool of its own for vendors' blocking clients, and waiting for several answers no longer than one may."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_IMPORTING = threading.Lock()


class SourceThreads:
    """The `Threads` port. Never the default executor: it is small, and name look-ups and files wait in it too.

    A call that is abandoned (its awaiter is cancelled) leaves the queue if it has not begun; if it has, it keeps its
    thread until the client's own time-out, so every client must have one. `size` therefore counts incidents that open
    at the same moment times blocking calls their sources make at once: too few, and dead servers hold up live ones.
    """

    def __init__(self, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="source", initializer=_import_what_clients_share)

    async def run(self, work: Callable[[], T]) -> T:
        """Raises what `work` raises; RuntimeError after `close`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Take no more work and drop what has not begun; does not wait for what is running."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _import_what_clients_share() -> None:
    """Vendors' clients are imported where they are first used, several at the same moment.

    Each imports parts of urllib3 in an order of its own; two that do so at once can lock each other out
    (`_DeadlockError`), and a source would fail for it.
    """
    with _IMPORTING:
        import requests  # noqa: F401


async def run_until(ends: float, jobs: Sequence[Coroutine[Any, Any, None]]) -> int:
    """Run all at once until the loop's time `ends`; how many were not done by then. What they raise is raised."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        left = max(0.0, ends - asyncio.get_running_loop().time())
        done, late = await asyncio.wait(tasks, timeout=left) if tasks else (set(), set())
        for task in done:
            task.result()
        return len(late)
    finally:
        for task in tasks:
            task.cancel()
