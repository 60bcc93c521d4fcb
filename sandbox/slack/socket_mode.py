"""Socket Mode: WebSocket connections of the app, envelopes and their acknowledgements.

Each payload goes to one connection, in turn. Up to 10 connections; a link is good for one connection.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.slack.reply import Reply, Unanswered
from sandbox.slack.values import JsonObject

if TYPE_CHECKING:
    from sandbox.slack.workspace import Workspace

MAX_CONNECTIONS = 10  # docs.slack.dev, Socket Mode
CONNECTION_SECONDS = 3600  # what `hello` announces as the life of a connection
GOING_AWAY = 1001


class Connection:
    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.id = uuid.uuid4().hex
        self._waiting: dict[str, asyncio.Future[Reply]] = {}

    async def exchange(self, envelope: JsonObject, timeout: float) -> Reply:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        try:
            await self.send(envelope)
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError:
            raise Unanswered("timeout") from None
        finally:
            del self._waiting[envelope["envelope_id"]]

    async def send(self, message: JsonObject) -> None:
        try:
            await self.websocket.send_text(json.dumps(message))
        except (WebSocketDisconnect, RuntimeError):  # starlette: RuntimeError when it was closed before
            raise Unanswered("connection_failed") from None

    def acknowledge(self, message: JsonObject) -> None:
        answer = self._waiting.get(str(message.get("envelope_id")))
        if answer is not None and not answer.done():
            answer.set_result(Reply(payload=message.get("payload")))

    def lose(self) -> None:
        """The connection is gone: nothing under way will be acknowledged."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Unanswered("connection_failed"))

    async def close(self, reason: str | None) -> None:
        """With a reason the app is told first, as Slack does; without one the connection just ends."""
        if reason is not None:
            await self.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        if self.websocket.application_state is not WebSocketState.DISCONNECTED:
            await self.websocket.close(GOING_AWAY)


class SocketHub:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._turn = 0
        self._changed = asyncio.Event()

    @property
    def connections(self) -> int:
        return len(self._connections)

    def new_link(self) -> str:
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        host = self._workspace.base_url.partition("://")[2]
        return f"ws://{host}/link?ticket={ticket}&app_id={self._workspace.app_id}"

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from its hello to its end."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets or self._workspace.faults.all_away:
            await websocket.close()
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        connection = Connection(websocket)
        if len(self._connections) >= MAX_CONNECTIONS:
            await connection.close("too_many_websockets")
            return
        self._connections.append(connection)
        try:
            await connection.send(self._hello())
            self._notify()
            while True:
                self._read(connection, await websocket.receive_text())
        except (WebSocketDisconnect, Unanswered):
            pass  # the app went away
        finally:
            self._forget(connection)

    @staticmethod
    def _read(connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return  # Slack ignores what it cannot read
        if isinstance(message, dict):
            connection.acknowledge(message)

    def _forget(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        connection.lose()
        self._notify()

    def _hello(self) -> JsonObject:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": self._workspace.app_id},
        }

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def exchange(
        self,
        kind: str,
        payload: JsonObject,
        *,
        timeout: float,
        accepts_payload: bool = False,
        attempt: int = 0,
        reason: str = "",
    ) -> Reply:
        if not self._connections:
            raise Unanswered("connection_failed")
        self._turn += 1
        connection = self._connections[self._turn % len(self._connections)]
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "payload": payload,
            "type": kind,
            "accepts_response_payload": accepts_payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        return await connection.exchange(envelope, timeout)

    async def wait(self, seconds: float, *, until_connected: bool = False) -> None:
        """Waits that long; with `until_connected`, no longer than until the app is connected."""
        try:
            async with asyncio.timeout(seconds):
                while not (until_connected and self._connections):
                    await self._changed.wait()
        except TimeoutError:
            return

    async def disconnect(self, reason: str | None = "refresh_requested") -> int:
        """Ends all connections; answers how many there were."""
        connections = list(self._connections)
        for connection in connections:
            try:
                await connection.close(reason)
            except Unanswered:
                pass  # it was gone before
            self._forget(connection)
        return len(connections)
