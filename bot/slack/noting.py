"""Messages on the timeline, as an event says: where nobody looks after an incident's life, and by the shortcut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from bot.domain.plaintext import plain
from bot.domain.ports import Acceptance, Incidents, Timeline, TimelineEvent
from bot.slack.inbound import Noted, moment
from bot.slack.life_marks import note_key
from bot.slack.people import People
from bot.slack.web_api import WebApi

NOTE_LIMIT = 500  # characters of a message that the timeline keeps


class NoteOutcome(StrEnum):
    NOTED = "noted"
    REPEAT = "noted before"
    REMOVED = "taken off the timeline"
    NO_INCIDENT = "ignored: no incident here"


class Noting:
    def __init__(self, api: WebApi, incidents: Incidents, timeline: Timeline, people: People) -> None:
        self._api = api
        self._incidents = incidents
        self._timeline = timeline
        self._people = people

    async def note(self, noted: Noted) -> NoteOutcome:
        """Put a message on its incident's timeline at the time it was posted."""
        key = note_key(noted.channel, noted.ts)
        if noted.removed:
            await self._timeline.remove(key)
            return NoteOutcome.REMOVED
        if noted.text is None:
            noted = await self._with_message(noted)
        incident = await self._incidents.in_place(noted.channel, noted.thread or noted.ts)
        if incident is None:
            return NoteOutcome.NO_INCIDENT
        link = (await self._api.call("chat.getPermalink", channel=noted.channel, message_ts=noted.ts))["permalink"]
        event = TimelineEvent(
            incident_id=incident.id,
            at=moment(noted.ts),
            kind="note",
            text=plain(await self._people.typed(noted.text or ""), NOTE_LIMIT),
            actor=noted.author or noted.user,
            link=link,
        )
        is_new = await self._timeline.add(event, key=key) is Acceptance.STORED
        return NoteOutcome.NOTED if is_new else NoteOutcome.REPEAT

    async def _with_message(self, noted: Noted) -> Noted:
        """With the text and the thread of the message: a reaction's event tells only its id."""
        page = await self._api.call(
            "conversations.replies",
            channel=noted.channel,
            ts=noted.ts,
            oldest=noted.ts,
            latest=noted.ts,
            inclusive=True,
            limit=10,
        )
        # A reply's id may bring its thread's first message along.
        message: Mapping[str, Any] = next((found for found in page["messages"] if found.get("ts") == noted.ts), {})
        return replace(noted, text=message.get("text", ""), author=message.get("user"), thread=message.get("thread_ts"))
