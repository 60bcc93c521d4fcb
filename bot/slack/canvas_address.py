"""Where a canvas is opened."""

from __future__ import annotations

from bot.domain.errors import ChatError
from bot.slack.web_api import WebApi


class CanvasAddress:
    """Called with a canvas's id."""

    def __init__(self, api: WebApi) -> None:
        self._api = api

    async def __call__(self, canvas: str) -> str | None:
        """None where it is gone, or its address is not told. Raises ChatError where it may be later."""
        try:
            told = await self._api.call("files.info", file=canvas)
        except ChatError as error:
            if error.is_final:
                return None
            raise
        return str((told.get("file") or {}).get("permalink") or "") or None
