"""Sees one started program to its end: reads it, times it, ends it, and waits until nothing of it is left."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from integrations.programs.launch import Launch, Outcome, Stop
from integrations.programs.output import Capture
from integrations.programs.started import Started

_CHUNK = 64 * 1024
_STARTING = 10.0  # seconds until it says its process id: a loaded machine takes one, a broken one never
_ENDING = 5.0  # seconds that what was killed may take to be gone, and its pipes to close
_STATUS_LIMIT = 64 * 1024


async def run(start: Callable[[], Started], launch: Launch) -> Outcome:
    """Ends in an `Outcome`, also when it is cancelled: what was begun has to be told."""
    running = _Running(launch)
    begun = time.monotonic()
    task = asyncio.create_task(running.see_through(start))
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            running.stop(Stop.CANCELLED)
    return running.outcome(time.monotonic() - begun)


class _Running:
    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._loop = asyncio.get_running_loop()
        self._stdout, self._stderr = Capture(launch.limits.output), Capture(launch.limits.output)
        self._status = bytearray()
        self._open: dict[int, asyncio.Event] = {}  # descriptors that are read, and whether they have ended
        self._has_begun = asyncio.Event()
        self._stopped = asyncio.Event()
        self._why: Stop | None = None
        self._trouble = ""
        self._is_gone = True

    def stop(self, why: Stop) -> None:
        """The first reason counts."""
        if not self._stopped.is_set():
            self._why = why
            self._stopped.set()

    async def see_through(self, start: Callable[[], Started]) -> None:
        if self._stopped.is_set():
            return
        try:
            started = start()
        except OSError as error:
            self._fail(f"{error.strerror or error}")
            return
        handle: int | None = None
        ended = self._watch(os.pidfd_open(started.process.pid))
        try:
            async with asyncio.timeout(self._launch.limits.seconds):
                child = await self._begin(started)
                if child is not None:
                    handle = self._release(started, child)
                    await _first(ended, self._stopped)
        except TimeoutError:
            self.stop(Stop.TIMED_OUT)
        finally:
            await self._end(started, handle, ended)

    async def _begin(self, started: Started) -> int | None:
        """The program's first process, which waits to begin; None where it does not come to that."""
        for pipe, capture in ((started.process.stdout, self._stdout), (started.process.stderr, self._stderr)):
            assert pipe is not None
            self._read(pipe.fileno(), self._heard(capture))
        said = self._read(started.status, self._note)
        with suppress(TimeoutError):
            async with asyncio.timeout(_STARTING):
                await _first(self._has_begun, said, self._stopped)
        told = self._told()
        if "child-pid" not in told or "error" in told:
            self._fail(str(told.get("error", "")))
            return None
        return int(told["child-pid"])

    def _release(self, started: Started, child: int) -> int | None:
        try:
            return started.release(child)
        except OSError as error:
            self._fail(f"its limits could not be set: {error}")
            return None

    async def _end(self, started: Started, handle: int | None, ended: asyncio.Event) -> None:
        started.kill(handle)  # also after it ended by itself: what it left behind goes with it
        gone = [ended, *([self._watch(handle)] if handle is not None else [])]
        pipes = [event for descriptor, event in self._open.items() if event not in gone]
        self._is_gone = await _all(gone, _ENDING)
        # A pipe that stays open is held by somebody.
        self._is_gone = await _all(pipes, _ENDING if self._is_gone else 0.1) and self._is_gone
        for descriptor in list(self._open):
            self._loop.remove_reader(descriptor)
        if ended.is_set():
            started.process.wait()
        self._close(started)

    def _close(self, started: Started) -> None:
        pipes = (started.process.stdout, started.process.stderr)
        own = {pipe.fileno() for pipe in pipes if pipe is not None}
        for pipe in pipes:
            if pipe is not None:
                pipe.close()
        for descriptor in set(self._open) - own:
            os.close(descriptor)
        started.forget()

    def outcome(self, seconds: float) -> Outcome:
        told = self._told()
        if "error" in told:  # what would have become the program could not
            self._fail(str(told["error"]))
        why = self._why or Stop.EXITED
        errors = "\n".join(part for part in (self._trouble, self._stderr.text()) if part)
        return Outcome(
            stop=why,
            code=told.get("exit-code") if why is Stop.EXITED else None,
            stdout=self._stdout.text(),
            stderr=errors,
            raw=self._stdout.raw,
            is_cut=self._stdout.is_cut or self._stderr.is_cut,
            is_gone=self._is_gone,
            seconds=seconds,
        )

    def _fail(self, trouble: str) -> None:
        self._trouble = trouble
        self.stop(Stop.NOT_STARTED)

    def _heard(self, capture: Capture) -> Callable[[bytes], None]:
        def heard(chunk: bytes) -> None:
            capture.add(chunk)
            if capture.total > self._launch.limits.flood:
                self.stop(Stop.FLOODED)

        return heard

    def _note(self, chunk: bytes) -> None:
        if len(self._status) < _STATUS_LIMIT:
            self._status += chunk
        if "child-pid" in self._told():
            self._has_begun.set()

    def _told(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {}
        for line in bytes(self._status).split(b"\n")[:-1]:
            told |= json.loads(line)
        return told

    def _read(self, descriptor: int, heard: Callable[[bytes], None]) -> asyncio.Event:
        """Hand on what comes, a piece at a time so that a flood leaves the loop to others; set at its end."""
        ended = asyncio.Event()
        self._open[descriptor] = ended
        os.set_blocking(descriptor, False)

        def ready() -> None:
            try:
                chunk = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if chunk:
                heard(chunk)
            else:
                self._loop.remove_reader(descriptor)
                ended.set()

        self._loop.add_reader(descriptor, ready)
        return ended

    def _watch(self, process: int) -> asyncio.Event:
        """Set when the process behind the descriptor has ended."""
        ended = asyncio.Event()
        self._open[process] = ended

        def ready() -> None:
            self._loop.remove_reader(process)
            ended.set()

        self._loop.add_reader(process, ready)
        return ended


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _all(events: list[asyncio.Event], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            for event in events:
                await event.wait()
    except TimeoutError:
        return False
    return True
