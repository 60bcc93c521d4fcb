"""What the bot does about an intent: reads the store, answers where it was asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from bot.domain.alert import Alert, AlertStatus, Delivery, Severity
from bot.domain.answers import catch_up
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Effects, Inbox, Incidents, Timeline, TimelineEvent
from bot.domain.ports.life import Choice
from bot.domain.redact import redact
from bot.domain.spend import CostReport
from bot.flows.quote import Quoting
from bot.slack import life_ids, views
from bot.slack.acting_desk import COMMANDS, ActingDesk
from bot.slack.acting_inbound import GroupChanged, Ordered, Pressed, Reacted, Tampered
from bot.slack.answer_views import catch_up_text, quoted_text
from bot.slack.archive import Archive
from bot.slack.grammar import Command
from bot.slack.inbound import (
    DECLARE_FORM,
    PRIVATE_LABEL,
    Asked,
    Declared,
    HomeOpened,
    Ignored,
    Intent,
    Noted,
    Spoke,
)
from bot.slack.life_desk import LifeDesk
from bot.slack.life_inbound import FormSent, LifePressed, Mark, MarkedMessage, MessageChanged, Reactions
from bot.slack.life_said import Told
from bot.slack.life_views import TEXT
from bot.slack.mrkdwn import escape
from bot.slack.noting import NOTE_LIMIT, NoteOutcome, Noting
from bot.slack.people import People
from bot.slack.posting import Spot
from bot.slack.questions import Questions
from bot.slack.responses import Responses, is_same_place
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

QUESTION_LIMIT = 1000  # characters
TITLE_LIMIT = 140  # characters, in the form and from it
NOT_ACTING = "ignored: this bot does not act"
NO_LIFE = "ignored: nobody looks after the life of incidents"


class Costs(Protocol):
    """What the model cost. Raises NotStored."""

    async def cost_of_incident(self, incident_id: str, *, at: datetime) -> CostReport: ...

    async def cost_of_person(self, person: str, day: date, *, at: datetime) -> CostReport: ...

    async def cost_of_day(self, day: date, *, at: datetime) -> CostReport: ...


class Desk:
    """Answers people. Every method may run again after a crash: answers are looked for before they are posted."""

    def __init__(
        self,
        *,
        api: WebApi,
        incidents: Incidents,
        timeline: Timeline,
        effects: Effects,
        inbox: Inbox,
        clock: Clock,
        command: str,
        services: Sequence[str],
        on_accepted: Callable[[], None],
        archive: Archive | None = None,
        quoting: Quoting | None = None,
        questions: Questions | None = None,
        costs: Costs | None = None,
        acting: ActingDesk | None = None,
        life: LifeDesk | None = None,
        reactions: Reactions | None = None,
    ) -> None:
        """`reactions`: the emoji that mark messages."""
        self._api = api
        self._incidents = incidents
        self._timeline = timeline
        self._effects = effects
        self._inbox = inbox
        self._clock = clock
        self._command = command
        self._services = tuple(services)
        self._on_accepted = on_accepted
        self._archive = archive
        self._costs = costs
        self._quoting = quoting
        self.questions = questions
        self.acting = acting
        self.life = life
        self.reactions = reactions or Reactions()
        self.responses = Responses(api, incidents, effects, clock)
        self._people = People(api)
        self._noting = Noting(api, incidents, timeline, self._people)

    async def handle(self, intent: Intent) -> str:
        """Do what an event asks; returns one word on what came of it."""
        match intent:
            case Ignored(why=why):
                return f"ignored: {why}"
            case HomeOpened(user=user):
                await self.show_home(user)
                return "home shown"
            case Noted():
                return await self._noted(intent)
            case Spoke():
                return await self.questions.heard(intent) if self.questions else "ignored: questions are not answered"
            case Reacted() | Tampered() | Pressed() | Ordered() | GroupChanged():
                return await self.acting.handle(intent) if self.acting else NOT_ACTING
            case LifePressed() | FormSent() | MarkedMessage() | MessageChanged():
                return await self._of_life(intent)
            case Asked():
                return await self._asked(intent)

    # --- commands ----------------------------------------------------------------------------------------------------

    async def _asked(self, asked: Asked) -> str:
        name = asked.command.name
        if self.acting is not None and name in COMMANDS:
            said = await self.acting.answer(asked)
            if said is not None:
                await self.responses.give(asked, Told(text=said.text, is_public=said.is_public))
            return f"answered {name}"
        questions = None if asked.is_slash else self.questions
        if questions is not None and (words := await self._question(asked, questions)):
            return await questions.ask(asked, words)
        if self.life is not None and self.questions is not None and self.life.is_slow(asked):
            return self.questions.events.begin(asked.id, lambda: self._answered(asked))
        return await self._answered(asked)

    async def _answered(self, asked: Asked) -> str:
        await self.responses.give(asked, await self.told(asked))
        return f"answered {asked.command.name}"

    async def told(self, asked: Asked) -> Told:
        """The answer to a command, by whatever way it came. Raises NotStored, and ChatError where it may work later."""
        if self.life is not None and asked.command.name in self.life.words:
            return await self.life.answer(asked)
        return await self._plainly(asked)

    async def _question(self, asked: Asked, questions: Questions) -> str:
        """What is asked; empty where it is another command. A conversation goes on with whatever is none."""
        if asked.command.name == "ask":
            return asked.command.argument
        if asked.command.name == "unknown" and await questions.is_conversation(asked):
            return asked.text
        return ""

    async def _plainly(self, asked: Asked) -> Told:
        command = asked.command
        match command.name:
            case "catchup" if self._quoting is not None:
                return await self._catch_up(asked, self._quoting)
            case "new":
                return self._how_to_declare(asked)
            case "help" if command.argument:
                return Told(text=views.word_help(self._command, command.argument))
        return Told(text=await self._text(asked))

    async def _text(self, asked: Asked) -> str:
        command = asked.command
        match command.name:
            case "list":
                return views.list_text(await self._public(await self._incidents.list_open()), self._clock.now())
            case "status":
                incident = await self._meant(asked)
                return (
                    views.status_text(incident, self._clock.now()) if incident else self._no_incident(command.argument)
                )
            case "timeline":
                return await self._timeline_answer(asked)
            case "ask" if self._quoting is not None:
                return await self._ask(asked, self._quoting)
            case "cost" if self._costs is not None:
                return await self._cost(asked, self._costs)
            case "unknown":
                return views.help_text(self._command, command)
            case name if name in COMMANDS:
                return "This bot is set up to look and to tell, not to act: there is nothing to run or to stop."
            case "similar" | "memory" | "note" | "notes" if self._archive is not None:
                return await self._archive_answer(asked, self._archive)
        return views.help_text(self._command)

    async def _public(self, found: Sequence[Incident]) -> Sequence[Incident]:
        """Without somebody who knows who is in a channel, nothing private is told."""
        return [incident for incident in found if not incident.is_private]

    def _how_to_declare(self, asked: Asked) -> Told:
        """Where there is nothing that opens a form, a button does."""
        title = plain(asked.command.argument, TITLE_LIMIT)
        choice = Choice(action=DECLARE_FORM, text="Declare incident", value=title or "new", is_danger=True)
        how = f"The form opens with `{self._command} new` in the message field, or from the shortcuts menu."
        return Told(text=how, buttons=[choice])

    async def _meant(self, asked: Asked) -> Incident | None:
        wanted = asked.command.argument.split(" ")[0].upper() if asked.command.name == "status" else ""
        if not wanted:
            return await self._incidents.in_place(asked.channel, asked.thread)
        found = await self._incidents.get(wanted)
        return None if found and found.is_private and not is_same_place(asked, found) else found

    async def _here(self, asked: Asked) -> Incident | Told:
        """The incident of this place, or the one that is named, where they may see it."""
        if self.life is not None:
            meant = await self.life.scope.meant(asked)
            return meant if isinstance(meant, Told) else meant.incident
        found = await self._incidents.in_place(asked.channel, asked.thread)
        return found or Told(text=self._no_incident(""))

    def _no_incident(self, named: str) -> str:
        what = f"There is no incident {plain(named, 40)}." if named else "This channel belongs to no incident."
        return f"{escape(what)} `{self._command} list` shows the open ones."

    async def _timeline_answer(self, asked: Asked) -> str:
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        if incident is None:
            return self._no_incident("")
        if asked.command.argument:
            event = TimelineEvent(
                incident_id=incident.id,
                at=self._clock.now(),
                kind="note",
                text=plain(await self._people.typed(asked.command.argument), NOTE_LIMIT),
                actor=asked.user,
            )
            await self._timeline.add(event, key=f"note:{asked.id}")
            return f"Added to the timeline of {incident.id}."
        events = await self._timeline.of(incident.id)
        names = await self._people.names_of(views.people_in(events))
        return views.timeline_text(incident, events, names)

    async def _archive_answer(self, asked: Asked, archive: Archive) -> str:
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        said = asked.command.argument
        if asked.command.name == "similar" and self.life is not None:
            meant = await self.life.scope.meant(asked)
            if isinstance(meant, Told) and said:
                return meant.text
            incident = None if isinstance(meant, Told) else meant.incident
        keeps = self.life if asked.command.name == "note" and said else None
        if keeps is not None and (refused := await keeps.scope.may_not_change(asked.user, "keep notes")):
            return refused
        argument = await self._people.typed(said)
        names = await self._people.names_of([asked.user])
        return await archive.answer(asked, incident, argument, names.get(asked.user, asked.user))

    async def _ask(self, asked: Asked, quoting: Quoting) -> str:
        question = plain(await self._people.typed(asked.command.argument), QUESTION_LIMIT)
        if not question:
            return f"Ask me something: `{self._command} ask what changed?`"
        if self.questions is not None and await self.questions.ask_aloud(asked, asked.command.argument):
            return "Your question stands in the channel now; its answer comes in the thread."
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        events = await self._timeline.of(incident.id) if incident else ()
        names = await self._people.names_of([event.actor for event in events])
        return quoted_text(await quoting(question, incident, names))

    async def _catch_up(self, asked: Asked, quoting: Quoting) -> Told:
        incident = await self._here(asked)
        if isinstance(incident, Told):
            return incident
        events = await self._timeline.of(incident.id)
        material = await quoting.material("", incident, await self._people.names_of([event.actor for event in events]))
        text = catch_up_text(views.status_text(incident, self._clock.now()), catch_up(material))
        return Told(text=text, is_secret=incident.is_private and not is_same_place(asked, incident))

    async def _cost(self, asked: Asked, costs: Costs) -> str:
        now = self._clock.now()
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        reports = [await costs.cost_of_incident(incident.id, at=now)] if incident else []
        reports += [
            await costs.cost_of_person(asked.user, now.date(), at=now),
            await costs.cost_of_day(now.date(), at=now),
        ]
        return views.cost_text(reports)

    async def note(self, noted: Noted) -> NoteOutcome:
        """Put a message on its incident's timeline, or take it off, as the event says."""
        return await self._noting.note(noted)

    # --- an incident's life ------------------------------------------------------------------------------------------

    async def _of_life(self, intent: LifePressed | FormSent | MarkedMessage | MessageChanged) -> str:
        if self.life is None:
            return NO_LIFE
        life = self.life
        if isinstance(intent, FormSent) and intent.form == life_ids.ASK_MODAL:
            return await self._ask_about(intent)
        if isinstance(intent, LifePressed) and self.questions is not None and life.is_slow(intent):
            return self.questions.events.begin(intent.id, lambda: life.handle(intent))
        return await life.handle(intent)

    async def _noted(self, noted: Noted) -> str:
        """By reaction or pin. Whoever looks after an incident's life looks at the message itself."""
        if self.life is None or noted.by_shortcut:
            return await self.note(noted)
        mark = MarkedMessage(
            id=f"{noted.channel}:{noted.ts}",
            mark=Mark.TIMELINE,
            reaction=self.reactions.timeline,
            user=noted.user,
            channel=noted.channel,
            ts=noted.ts,
            removed=noted.removed,
        )
        return await self.life.handle(mark)

    async def _ask_about(self, sent: FormSent) -> str:
        """The question stands in the message's thread, and is answered there."""
        if self.questions is None:
            return "ignored: questions are not answered"
        about = json.loads(sent.about)
        question = plain(redact(sent.values[TEXT]), QUESTION_LIMIT)
        names = await self._people.names_of([sent.user])
        thread = about["thread"] or about["ts"]
        posted = await self.responses.say(
            Spot(channel=about["channel"], thread=thread),
            f"*{escape(names.get(sent.user, sent.user))}* asks about this: {escape(question)}",
            key=f"ask:{sent.id}",
        )
        asked = Asked(
            id=f"{about['channel']}:{posted.ts}",
            command=Command(name="ask", argument=question, typed="ask"),
            user=sent.user,
            channel=about["channel"],
            thread=thread,
            text=question,
        )
        return await self.questions.ask(asked, f"{question} (of this message: \u201c{about['excerpt']}\u201d)")

    # --- the home tab and declaring ----------------------------------------------------------------------------------

    async def show_home(self, user: str) -> None:
        if self.life is not None:
            await self.life.home.show(user)
            return
        view = views.home(await self._public(await self._incidents.list_open()), self._clock.now(), self._command)
        await self._api.call("views.publish", user_id=user, view=view)

    async def open_form(self, trigger: str, title: str = "") -> None:
        title = plain(await self._people.typed(title), TITLE_LIMIT)
        await self._api.call("views.open", trigger_id=trigger, view=views.declare_form(self._services, title))

    async def declare(self, declared: Declared) -> None:
        """A person's word counts as an alert: it takes the same way, stored before it is acknowledged."""
        now = self._clock.now()
        labels = {"declared_by": declared.user, **({PRIVATE_LABEL: "true"} if declared.is_private else {})}
        alert = Alert(
            source="slack",
            fingerprint=declared.form,
            status=AlertStatus.FIRING,
            severity=Severity(declared.severity),
            title=plain(declared.title, TITLE_LIMIT),
            started_at=now,
            service=plain(declared.service or "", TITLE_LIMIT) or None,
            description=plain(declared.description, 2000),
            labels=labels,
        )
        await self._inbox.accept(Delivery(source="slack", key=declared.form, received_at=now, alerts=(alert,)))
        self._on_accepted()


def errors_of(declared: Declared) -> dict[str, Any]:
    """What is wrong with a filled-in form, by block id; empty where nothing is."""
    return {} if plain(declared.title, TITLE_LIMIT) else {"title": "Say in a few words what is wrong."}
