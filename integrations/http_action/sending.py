"""One request, sent to an address that was looked up and checked: the name is not looked up a second time."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.connection import why
from integrations.drafted import OUTPUT_LIMIT
from integrations.http_action.address import WebAddress, why_not
from integrations.programs.output import Capture

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver, ResolveResult

BODY_LIMIT = 1_000_000  # bytes read of an answer
AGENT = "first-responder"
_CHUNK = 16_384

# IP addresses of a name and port. Raises OSError.
Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    status: int
    location: str
    text: str  # without secrets, and cut
    is_cut: bool


class NotSent(Exception):
    """Nothing left this machine. The text is a sentence."""


class NoAnswer(Exception):
    """It was sent, or may have been. The text is a sentence."""


async def look_up(host: str, port: int) -> tuple[str, ...]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked(address: WebAddress, resolve: Resolve, *, is_own: bool) -> tuple[str, ...]:
    """Where it may be sent. All that a name stands for must be allowed, not just one. Raises NotSent, OSError."""
    found = await resolve(address.host, address.port)
    for ip in found:
        if reason := why_not(ip, is_own=is_own):
            raise NotSent(f"{address.host} is at {ip}, and {reason}: nothing is sent there.")
    if not found:
        raise NotSent(f"{address.host} has no address.")
    return found


async def send(
    method: str,
    address: WebAddress,
    *,
    ips: tuple[str, ...],
    headers: Mapping[str, str],
    body: bytes | None,
    trust: ssl.SSLContext | bool,
) -> HttpAnswer:
    """Follows nothing. Raises NotSent, NoAnswer."""
    import aiohttp
    from yarl import URL

    sent = _Sent()
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(sent.connected)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust, resolver=_pinned(ips), use_dns_cache=False, force_close=True),
        timeout=aiohttp.ClientTimeout(total=None),  # the step's own
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[trace],
        trust_env=False,
        skip_auto_headers=("Content-Type",),
    ) as session:
        try:
            async with session.request(
                method,
                URL(address.text, encoded=True),
                headers={"User-Agent": AGENT, **headers},
                data=body,
                allow_redirects=False,
            ) as response:
                kept = Capture(OUTPUT_LIMIT)
                async for chunk in response.content.iter_chunked(_CHUNK):
                    kept.add(chunk)
                    if kept.total >= BODY_LIMIT:
                        break
                return HttpAnswer(
                    status=response.status,
                    location=response.headers.get("Location", ""),
                    text=kept.text(),
                    is_cut=kept.is_cut or kept.total >= BODY_LIMIT,
                )
        except (aiohttp.ClientError, OSError) as error:
            said = f"{address.place} did not answer: {why(error)}."
            raise (NoAnswer(said) if sent.may_have_been else NotSent(said)) from None


class _Sent:
    """Whether there ever was a connection: without one nothing can have arrived."""

    may_have_been = False

    async def connected(self, *_: object) -> None:
        self.may_have_been = True


def _pinned(ips: tuple[str, ...]) -> AbstractResolver:
    from aiohttp.abc import AbstractResolver

    class Pinned(AbstractResolver):
        """Knows the checked addresses alone."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            return [
                {
                    "hostname": host,
                    "host": ip,
                    "port": port,
                    "family": socket.AF_INET6 if ":" in ip else socket.AF_INET,
                    "proto": 0,
                    "flags": socket.AI_NUMERICHOST,
                }
                for ip in ips
            ]

        async def close(self) -> None:
            return None

    return Pinned()
