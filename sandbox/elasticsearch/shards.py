"""On how many shards the documents lie, and which of these do not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.elasticsearch.errors import NODE


@dataclass(frozen=True, kw_only=True)
class Shards:
    total: int = 1
    failed: int = 0  # what lies on these is not found
    reason: str = "Unable to find shard target"  # why they do not answer
    timed_out: bool = False  # answers say that the time was up

    @property
    def lost(self) -> float:
        """Share of the documents that is not found."""
        return self.failed / self.total if self.total else 0.0

    def as_json(self, index: str) -> dict[str, Any]:
        answered = {"total": self.total, "successful": self.total - self.failed, "skipped": 0, "failed": self.failed}
        failures = [
            {"shard": shard, "index": index, "node": NODE,
             "reason": {"type": "no_shard_available_action_exception", "reason": self.reason}}
            for shard in range(self.failed)
        ]  # fmt: skip
        return answered | ({"failures": failures} if failures else {})


NO_SHARDS = Shards(total=0)
ONE_SHARD = Shards()
