"""Tell people how it goes. Only persons send; what was drafted stays a draft until then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.domain.approval import PersonKind
from bot.domain.incident import Incident
from bot.domain.life import Audience, Order, StatusUpdate
from bot.domain.life.nudge_words import posted_text, sent_sentence
from bot.domain.life.wording import clock
from bot.domain.plaintext import plain, visible
from bot.domain.ports import Clock, Effects, Incidents, Timeline, TimelineEvent
from bot.domain.ports.acting import Directory
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Telling
from bot.domain.redact import redact
from bot.flows.life.cadence import Cadences
from bot.flows.life.drafting import Drafting

UPDATE_EVENT = "update"  # the timeline's kind
TEXT_LIMIT = 2500  # characters: with the escapes it fits one section of a message
EVENT_LIMIT = 500
EMPTY = "There is no text to send. Write what people should know."
NOT_ALLOWED = "Updates are sent by full members of this workspace. Ask one of them to send it."


class Updates:
    """The `UpdateDesk` port."""

    def __init__(
        self,
        *,
        life: Life,
        incidents: Incidents,
        timeline: Timeline,
        effects: Effects,
        telling: Telling,
        directory: Directory,
        cadences: Cadences,
        drafting: Drafting,
        clock: Clock,
        on_change: Callable[[str], None],
        channel: str = "",
    ) -> None:
        """`on_change`: of this incident something has changed that others show, the announcement among them.
        `channel`: where incidents are announced, by name; "" where they are not.
        """
        self._life = life
        self._incidents = incidents
        self._timeline = timeline
        self._effects = effects
        self._telling = telling
        self._directory = directory
        self._cadences = cadences
        self._drafting = drafting
        self._clock = clock
        self._on_change = on_change
        self._channel = channel

    async def draft(self, incident_id: str, audience: Audience) -> str:
        return await self._drafting(incident_id, audience)

    async def last(self, incident_id: str) -> StatusUpdate | None:
        return max(await self._life.updates.of_incident(incident_id), key=lambda one: one.at, default=None)

    async def send(self, order: Order, audience: Audience, *, next_in: timedelta | None = None) -> str:
        if done := (await self._effects.begin(_key(order))).result:
            return done
        incident = await self._incidents.get(order.incident)
        if incident is None:
            return f"There is no incident {order.incident}."
        text = visible(redact(order.word)).strip()
        if refused := _unfit(text) or await self._may_not(order.person):
            return refused
        update = await self._kept(order, audience, text)
        next_at = await self._cadences.updated(incident, update.at, next_in)
        await self._tell(incident, update)
        is_announced = audience is Audience.INTERNAL and not incident.is_private
        answer = sent_sentence(incident, update.audience, self._channel if is_announced else "", next_at)
        await self._effects.finish(_key(order), answer)
        return answer

    async def snooze(self, order: Order, span: timedelta) -> str:
        key = f"life/snooze/{order.id}"
        if done := (await self._effects.begin(key)).result:
            return done
        incident = await self._incidents.get(order.incident)
        until = await self._cadences.snooze(incident, span) if incident else None
        answer = (
            f"I will ask again at {clock(until)}." if until else f"No updates are asked for about {order.incident}."
        )
        await self._effects.finish(key, answer)
        return answer

    async def _kept(self, order: Order, audience: Audience, text: str) -> StatusUpdate:
        """As it was kept first, where the order comes again."""
        update = StatusUpdate(
            id=order.id, incident=order.incident, text=text, audience=audience, by=order.person, at=self._clock.now()
        )
        is_new = await self._life.updates.add(update)
        return update if is_new else (await self._life.updates.get(order.id) or update)

    async def _tell(self, incident: Incident, update: StatusUpdate) -> None:
        what = "Public update drafted for the status page" if update.audience is Audience.PUBLIC else "Update"
        event = TimelineEvent(
            incident_id=incident.id,
            at=update.at,
            kind=UPDATE_EVENT,
            text=plain(f"{what}: {update.text}", EVENT_LIMIT),
            actor=update.by,
        )
        await self._timeline.add(event, key=f"life/update/{update.id}")
        await self._telling.in_place(incident, posted_text(update), key=f"life/update/{update.id}/place")
        self._on_change(incident.id)

    async def _may_not(self, person: str) -> str:
        found = (await self._directory.people([person])).get(person)
        return "" if found is not None and found.kind is PersonKind.MEMBER else NOT_ALLOWED


def _unfit(text: str) -> str:
    if not text:
        return EMPTY
    return f"The text has {len(text)} characters; {TEXT_LIMIT} fit. Make it shorter." if len(text) > TEXT_LIMIT else ""


def _key(order: Order) -> str:
    return f"life/update/{order.id}/answer"
