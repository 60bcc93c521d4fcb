"""Answers that are written while people read them: Slack's streams, with a button to stop them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from bot.domain.errors import ChatError
from bot.domain.plaintext import plain
from bot.domain.ports.reply import Source, Spot, Stopped
from bot.slack.blocks.limits import context
from bot.slack.mrkdwn import escape, link
from bot.slack.streamed_text import Harmless
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

STOP_ANSWER = "stop_answer"  # action ids of the buttons
HELPED, DID_NOT_HELP = "answer_helped", "answer_did_not_help"
REPLY_EVENT = "reply"  # the metadata's event type
SPACING = 0.7  # seconds between two pieces: chat.appendStream is a tier 4 method, and eyes are slower
LONGEST = 11_000  # characters of an answer; Slack takes 12,000 of Markdown in a message
SPOKEN_LIMIT = 3000  # characters of what notifications and screen readers say
STATUS_LIMIT = 100
NOTICE_LIMIT = 600  # characters of a line
MOST_NOTICES = 4  # lines
TITLE_LIMIT = 90
MOST_SOURCES = 10
LINK_LIMIT = 500
CUT = "\n\n_The answer was longer; its end is left out._"


class SlackReplies:
    """The `Replies` port. `stop` is called by the button."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._running: dict[str, SlackReply] = {}

    async def begin(self, spot: Spot) -> SlackReply:
        reply = SlackReply(self._api, spot, ended=lambda: self._running.pop(spot.key, None))
        self._running[spot.key] = reply
        return reply

    def forget(self, key: str) -> None:
        """Nothing was written, and nothing will be."""
        self._running.pop(key, None)

    def stop(self, key: str) -> bool:
        """False where that answer has ended, or is another process's."""
        reply = self._running.get(key)
        if reply is not None:
            reply.stop()
        return reply is not None


class SlackReply:
    """The `Reply` port. The message appears with the first words; before that a status line tells what goes on."""

    def __init__(self, api: WebApi, spot: Spot, *, ended: Callable[[], object]) -> None:
        self._api = api
        self._spot = spot
        self._ended = ended
        self._harmless = Harmless()
        self._written = ""
        self._waiting = ""
        self._is_cut = False
        self._ts: str | None = None
        self._not_before = 0.0
        self._status: asyncio.Task[None] | None = None
        self.halted = asyncio.Event()  # set by the button

    def stop(self) -> None:
        self.halted.set()

    @property
    def is_stopped(self) -> bool:
        return self.halted.is_set()

    async def doing(self, what: str) -> None:
        """Returns at once: people watch it, nobody waits for it."""
        before = self._status
        self._status = asyncio.create_task(self._show_status(what, before))

    async def _show_status(self, what: str, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        try:
            await self._api.call(
                "assistant.threads.setStatus",
                channel_id=self._spot.channel,
                thread_ts=self._spot.thread,
                status=plain(what, STATUS_LIMIT),
            )
        except ChatError as error:
            log.info("a status could not be shown: %s", error)

    async def write(self, text: str) -> None:
        self._take(self._harmless.feed(text))
        if self._waiting and asyncio.get_running_loop().time() >= self._not_before:
            await self._send()
        self._heed()

    async def finish(self, *, notice: str = "", sources: Sequence[Source] = (), answer_id: str = "") -> str:
        try:
            self._take(self._harmless.finish())
            blocks = [*_sources(sources), *_notice(notice), *(feedback_buttons(answer_id) if answer_id else ())]
            if self._ts is None:
                self._waiting = self._waiting or "\u2026"
            if self._waiting:
                await self._send()
            assert self._ts is not None
            await self._api.call("chat.stopStream", channel=self._spot.channel, ts=self._ts, metadata=self._metadata())
            await self._api.call(
                "chat.update",
                channel=self._spot.channel,
                ts=self._ts,
                text=plain(self._written, SPOKEN_LIMIT),
                blocks=[{"type": "markdown", "text": self._written}, *blocks],
                metadata=self._metadata(),
            )
            return self._ts
        finally:
            self._ended()

    async def settle(self) -> None:
        """Until no status is on its way: one that came after a message would stay."""
        if self._status is not None:
            await self._status

    async def give_up(self, why: str) -> bool:
        """Ends what was begun, by a fault of ours. Whether there was anything."""
        if self._ts is None:
            return False
        await self.finish(notice=f"Broken off: {why}")
        return True

    # --- the parts ---------------------------------------------------------------------------------------------------

    def _heed(self) -> None:
        if self.is_stopped:
            raise Stopped("The answer was stopped.")

    def _take(self, text: str) -> None:
        room = LONGEST - len(self._written) - len(self._waiting)
        if self._is_cut:
            return
        self._is_cut = len(text) > room
        self._waiting += text[:room] + CUT if self._is_cut else text

    async def _send(self) -> None:
        piece, self._waiting = self._waiting, ""
        self._not_before = asyncio.get_running_loop().time() + SPACING
        self._written += piece
        if self._ts is None:
            await self._start(piece)
            return
        try:
            await self._api.call("chat.appendStream", channel=self._spot.channel, ts=self._ts, markdown_text=piece)
        except ChatError as error:
            if error.code != "stopped_by_user":
                raise
            self.stop()

    async def _start(self, piece: str) -> None:
        await self.settle()
        started = await self._api.call(
            "chat.startStream",
            channel=self._spot.channel,
            thread_ts=self._spot.thread,
            recipient_user_id=self._spot.user,
            recipient_team_id=self._spot.team,
            chunks=[
                {"type": "markdown_text", "text": piece},
                {"type": "blocks", "blocks": [_stop_button(self._spot.key)]},
            ],
        )
        self._ts = str(started["ts"])

    def _metadata(self) -> dict[str, Any]:
        return {"event_type": REPLY_EVENT, "event_payload": {"key": f"reply:{self._spot.key}"}}


def _stop_button(key: str) -> dict[str, Any]:
    return {"type": "actions", "elements": [_button("Stop", STOP_ANSWER, key)]}


def feedback_buttons(answer_id: str) -> list[dict[str, Any]]:
    buttons = [_button("Helped", HELPED, answer_id), _button("Did not help", DID_NOT_HELP, answer_id)]
    return [{"type": "actions", "elements": buttons}]


def _button(text: str, action: str, value: str) -> dict[str, Any]:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text, "emoji": True},
        "action_id": action,
        "value": value,
    }


def _sources(sources: Sequence[Source]) -> list[dict[str, Any]]:
    lines = [_source(source) for source in sources[:MOST_SOURCES]]
    if len(sources) > MOST_SOURCES:
        lines.append(f"and {len(sources) - MOST_SOURCES} more")
    return [context("\n".join(lines))] if lines else []


def _source(source: Source) -> str:
    mark = f"[{escape(source.mark)}]"
    shown = link(source.link, mark) if source.link and len(source.link) <= LINK_LIMIT else mark
    return f"{shown} {escape(plain(source.title, TITLE_LIMIT))}"


def _notice(notice: str) -> list[dict[str, Any]]:
    lines = [escape(plain(line, NOTICE_LIMIT)) for line in notice.split("\n") if line.strip()]
    return [context("\n".join(lines[:MOST_NOTICES]))] if lines else []
