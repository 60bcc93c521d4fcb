"""Takes the buttons away from a question that somebody has answered."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.domain.errors import ChatError
from bot.domain.life import presses
from bot.slack import life_ids as ids
from bot.slack.blocks.limits import Block
from bot.slack.life_inbound import LifePressed
from bot.slack.mrkdwn import escape
from bot.slack.web_api import WebApi, translating

log = logging.getLogger(__name__)

# Their answer is the end of the question. Other messages stay, or are shown anew by whoever posted them.
DECIDING = frozenset(
    {
        presses.RESOLVE,
        presses.KEEP_OPEN,
        presses.REOPEN,
        presses.PAGE,
        presses.FOLLOW_UP_DONE,
        ids.CONFIRM_CANCEL,
        ids.CONFIRM_MERGE,
    }
)
MOST_EXPECTED = 500  # presses that are being dealt with
CHOICE_SHOWN = 75  # characters, as many as a button has

Respond = Callable[..., Awaitable[Any]]  # Bolt's, for one press: it goes through the press's own address


class Decided:
    """May be done again after a crash: the message is read as it stands.

    What one person alone sees cannot be read, and is replaced through the address that came with the press; that is
    never written to disk, so after a crash such a question stays until Slack is loaded anew. Its buttons then only say
    that it was decided.
    """

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._responders: OrderedDict[str, Respond] = OrderedDict()  # by the press's id

    def expect(self, id: str, respond: Respond) -> None:
        """What one person alone sees is replaced this way."""
        self._responders[id] = respond
        while len(self._responders) > MOST_EXPECTED:
            self._responders.popitem(last=False)

    async def show(self, pressed: LifePressed, by: str, told: str) -> None:
        """`by`: what they are called; `told`: what it came to; mrkdwn. Raises ChatError where it may work later."""
        respond = self._responders.pop(pressed.id, None)
        if pressed.action not in DECIDING or pressed.is_home:
            return
        try:
            message = await self._message(pressed)
            if message is not None:
                await self._close(pressed, message, by)
            elif respond is not None:
                with translating("response_url"):
                    await respond(text=told, replace_original=True)
        except ChatError as error:
            if not error.is_final:
                raise
            log.info("a question that was answered keeps its buttons: %s", error)

    async def _message(self, pressed: LifePressed) -> Mapping[str, Any] | None:
        """None where it is gone, or one person's alone."""
        try:
            page = await self._api.call(
                "conversations.replies",
                channel=pressed.channel,
                ts=pressed.ts,
                oldest=pressed.ts,
                latest=pressed.ts,
                inclusive=True,
                limit=10,
            )
        except ChatError as error:
            if not error.is_final:
                raise
            return None
        return next((message for message in page["messages"] if message.get("ts") == pressed.ts), None)

    async def _close(self, pressed: LifePressed, message: Mapping[str, Any], by: str) -> None:
        blocks: Sequence[Block] = message.get("blocks") or ()
        choice = next(
            (b for b in _buttons(blocks) if b.get("action_id") == pressed.action and _is_of(b, pressed)), None
        )
        if choice is None:
            return
        text = escape(str((choice.get("text") or {}).get("text") or ""))[:CHOICE_SHOWN]
        said = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"*{by}* chose \u201c{text}\u201d."}]}
        await self._api.call(
            "chat.update",
            channel=pressed.channel,
            ts=pressed.ts,
            text=str(message.get("text") or ""),
            blocks=[*_without(blocks, pressed), said],
        )


def _buttons(blocks: Sequence[Block]) -> list[Mapping[str, Any]]:
    return [element for block in blocks if block.get("type") == "actions" for element in block.get("elements") or ()]


def _is_of(button: Mapping[str, Any], pressed: LifePressed) -> bool:
    """All buttons of one question are about the same thing; those of others in the message stay."""
    return button.get("value") == pressed.value


def _without(blocks: Sequence[Block], pressed: LifePressed) -> list[Block]:
    left: list[Block] = []
    for block in blocks:
        if block.get("type") != "actions":
            left.append(block)
        elif elements := [one for one in block.get("elements") or () if not _is_of(one, pressed)]:
            left.append({**block, "elements": elements})
    return left
