"""Servers that fail below and above HTTP, for every source: each a context manager that yields its address."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.serve import serving
from tests.integrations.asking import KEY, dead_port

Server = AbstractAsyncContextManager[str]
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}  # without it the vendor's client looks no further
LOGIN_PAGE = "<html><title>Sign in</title></html>"
_PIECE = 500_000  # bytes
HUGE = 48 * _PIECE  # bytes: half as much again as the most that is read of any answer
TRICKLE = 0.05  # seconds from one byte to the next: shorter than any client waits for one

# --- answers ---------------------------------------------------------------------------------------------------------


def saying(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Server:
    """`body`: text of a page, or anything as JSON."""

    async def answer(request: Request) -> Response:
        told = {**PRODUCT, **(headers or {})}
        if isinstance(body, str):
            return PlainTextResponse(body, status, headers=told, media_type="text/html")
        return JSONResponse(body, status, headers=told)

    return serving(_everywhere(answer))


def refusing(status: int, headers: Mapping[str, str] | None = None) -> Server:
    """An error's body has something of every vendor, and a secret."""
    said = f"no, because of {status} with token={KEY}"
    return saying(status, {"status": "error", "errorType": "x", "error": said, "message": said}, headers)


def _everywhere(answer: Any) -> Starlette:
    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


# --- connections -----------------------------------------------------------------------------------------------------


class _Hangs(asyncio.Protocol):
    """Takes the request and never answers."""

    def __init__(self) -> None:
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, why: Exception | None) -> None:
        self.lost.set_result(None)

    def reset(self) -> None:
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-elastic-product: Elasticsearch\r\n"
_BEGUN = _HEAD + b'content-length: 50000\r\n\r\n{"status": "success", "data'


class _Resets(_Hangs):
    """Drops the connection with a reset as soon as it is asked."""

    def data_received(self, data: bytes) -> None:
        self.reset()


class _ResetsMidway(_Hangs):
    """Begins to answer, then resets."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(_BEGUN)
        asyncio.get_running_loop().call_later(TRICKLE, self.reset)


class _StopsMidway(_Hangs):
    """Begins to answer, then closes as if that were all."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(_BEGUN)
        self.transport.close()


class _Trickles(_Hangs):
    """One byte after the other, each in time, without an end."""

    first = b""
    byte = b"x"

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.first)
        self._next()

    def _next(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.byte)
            asyncio.get_running_loop().call_later(TRICKLE, self._next)


class _TricklesHeaders(_Trickles):
    first = b"HTTP/1.1 200 OK\r\nx-filler: "


class _TricklesBody(_Trickles):
    first = _HEAD + b"content-length: 1000000\r\n\r\n"
    byte = b" "


class _NeverStops(_Hangs):
    """One JSON document, valid until its end, of so many bytes that nobody should read them all."""

    def data_received(self, data: bytes) -> None:
        self.left = HUGE
        self.transport.write(_HEAD + f'content-length: {HUGE + 12}\r\n\r\n{{"data": "'.encode())
        self._next()

    def _next(self) -> None:
        if not self.left:
            self.transport.write(b'"}')
        elif not self.transport.is_closing():
            if self.transport.get_write_buffer_size() < _PIECE:
                self.transport.write(b"x" * _PIECE)
                self.left -= _PIECE
            asyncio.get_running_loop().call_later(0.0005, self._next)


class _SpeaksSomethingElse(_Hangs):
    def data_received(self, data: bytes) -> None:
        self.transport.write(b"-ERR unknown command\r\n")
        self.transport.close()


@asynccontextmanager
async def _speaking(protocol: type[_Hangs], tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    made: list[_Hangs] = []

    def make() -> _Hangs:
        made.append(protocol())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for connection in made:
        if hasattr(connection, "transport"):
            connection.transport.abort()
            await connection.lost


def resetting() -> Server:
    return _speaking(_Resets)


def resetting_midway() -> Server:
    return _speaking(_ResetsMidway)


def stopping_midway() -> Server:
    return _speaking(_StopsMidway)


def hanging() -> Server:
    return _speaking(_Hangs)


def trickling_headers() -> Server:
    return _speaking(_TricklesHeaders)


def trickling_body() -> Server:
    return _speaking(_TricklesBody)


def huge() -> Server:
    return _speaking(_NeverStops)


def speaking_something_else() -> Server:
    return _speaking(_SpeaksSomethingElse)


def with_a_strange_certificate() -> Server:
    return _speaking(_Hangs, _strange())


@asynccontextmanager
async def without_tls() -> AsyncIterator[str]:
    """Asked by https, and speaks http."""
    async with _speaking(_SpeaksSomethingElse) as url:
        yield url.replace("http:", "https:")


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    yield dead_port()


@cache
def _strange() -> ssl.SSLContext:
    """Of a server whose certificate nobody has signed but itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).add_extension(address, critical=False)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_bytes(certificate + secret)
        context.load_cert_chain(file)
    return context
