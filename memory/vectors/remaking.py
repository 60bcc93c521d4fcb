"""When an index is made again instead of being brought up to date. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

MANY_CHANGED = 0.2  # of what is held; putting one in place of another takes ten times as long as adding one
FEW = 50  # changed ones are never too many


class Reason(Enum):
    """Why it was made again."""

    ASKED = "it was asked for"
    DELETED = "something was deleted, which Chroma would keep in its files"
    CHANGED = "much of it has changed"
    CUT_SHORT = "the last process that opened it did not get to the end of that"
    EMPTY = "it holds nothing of what it should"
    OUTGROWN = "Chroma's log of changes has grown too long"
    TOO_LARGE = "its files are too large for what it holds"
    BROKEN = "it is broken"


UNUSABLE = frozenset({Reason.CUT_SHORT, Reason.TOO_LARGE, Reason.BROKEN})  # the old one cannot answer


@dataclass(frozen=True, kw_only=True)
class Remake:
    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value}{f': {self.detail}' if self.detail else ''}"


@dataclass(frozen=True, kw_only=True)
class Change:
    """From what is held to what is wanted."""

    new: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    held: int = 0

    @property
    def remake(self) -> Remake | None:
        """None where it is brought up to date as it is."""
        if self.gone:
            return Remake(reason=Reason.DELETED, detail=f"{len(self.gone):,} of {self.held:,}")
        if len(self.replaced) > max(FEW, self.held * MANY_CHANGED):
            return Remake(reason=Reason.CHANGED, detail=f"{len(self.replaced):,} of {self.held:,}")
        return None


def change(held: Mapping[str, str], wanted: Mapping[str, str], *, gone: Collection[str]) -> Change:
    """Digests by name. `wanted` may be a part of it: what is to go is `gone`."""
    return Change(
        new=tuple(name for name in wanted if name not in held),
        replaced=tuple(name for name, digest in wanted.items() if held.get(name, digest) != digest),
        gone=tuple(name for name in gone if name in held),
        held=len(held),
    )
