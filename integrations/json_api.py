"""A vendor's JSON API, asked on the event loop: bounded in time and in bytes, every failure one plain sentence."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.plaintext import plain
from bot.shapes import known
from integrations.connection import trust, why
from integrations.descriptor import Threads
from integrations.failure import REQUEST_SHARE, Vendor, message_of

if TYPE_CHECKING:
    from aiohttp import ClientResponse

T = TypeVar("T")

RESPONSE_LIMIT = 16_000_000  # bytes; the largest honest answer, 500 pods with all their fields, has about 5
ERROR_LIMIT = 20_000  # bytes of an error's body that are looked at
AGENT = "first-responder"
_CHUNK = 65_536
_ADDRESS_LIMIT = 100


class _Absent(SourceError):
    """There is no such thing."""


class JsonApi:
    """An asynchronous context manager, for one incident: it is bound to its event loop.

    `deadline` in seconds is the caller's; a request takes less. `ca_certs`: a file with further authorities, and
    `ca_setting` the variable that names it. Redirects are not followed: a key is for one host alone.
    """

    def __init__(
        self,
        vendor: Vendor,
        base: str,
        threads: Threads,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        ca_certs: str | None = None,
        ca_setting: str = "",
        said: Callable[[bytes | str], str] = message_of,
        is_absence: Callable[[int, bytes], bool] = lambda status, body: False,
        through_proxy: bool = False,
    ) -> None:
        self._vendor = vendor
        self._base = base.rstrip("/")
        self._threads = threads
        self._timeout = max(0.1, deadline * REQUEST_SHARE)
        self._headers = {"User-Agent": AGENT, "Accept": "application/json", **(headers or {})}
        self._ca_certs = ca_certs
        self._ca_setting = ca_setting
        self._said = said
        self._is_absence = is_absence
        self._through_proxy = through_proxy

    async def __aenter__(self) -> JsonApi:
        import aiohttp

        verify = await self._threads.run(self._trust) if self._base.startswith("https") else True
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            connector=aiohttp.TCPConnector(ssl=verify),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._through_proxy,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """`path` begins with a slash and is quoted already. Raises SourceError."""
        import aiohttp
        from yarl import URL

        address = URL(self._base + path, encoded=True)
        try:
            async with self._session.get(address, params=params, allow_redirects=False) as response:
                return self._read(kind, await self._body(response))
        except TimeoutError:
            raise self._vendor.too_slow(self._timeout) from None
        except aiohttp.ClientPayloadError:
            raise self._vendor.nonsense("cut off") from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._vendor.unreachable(why(error)) from None

    async def find(self, path: str, kind: type[T]) -> T | None:
        """None where the vendor says that there is no such thing, as `is_absence` knows by status and body."""
        try:
            return await self.get(path, kind)
        except _Absent:
            return None

    async def _body(self, response: ClientResponse) -> bytes:
        if 300 <= response.status < 400:
            target = plain(response.headers.get("Location", "").partition("?")[0], _ADDRESS_LIMIT)
            raise self._vendor.nonsense(f"it sends one on to {target or 'another address'}")
        if response.status >= 400:
            body = await _capped(response, ERROR_LIMIT)
            error = self._vendor.status(response.status, self._said(body), wait=response.headers.get("Retry-After"))
            raise _Absent(error.reason, error.detail) if self._is_absence(response.status, body) else error
        body = await _capped(response, RESPONSE_LIMIT + 1)
        if len(body) > RESPONSE_LIMIT:
            raise self._vendor.nonsense(f"more than {RESPONSE_LIMIT // 1_000_000} MB")
        return body

    def _read(self, kind: type[T], body: bytes) -> T:
        try:
            return msgspec.json.decode(body, type=known(kind))
        except msgspec.ValidationError as error:
            raise self._vendor.nonsense(str(error)) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise self._vendor.nonsense("not JSON") from None

    def _trust(self) -> ssl.SSLContext:
        try:
            return trust(self._ca_certs)
        except OSError:  # ssl.SSLError is one too
            what = "cannot be asked: the file of its certificate authority cannot be read"
            raise self._vendor.failed(FailureReason.UNREACHABLE, what, f"check {self._ca_setting}") from None


async def _capped(response: ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])
