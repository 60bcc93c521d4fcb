"""The baseline of the ingest benchmark: a bare Starlette server that makes the same durable insert with group commit.

It checks nothing and reads nothing of the body; one thread takes what waits, inserts it in one transaction with
synchronous=FULL, and then answers all.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

GROUP = 256

Waiting = tuple[asyncio.Future[None], bytes]


class Committer(threading.Thread):
    """Inserts what waits, commits once, answers all."""

    def __init__(self, file: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self._file = file
        self._loop = loop
        self._waiting: list[Waiting] = []
        self._changed = threading.Condition()

    def put(self, body: bytes) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        with self._changed:
            self._waiting.append((future, body))
            self._changed.notify()
        return future

    def run(self) -> None:
        connection = sqlite3.connect(self._file, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE deliveries (id INTEGER PRIMARY KEY, source TEXT, key TEXT, received_at TEXT, body BLOB, "
            "UNIQUE (source, key))"
        )
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            rows = [("bare", hashlib.sha256(body).hexdigest(), str(time.time()), body) for _, body in group]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO deliveries (source, key, received_at, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                rows,
            )
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_answer, [future for future, _ in group])


def _answer(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def main() -> None:
    async def serve() -> None:
        committer = Committer(os.environ["BENCH_FILE"], asyncio.get_running_loop())
        committer.start()

        async def accept(request: Request) -> JSONResponse:
            await committer.put(await request.body())
            return JSONResponse({"status": "stored"}, status_code=202)

        async def ready(_: Request) -> JSONResponse:
            return JSONResponse({})

        app = Starlette(
            routes=[
                Route("/webhooks/{name}", accept, methods=["POST"]),
                Route("/readyz", ready),
            ]
        )
        config = uvicorn.Config(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_config=None)
        await uvicorn.Server(config).serve()

    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
