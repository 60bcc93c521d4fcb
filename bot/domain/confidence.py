"""How sure a statement is."""

from __future__ import annotations

from enum import StrEnum


class Confidence(StrEnum):
    """Bands, not percentages: nothing here is calibrated finer than this."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
