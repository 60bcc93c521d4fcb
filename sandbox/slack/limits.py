"""Slack's rate limits by method. Off until switched on.

Tiers are "calls a minute, and bursts are tolerated" (docs.slack.dev/apis/web-api/rate-limits): a bucket of that many
calls that refills evenly. chat.postMessage allows 1 a second in each channel, with a short burst.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
POSTS_PER_SECOND = 1.0
POST_BURST = 3
WORKSPACE_POSTS_PER_MINUTE = 300  # "several hundred messages per minute"

TIERS = {
    **dict.fromkeys(
        [
            "bookmarks.add",
            "bookmarks.edit",
            "bookmarks.remove",
            "bookmarks.list",
            "canvases.create",
            "chat.startStream",
            "chat.stopStream",
            "conversations.archive",
            "conversations.canvases.create",
            "conversations.create",
            "conversations.list",
            "conversations.rename",
            "conversations.setPurpose",
            "conversations.setTopic",
            "conversations.unarchive",
            "pins.add",
            "pins.list",
            "pins.remove",
            "reactions.list",
            "reactions.remove",
            "usergroups.list",
            "usergroups.users.list",
            "users.list",
        ],
        TIER_2,
    ),
    **dict.fromkeys(
        [
            "apps.connections.open",
            "bots.info",
            "canvases.access.set",
            "canvases.delete",
            "canvases.edit",
            "canvases.sections.lookup",
            "chat.delete",
            "chat.scheduleMessage",
            "chat.unfurl",
            "chat.update",
            "conversations.history",
            "conversations.info",
            "conversations.invite",
            "conversations.join",
            "conversations.kick",
            "conversations.leave",
            "conversations.open",
            "conversations.replies",
            "files.list",
            "reactions.add",
            "reactions.get",
            "team.info",
            "users.lookupByEmail",
        ],
        TIER_3,
    ),
    **dict.fromkeys(
        [
            "assistant.threads.setSuggestedPrompts",
            "assistant.threads.setTitle",
            "chat.appendStream",
            "chat.postEphemeral",
            "conversations.members",
            "files.completeUploadExternal",
            "files.getUploadURLExternal",
            "files.info",
            "users.info",
            "users.profile.get",
            "views.open",
            "views.publish",
            "views.push",
            "views.update",
        ],
        TIER_4,
    ),
}


@dataclass(kw_only=True)
class _Bucket:
    size: float
    per_second: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """Takes one call; answers 0, or the seconds until one is free again."""
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.per_second


class Limits:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self.on = False

    def switch(self, on: bool) -> None:
        self.on = on
        self._buckets.clear()

    def retry_after(self, method: str, channel: str) -> int | None:
        """None: go on. Else the value of Retry-After, whole seconds, at least 1."""
        if not self.on:
            return None
        if method == "chat.postMessage":
            wait = self._take(f"{method} {channel}", POST_BURST, POSTS_PER_SECOND)
            wait = wait or self._take(method, WORKSPACE_POSTS_PER_MINUTE, WORKSPACE_POSTS_PER_MINUTE / 60)
        elif method in TIERS:
            wait = self._take(method, TIERS[method], TIERS[method] / 60)
        else:
            return None
        return max(1, math.ceil(wait)) if wait else None

    def _take(self, key: str, size: float, per_second: float) -> float:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(size=size, per_second=per_second, level=size, at=now))
        return bucket.take(now)
