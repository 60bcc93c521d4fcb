"""How incidents hang together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TieKind(StrEnum):
    RELATED = "related"
    MERGED = "merged"  # `incident` goes on in `other`
    SPLIT = "split"  # `other` was taken out of `incident`


@dataclass(frozen=True, kw_only=True)
class Tie:
    incident: str
    other: str
    kind: TieKind
    by: str
    at: datetime
    word: str = ""
    version: int = 1

    @property
    def id(self) -> str:
        return f"{self.incident}>{self.other}"

    @property
    def state(self) -> str:
        return self.kind.value

    @property
    def due(self) -> datetime | None:
        return None
