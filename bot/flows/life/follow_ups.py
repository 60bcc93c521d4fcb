"""What is to be done after an incident: noted, owned, changed, closed, and made an issue of elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.domain.approval import PersonKind
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Incident
from bot.domain.life import FollowUp, FollowUpState, Order, Priority
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Incidents, Timeline, TimelineEvent
from bot.domain.ports.acting import Directory
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Tracker
from bot.domain.redact import redact

TEXT_LIMIT = 500  # characters
WORD_LIMIT = 300
KIND = "follow-up"  # of the timeline's entries
CLOSED_KIND = "follow-up closed"
TAKEN_BACK = "taken back"
# Until when it is to be done where nobody says: what can happen again tomorrow within a week, the rest by month's and
# quarter's end, as teams plan.
DAYS = {Priority.P0: 7, Priority.P1: 30, Priority.P2: 90}
NO_TRACKER = "No issue tracker is set up for follow-ups: set FOLLOW_UP_REPOSITORY to a repository."


class FollowUps:
    """The `FollowUpDesk` port. Raises NotStored, ChatError."""

    def __init__(
        self,
        *,
        life: Life,
        incidents: Incidents,
        timeline: Timeline,
        directory: Directory,
        tracker: Tracker | None,
        clock: Clock,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_change` is told the incident's id."""
        self._kept = life.follow_ups
        self._incidents = incidents
        self._timeline = timeline
        self._directory = directory
        self._tracker = tracker
        self._clock = clock
        self._on_change = on_change

    # --- noting ------------------------------------------------------------------------------------------------------

    async def add(
        self,
        order: Order,
        *,
        owner: str = "",
        due_on: date | None = None,
        priority: Priority = Priority.P1,
        link: str | None = None,
    ) -> str:
        text = plain(redact(order.word), TEXT_LIMIT)
        if not text:
            return "Say what is to be done."
        if (incident := await self._incidents.get(order.incident)) is None:
            return f"There is no incident {order.incident}."
        if owner and (refusal := await self._not_a_member(owner)):
            return refusal
        now = self._clock.now()
        wanted = FollowUp(
            id="",
            incident=incident.id,
            text=text,
            priority=priority,
            created_at=now,
            created_by=order.person,
            owner=owner,
            due_on=due_on or now.date() + timedelta(days=DAYS[priority]),
            link=link,
            key=order.id,
        )
        made, is_new = await self._numbered(wanted)
        if not is_new:
            made = await self._taken_up(made)
        await self._note(made)
        return _told(made) if is_new else f"It is noted already. {_told(made)}"

    async def make(self, incident: Incident, text: str, priority: Priority, *, key: str, by: str, at: datetime) -> None:
        """By the bot itself, of what people accepted. What is noted in the same words is not noted again."""
        text = plain(redact(text), TEXT_LIMIT)
        own = hashlib.sha256(key.encode()).hexdigest()[:32]
        there = await self._kept.of_incident(incident.id)
        if not text or any(_words(one.text) == _words(text) and one.key != own for one in there):
            return
        due_on = at.date() + timedelta(days=DAYS[priority])
        wanted = FollowUp(
            id="", incident=incident.id, text=text, priority=priority, created_at=at, created_by=by, due_on=due_on,
            key=own,
        )  # fmt: skip
        made, _ = await self._numbered(wanted)
        await self._note(made)

    async def _numbered(self, wanted: FollowUp) -> tuple[FollowUp, bool]:
        """Under the next free number; the one of the same key where it is there, and whether it is new.

        Numbers are taken by adding: of two who add at once, one finds the number taken, and sees the other's key.
        """
        while True:
            there = await self._kept.of_incident(wanted.incident)
            if known := next((one for one in there if wanted.key and one.key == wanted.key), None):
                return known, False
            number = 1 + max((_number(one.id) for one in there), default=0)
            one = replace(wanted, id=f"{wanted.incident}/{number}")
            if await self._kept.add(one):
                self._on_change(wanted.incident)
                return one, True

    async def _taken_up(self, one: FollowUp) -> FollowUp:
        """A reaction that was taken away and put back."""
        if one.state is not FollowUpState.DROPPED or one.word != TAKEN_BACK:
            return one
        again = replace(one, state=FollowUpState.OPEN, closed_at=None, word="")
        return await self._kept.put(again) or one

    async def _note(self, one: FollowUp) -> None:
        event = TimelineEvent(
            incident_id=one.incident, at=one.created_at, kind=KIND, text=one.text, actor=one.created_by, link=one.link
        )
        await self._timeline.add(event, key=_key(one))

    async def remove(self, key: str) -> None:
        for one in await self._kept.in_state(FollowUpState.OPEN):
            if one.key == key and one.version == 1:
                now = self._clock.now()
                gone = replace(one, state=FollowUpState.DROPPED, closed_at=now, word=TAKEN_BACK)
                if await self._kept.put(gone) is not None:
                    await self._timeline.remove(_key(one))
                    self._on_change(one.incident)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def of_incident(self, incident_id: str) -> Sequence[FollowUp]:
        return await self._kept.of_incident(incident_id)

    async def of_person(self, person: str) -> Sequence[FollowUp]:
        return _by_date(one for one in await self._kept.in_state(FollowUpState.OPEN) if one.owner == person)

    async def overdue(self, now: datetime) -> Sequence[FollowUp]:
        """Of public incidents, the longest overdue first."""
        late = [
            one
            for one in await self._kept.in_state(FollowUpState.OPEN)
            if one.due_on is not None and one.due_on < now.date()
        ]
        found = {id_: await self._incidents.get(id_) for id_ in dict.fromkeys(one.incident for one in late)}
        private = {id_ for id_, incident in found.items() if incident is None or incident.is_private}
        return _by_date(one for one in late if one.incident not in private)

    # --- changing ----------------------------------------------------------------------------------------------------

    async def close(self, order: Order, follow_up: str, state: FollowUpState) -> str:
        word = plain(redact(order.word), WORD_LIMIT)
        if state is FollowUpState.DROPPED and not word:
            return "Say why it will not be done."
        now = self._clock.now()

        def closed(one: FollowUp) -> FollowUp:
            if state is FollowUpState.OPEN:
                return replace(one, state=state, closed_at=None, closed_by="", word="", remind_at=None)
            return replace(one, state=state, closed_at=now, closed_by=order.person, word=word)

        before, after = await self._changed(follow_up, closed, unless=lambda one: one.state is state)
        if before is None or after is None:
            return f"There is no follow-up {follow_up}."
        if before.state is state:
            return f"{after.id} is {_STATES[state]} already."
        text = f"{after.id} is {_STATES[state]}: {after.text}" + (f" ({word})" if word else "")
        event = TimelineEvent(incident_id=after.incident, at=now, kind=CLOSED_KIND, text=text, actor=order.person)
        await self._timeline.add(event, key=f"{_key(after)}:{order.id}")
        return f"{after.id} is {_STATES[state]}."

    async def change(
        self, order: Order, follow_up: str, *, owner: str, due_on: date | None, priority: Priority, text: str
    ) -> str:
        words = plain(redact(text), TEXT_LIMIT)
        if not words:
            return "Say what is to be done."
        if owner and (refusal := await self._not_a_member(owner)):
            return refusal

        def changed(one: FollowUp) -> FollowUp:
            is_asked_anew = one.due_on != due_on or one.owner != owner
            after = replace(one, owner=owner, due_on=due_on, priority=priority, text=words)
            return replace(after, remind_at=None, reminded_at=None) if is_asked_anew else after

        _, after = await self._changed(follow_up, changed)
        if after is not None:
            await self._timeline.change(_key(after), after.text)
        return _told(after) if after else f"There is no follow-up {follow_up}."

    async def to_issue(self, order: Order, follow_up: str) -> str:
        one = await self._kept.get(follow_up)
        incident = await self._incidents.get(one.incident) if one else None
        if one is None or incident is None:
            return f"There is no follow-up {follow_up}."
        if one.issue:
            return f"{one.id} has an issue already: {one.issue}"
        if self._tracker is None:
            return NO_TRACKER
        if incident.is_private:
            return f"{incident.id} is private: its follow-ups are told to no other tool."
        try:
            address = await self._tracker.open_issue(one, incident)
        except FirstResponderError as error:
            return f"No issue was opened: {error}"
        await self._changed(one.id, lambda now: replace(now, issue=address))
        return f"{one.id} is an issue now: {address}"

    async def _changed(
        self,
        follow_up: str,
        how: Callable[[FollowUp], FollowUp],
        *,
        unless: Callable[[FollowUp], bool] = lambda _: False,
    ) -> tuple[FollowUp | None, FollowUp | None]:
        """Before and after. Where somebody else was faster, it is done on what they made of it."""
        while (one := await self._kept.get(follow_up)) is not None:
            if unless(one) or (wanted := how(one)) == one:
                return one, one
            if (after := await self._kept.put(wanted)) is not None:
                self._on_change(after.incident)
                return one, after
        return None, None

    async def _not_a_member(self, person: str) -> str:
        """Why they cannot own it; "" where they can."""
        found = (await self._directory.people([person])).get(person)
        if found is not None and found.kind is PersonKind.MEMBER:
            return ""
        return f"<@{person}> is no full member here, and cannot own a follow-up."


_STATES = {FollowUpState.OPEN: "open", FollowUpState.DONE: "done", FollowUpState.DROPPED: "dropped"}


def _told(one: FollowUp) -> str:
    owner = f"<@{one.owner}>" if one.owner else "nobody yet"
    due = f", due {one.due_on:%Y-%m-%d}" if one.due_on else ""
    return f"{one.id} ({one.priority}{due}, owner: {owner}): {one.text}"


def _by_date(found: Iterable[FollowUp]) -> Sequence[FollowUp]:
    return sorted(found, key=lambda one: (one.due_on or date.max, one.priority, one.id))


def _number(id_: str) -> int:
    last = id_.rpartition("/")[2]
    return int(last) if last.isdigit() else 0


def _words(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!")


def _key(one: FollowUp) -> str:
    return f"follow-up:{one.id}"
