"""What the bot does about an intent: reads the store, answers where it was asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.alert import Alert, AlertStatus, Delivery, Severity
from bot.domain.answers import catch_up
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Acceptance, Clock, Effects, Inbox, Incidents, Timeline, TimelineEvent
from bot.domain.spend import CostReport
from bot.flows.quote import Quoting
from bot.slack import views
from bot.slack.acting_desk import COMMANDS, ActingDesk
from bot.slack.acting_inbound import GroupChanged, Ordered, Pressed, Reacted, Tampered
from bot.slack.answer_views import catch_up_text, quoted_text
from bot.slack.archive import Archive
from bot.slack.inbound import Asked, Declared, HomeOpened, Ignored, Intent, Noted, Spoke, moment
from bot.slack.mrkdwn import escape
from bot.slack.people import People
from bot.slack.questions import Questions
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

REPLY_EVENT = "reply"  # the metadata's event type on our answers
QUESTION_LIMIT = 1000  # characters
NOTE_LIMIT = 500  # characters of a message that the timeline keeps
TITLE_LIMIT = 140  # characters, in the form and from it
NOT_ACTING = "ignored: this bot does not act"


class Costs(Protocol):
    """What the model cost. Raises NotStored."""

    async def cost_of_incident(self, incident_id: str, *, at: datetime) -> CostReport: ...

    async def cost_of_person(self, person: str, day: date, *, at: datetime) -> CostReport: ...

    async def cost_of_day(self, day: date, *, at: datetime) -> CostReport: ...


class NoteOutcome(StrEnum):
    NOTED = "noted"
    REPEAT = "noted before"
    REMOVED = "taken off the timeline"
    NO_INCIDENT = "ignored: no incident here"


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
    ) -> None:
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
        self._people = People(api)

    async def handle(self, intent: Intent) -> str:
        """Do what an event asks; returns one word on what came of it."""
        match intent:
            case Ignored(why=why):
                return f"ignored: {why}"
            case HomeOpened(user=user):
                await self.show_home(user)
                return "home shown"
            case Noted():
                return await self.note(intent)
            case Spoke():
                return await self.questions.heard(intent) if self.questions else "ignored: questions are not answered"
            case Reacted() | Tampered() | Pressed() | Ordered() | GroupChanged():
                return await self.acting.handle(intent) if self.acting else NOT_ACTING
            case Asked() if self.acting is not None and intent.command.name in COMMANDS:
                said = await self.acting.answer(intent)
                if said is not None:
                    await self._reply(intent, said.text, is_public=said.is_public)
                return f"answered {intent.command.name}"
            case Asked() if self.questions is not None and (words := await self._question(intent, self.questions)):
                return await self.questions.ask(intent, words)
            case Asked():
                await self._reply(intent, await self.answer(intent))
                return f"answered {intent.command.name}"

    async def _question(self, asked: Asked, questions: Questions) -> str:
        """What is asked; empty where it is another command. A conversation goes on with whatever is none."""
        if asked.command.name == "ask":
            return asked.command.argument
        if asked.command.name == "unknown" and await questions.is_conversation(asked):
            return asked.text
        return ""

    async def answer(self, asked: Asked) -> str:
        """The answer to a command, as mrkdwn."""
        command = asked.command
        match command.name:
            case "list":
                return views.list_text(await self._incidents.list_open(), self._clock.now())
            case "status":
                incident = await self._meant(asked)
                return (
                    views.status_text(incident, self._clock.now()) if incident else self._no_incident(command.argument)
                )
            case "timeline":
                return await self._timeline_answer(asked)
            case "new":
                return f"The form opens with `{self._command} new` in the message field, or from the shortcuts menu."
            case "ask" if self._quoting is not None:
                return await self._ask(asked, self._quoting)
            case "catchup" if self._quoting is not None:
                return await self._catch_up(asked, self._quoting)
            case "cost" if self._costs is not None:
                return await self._cost(asked, self._costs)
            case "unknown":
                return views.help_text(self._command, command)
            case name if name in COMMANDS:
                return "This bot is set up to look and to tell, not to act: there is nothing to run or to stop."
            case "similar" | "memory" | "note" | "notes" if self._archive is not None:
                return await self._archive_answer(asked, self._archive)
        return views.help_text(self._command)

    async def _meant(self, asked: Asked) -> Incident | None:
        wanted = asked.command.argument.split(" ")[0].upper() if asked.command.name == "status" else ""
        if wanted:
            return await self._incidents.get(wanted)
        return await self._incidents.in_place(asked.channel, asked.thread)

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
        names = await self._people.names_of([event.actor for event in views.newest(events)])
        return views.timeline_text(incident, events, names)

    async def _archive_answer(self, asked: Asked, archive: Archive) -> str:
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        argument = await self._people.typed(asked.command.argument)
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

    async def _catch_up(self, asked: Asked, quoting: Quoting) -> str:
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        if incident is None:
            return self._no_incident("")
        events = await self._timeline.of(incident.id)
        material = await quoting.material("", incident, await self._people.names_of([event.actor for event in events]))
        return catch_up_text(views.status_text(incident, self._clock.now()), catch_up(material))

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
        """Put a message on its incident's timeline at the time it was posted."""
        key = f"message:{noted.channel}:{noted.ts}"
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

    async def _reply(self, asked: Asked, text: str, *, is_public: bool = False) -> None:
        """`is_public`: in an incident's channel those who do not read the thread see it, too."""
        key = f"reply:{asked.id}"
        effect = await self._effects.begin(key)
        if effect.result is not None or (effect.begun and await self._replied(asked, key)):
            return
        aloud = is_public and asked.thread and await self._incidents.in_place(asked.channel, None) is not None
        sent = await self._api.call(
            "chat.postMessage",
            channel=asked.channel,
            thread_ts=asked.thread,
            **({"reply_broadcast": True} if aloud else {}),
            text=text,
            metadata={"event_type": REPLY_EVENT, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        await self._effects.finish(key, sent["ts"])

    async def _replied(self, asked: Asked, key: str) -> bool:
        method, where = (
            ("conversations.replies", {"ts": asked.thread}) if asked.thread else ("conversations.history", {})
        )
        asked_at = asked.id.rpartition(":")[2]  # the answer is newer
        page = await self._api.call(
            method, channel=asked.channel, oldest=asked_at, include_all_metadata=True, limit=200, **where
        )
        return any((m.get("metadata") or {}).get("event_payload", {}).get("key") == key for m in page["messages"])

    async def show_home(self, user: str) -> None:
        view = views.home(await self._incidents.list_open(), self._clock.now(), self._command)
        await self._api.call("views.publish", user_id=user, view=view)

    async def open_form(self, trigger: str, title: str = "") -> None:
        title = plain(await self._people.typed(title), TITLE_LIMIT)
        await self._api.call("views.open", trigger_id=trigger, view=views.declare_form(self._services, title))

    async def declare(self, declared: Declared) -> None:
        """A person's word counts as an alert: it takes the same way, stored before it is acknowledged."""
        now = self._clock.now()
        labels = {"declared_by": declared.user}
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
