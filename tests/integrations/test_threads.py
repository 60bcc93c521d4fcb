import asyncio
import threading
import time

import pytest

from integrations.threads import SourceThreads, run_until


async def test_work_runs_on_threads_of_its_own_pool() -> None:
    threads = SourceThreads(2)
    name = await threads.run(lambda: threading.current_thread().name)
    assert name.startswith("source")
    threads.close()


async def test_what_the_work_raises_is_raised() -> None:
    threads = SourceThreads(1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0)
    threads.close()


async def test_an_abandoned_call_lets_go_at_once_and_others_go_on() -> None:
    threads, release, begun = SourceThreads(2), threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(60)

    call = asyncio.create_task(threads.run(hang))
    await asyncio.to_thread(begun.wait, 60)
    call.cancel()
    started = time.perf_counter()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await threads.run(lambda: "answered") == "answered"
    assert time.perf_counter() - started < 30, "the abandoned call held up the next one"
    release.set()
    threads.close()


async def test_an_abandoned_call_that_has_not_begun_never_begins() -> None:
    threads, release, begun = SourceThreads(1), threading.Event(), threading.Event()
    ran: list[str] = []

    def hang() -> None:
        begun.set()
        release.wait(60)

    first = asyncio.create_task(threads.run(hang))
    await asyncio.to_thread(begun.wait, 60)
    second = asyncio.create_task(threads.run(lambda: ran.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    release.set()
    await first
    await threads.run(lambda: ran.append("third"))
    assert ran == ["third"]
    threads.close()


async def test_a_closed_pool_takes_no_work_and_does_not_wait() -> None:
    threads, release = SourceThreads(1), threading.Event()
    call = asyncio.create_task(threads.run(lambda: release.wait(60)))
    await asyncio.sleep(0)
    threads.close()
    with pytest.raises(RuntimeError):
        await threads.run(lambda: None)
    release.set()
    await call


async def test_run_until_tells_how_many_were_late_and_ends_them() -> None:
    done: list[str] = []
    never = asyncio.Event()

    async def quick() -> None:
        done.append("quick")

    async def slow() -> None:
        try:
            await never.wait()
        finally:
            done.append("ended")

    late = await run_until(asyncio.get_running_loop().time() + 0.05, [quick(), slow(), slow()])
    assert late == 2
    await asyncio.sleep(0)
    assert done == ["quick", "ended", "ended"]


async def test_run_until_raises_what_a_job_raises() -> None:
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await run_until(asyncio.get_running_loop().time() + 1, [broken()])
    assert await run_until(0.0, []) == 0
