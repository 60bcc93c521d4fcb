"""What people are called, and what they typed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping

from bot.domain.errors import ChatError
from bot.slack.mrkdwn import mentioned, typed
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

USER_ID = re.compile(r"[UW][A-Z0-9]{5,}")


class People:
    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._names: dict[str, str] = {}  # by user id

    async def typed(self, text: str) -> str:
        """`text`, a message's mrkdwn, as its author saw it."""
        return typed(text, await self.names_of(mentioned(text)))

    async def names_of(self, users: Iterable[str]) -> Mapping[str, str]:
        """Those who cannot be looked up are missing."""
        for user in dict.fromkeys(users):
            if user in self._names or not USER_ID.fullmatch(user):
                continue
            try:
                found = (await self._api.call("users.info", user=user))["user"]
            except ChatError as error:
                log.info("%s has no name: %s", user, error)
                continue
            self._names[user] = found.get("real_name") or found.get("name") or user
        return self._names
