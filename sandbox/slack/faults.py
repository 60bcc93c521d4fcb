"""Failures on demand: Slack limits the rate, is slow, is away, answers an error, or hangs after it did the work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

EVERY_METHOD = "*"


class FaultKind(Enum):
    RATELIMITED = "ratelimited"
    SLOW = "slow"
    AWAY = "away"  # 503 for calls; with every method also no Socket Mode
    ERROR = "error"
    HANG_AFTER_EFFECT = "hang_after_effect"  # the work is done, the answer comes late


@dataclass(kw_only=True)
class Fault:
    method: str
    kind: FaultKind
    retry_after: int = 1
    seconds: float = 30.0
    error: str = "internal_error"
    times: int | None = None  # how many calls still meet it; None: until it is taken away


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.latency = 0.0  # seconds added to every call

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()
        self.latency = 0.0

    def take(self, method: str) -> Fault | None:
        """The fault this call meets, counted down."""
        for fault in self._faults:
            if fault.method not in {EVERY_METHOD, method}:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None

    @property
    def all_away(self) -> bool:
        return any(f.kind is FaultKind.AWAY and f.method == EVERY_METHOD for f in self._faults)
