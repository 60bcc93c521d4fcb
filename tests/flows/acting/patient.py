"""A small service with a process that can fall ill and be restarted, for tests that act on something real.

    python -m tests.flows.acting.patient

Prints its port. `/health` asks the working process itself: 200 while it is well, 500 once it is ill, 503 where there is
none. `POST /ill` makes it ill; `POST /restart` ends it and starts another. `/pids`: of all that were ever started.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

WORKER = """
import sys
is_well = True
for line in sys.stdin:
    is_well = is_well and line.strip() != "ill"
    print("well" if is_well else "ill", flush=True)
"""


class Service:
    def __init__(self) -> None:
        self.worker: asyncio.subprocess.Process | None = None
        self.pids: list[int] = []
        self.turn = asyncio.Lock()

    async def start(self) -> None:
        pipe = asyncio.subprocess.PIPE
        self.worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, stdin=pipe, stdout=pipe)
        self.pids.append(self.worker.pid)

    async def say(self, word: str) -> str:
        if self.worker is None or self.worker.stdin is None or self.worker.stdout is None:
            return "gone"
        async with self.turn:
            self.worker.stdin.write(f"{word}\n".encode())
            return (await self.worker.stdout.readline()).decode().strip() or "gone"

    async def health(self, request: Request) -> Response:
        said = await self.say("how")
        return JSONResponse({"worker": said}, {"well": 200, "ill": 500}.get(said, 503))

    async def ill(self, request: Request) -> Response:
        return JSONResponse({"worker": await self.say("ill")})

    async def restart(self, request: Request) -> Response:
        if self.worker is not None:
            self.worker.kill()
            await self.worker.wait()
        await self.start()
        return JSONResponse({"pid": self.pids[-1]})

    async def all_pids(self, request: Request) -> Response:
        return JSONResponse(self.pids)


async def main() -> None:
    service = Service()
    await service.start()
    app = Starlette(
        routes=[
            Route("/health", service.health),
            Route("/pids", service.all_pids),
            Route("/ill", service.ill, methods=["POST"]),
            Route("/restart", service.restart, methods=["POST"]),
        ]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    await server.serve(sockets=[listening])
    if service.worker is not None:
        service.worker.kill()


if __name__ == "__main__":
    asyncio.run(main())
