"""What draws."""

from __future__ import annotations

from typing import Protocol


class Drawing(Protocol):
    async def png(self, svg: str) -> bytes:
        """The drawing, as large as the charts of `bot.domain.chart` are shown."""
        ...
