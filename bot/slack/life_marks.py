"""What people mark by reaction or pin, brought into line with the message as it is now.

Events come late, twice and in another order. So none of them is believed: the message is looked at, and what is kept
of it is made to fit what stands on it now.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.life import Priority
from bot.domain.lifecycle import Step
from bot.domain.ports import Timeline, TimelineEvent
from bot.slack.inbound import moment
from bot.slack.life_around import Around, order
from bot.slack.life_inbound import Mark, MarkedMessage, MessageChanged
from bot.slack.life_scope import OUTSIDERS
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

NOTE_LIMIT = 500  # characters of a message that the timeline keeps
SEEN = "spiral_note_pad"  # what the bot puts on a message that it has captured
KINDS = {Mark.TIMELINE: "note", Mark.POSTMORTEM: "postmortem"}  # the timeline's kinds
NO_INCIDENT = "ignored: no incident here"
NOT_FOR_THEM = "ignored: marked by somebody who is no member"


class Marks:
    def __init__(self, api: WebApi, around: Around, timeline: Timeline) -> None:
        self._api = api
        self._around = around
        self._timeline = timeline

    async def marked(self, marked: MarkedMessage) -> str:
        if await self._around.scope.kind(marked.user) in OUTSIDERS:
            return NOT_FOR_THEM
        if marked.mark is Mark.ON_IT:
            return await self._on_it(marked)
        message = await self._message(marked.channel, marked.ts)
        incident = await self._incident(marked.channel, marked.ts, message.get("thread_ts"))
        if incident is None:
            return NO_INCIDENT
        if _has(message, marked, marked.channel):
            await self._capture(marked, incident, message)
            await self._react("reactions.add", marked)
            return f"{marked.mark}: captured"
        await self._let_go(marked)
        if not await self._is_kept(marked, incident):
            await self._react("reactions.remove", marked)
        return f"{marked.mark}: let go"

    async def changed(self, changed: MessageChanged) -> str:
        """Of a message that stands on the timeline, what it says now; nothing of others. Of one that is gone nothing is
        kept: events that come later find it gone, too.
        """
        incident = await self._incident(changed.channel, changed.ts, changed.thread)
        if incident is None:
            return NO_INCIDENT
        message = {} if changed.deleted else await self._message(changed.channel, changed.ts)
        for key in (note_key(changed.channel, changed.ts), postmortem_key(changed.channel, changed.ts)):
            if message:
                await self._timeline.change(key, await self._text(message))
            else:
                await self._timeline.remove(key)
        if not message:
            await self._around.desks.follow_ups.remove(follow_up_key(changed.channel, changed.ts))
        return "a message was edited" if message else "a message was deleted"

    # --- parts -------------------------------------------------------------------------------------------------------

    async def _incident(self, channel: str, ts: str, thread: object) -> Incident | None:
        found = await self._around.incidents.in_place(channel, str(thread) if thread else ts)
        return await self._around.scope.survivor(found) if found else None

    async def _on_it(self, marked: MarkedMessage) -> str:
        """Only on a card, and never taken back: it was seen."""
        incident = await self._around.incidents.in_place(marked.channel, marked.ts)
        card = incident.card if incident else None
        if incident is None or card is None or (card.channel, card.ts) != (marked.channel, marked.ts):
            return "ignored: no card"
        if marked.removed or not incident.status.is_open:
            return "ignored: nothing to take on"
        made = await self._around.desks.steer.move(order(marked.id, incident, marked.user), Step.INVESTIGATE)
        return f"{marked.mark}: {made.reason}"

    async def _capture(self, marked: MarkedMessage, incident: Incident, message: Mapping[str, Any]) -> None:
        link = str(
            (await self._api.call("chat.getPermalink", channel=marked.channel, message_ts=marked.ts))["permalink"]
        )
        text = await self._text(message)
        if marked.mark is Mark.FOLLOW_UP:
            given = order(follow_up_key(marked.channel, marked.ts), incident, marked.user, text)
            await self._around.desks.follow_ups.add(given, priority=Priority.P1, link=link)
            return
        event = TimelineEvent(
            incident_id=incident.id,
            at=moment(marked.ts),
            kind=KINDS[marked.mark],
            text=text,
            actor=str(message.get("user") or marked.user),
            link=link,
        )
        await self._timeline.add(event, key=_key(marked))

    async def _let_go(self, marked: MarkedMessage) -> None:
        if marked.mark is Mark.FOLLOW_UP:
            await self._around.desks.follow_ups.remove(follow_up_key(marked.channel, marked.ts))
        else:
            await self._timeline.remove(_key(marked))

    async def _is_kept(self, marked: MarkedMessage, incident: Incident) -> bool:
        """In another way: the bot's own reaction stays then."""
        link_end = f"p{marked.ts.replace('.', '')}"
        events = await self._timeline.of(incident.id)
        if any(event.kind in KINDS.values() and event.link and link_end in event.link for event in events):
            return True
        follow_ups = await self._around.desks.follow_ups.of_incident(incident.id)
        return any(one.state == "open" and one.link and link_end in one.link for one in follow_ups)

    async def _message(self, channel: str, ts: str) -> Mapping[str, Any]:
        """As it is now; empty where it is gone."""
        try:
            page = await self._api.call(
                "conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=10
            )
        except ChatError as error:
            if error.code not in ("message_not_found", "thread_not_found"):
                raise
            return {}
        # A reply's id may bring its thread's first message along.
        return next((found for found in page["messages"] if found.get("ts") == ts), {})

    async def _text(self, message: Mapping[str, Any]) -> str:
        return await self._around.word(str(message.get("text") or ""), NOTE_LIMIT)

    async def _react(self, method: str, marked: MarkedMessage) -> None:
        """What cannot be put on it, or is there already, matters to nobody."""
        try:
            await self._api.call(method, channel=marked.channel, timestamp=marked.ts, name=SEEN)
        except ChatError as error:
            log.debug("%s: %s", method, error)


def note_key(channel: str, ts: str) -> str:
    """Of a message on the timeline."""
    return f"message:{channel}:{ts}"


def postmortem_key(channel: str, ts: str) -> str:
    return f"postmortem:{channel}:{ts}"


def follow_up_key(channel: str, ts: str) -> str:
    return f"message:{channel}:{ts}"


def _key(marked: MarkedMessage) -> str:
    made = note_key if marked.mark is Mark.TIMELINE else postmortem_key
    return made(marked.channel, marked.ts)


def _has(message: Mapping[str, Any], marked: MarkedMessage, channel: str) -> bool:
    """Whether the mark is on it now: the reaction, in whatever skin tone, or for the timeline a pin."""
    names = {str(one.get("name", "")).partition("::")[0] for one in message.get("reactions") or ()}
    is_pinned = marked.mark is Mark.TIMELINE and channel in (message.get("pinned_to") or ())
    return marked.reaction in names or is_pinned
