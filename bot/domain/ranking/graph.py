"""Who calls whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class CallGraph:
    def __init__(self, calls: Iterable[tuple[str, str]]) -> None:
        self._callees: dict[str, set[str]] = {}
        self._callers: dict[str, set[str]] = {}
        for caller, callee in calls:
            if caller != callee:
                self._callees.setdefault(caller, set()).add(callee)
                self._callers.setdefault(callee, set()).add(caller)

    def callees(self, service: str) -> frozenset[str]:
        return frozenset(self._callees.get(service, ()))

    def callers(self, service: str) -> frozenset[str]:
        return frozenset(self._callers.get(service, ()))

    def depths(self, service: str) -> dict[str, int]:
        """Calls from `service` down to everything it depends on; itself is 0."""
        depths = {service: 0}
        queue = deque([service])
        while queue:
            caller = queue.popleft()
            for callee in self._callees.get(caller, ()):
                if callee not in depths:
                    depths[callee] = depths[caller] + 1
                    queue.append(callee)
        return depths
