"""The types that JSON is read into, worked out by one thread at a time.

msgspec works out a class with its first use. Where two threads do that at the same time, one of them sees what the
other has half done, and the whole process ends with a segmentation fault (msgspec 0.22, CPython 3.11).
"""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")

_working = threading.Lock()
_known: set[object] = set()


def known(kind: type[T]) -> type[T]:
    """The same type, for `msgspec.convert` and `decode`: from now on any thread may use it."""
    if kind not in _known:
        with _working:
            msgspec.msgpack.Decoder(kind)
            _known.add(kind)
    return kind
