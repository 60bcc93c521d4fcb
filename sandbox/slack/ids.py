"""Ids and timestamps the way Slack makes them."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import string
from collections.abc import Callable

ALPHABET = string.ascii_uppercase + string.digits
ID_LENGTH = 10


def stable_id(prefix: str, *parts: str) -> str:
    """The same id for the same words: people keep their ids from run to run."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return prefix + "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:ID_LENGTH])


def random_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


def random_block_id() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))


class Stamps:
    """Message timestamps: unix seconds with six decimals, unique and rising in the whole workspace."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0
        self._events = itertools.count(1)

    def next(self) -> str:
        self._last = max(self._last + 1, int(self._clock() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
