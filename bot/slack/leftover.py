"""What a crash left of an answer in its thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import ChatError
from bot.domain.plaintext import plain
from bot.domain.ports.reply import Spot
from bot.slack.blocks.limits import context
from bot.slack.replies import SPOKEN_LIMIT, STOP_ANSWER
from bot.slack.web_api import WebApi

PAGES = 5  # of 200 messages: how far a thread is read
RESTARTED = "Broken off: I was restarted in the middle of it. The answer comes anew below."

Message = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """Ids of messages; None where there is none."""

    answer: str | None = None  # which is finished
    quoted: str | None = None  # that followed an answer which broke off


def answer_key(key: str) -> str:
    """What marks a message as the answer to a question, for everybody to see."""
    return f"reply:{key}"


def quoted_key(key: str) -> str:
    return f"quoted:{key}"


async def mend(api: WebApi, spot: Spot) -> Leftover:
    """What there is already; half an answer is ended, and told as broken off. Raises ChatError."""
    found = Leftover()
    for message in await _since(api, spot):
        key = ((message.get("metadata") or {}).get("event_payload") or {}).get("key")
        if key == quoted_key(spot.key):
            found = Leftover(answer=found.answer, quoted=message["ts"])
        elif key == answer_key(spot.key):
            found = Leftover(answer=message["ts"], quoted=found.quoted)
            if _is_half(message, spot):  # ended, but its button is still there
                await _rewrite(api, spot, message, "")
        elif _is_half(message, spot):
            await _end(api, spot, message)
    return found


async def _since(api: WebApi, spot: Spot) -> list[Message]:
    """The messages of the thread."""
    messages: list[Message] = []
    cursor = ""
    for _ in range(PAGES):
        page = await api.call(
            "conversations.replies",
            channel=spot.channel,
            ts=spot.thread,
            include_all_metadata=True,
            limit=200,
            cursor=cursor,
        )
        messages += page["messages"]
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return messages


def _is_half(message: Message, spot: Spot) -> bool:
    """It has our button to stop it: nobody else's message has that value."""
    return any(e.get("action_id") == STOP_ANSWER and e.get("value") == spot.key for e in _buttons(message))


def _buttons(message: Message) -> Iterator[Mapping[str, Any]]:
    for block in message.get("blocks") or ():
        if block.get("type") == "actions":
            yield from block.get("elements") or ()


async def _end(api: WebApi, spot: Spot, message: Message) -> None:
    try:
        await api.call("chat.stopStream", channel=spot.channel, ts=message["ts"])
    except ChatError as error:
        if not error.is_final:
            raise  # otherwise Slack has ended it by itself
    await _rewrite(api, spot, message, RESTARTED)


async def _rewrite(api: WebApi, spot: Spot, message: Message, notice: str) -> None:
    texts = [str(block.get("text", "")) for block in message.get("blocks") or () if block.get("type") == "markdown"]
    text = "\n".join(texts) or str(message.get("text") or "…")
    await api.call(
        "chat.update",
        channel=spot.channel,
        ts=message["ts"],
        text=plain(text, SPOKEN_LIMIT),
        blocks=[{"type": "markdown", "text": text}, *([context(notice)] if notice else [])],
    )
