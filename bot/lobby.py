"""Who is let in at the front door, with how many bytes; the rest is told to come again.

Beyond its limits a sender gets 503 and Retry-After while there still is memory to say so with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope

from bot.domain.errors import CompressedBody, PayloadTooLarge, RejectedWebhook, UnreadablePayload

BODY_CAP = 1_048_576  # bytes. PagerDuty drops what is over 256 KB; Alertmanager's groups are 1 to 2 KB an alert
# Bytes of bodies at once, of webhooks and of Slack's requests. What a body is read into takes some five times as much
# again, so that a storm of the largest ones stays under 200 MB; 2,000 usual ones are 4 MB.
MAX_BYTES = 32 * BODY_CAP
MAX_WAITING = 2_000  # about a fifth of a second of what the store takes; with more, everybody would only wait longer
RETRY_AFTER = 5  # seconds; Alertmanager and PagerDuty both try again for longer than that
# Seconds to wait for the store: a database that hangs must not hang its senders as well. PagerDuty waits 5, and what is
# stored after all is recognised when it comes again.
STORE_WITHIN = 4.0
READ_TIMEOUT = 10.0  # seconds for a whole body; PagerDuty itself gives up after 5


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    outcome: str  # for the counter
    body: Mapping[str, str]
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Limits:
    body_cap: int
    max_waiting: int
    max_bytes: int
    retry_after: int
    read_timeout: float
    store_within: float


class Lobby:
    """Who is inside at one time, with how many bytes: beyond that senders are told to come again, while there still is
    memory to tell them with.
    """

    def __init__(self, limits: Limits, is_stopping: Callable[[], bool]) -> None:
        self.limits = limits
        self._is_stopping = is_stopping
        self._inside = 0
        self._bytes = 0

    async def within(self, visit: Callable[[Room], Awaitable[Answer | None]]) -> Answer | None:
        """What `visit` answers, or why it is not let in; None where it has answered itself. Raises HungUp."""
        if self._is_stopping():
            return self.later("stopping", "The bot is being stopped.", (b"connection", b"close"))
        if self._inside >= self.limits.max_waiting:
            return self.later("overloaded", "Too many webhooks are waiting.")
        room = Room(self)
        self._inside += 1
        try:
            return await visit(room)
        except RejectedWebhook as refused:
            return _refusal(refused)
        except Crowded:
            return self.later("overloaded", "Too much is waiting.", (b"connection", b"close"))
        except Slow:
            waited = f"The body did not arrive within {self.limits.read_timeout:g} s."
            return self.later("too_slow", waited, (b"connection", b"close"))
        finally:
            self._inside -= 1
            self._bytes -= room.bytes

    def take(self, size: int) -> None:
        """Raises Crowded."""
        if self._bytes + size > self.limits.max_bytes:
            raise Crowded
        self._bytes += size

    def later(self, outcome: str, why: str, *headers: tuple[bytes, bytes]) -> Answer:
        """503, never 429 or 408: Alertmanager tries again after 5xx only, PagerDuty drops after most 4xx."""
        after = str(self.limits.retry_after)
        body = {"error": f"{why} Try again in {after} s."}
        return Answer(status=503, outcome=outcome, body=body, headers=((b"retry-after", after.encode()), *headers))


class Room:
    """One request's share of the memory."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self.bytes = 0

    def hold(self, size: int) -> None:
        """Room for so many bytes in all. Raises Crowded."""
        if size > self.bytes:
            self._lobby.take(size - self.bytes)
            self.bytes = size

    async def body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """Raises PayloadTooLarge, CompressedBody, Slow, Crowded, HungUp."""
        try:
            async with asyncio.timeout(self._lobby.limits.read_timeout):
                return await _read(headers, receive, self._lobby.limits.body_cap, self.hold)
        except TimeoutError as error:
            raise Slow from error


def headers_of(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


class Crowded(Exception):
    """There is no room for so many bytes now."""


class Slow(Exception):
    """The body did not arrive in time."""


class HungUp(Exception):
    """The sender went away before its body was complete."""


async def _read(headers: Mapping[str, str], receive: Receive, cap: int, hold: Callable[[int], None]) -> bytes:
    """The whole body, never more than `cap` of it in memory. `hold` is asked for room for what has come: what is only
    announced costs nothing, or a few who announce much would keep all others out.

    Raises PayloadTooLarge, CompressedBody, HungUp, and what `hold` raises.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise CompressedBody("Content-Encoding: compressed bodies are not read, send it as plain JSON")
    stated = headers.get("content-length", "")
    if stated.isdigit() and int(stated) > cap:
        raise _too_large(cap)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUp
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > cap:
            raise _too_large(cap)
        hold(size)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(cap: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"body: is over {cap} bytes, send fewer alerts at once (Alertmanager: max_alerts)")


def _refusal(refused: RejectedWebhook) -> Answer:
    body = {"error": str(refused)}
    if isinstance(refused, UnreadablePayload) and refused.field:
        body["field"] = refused.field
    return Answer(status=refused.status, outcome=_OUTCOMES.get(refused.status, "refused"), body=body)


_OUTCOMES = {401: "bad_signature", 413: "too_large", 415: "compressed", 422: "unreadable"}
