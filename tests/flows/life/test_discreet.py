"""What was private is not found by those who look for something alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from bot.domain.ports import Incidents
from bot.domain.remembered import Recalled
from bot.flows.life.discreet import WithoutPrivate


@dataclass(frozen=True)
class Found:
    past: Any


async def test_private_ones_are_left_out_and_imported_ones_stay() -> None:
    ids = ("INC-2026-0001", "INC-2026-0002", "imported-7")

    async def similar(text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        return cast(Sequence[Recalled], [Found(SimpleNamespace(id=id)) for id in ids][:most])

    class Kept:
        async def get(self, incident_id: str) -> Any:
            if not incident_id.startswith("INC"):
                return None
            return SimpleNamespace(is_private=incident_id.endswith("1"))

    found = await WithoutPrivate(similar, cast(Incidents, Kept()))("slow", None, most=3)
    assert [one.past.id for one in found] == ["INC-2026-0002", "imported-7"]
