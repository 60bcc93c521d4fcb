"""Who is on call, and who is next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One person's time at one level. Without `start` and `end` it is permanent."""

    person: str  # their name
    level: int  # 1 is called first
    policy: str  # what decides it, by name
    start: datetime | None = None
    end: datetime | None = None

    def is_on(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or self.end > at)


def on_at(turns: Sequence[Turn], level: int, at: datetime) -> tuple[str, ...]:
    return tuple(dict.fromkeys(turn.person for turn in turns if turn.level == level and turn.is_on(at)))


def levels(turns: Sequence[Turn]) -> tuple[int, ...]:
    return tuple(sorted({turn.level for turn in turns}))


def lines(turns: Sequence[Turn], at: datetime) -> tuple[str, ...]:
    """ "Level 1: Jo Ng until Sat 08:00, then Max Lee", one for each level."""
    return tuple(_line(turns, level, at) for level in levels(turns))


def _line(turns: Sequence[Turn], level: int, at: datetime) -> str:
    here = [turn for turn in turns if turn.level == level]
    now = [turn for turn in here if turn.is_on(at)]
    later = sorted((turn for turn in here if turn.start and turn.start > at), key=lambda turn: str(turn.start))
    told = " and ".join(dict.fromkeys(turn.person for turn in now)) or "nobody"
    ends = [turn.end for turn in now if turn.end]
    until = f" until {_when(min(ends))}" if ends else ""
    after = [turn for turn in later if turn.person not in {one.person for one in now}][:1]
    then = f", then {after[0].person}{_from(after[0], ends)}" if after else ""
    return f"Level {level}: {told}{until}{then}"


def _from(turn: Turn, ends: Sequence[datetime]) -> str:
    """Only where it does not begin as the other one ends."""
    return "" if turn.start in ends or turn.start is None else f" from {_when(turn.start)}"


def _when(at: datetime) -> str:
    return f"{at:%a %d %b %H:%M} UTC"
