"""A wire between the bot and what it talks to, that can be slow, break, hang and garble what comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from sandbox.serve import LOOPBACK

CHUNK = 65_536  # bytes
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Harm(StrEnum):
    DELAY = "delayed"  # what comes back comes late
    LOST = "cut before it came"  # the connection is reset, and nothing went through
    CUT = "cut in the answer"  # it went through; half of what comes back does, and then the connection is reset
    GARBLE = "garbled"  # it went through; what comes back is something else
    HANG = "hung"  # nothing goes through any more, either way, and the connection stays open


class Wire:
    """In front of one server. `dial` connects to it; `late`: seconds of a delay; `garbled`: what comes back instead."""

    def __init__(self, dial: Callable[[], Awaitable[Streams]], *, late: float, seed: int = 0) -> None:
        self._dial, self._late, self._dice = dial, late, random.Random(seed)
        self.garbled: Callable[[bytes], bytes] = self._noise
        self.address: tuple[str, int] = (LOOPBACK, 0)
        self.answers = 0  # pieces that came back
        self.harmed = 0  # how many of them, and of questions, met a harm
        self._harm: Harm | None = None
        self._skip, self._left = 0, 0
        self._healed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    def break_(self, harm: Harm, *, after: int = 0, times: int = 1_000_000) -> None:
        """From the piece on that comes after so many."""
        self._healed.clear()
        self._harm, self._skip, self._left = harm, after, times

    def heal(self) -> None:
        """Connections that hung are reset: whoever kept them knew nothing of each other any more."""
        was, self._harm = self._harm, None
        self._healed.set()
        if was is Harm.HANG:
            self._reset(*self._open)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        try:
            there_reader, there = await self._dial()
            self._open |= {writer, there}
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, there, writer, is_answer=False))
                group.create_task(self._pass(there_reader, writer, there, is_answer=True))
        except* OSError:
            self._reset(writer, *([there] if there else []))
        finally:
            self._open -= {writer, *([there] if there else [])}
            for one in (writer, there):
                if one is not None:
                    one.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, back: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while chunk := await source.read(CHUNK):
            self.answers += is_answer
            match self._meets(is_answer):
                case Harm.HANG:
                    await self._healed.wait()
                    raise ConnectionResetError
                case Harm.DELAY:
                    await asyncio.sleep(self._late)
                case Harm.CUT:
                    sink.write(chunk[: len(chunk) // 2])
                    with suppress(OSError):
                        await sink.drain()
                    raise ConnectionResetError
                case Harm.LOST:
                    raise ConnectionResetError
                case Harm.GARBLE:
                    chunk = self.garbled(chunk)
            sink.write(chunk)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()

    def _meets(self, is_answer: bool) -> Harm | None:
        if self._harm is None or (is_answer is (self._harm is Harm.LOST) and self._harm is not Harm.HANG):
            return None
        if self._skip or not self._left:
            self._skip = max(0, self._skip - 1)
            return None
        self._left -= 1
        self.harmed += 1
        return self._harm

    def _noise(self, chunk: bytes) -> bytes:
        return self._dice.randbytes(len(chunk))

    def _reset(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def wire(dial: Callable[[], Awaitable[Streams]], *, late: float = 0.2, seed: int = 0) -> AsyncIterator[Wire]:
    made = Wire(dial, late=late, seed=seed)
    server = await asyncio.start_server(made.serve, LOOPBACK, 0)
    made.address = server.sockets[0].getsockname()[:2]
    try:
        yield made
    finally:
        made.heal()
        server.close()
        made._reset(*made._open)
        await server.wait_closed()
