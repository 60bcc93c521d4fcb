"""The composition root, first half: the front door listens within about a second, everything heavy comes after it."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.domain.errors import SettingsError
from bot.incident_metrics import IncidentMetrics
from bot.late import late
from bot.settings import Settings
from bot.source_health import SourceHealth
from bot.web import create_app
from integrations.descriptor import AlertFormat, Integration, Tools
from integrations.threads import SourceThreads
from memory.store import Store

log = logging.getLogger(__name__)

OWN_THREADS = 8  # drawing and importing; each integration has threads of its own
STOP_WITHIN = 3  # seconds that requests under way get at the stop; a webhook takes milliseconds
# Seconds that what is being done has to end by itself at the stop, before the server goes: 10 in all with the former,
# where orchestrators wait 30 before they kill.
DRAIN_WITHIN = 9.0
SETTLE = 0.4  # seconds after the signal in which Slack still hears that we have what it just sent; it is all recorded


class SystemClock:
    """The `Clock` port on the machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Readiness:
    """What works, part by part: "ok", or what is missing."""

    parts: dict[str, str] = field(default_factory=lambda: {"store": "ok", "workflows": "starting", "slack": "starting"})

    async def __call__(self) -> Mapping[str, str]:
        return dict(self.parts)

    def set(self, part: str, state: str) -> None:
        self.parts[part] = state


class SlackDoor:
    """/slack/events: answers 503 until the listeners are there, so that Slack delivers again."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    def open(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        headers = [(b"retry-after", b"5"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"not connected to Slack yet"})


class FirstResponder:
    """The running program."""

    def __init__(self, settings: Settings, integrations: Mapping[str, Integration[Any]]) -> None:
        self._settings = settings
        self._integrations = integrations
        self._readiness = Readiness()
        self._slack_door = SlackDoor()
        self._wake: Callable[[], None] = lambda: None
        self._tools = Tools(
            clock=SystemClock(),
            threads=SourceThreads(OWN_THREADS),
            source_deadline=settings.bot.source_deadline,
        )
        self._sources = SourceHealth(self._tools.clock)
        self._metrics = IncidentMetrics()
        self._stop = asyncio.Event()

    async def serve(self, *, on_listening: Callable[[str], None] = lambda _: None) -> None:
        """Until SIGTERM or SIGINT: webhooks are told to come again while what is being done ends or is laid down. What
        is under way then goes on at the next start, or in another process. A second signal stops at once.
        """
        _make_folder(self._settings.bot.folder)
        store = await Store.open(self._settings.bot.store_url)
        server = _Server(self._uvicorn(self._front_door(store)), on_stop=self._stop.set)
        listening = asyncio.create_task(server.serve())
        try:
            waiting = asyncio.create_task(server.listening.wait())
            await asyncio.wait({listening, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if listening.done():
                listening.result()  # raises why it could not listen
            else:
                on_listening(_address(server))
                await self._respond_while(listening, store)
        finally:
            server.should_exit = True
            await asyncio.gather(listening, return_exceptions=True)
            await store.close()

    def _front_door(self, store: Store) -> ASGIApp:
        formats, missing = alert_formats(self._settings, self._integrations)
        return create_app(
            formats=formats,
            not_set_up=missing,
            inbox=store.inbox,
            clock=self._tools.clock,
            readiness=self._readiness,
            on_accepted=lambda: self._wake(),
            slack_events=self._slack_door,
            sources=self._sources,
            registries=(self._metrics.registry,),
            is_stopping=self._stop.is_set,
        )

    def _uvicorn(self, app: ASGIApp) -> uvicorn.Config:
        bot = self._settings.bot
        return uvicorn.Config(
            app,
            host=bot.host,
            port=bot.port,
            log_config=None,
            access_log=False,
            lifespan="off",
            http="httptools",
            ws="none",
            server_header=False,
            proxy_headers=False,  # nothing here asks who the sender's address is
            timeout_graceful_shutdown=STOP_WITHIN,
        )

    async def _respond_while(self, listening: asyncio.Task[None], store: Store) -> None:
        """Respond to incidents until the server stops. Raises where responding cannot begin at all."""
        responding = asyncio.create_task(self._respond(store))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({listening, responding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._stop.is_set():
            await asyncio.wait({listening, responding}, timeout=SETTLE, return_when=asyncio.FIRST_COMPLETED)
        responding.cancel()
        _, late = await asyncio.wait({responding}, timeout=DRAIN_WITHIN)
        if late:
            log.warning("what is being done did not end within %g s: it is left where it is", DRAIN_WITHIN)
            return
        try:
            await responding
        except asyncio.CancelledError:
            pass

    async def _respond(self, store: Store) -> None:
        responding = await asyncio.to_thread(_import_responding)  # on a thread: the front door answers meanwhile
        doors = responding.Doors(
            open_slack=self._slack_door.open,
            set_wake=self._set_wake,
            ready=self._readiness.set,
            sources=self._sources,
            metrics=self._metrics,
        )
        await responding.respond(self._settings, self._integrations, store, self._tools, doors)

    def _set_wake(self, wake: Callable[[], None]) -> None:
        self._wake = wake


def alert_formats(
    settings: Settings, integrations: Mapping[str, Integration[Any]]
) -> tuple[dict[str, AlertFormat], dict[str, str]]:
    """Formats that are set up, by name; and for the others what to set."""
    formats: dict[str, AlertFormat] = {}
    missing: dict[str, str] = {}
    for name, integration in integrations.items():
        if integration.alert_format is None:
            continue
        made = integration.alert_format(settings.vendors[name])
        if made is None:
            missing[name] = f"{integration.title} is not set up: the README tells which variable to set"
        else:
            formats[name] = made
    return formats, missing


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"FIRST_RESPONDER_DATA: the folder {folder} cannot be made ({error.strerror}). Name one that the bot may "
            "write to."
        ) from None


def _import_responding() -> ModuleType:
    with late("psycopg", "errors"):  # the engine asks for them when PostgreSQL fails: 9 MB that SQLite does not need
        import dbos  # noqa: F401
    from bot import responding

    return responding


class _Server(uvicorn.Server):
    """Stops on SIGTERM and SIGINT without raising them again: the store is still to be closed after it."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._on_stop = on_stop
        self._is_told = False

    def _told(self, number: int) -> None:
        """It goes on answering at first: senders whose connection is refused would not know when to come again."""
        if self._is_told:
            self.handle_exit(number, None)
        self._is_told = True
        self._on_stop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's way to say that it cannot listen
            where = f"{self.config.host}:{self.config.port}"
            raise SettingsError(
                f"Nothing can listen on {where}: set PORT to a free port and HOST to an address of this machine."
            ) from None
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told, number)
        yield


def _address(server: uvicorn.Server) -> str:
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
