"""Who has an address."""

from __future__ import annotations

from bot.domain.errors import ChatError
from bot.slack.web_api import WebApi

NOBODY = frozenset({"users_not_found", "user_not_found", "user_not_visible"})


class SlackEmails:
    """The `Emails` port. An address stays with a person: what was found is not asked again."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._users: dict[str, str] = {}

    async def user_of(self, email: str) -> str:
        if email not in self._users:
            try:
                self._users[email] = str((await self._api.call("users.lookupByEmail", email=email))["user"]["id"])
            except ChatError as error:
                if error.code in NOBODY:
                    return ""
                raise
        return self._users[email]
