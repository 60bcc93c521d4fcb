"""Whether so many webhooks come in that triage must keep out of their way."""

from __future__ import annotations

from collections import deque

RATE = 350.0  # webhooks a second: twice a bad storm (10,000 alerts in a minute), which is triaged as it comes
LOOK_BACK = 1.0  # seconds
LEAST = 0.1  # seconds: within less time a few webhooks look like many


class Flood:
    """Looked at now and then with the number of webhooks so far."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()
        self.is_on = False

    def look(self, arrivals: int, now: float) -> None:
        """`now`: seconds of any clock that never goes back."""
        while self._looks and self._looks[0][0] < now - LOOK_BACK:
            self._looks.popleft()
        self._looks.append((now, arrivals))
        since, before = self._looks[0]
        self.is_on = arrivals - before > RATE * max(now - since, LEAST)
