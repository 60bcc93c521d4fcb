"""What the flows ask of memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain.remembered import Recalled


class Similar(Protocol):
    """Past incidents that are like a text, best first; none where nothing fits. Raises NotStored."""

    async def __call__(self, text: str, service: str | None, *, most: int) -> Sequence[Recalled]: ...
