"""Reminds people of follow-ups: on the day they are due, and each week after that. The `Follower` port."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import Incident
from bot.domain.life import FollowUp, FollowUpState, presses
from bot.domain.ports import Incidents
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Choice, Telling

log = logging.getLogger(__name__)

EVERY = timedelta(days=7)
ReminderWords = Callable[[FollowUp, Incident | None, datetime], str]


class Reminders:
    """The next time is kept before anybody is told, and that they were told after it: once for each time, also with
    several processes, and none is lost in a crash between the two.
    """

    def __init__(
        self, *, life: Life, incidents: Incidents, telling: Telling, words: ReminderWords, has_tracker: bool
    ) -> None:
        """`words`: mrkdwn of one reminder. `has_tracker`: follow-ups can become issues elsewhere."""
        self._kept = life.follow_ups
        self._incidents = incidents
        self._telling = telling
        self._words = words
        self._has_tracker = has_tracker
        self._has_caught_up = False

    async def follow(self, incident: Incident) -> None:
        """Follow-ups have times of their own."""

    async def tick(self, now: datetime) -> None:
        failed: FirstResponderError | None = None
        if not self._has_caught_up:
            failed = await self._catch_up(now)
            self._has_caught_up = failed is None
        for one in await self._kept.due(now):
            claimed = await self._kept.put(replace(one, remind_at=next_after(one, now)))
            if claimed is not None:
                failed = await self._try(claimed, now) or failed
        if failed is not None:
            self._has_caught_up = False  # what was claimed and not told is found again
            raise failed

    async def _catch_up(self, now: datetime) -> FirstResponderError | None:
        """Those whose time was claimed and who were not told, before a crash or because Slack did not answer."""
        failed = None
        for one in await self._kept.in_state(FollowUpState.OPEN):
            if one.remind_at is not None and (one.reminded_at is None or one.reminded_at < one.remind_at - EVERY):
                failed = await self._try(one, now) or failed
        return failed

    async def _try(self, one: FollowUp, now: datetime) -> FirstResponderError | None:
        try:
            await self._remind(one, now)
        except FirstResponderError as error:
            log.warning("nobody was reminded of %s: %s", one.id, error)
            return error
        return None

    async def _remind(self, one: FollowUp, now: datetime) -> None:
        incident = await self._incidents.get(one.incident)
        text, choices = self._words(one, incident, now), self._choices(one, incident)
        key = f"reminder:{one.id}:{one.remind_at:%Y-%m-%d}"
        if not await self._directly(one, text, key, choices) and incident is not None:
            await self._telling.in_place(incident, text, key=key, choices=choices)
        await self._kept.put(replace(one, reminded_at=now))  # who has changed it meanwhile is asked anew by that

    async def _directly(self, one: FollowUp, text: str, key: str, choices: list[Choice]) -> bool:
        """Its owner, else who noted it. False where neither can be reached."""
        person = one.owner or one.created_by
        if not person:
            return False
        try:
            await self._telling.direct(person, text, key=key, choices=choices)
        except ChatError as error:
            if not error.is_final:
                raise
            log.info("%s cannot be reminded of %s: %s", person, one.id, error)
            return False
        return True

    def _choices(self, one: FollowUp, incident: Incident | None) -> list[Choice]:
        found = [
            Choice(action=presses.FOLLOW_UP_DONE, text="Done", value=one.id),
            Choice(action=presses.FOLLOW_UP_EDIT, text="Edit", value=one.id),
        ]
        is_shown = self._has_tracker and not one.issue and incident is not None and not incident.is_private
        return [*found, Choice(action=presses.FOLLOW_UP_ISSUE, text="Open issue", value=one.id)] if is_shown else found


def next_after(one: FollowUp, now: datetime) -> datetime:
    """The first time after `now`, whole weeks after the one that has come."""
    assert one.due is not None
    weeks = max(0, (now - one.due) // EVERY) + 1
    return one.due + weeks * EVERY
