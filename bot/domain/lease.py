"""When a process is taken for dead by the others, and when it takes itself for that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.ports.replicas import Member, MemberState


@dataclass(frozen=True, kw_only=True)
class Pace:
    """In seconds. A dead process' work is adopted at most `lease` and three times `beat` after its last sign of life:
    11 s, and the workflow engine looks into its queue once a second.
    """

    beat: float = 1.0  # between two heartbeats, and two looks at the others'
    lease: float = 8.0  # of silence

    @property
    def holds_for(self) -> float:
        """A process trusts in its own heartbeat for less time than the others do, counted from before it was sent."""
        return self.lease - self.beat

    @property
    def longest_gap(self) -> float:
        """What counts as silence between two looks at the most: who did not look cannot say that nobody spoke."""
        return 2.5 * self.beat


class Watch:
    """Counts how long the others are silent, by the heartbeats that are seen to come and by nobody's calendar: a clock
    that jumps, of the database or of a machine, makes nobody dead.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._looked_at: float | None = None
        self._beats: dict[str, int] = {}
        self._silent: dict[str, float] = {}

    def look(self, members: Sequence[Member], now: float) -> tuple[Member, ...]:
        """Those that were silent for a whole lease. `now`: seconds of a clock that never goes back."""
        gap = 0.0 if self._looked_at is None else min(now - self._looked_at, self._pace.longest_gap)
        self._looked_at = now
        present = [member for member in members if member.state is not MemberState.GONE]
        self._silent = {
            member.holder: self._silent.get(member.holder, 0.0) + gap
            if self._beats.get(member.holder) == member.beats
            else 0.0
            for member in present
        }
        self._beats = {member.holder: member.beats for member in present}
        return tuple(member for member in present if self._silent[member.holder] >= self._pace.lease)


def leader(members: Sequence[Member]) -> Member | None:
    """Whoever is there for the longest time."""
    live = [member for member in members if member.state is MemberState.LIVE]
    return min(live, key=lambda member: member.seat, default=None)


def has_ended(members: Sequence[Member], holder: str) -> bool:
    """Whether that start of a process certainly is over. `holder`: as `Member.holder`, or that and a further part.

    One that is not known may be of a time before the table: it is not said to be over.
    """
    for member in members:
        if holder.startswith(f"{member.name}/"):
            epoch = holder[len(member.name) + 1 :].split("/")[0]
            if epoch.isdigit():
                return int(epoch) < member.epoch or (int(epoch) == member.epoch and member.state is MemberState.GONE)
    return False
