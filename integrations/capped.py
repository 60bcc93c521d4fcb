"""Answers of blocking clients, read within bounds: a server without an end to its answer would fill the memory and keep
its thread for ever, since the time-out of `requests` is that of one read alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from integrations.failure import Vendor

if TYPE_CHECKING:
    from requests import Response

RESPONSE_LIMIT = 16_000_000  # bytes; the largest honest answer is a tenth of it
_CHUNK = 65_536


def capped(vendor: Vendor, seconds: float, limit: int = RESPONSE_LIMIT) -> Callable[..., None]:
    """A hook for a session's responses: the whole body is read by it, or SourceError raised.

    `seconds`: for the body, which comes after as many for its beginning.
    """

    def read(response: Response, *_: Any, **__: Any) -> None:
        ends, body = time.monotonic() + seconds, bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > limit:
                response.close()
                raise vendor.nonsense(f"more than {limit // 1_000_000} MB")
            if time.monotonic() > ends:
                response.close()
                raise vendor.too_slow(seconds)
        response._content = bytes(body)

    return read
