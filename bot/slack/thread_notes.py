"""Short messages in the thread of a card, each once."""

from __future__ import annotations

from bot.domain.incident import Card
from bot.domain.ports import Effects
from bot.slack.mrkdwn import escape
from bot.slack.web_api import WebApi

NOTE_EVENT = "note"  # the metadata's event type


class SlackThreadNotes:
    """The `ThreadNotes` port. The intent is on disk before the post; after a crash the thread is looked at first."""

    def __init__(self, api: WebApi, effects: Effects) -> None:
        self._api = api
        self._effects = effects

    async def post(self, card: Card, text: str, *, key: str) -> None:
        effect = await self._effects.begin(key)
        if effect.result is not None or (effect.begun and await self._is_there(card, key)):
            return
        sent = await self._api.call(
            "chat.postMessage",
            channel=card.channel,
            thread_ts=card.ts,
            text=escape(text),
            metadata={"event_type": NOTE_EVENT, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        await self._effects.finish(key, sent["ts"])

    async def _is_there(self, card: Card, key: str) -> bool:
        page = await self._api.call(
            "conversations.replies", channel=card.channel, ts=card.ts, include_all_metadata=True, limit=200
        )
        return any((m.get("metadata") or {}).get("event_payload", {}).get("key") == key for m in page["messages"])
