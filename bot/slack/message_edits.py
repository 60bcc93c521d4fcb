"""Edits of messages that several flows show again and again: in order, the newest winning, none of the last lost."""

from __future__ import annotations

import logging
from collections import Counter

from bot.domain.approval import Message
from bot.domain.errors import ChatError
from bot.slack.blocks.limits import Message as Content
from bot.slack.lane import Lane
from bot.slack.posting import Posting

log = logging.getLogger(__name__)

# The message is not there any more, or cannot be edited: nothing is to be gained by trying again.
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"})


class MessageEdits:
    def __init__(self, posting: Posting) -> None:
        self._posting = posting
        self._lanes: dict[Message, Lane[Content]] = {}
        self._settling: Counter[Message] = Counter()

    async def show(self, message: Message, key: str, content: Content, *, is_last: bool) -> None:
        """`is_last`: until it is shown; raises ChatError. Otherwise it may be dropped for a newer one, and errors are
        swallowed. A message that is gone is left alone.
        """
        lane = self._lanes.get(message)
        if lane is None:
            lane = self._lanes[message] = Lane(lambda version: self._posting.edit(message, key, version))
        if not is_last:
            lane.offer(content)
            return
        self._settling[message] += 1
        try:
            await lane.settle(content)
        except ChatError as error:
            if error.code not in GONE:
                raise
            log.warning("%s cannot be edited: %s", key, error)
        finally:
            self._settling[message] -= 1
            if not self._settling[message]:  # what comes later, after all, is shown again
                del self._settling[message], self._lanes[message]
