"""What goes into an index of vectors, and that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import FirstResponderError


class VectorsUnavailable(FirstResponderError):
    """There is no index to ask; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Vector:
    """`digest` tells whether the text behind it has changed."""

    digest: str
    values: Sequence[float]
