"""Places in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Span:
    start: int
    end: int

    def meets(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


def is_free(start: int, end: int, taken: Iterable[Span]) -> bool:
    here = Span(start=start, end=end)
    return not any(here.meets(span) for span in taken)
