"""Forms of an incident's life: opened before their trigger ends, checked when they are sent, and then done."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.incident import Incident
from bot.domain.life import Audience, FollowUp, Priority, presses
from bot.domain.lifecycle import MoveReason, Step
from bot.domain.plaintext import plain, visible
from bot.domain.redact import redact
from bot.slack import life_ids as ids
from bot.slack import life_views as views
from bot.slack.acting_views import did_not_work
from bot.slack.inbound import Asked
from bot.slack.life_around import Around, order
from bot.slack.life_inbound import FormSent, LifePressed, incident_of
from bot.slack.life_said import Told
from bot.slack.long_text import MOST_PARTS, PART, join, split
from bot.slack.responses import Responses
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

NOTHING_MORE = "This belongs to nothing that I know any more."
FORM_WORDS = frozenset({"update", "resolve"})  # commands that open a form where nothing more is said


class LifeForms:
    def __init__(self, *, api: WebApi, around: Around, responses: Responses) -> None:
        self._api = api
        self._around = around
        self._responses = responses
        self._desks = around.desks

    # --- opened ------------------------------------------------------------------------------------------------------

    async def open_for(self, asked: Asked, trigger: str) -> Told | None:
        """For a command of FORM_WORDS. What is to be said instead; None: the form is open."""
        meant = await self._around.scope.meant(asked)
        if isinstance(meant, Told):
            return meant
        if refused := await self._around.scope.may_not_change(asked.user):
            return Told(text=refused)
        incident = meant.incident
        if asked.command.name == "update":
            return await self._opened(trigger, await self._update_view(incident))
        if not incident.status.is_open:
            return Told(text=f"{incident.id} is {incident.status} already.", is_secret=meant.is_secret)
        return await self._opened(trigger, views.resolve_view(incident))

    async def open(self, pressed: LifePressed, trigger: str) -> Told | None:
        """For a button of `life_ids.OPENING`."""
        incident = await self._around.incidents.get(incident_of(pressed.value))
        if incident is None or not await self._around.scope.may_see(pressed.user, incident):
            return Told(text=NOTHING_MORE)
        if refused := await self._around.scope.may_not_change(pressed.user):
            return Told(text=refused)
        match pressed.action:
            case presses.WRITE_UPDATE:
                return await self._opened(trigger, await self._update_view(incident))
            case presses.SHOW_POSTMORTEM:
                return await self._open_postmortem(incident, trigger)
            case presses.REJECT_POSTMORTEM:
                return await self._opened(trigger, views.reject_view(incident))
            case ids.RESOLVE_FORM:
                return await self._opened(trigger, views.resolve_view(incident))
            case ids.FOLLOW_UP_FORM:
                return await self._opened(trigger, views.follow_up_view(incident))
        found = await self._follow_up(pressed.value)
        if found is None:
            return Told(text=NOTHING_MORE)
        return await self._opened(trigger, views.follow_up_edit_view(incident, found))

    async def open_about(self, body: Mapping[str, Any]) -> Told | None:
        """For a message shortcut: a follow-up from it, or a question about it."""
        message, channel, user = body["message"], str(body["channel"]["id"]), str(body["user"]["id"])
        thread = str(message.get("thread_ts") or "")
        text = await self._around.word(str(message.get("text") or ""), views.FOLLOW_UP_LIMIT)
        source = {"channel": channel, "ts": str(message["ts"]), "thread": thread}
        if body["callback_id"] == ids.ASK_ABOUT:
            return await self._opened(body["trigger_id"], views.ask_view(text, source))
        incident = await self._around.incidents.in_place(channel, thread or str(message["ts"]))
        if incident is None:
            how = f"`{self._around.command} action INC-... {plain(text, 40) or 'TEXT'}` makes one from anywhere."
            return Told(text=f"No incident is worked on here, so a follow-up belongs to none. {how}")
        if refused := await self._around.scope.may_not_change(user):
            return Told(text=refused)
        return await self._opened(body["trigger_id"], views.follow_up_view(incident, text=text, source=source))

    async def _opened(self, trigger: str, view: views.View) -> Told | None:
        """Says nothing: the form does."""
        await self._api.call("views.open", trigger_id=trigger, view=view)
        return None

    async def _update_view(self, incident: Incident) -> views.View:
        draft = await self._desks.updates.draft(incident.id, Audience.INTERNAL)
        return views.update_view(incident, await self._around.people.named(draft))

    async def _open_postmortem(self, incident: Incident, trigger: str) -> Told | None:
        draft = await self._desks.postmortems.get(incident.id)
        if draft is None:
            return Told(text=f"{incident.id} has no postmortem yet.")
        parts = split(draft.markdown)
        if parts is None:
            most = f"about {MOST_PARTS * PART:,} characters"
            return Told(text=f"That text is too long for a form ({most} fit): edit it in its canvas.")
        return await self._opened(trigger, views.postmortem_view(incident, draft, parts))

    # --- sent --------------------------------------------------------------------------------------------------------

    async def errors(self, sent: FormSent) -> Mapping[str, str]:
        """What is wrong with it, by block; it stays open then. Raises NotStored."""
        match sent.form:
            case ids.UPDATE_MODAL | ids.FOLLOW_UP_MODAL | ids.FOLLOW_UP_EDIT_MODAL | ids.ASK_MODAL:
                if not plain(sent.values.get(views.TEXT, ""), 10):
                    return {views.TEXT: "Say it in a few words."}
                return self._day_errors(sent)
            case ids.REJECT_MODAL:
                return {} if plain(sent.values.get(views.REASON, ""), 10) else {views.REASON: "Say why."}
            case ids.POSTMORTEM_MODAL:
                return await self._postmortem_errors(sent)
        return {}

    def _day_errors(self, sent: FormSent) -> Mapping[str, str]:
        due = sent.values.get(views.DUE, "")
        if due and sent.form == ids.FOLLOW_UP_MODAL and date.fromisoformat(due) < sent.at.date():
            return {views.DUE: "That day is past already."}
        return {}

    async def _postmortem_errors(self, sent: FormSent) -> Mapping[str, str]:
        about = json.loads(sent.about)
        draft = await self._desks.postmortems.get(about["incident"])
        first = f"{views.PART}0"
        if draft is None or draft.version != about["version"]:
            return {first: "It was changed by somebody else since you opened it. Copy your text, and open it again."}
        return {} if _edited(sent).strip() else {first: "An empty postmortem is none."}

    async def sent(self, sent: FormSent) -> str:
        """One word on what came of it. Raises NotStored, and ChatError where it may work later."""
        incident = await self._about(sent)
        if incident is None:
            return "ignored: a form about nothing that is known"
        try:
            if refused := await self._around.scope.may_not_change(sent.user):
                told = Told(text=refused)
            else:
                told = await self._done(sent, incident)
        except FirstResponderError as error:
            if isinstance(error, NotStored) or (isinstance(error, ChatError) and not error.is_final):
                raise
            told = Told(text=did_not_work(error))
        await self._tell(sent, incident, told)
        return f"sent {sent.form}"

    async def _about(self, sent: FormSent) -> Incident | None:
        about = json.loads(sent.about)["incident"] if sent.about.startswith("{") else sent.about
        found = await self._around.incidents.get(incident_of(about))
        return await self._around.scope.survivor(found) if found else None

    async def _tell(self, sent: FormSent, incident: Incident, told: Told) -> None:
        if told.is_public:
            await self._responses.announce(incident, told.text, key=f"public:{sent.id}")
        elif told.text:
            await self._responses.to_person(sent.user, incident, told.text, key=f"told:{sent.id}")

    async def _done(self, sent: FormSent, incident: Incident) -> Told:
        match sent.form:
            case ids.UPDATE_MODAL:
                said = await self._update(sent, incident)
            case ids.RESOLVE_MODAL:
                return await self._resolve(sent, incident)
            case ids.FOLLOW_UP_MODAL:
                said = await self._create(sent, incident)
            case ids.FOLLOW_UP_EDIT_MODAL:
                said = await self._change(sent, incident)
            case ids.POSTMORTEM_MODAL:
                said = await self._desks.postmortems.edit(order(sent.id, incident, sent.user), redact(_edited(sent)))
            case _:
                why = redact(plain(sent.values[views.REASON], views.REASON_LIMIT))
                said = await self._desks.postmortems.reject(order(sent.id, incident, sent.user, why))
        return Told(text=await self._around.shown(said))

    async def _update(self, sent: FormSent, incident: Incident) -> str:
        text = redact(visible(sent.values[views.TEXT]).strip())[: views.UPDATE_LIMIT]
        minutes = sent.values.get(views.NEXT, "")
        return await self._desks.updates.send(
            order(sent.id, incident, sent.user, text),
            Audience(sent.values.get(views.AUDIENCE) or Audience.INTERNAL),
            next_in=timedelta(minutes=int(minutes)) if minutes.isdigit() else None,
        )

    async def _resolve(self, sent: FormSent, incident: Incident) -> Told:
        fix, cause = (
            redact(plain(sent.values.get(block, ""), views.FOLLOW_UP_LIMIT)).rstrip(".")
            for block in (views.FIX, views.CAUSE)
        )
        word = ". ".join(filter(None, (fix, f"Cause: {cause}" if cause else "")))
        made = await self._desks.steer.move(order(sent.id, incident, sent.user, word), Step.RESOLVE)
        if not made.is_made and made.reason is not MoveReason.REPEATED:  # after a crash all may not have been told
            return Told(text=await self._around.shown(made.sentence))
        return await self._around.public(incident, sent.user, made.sentence, word)

    async def _create(self, sent: FormSent, incident: Incident) -> str:
        about = json.loads(sent.about)
        link = None
        if about.get("ts"):
            answer = await self._api.call("chat.getPermalink", channel=about["channel"], message_ts=about["ts"])
            link = str(answer["permalink"])
        return await self._desks.follow_ups.add(
            order(sent.id, incident, sent.user, _text(sent)),
            owner=sent.values.get(views.OWNER, ""),
            due_on=_day(sent),
            priority=_priority(sent),
            link=link,
        )

    async def _change(self, sent: FormSent, incident: Incident) -> str:
        return await self._desks.follow_ups.change(
            order(sent.id, incident, sent.user),
            sent.about,
            owner=sent.values.get(views.OWNER, ""),
            due_on=_day(sent),
            priority=_priority(sent),
            text=_text(sent),
        )

    async def _follow_up(self, id: str) -> FollowUp | None:
        found = await self._desks.follow_ups.of_incident(incident_of(id))
        return next((one for one in found if one.id == id), None)


def _text(sent: FormSent) -> str:
    return redact(plain(sent.values[views.TEXT], views.FOLLOW_UP_LIMIT))


def _day(sent: FormSent) -> date | None:
    due = sent.values.get(views.DUE, "")
    return date.fromisoformat(due) if due else None


def _priority(sent: FormSent) -> Priority:
    return Priority(sent.values.get(views.PRIORITY) or Priority.P1)


def _edited(sent: FormSent) -> str:
    """The postmortem's text, put together again."""
    parts = sorted((int(block.removeprefix(views.PART)), text) for block, text in sent.values.items())
    return join([text for _, text in parts], json.loads(sent.about)["breaks"])
