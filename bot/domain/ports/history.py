"""Where past incidents come from that were worked on before, or elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from bot.domain.remembered import PastIncident


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that a source holds."""

    key: str  # the source's own id of it: the same at the next import
    name: str  # for the report: a path, a number
    past: PastIncident | None = None
    text: str = ""  # its postmortem as Markdown, where it has one
    skipped: str = ""  # why it is no past incident; set where `past` is None


class HistorySource(Protocol):
    """Past incidents of one place, oldest first where it knows."""

    @property
    def name(self) -> str:
        """Stored with what came from it: "folder:postmortems", "github:shop/incidents"."""
        ...

    async def count(self) -> int | None:
        """How many there are, for the progress bar; None where that is not known. Raises SourceError."""
        ...

    def items(self) -> AsyncIterator[Told]:
        """Raises SourceError."""
        ...
