"""What the bot does about an incident's life: commands, buttons, forms and marks on messages, answered or done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.ports import Clock, Effects, Incidents, Timeline
from bot.domain.ports.acting import Directory
from bot.slack.acting_people import ActingPeople
from bot.slack.acting_views import did_not_work
from bot.slack.home import Home
from bot.slack.inbound import Asked
from bot.slack.life_after import AfterWords
from bot.slack.life_around import Around, Desks, OpenRequests, Uploads
from bot.slack.life_buttons import Buttons
from bot.slack.life_decided import Decided
from bot.slack.life_forms import LifeForms
from bot.slack.life_inbound import FormSent, LifePressed, MarkedMessage, MessageChanged
from bot.slack.life_marks import Marks
from bot.slack.life_people import PeopleWords
from bot.slack.life_reading import Reading
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant, Members, Scope
from bot.slack.life_steering import Steering
from bot.slack.life_words import subject
from bot.slack.responses import Responses
from bot.slack.vocabulary import BY_NAME
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

# These may ask another tool, or a model: whoever works off events does not wait for them.
SLOW = frozenset({"page", "oncall", "postmortem", "stats"})
OF_ANOTHER = frozenset({"merge", "link"})
READING = frozenset({"status", "alerts", "list", "oncall", "stats", "actions"})


class LifeDesk:
    """Every method may run again for the same event: what is done has the event's id, and is done once."""

    def __init__(
        self,
        *,
        api: WebApi,
        desks: Desks,
        incidents: Incidents,
        timeline: Timeline,
        effects: Effects,
        directory: Directory,
        members: Members,
        requests: OpenRequests,
        clock: Clock,
        command: str,
        services: Sequence[str] = (),
        known_service: Callable[[str], str | None] = lambda name: None,
        uploads: Uploads | None = None,
    ) -> None:
        """`members`: the `Surroundings`. `requests`: the store's approvals. `services`: some are named to people.
        `known_service`: the catalog's name for what somebody typed, where it has one. `uploads`: without them there
        are no charts.
        """
        self.scope = Scope(incidents, members, directory, command)
        self._around = around = Around(
            desks=desks,
            incidents=incidents,
            scope=self.scope,
            people=ActingPeople(api, directory, effects),
            clock=clock,
            command=command,
            uploads=uploads,
            services=tuple(services),
            known_service=known_service,
            on_change=self._changed,
        )
        self.home = Home(api=api, around=around, requests=requests, directory=directory)
        self._responses = Responses(api, incidents, effects, clock)
        self._steering = Steering(around)
        self._people = PeopleWords(around)
        self._after = AfterWords(around)
        self._reading = Reading(around, timeline)
        self.forms = LifeForms(api=api, around=around, responses=self._responses)
        self.decided = Decided(api)
        self._buttons = Buttons(around, self._responses, self._steering, self._people, self.decided)
        self._marks = Marks(api, around, timeline)
        parts = (self._steering, self._people, self._after, self._reading)
        self.words = frozenset({"list", "oncall", "stats"}).union(*(part.words for part in parts))

    def _changed(self) -> None:
        self.home.changed()

    # --- commands ----------------------------------------------------------------------------------------------------

    async def answer(self, asked: Asked) -> Told:
        """To one of `words`. Raises NotStored, and ChatError where it may work later."""
        try:
            told = await self._answer(asked)
        except FirstResponderError as error:
            if isinstance(error, NotStored) or (isinstance(error, ChatError) and not error.is_final):
                raise
            return Told(text=did_not_work(error))
        if BY_NAME[asked.command.name].changes:
            self._around.on_change()
        return told

    async def _answer(self, asked: Asked) -> Told:
        match asked.command.name:
            case "list":
                return await self._reading.list(asked)
            case "oncall":
                return await self._people.on_call(asked)
            case "stats":
                return await self._after.stats(asked)
        meant = await self._meant(asked)
        if isinstance(meant, Told):
            return meant
        if self._may_change(asked, meant) and (refused := await self.scope.may_not_change(asked.user)):
            return Told(text=refused)
        return await self._of_incident(asked, meant)

    async def _meant(self, asked: Asked) -> Meant | Told:
        """`merge` and `link` take the id of another one: of two ids the first is its own, one alone is the other's."""
        own, rest = subject(asked.command.argument)
        if asked.command.name not in OF_ANOTHER or rest or not own:
            return await self.scope.meant(asked)
        meant = await self.scope.meant(asked, "")
        return meant if isinstance(meant, Told) else replace(meant, rest=own)

    async def _of_incident(self, asked: Asked, meant: Meant) -> Told:
        if asked.command.name == "timeline" and meant.rest.lower() == "chart":
            return await self._after.chart(meant)
        for part in (self._steering, self._people, self._after, self._reading):
            if asked.command.name in part.words:
                return await part.answer(asked, meant)
        raise AssertionError(asked.command.name)

    def _may_change(self, asked: Asked, meant: Meant) -> bool:
        """Whoever is no member may look, but not change; nor have people called, nor drafts."""
        name = asked.command.name
        if name in ("timeline", "role", "sev", "action", "postmortem") and not meant.rest:
            return False
        return name not in READING and name != "timeline"

    # --- what was recorded -------------------------------------------------------------------------------------------

    async def handle(self, intent: LifePressed | FormSent | MarkedMessage | MessageChanged) -> str:
        """One word on what came of it. Raises NotStored, and ChatError where it may work later."""
        match intent:
            case LifePressed():
                outcome = await self._buttons.pressed(intent)
                if intent.is_home:
                    await self.home.show(intent.user)
            case FormSent():
                outcome = await self.forms.sent(intent)
            case MarkedMessage():
                outcome = await self._marks.marked(intent)
            case MessageChanged():
                outcome = await self._marks.changed(intent)
        self._around.on_change()
        return outcome

    def now(self) -> datetime:
        return self._around.clock.now()

    def is_slow(self, intent: Asked | LifePressed) -> bool:
        if isinstance(intent, Asked):
            return intent.command.name in SLOW
        return self._buttons.is_slow(intent.action)
