"""What outlives every kill: Slack's workspace, the databases, what machines did; and the program that forks the bot."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp
import yaml
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.process import TOKEN, alert_body
from sandbox.bot_process import ROOT, usable_port
from sandbox.scenario.model import Person
from sandbox.serve import LOOPBACK, serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.chaos.acting_child import World
from tests.chaos.life_child import ANNOUNCEMENTS, Round, as_line, write_config
from tests.chaos.points import ASKS_ONLY, Kill

LEADS, APPROVES = "ana", "bo"
BOT = "first-responder"
ENDS_WITHIN = 60.0  # seconds after the signal
RETRIES = (0.5,) * 400  # Slack delivers an event again thrice within minutes; here minutes are kills, and are many


@dataclass
class Gate:
    """Stands before the workspace: sees each call of a writing method come, and again once its effect is there and its
    answer is not sent yet.
    """

    app: ASGIApp
    on_effect: Callable[[str, int], None] = lambda method, number: None  # the method, and its how-manyth call
    seen: dict[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = str(scope.get("path", "")).removeprefix("/api/")
        if scope["type"] != "http" or not str(scope["path"]).startswith("/api/") or method in ASKS_ONLY:
            await self.app(scope, receive, send)
            return
        self.seen[method] = number = self.seen.get(method, 0) + 1

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.on_effect(method, number)
            await send(message)

        await self.app(scope, receive, sending)


class Program:
    """Forks the bot, one at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.child = 0  # 0: none lives
        self.ended: asyncio.Task[int] | None = None

    async def begin(self, round_: Round) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(as_line(round_))
        self.child = int(await self.heard("child"))
        self.ended = asyncio.create_task(self._end())

    async def _end(self) -> int:
        status = int(await self.heard("ended"))
        self.child = 0
        return status

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self.child:
            with suppress(ProcessLookupError):  # it was just killed, and is not known to be over
                os.kill(self.child, number)

    async def over(self) -> int:
        """The child's status."""
        assert self.ended is not None
        async with asyncio.timeout(ENDS_WITHIN):
            return await self.ended

    async def heard(self, wanted: str) -> str:
        assert self._process.stdout is not None
        what, _, told = (await self._process.stdout.readline()).decode().rstrip("\n").partition(" ")
        assert what == wanted, "the program that forks has ended"
        return told

    async def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with the child that it may have
        await self._process.wait()
        if self.ended is not None:
            self.ended.cancel()
            await asyncio.gather(self.ended, return_exceptions=True)


@asynccontextmanager
async def program() -> AsyncIterator[Program]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.chaos.life_child")
    made = Program(
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, start_new_session=True)
    )
    try:
        await made.heard("ready")
        yield made
    finally:
        await made.close()


@dataclass(kw_only=True)
class LifeWorld:
    folder: Path
    workspace: Workspace
    gate: Gate
    port: int
    environ: Mapping[str, str]
    program: Program
    accepted: list[str] = field(default_factory=list)  # services whose alert was answered 202

    def __post_init__(self) -> None:
        self.control = Control(self.workspace)
        self.machines = World(self.folder)

    # --- the bot -----------------------------------------------------------------------------------------------------

    async def begin(self, number: int, kill: Kill | None = None, *, notes_points: bool = False) -> None:
        self.gate.seen.clear()
        told = asdict(kill) if kill else None
        await self.program.begin(Round(number=number, environ=self.environ, kill=told, notes_points=notes_points))

    async def stopped(self) -> int:
        """The status of one that is told to end."""
        self.program.kill(signal.SIGTERM)
        return await self.program.over()

    def log(self) -> str:
        return "\n".join(
            (self.folder / name).read_text(errors="replace")[-3000:]
            for name in ("log", "errors")
            if (self.folder / name).exists()
        )

    # --- monitors ----------------------------------------------------------------------------------------------------

    async def fire(self, service: str) -> None:
        """Again until it is accepted, as monitors do. An answer that a kill cut off is none: it comes again."""
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        url, body = f"http://{LOOPBACK}:{self.port}/webhooks/alertmanager", alert_body(service, service=service)
        async with aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    async with session.post(url, data=body, headers=headers) as answer:
                        if answer.status == 202:
                            self.accepted.append(service)
                            return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def life_world(
    program: Program, folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[LifeWorld]:
    """A workspace that is served. `settings`: of the bot, besides what it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    people = [Person(handle=handle, name=handle.capitalize(), email=f"{handle}@x.test") for handle in (LEADS, APPROVES)]
    workspace = Workspace(people, bot_name=BOT)
    workspace.delivery.retry_delays = RETRIES
    workspace.limits.switch(False)
    workspace.tickets.trigger_seconds = 60.0
    gate = Gate(create_app(workspace, manifest=yaml.safe_load((ROOT / "manifest.yaml").read_text())))
    async with serving(gate) as url:
        port = usable_port()
        environ = {
            "FIRST_RESPONDER_DATA": str(folder / "data"),
            "HOST": LOOPBACK,
            "PORT": str(port),
            "SLACK_API_URL": f"{url}/api/",
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_SIGNING_SECRET": workspace.signing_secret,
            "ANNOUNCEMENT_CHANNEL": ANNOUNCEMENTS,
            "ALERTMANAGER_TOKEN": TOKEN,
            "LOG_LEVEL": "WARNING",
            **write_config(folder, [workspace.member(person.handle).id for person in people]),
            **(settings or {}),
        }
        world = LifeWorld(
            folder=folder, workspace=workspace, gate=gate, port=port, environ=environ, program=program
        )  # fmt: skip
        try:
            yield world
        finally:
            if program.child:
                program.kill()
                await program.over()
