"""Canvases: the one of a channel, and canvases of their own. Each is written anew as a whole."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bot.domain.errors import ChatError
from bot.domain.incident import Place
from bot.domain.plaintext import plain
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

TITLE_LIMIT = 150
# Characters. Slack takes 1 MiB at a time (docs.slack.dev, canvases.edit); JSON makes up to 12 bytes of a character.
CONTENT_LIMIT = 80_000
GONE = frozenset({"canvas_not_found", "canvas_deleted", "file_not_found", "file_deleted"})
LATER = frozenset({"canvas_editing_locked", "canvas_editing_failed"})  # somebody writes in it at this moment
DOCUMENT = "application/vnd.slack-docs"  # what Slack calls a canvas among files
LOOKED_AT = 100  # of our newest files, the most that files.list gives at once: how far back one is looked for
CUT = "\n\n*The rest is left out here.*"


class SlackCanvases:
    """The `Canvases` port."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._own = ""  # the bot's user id

    async def overview(self, place: Place, markdown: str, *, known: str) -> str:
        if known and await self._rewritten(known, markdown):
            return known
        try:
            made = await self._call(
                "conversations.canvases.create", channel_id=place.channel, document_content=_content(markdown)
            )
        except ChatError as error:
            if error.code != "channel_canvas_already_exists":
                raise
            return await self._adopted(place, markdown, error)
        return str(made["canvas_id"])

    async def page(self, title: str, markdown: str, place: Place | None, *, known: str) -> str:
        """One of ours of that title is taken for it: Slack lets a canvas have no key, and a crash may have come between
        it and its id.
        """
        canvas = known if known and await self._rewritten(known, markdown) else ""
        title = plain(title, TITLE_LIMIT)
        if not canvas and (earlier := await self._earlier(title)) and await self._rewritten(earlier, markdown):
            canvas = earlier
        if not canvas:
            made = await self._call("canvases.create", title=title, document_content=_content(markdown))
            canvas = str(made["canvas_id"])
        if place is not None:
            await self._call("canvases.access.set", canvas_id=canvas, access_level="write", channel_ids=[place.channel])
        return canvas

    async def _earlier(self, title: str) -> str:
        """The newest; "" where there is none, or Slack does not let us look."""
        try:
            self._own = self._own or str((await self._api.call("auth.test"))["user_id"])
            found = await self._api.call("files.list", user=self._own, count=LOOKED_AT)
        except ChatError as error:
            if not error.is_final:
                raise
            log.info("canvases that were made before are not looked for: %s", error)
            return ""
        mine = (file for file in found["files"] if file.get("mimetype") == DOCUMENT and file.get("title") == title)
        return next((str(file["id"]) for file in mine), "")

    async def _adopted(self, place: Place, markdown: str, error: ChatError) -> str:
        """The one that a person made, or we before a crash."""
        channel = (await self._call("conversations.info", channel=place.channel))["channel"]
        found = str(((channel.get("properties") or {}).get("canvas") or {}).get("file_id") or "")
        if not found or not await self._rewritten(found, markdown):
            raise error
        return found

    async def _rewritten(self, canvas: str, markdown: str) -> bool:
        """False where it is gone."""
        change = {"operation": "replace", "document_content": _content(markdown)}
        try:
            await self._call("canvases.edit", canvas_id=canvas, changes=[change])
        except ChatError as error:
            if error.code in GONE:
                return False
            raise
        return True

    async def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            return await self._api.call(method, **arguments)
        except ChatError as error:
            if error.code in LATER:
                raise ChatError(error.code, method, is_final=False) from None
            raise


def _content(markdown: str) -> Mapping[str, str]:
    if len(markdown) > CONTENT_LIMIT:
        markdown = markdown[: CONTENT_LIMIT - len(CUT)] + CUT
    return {"type": "markdown", "markdown": markdown}
