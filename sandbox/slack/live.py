"""Tells pages that something changed; they fetch what they show again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from sandbox.slack.values import JsonObject

KEEPALIVE_SECONDS = 15.0  # a comment line, so that proxies and browsers keep the stream open
BACKLOG = 1000  # a page that does not read loses the oldest notes; it re-fetches everything on reconnect


class Live:
    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[JsonObject | None]] = set()

    @property
    def is_watched(self) -> bool:
        """Whether a page is open."""
        return bool(self._readers)

    def announce(self, kind: str, *, channel: str = "", ts: str = "", user: str = "") -> None:
        note: JsonObject = {"type": kind, "channel": channel}
        note |= {"ts": ts} if ts else {}
        note |= {"user": user} if user else {}
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait(note)

    def close(self) -> None:
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait(None)

    async def notes(self) -> AsyncIterator[JsonObject | None]:
        """Every note from now on; None when a keepalive is due. Ends when the workspace closes."""
        reader: asyncio.Queue[JsonObject | None] = asyncio.Queue(maxsize=BACKLOG)
        self._readers.add(reader)
        try:
            while True:
                try:
                    note = await asyncio.wait_for(reader.get(), KEEPALIVE_SECONDS)
                except TimeoutError:
                    yield None
                    continue
                if note is None:
                    return
                yield note
        finally:
            self._readers.discard(reader)
