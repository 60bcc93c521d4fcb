"""Speaks with the major version before the client library's own.

The library of Elasticsearch 9 says `compatible-with=9` in every request, and a server of 8.x refuses that. Told so
once, every further request to that address says 8; what is asked here is the same in both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

OTHER_VERSION = "media_type_header_exception"  # a server's word for a client of another major version
_OWN, _EARLIER = "compatible-with=9", "compatible-with=8"
_earlier: set[str] = set()  # addresses where 8.x answers; for the life of the process


def speaks_earlier(host: str) -> bool:
    """Whether the server there was found to be of 8.x."""
    return host in _earlier


def forget(host: str) -> None:
    """After an upgrade; the next request finds out again."""
    _earlier.discard(host)


def adapt(vendor: Any, host: str) -> None:
    """Makes the client library's `vendor` speak with 8.x as well, if the server at `host` turns out to be one."""
    perform: Callable[..., Awaitable[Any]] = vendor.transport.perform_request

    async def adapted(method: str, target: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        given = dict(headers or {})
        answer = await perform(method, target, headers=_said(given, host), **options)
        if answer.meta.status == 400 and OTHER_VERSION in str(answer.body):
            (_earlier.discard if host in _earlier else _earlier.add)(host)
            answer = await perform(method, target, headers=_said(given, host), **options)
        return answer

    vendor.transport.perform_request = adapted


def _said(headers: Mapping[str, str], host: str) -> dict[str, str]:
    if host not in _earlier:
        return dict(headers)
    return {name: value.replace(_OWN, _EARLIER) for name, value in headers.items()}
