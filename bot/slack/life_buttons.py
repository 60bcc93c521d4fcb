"""Buttons of an incident's life, done: each once, whoever delivers the click how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.incident import Incident
from bot.domain.life import FollowUpState, Role, presses
from bot.domain.lifecycle import Step
from bot.slack import life_ids as ids
from bot.slack.acting_views import did_not_work
from bot.slack.life_around import Around, order
from bot.slack.life_decided import Decided
from bot.slack.life_inbound import LifePressed, incident_of
from bot.slack.life_people import PeopleWords
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant
from bot.slack.life_steering import Steering
from bot.slack.responses import Responses

SLOW = frozenset({presses.PAGE, presses.APPROVE_POSTMORTEM, presses.FOLLOW_UP_ISSUE})
LONGEST_SNOOZE = 24 * 60  # minutes
UNKNOWN = "This button belongs to nothing that I know any more."

Work = Callable[[LifePressed, Incident, str], Awaitable[Told | str]]  # what stands after the id in the value


class Buttons:
    def __init__(
        self, around: Around, responses: Responses, steering: Steering, people: PeopleWords, decided: Decided
    ) -> None:
        self.decided = decided
        self._around = around
        self._responses = responses
        self._steering = steering
        self._people = people
        self._works: Mapping[str, Work] = {
            presses.TAKE_LEAD: self._take_lead,
            presses.SNOOZE: self._snooze,
            presses.RESOLVE: self._resolve,
            presses.KEEP_OPEN: self._keep_open,
            presses.REOPEN: self._reopen,
            presses.PROMOTE: self._promote,
            presses.PAGE: self._page,
            presses.APPROVE_POSTMORTEM: self._approve,
            presses.FOLLOW_UP_DONE: self._follow_up_done,
            presses.FOLLOW_UP_ISSUE: self._issue,
            presses.NOT_RELATED: self._not_related,
            ids.CONFIRM_CANCEL: self._cancel,
            ids.CONFIRM_MERGE: self._merge,
        }

    def is_slow(self, action: str) -> bool:
        return action in SLOW

    async def pressed(self, pressed: LifePressed) -> str:
        """One word on what came of it. Raises NotStored, and ChatError where it may work later."""
        try:
            told = await self._told(pressed)
        except FirstResponderError as error:
            if isinstance(error, NotStored) or (isinstance(error, ChatError) and not error.is_final):
                raise
            told = Told(text=did_not_work(error), is_refused=True)
        await self._tell(pressed, told)
        if not told.is_refused:
            await self.decided.show(pressed, await self._around.name(pressed.user), told.text)
        return f"pressed {pressed.action}"

    async def _told(self, pressed: LifePressed) -> Told:
        if pressed.action in (presses.ACCEPT_HANDOFF, presses.DECLINE_HANDOFF):
            accepted = pressed.action == presses.ACCEPT_HANDOFF
            roles = self._around.desks.roles
            said = await roles.answer_offer(pressed.value, pressed.user, accepted=accepted, at=pressed.at)
            return Told(text=await self._around.shown(said))
        found = await self._around.incidents.get(incident_of(pressed.value))
        work = self._works.get(pressed.action)
        if found is None or work is None:
            return Told(text=UNKNOWN, is_refused=True)
        if refused := await self._around.scope.may_not_change(pressed.user):
            return Told(text=refused, is_refused=True)
        if not await self._is_there(pressed, found):
            return Told(text=UNKNOWN, is_refused=True)
        told = await work(pressed, await self._around.scope.survivor(found), ids.two(pressed.value)[1])
        return told if isinstance(told, Told) else Told(text=await self._around.shown(told))

    async def _is_there(self, pressed: LifePressed, incident: Incident) -> bool:
        """Buttons of private incidents work for those who are in its channel, wherever they stand."""
        return not incident.is_private or await self._around.scope.may_see(pressed.user, incident)

    async def _tell(self, pressed: LifePressed, told: Told) -> None:
        if told.is_public and told.incident is not None:
            await self._responses.announce(told.incident, told.text, key=f"public:{pressed.id}")
            if told.incident.place and told.incident.place.channel == pressed.channel:
                return
        if pressed.is_home:
            return  # the home tab shows it
        thread = pressed.thread if pressed.thread != pressed.ts else None
        await self._around.people.tell(f"told:{pressed.id}", pressed.channel, pressed.user, told.text, thread)

    # --- each --------------------------------------------------------------------------------------------------------

    async def _take_lead(self, pressed: LifePressed, incident: Incident, _: str) -> Told | str:
        return await self._people.give(pressed.id, Meant(incident=incident), pressed.user, Role.LEAD, pressed.user)

    async def _snooze(self, pressed: LifePressed, incident: Incident, rest: str) -> str:
        minutes = int(rest) if rest.isdigit() else 0
        if not 0 < minutes <= LONGEST_SNOOZE:
            return UNKNOWN
        given = order(pressed.id, incident, pressed.user)
        return await self._around.desks.updates.snooze(given, timedelta(minutes=minutes))

    async def _move(self, pressed: LifePressed, incident: Incident, step: Step, word: str = "") -> Told:
        return await self._steering.move(pressed.id, Meant(incident=incident), pressed.user, step, word)

    async def _resolve(self, pressed: LifePressed, incident: Incident, _: str) -> Told:
        return await self._move(pressed, incident, Step.RESOLVE)

    async def _reopen(self, pressed: LifePressed, incident: Incident, _: str) -> Told:
        return await self._move(pressed, incident, Step.REOPEN)

    async def _cancel(self, pressed: LifePressed, incident: Incident, why: str) -> Told:
        return await self._move(pressed, incident, Step.CANCEL, why)

    async def _keep_open(self, pressed: LifePressed, incident: Incident, _: str) -> str:
        """Whoever says so is on it."""
        if incident.status.is_open:
            return f"{incident.id} stays {incident.status}."
        return f"{incident.id} is {incident.status} already; reopen it where that is wrong."

    async def _promote(self, pressed: LifePressed, incident: Incident, _: str) -> str:
        return await self._around.desks.steer.promote(order(pressed.id, incident, pressed.user))

    async def _merge(self, pressed: LifePressed, incident: Incident, into: str) -> Told | str:
        other = await self._around.incidents.get(into)
        if other is None:
            return UNKNOWN
        if incident.id == other.id:  # after a crash it was merged already, and is asked about as it was pressed
            incident = await self._around.incidents.get(incident_of(pressed.value)) or incident
        sentence = await self._around.desks.steer.merge(order(pressed.id, incident, pressed.user), into)
        return await self._around.public(other, pressed.user, sentence)

    async def _not_related(self, pressed: LifePressed, incident: Incident, which: str) -> str:
        if not which:
            return UNKNOWN
        return await self._around.desks.steer.split(order(pressed.id, incident, pressed.user), which)

    async def _page(self, pressed: LifePressed, incident: Incident, target: str) -> Told | str:
        """One message pages once, however many people press its button."""
        once = f"page:{pressed.channel}:{pressed.ts}:{pressed.value}"
        sentence = await self._around.desks.paging.page(order(once, incident, pressed.user), target)
        return await self._around.public(incident, pressed.user, sentence)

    async def _approve(self, pressed: LifePressed, incident: Incident, version: str) -> str:
        draft = await self._around.desks.postmortems.get(incident.id)
        if draft is not None and version.isdigit() and int(version) != draft.version:
            return "The postmortem was changed since that message: read it again before you approve it."
        return await self._around.desks.postmortems.approve(order(pressed.id, incident, pressed.user))

    async def _follow_up_done(self, pressed: LifePressed, incident: Incident, _: str) -> str:
        given = order(pressed.id, incident, pressed.user)
        return await self._around.desks.follow_ups.close(given, pressed.value, FollowUpState.DONE)

    async def _issue(self, pressed: LifePressed, incident: Incident, _: str) -> str:
        given = order(pressed.id, incident, pressed.user)
        return await self._around.desks.follow_ups.to_issue(given, pressed.value)
