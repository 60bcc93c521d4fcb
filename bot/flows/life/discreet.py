"""Past incidents, without those that were private: who may read them is not known where they are searched."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.ports import Incidents, Similar
from bot.domain.remembered import Recalled


class WithoutPrivate:
    """The `Similar` port over another one."""

    def __init__(self, similar: Similar, incidents: Incidents) -> None:
        self._similar = similar
        self._incidents = incidents

    async def __call__(self, text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        found = await self._similar(text, service, most=most)
        return [one for one in found if not await self._is_private(one.past.id)]

    async def _is_private(self, id: str) -> bool:
        incident = await self._incidents.get(id)
        return incident is not None and incident.is_private
