"""Brings events and interactions to the app: over Socket Mode, or to a request URL when one is configured.

An event that is not acknowledged within 3 s is sent again at once, after 1 minute and after 5 (docs.slack.dev,
Events API); one that met no connection goes out as soon as there is one. Interactions and commands are asked once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.slack.events_api import HttpEndpoint
from sandbox.slack.ids import random_id
from sandbox.slack.reply import Reply, Unanswered
from sandbox.slack.socket_mode import SocketHub
from sandbox.slack.values import Channel, JsonObject

if TYPE_CHECKING:
    from sandbox.slack.workspace import Workspace

ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """One attempt to deliver an event, for tests to look at."""

    event_id: str
    event_type: str
    attempt: int
    outcome: str  # "acked", or why not


class Delivery:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.socket = SocketHub(workspace)
        self.http: HttpEndpoint | None = None
        self.ack_seconds = ACK_SECONDS
        self.retry_delays: Sequence[float] = RETRY_DELAYS
        self.unacked = 0  # events and interactions under way, with those waiting for a retry
        self.records: list[DeliveryRecord] = []

    async def use_http(self, request_url: str) -> None:
        """Checks the URL as Slack does (url_verification), then delivers there instead of over Socket Mode.

        Raises Unanswered when the challenge does not come back.
        """
        await self.use_socket_mode()
        endpoint = HttpEndpoint(self._workspace, request_url)
        try:
            await endpoint.verify(self.ack_seconds)
        except Unanswered:
            await endpoint.close()
            raise
        self.http = endpoint

    async def use_socket_mode(self) -> None:
        if self.http is not None:
            await self.http.close()
        self.http = None

    def send_event(self, event: JsonObject, channel: Channel | None) -> None:
        envelope = self._envelope(event, channel)
        self.unacked += 1
        self._workspace.calls.touch()
        self._workspace.background.start(self._deliver(envelope))

    async def ask(self, kind: str, payload: JsonObject) -> Reply:
        """`kind`: "slash_commands" or "interactive". Raises Unanswered after 3 s without a good answer."""
        self.unacked += 1
        try:
            if self.http is not None:
                return await self.http.ask(kind, payload, self.ack_seconds)
            return await self.socket.exchange(kind, payload, timeout=self.ack_seconds, accepts_payload=True)
        finally:
            self.unacked -= 1
            self._workspace.calls.touch()

    def _envelope(self, event: JsonObject, channel: Channel | None) -> JsonObject:
        workspace = self._workspace
        return {
            "token": workspace.verification_token,
            "team_id": workspace.team_id,
            "context_team_id": workspace.team_id,
            "context_enterprise_id": None,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": random_id("Ev"),
            "event_time": workspace.now(),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team_id,
                    "user_id": workspace.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": channel.is_ext_shared if channel else False,
            "event_context": random_id("4-"),
        }

    async def _deliver(self, envelope: JsonObject) -> None:
        reason = ""
        try:
            for attempt, delay in enumerate((0.0, *self.retry_delays)):
                if attempt:
                    await self.socket.wait(delay, until_connected=self.http is None and reason == "connection_failed")
                reason = await self._attempt(envelope, attempt, reason)
                self._record(envelope, attempt, reason)
                if reason in {"acked", "no_retry"}:
                    return
        finally:
            self.unacked -= 1
            self._workspace.calls.touch()

    async def _attempt(self, envelope: JsonObject, attempt: int, reason: str) -> str:
        try:
            if self.http is not None:
                await self.http.send_event(envelope, self.ack_seconds, attempt=attempt, reason=reason)
            else:
                await self.socket.exchange(
                    "events_api", envelope, timeout=self.ack_seconds, attempt=attempt, reason=reason
                )
        except Unanswered as failure:
            return failure.reason
        return "acked"

    def _record(self, envelope: JsonObject, attempt: int, outcome: str) -> None:
        self.records.append(
            DeliveryRecord(
                event_id=envelope["event_id"],
                event_type=envelope["event"]["type"],
                attempt=attempt,
                outcome=outcome,
            )
        )
