"""Questions in Slack: where they are asked, where they are answered, how answers are stopped and judged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from weakref import WeakValueDictionary

from bot.domain.conversation import QUESTION_LIMIT, is_small_talk, reads_as_question
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Effects, Incidents, Timeline
from bot.domain.ports.reply import Spot
from bot.domain.redact import redact
from bot.flows.answer import Answered, Answering, Quoted
from bot.flows.kept_talk import Ending, KeptTalk, Question
from bot.slack.answer_views import quoted_text
from bot.slack.aside import Aside
from bot.slack.blocks.limits import TEXT_LIMIT, context, section
from bot.slack.inbound import Asked, Judged, Spoke, Stopped
from bot.slack.leftover import answer_key, mend, quoted_key
from bot.slack.mrkdwn import escape
from bot.slack.people import People
from bot.slack.replies import REPLY_EVENT, SlackReplies, feedback_buttons
from bot.slack.web_api import WebApi
from memory.store.answers import Answers, Judgement

log = logging.getLogger(__name__)

FIRST_STATUS = "is reading the evidence"
WHY_LIMIT = 400  # characters
NOT_OURS = "ignored: no conversation with the bot"
NO_QUESTION = "ignored: nothing is asked"
OWN_FAULT = "Something went wrong in the bot while it answered; its log tells what."
BROKE_OFF = "The answer above broke off."


class StopOutcome(StrEnum):
    STOPPED = "Stopped."
    ENDED = "That answer has ended already."
    STRANGER = "Only people of this workspace can stop it."


JUDGED = {
    Judgement.NEW: "Thank you: noted.",
    Judgement.CHANGED: "Thank you: your word is changed.",
    Judgement.SAME: "You said so before; it counts once.",
    Judgement.GONE: "That answer is no longer kept, so nothing was noted.",
}
STRANGER = "Only people of this workspace are counted; nothing was noted."


@dataclass(frozen=True, kw_only=True)
class _Post:
    """A question where it was asked."""

    question: Question
    spot: Spot


class Questions:
    def __init__(
        self,
        *,
        api: WebApi,
        incidents: Incidents,
        timeline: Timeline,
        effects: Effects,
        answers: Answers,
        answering: Answering,
        kept: KeptTalk,
        replies: SlackReplies,
        aside: Aside,
        clock: Clock,
    ) -> None:
        self._api = api
        self._incidents = incidents
        self._timeline = timeline
        self._effects = effects
        self._answers = answers
        self._answering = answering
        self._kept = kept
        self._replies = replies
        self._aside = aside
        self._clock = clock
        self._people = People(api)
        self._team = ""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by thread
        self._aloud: set[asyncio.Task[str]] = set()

    @property
    def events(self) -> Aside:
        """What the event worker reads: an event is handled once its answer is there."""
        return self._aside

    # --- asked -------------------------------------------------------------------------------------------------------

    async def ask(self, asked: Asked, text: str) -> str:
        """By mention or in a direct message. The outcome, or that it is being answered."""
        said = await self._people.typed(text)
        thread = asked.thread or asked.id.rpartition(":")[2]
        incident = await self._incidents.in_place(asked.channel, asked.thread)
        return await self._begin(_At(asked.id, asked.channel, thread, asked.user, asked.team), said, incident)

    async def heard(self, spoke: Spoke) -> str:
        """A message in a thread that speaks to nobody: for the bot where it had answered there before."""
        incident = await self._incidents.in_place(spoke.channel, spoke.thread)
        card = incident.card if incident else None
        if card is not None and (card.channel, card.ts) == (spoke.channel, spoke.thread):
            if not reads_as_question(spoke.text):
                return NOT_OURS
        elif is_small_talk(spoke.text) or not await self._kept.is_conversation(_key(spoke.channel, spoke.thread)):
            return NOT_OURS
        said = await self._people.typed(spoke.text)
        return await self._begin(_At(spoke.id, spoke.channel, spoke.thread, spoke.user, spoke.team), said, incident)

    async def is_conversation(self, asked: Asked) -> bool:
        return bool(asked.thread) and await self._kept.is_conversation(_key(asked.channel, asked.thread or ""))

    async def ask_aloud(self, asked: Asked, text: str) -> bool:
        """By a command, which has no thread: the question is posted, and answered in its thread.

        False where only who asked is to be answered: without a model, and outside an incident's channel.
        """
        incident = await self._incidents.in_place(asked.channel, None)
        if incident is None or not self._answering.has_model:
            return False
        said = plain(redact(await self._people.typed(text)), QUESTION_LIMIT)
        names = await self._people.names_of([asked.user])
        shown = f"*{escape(names.get(asked.user, asked.user))}* asks: {escape(said)}"
        sent = await self._api.call(
            "chat.postMessage", channel=asked.channel, text=shown, unfurl_links=False, unfurl_media=False
        )
        ts = str(sent["ts"])
        post = await self._post(_At(f"{asked.channel}:{ts}", asked.channel, ts, asked.user, asked.team), said, incident)
        task = asyncio.create_task(self._answer(post))
        self._aloud.add(task)
        task.add_done_callback(self._told)
        return True

    def _told(self, task: asyncio.Task[str]) -> None:
        self._aloud.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a question by command could not be answered: %s", error)

    async def _begin(self, at: _At, said: str, incident: Incident | None) -> str:
        if not plain(said, QUESTION_LIMIT):
            return NO_QUESTION
        post = await self._post(at, said, incident)
        return self._aside.begin(post.question.key, lambda: self._answer(post))

    async def _post(self, at: _At, said: str, incident: Incident | None) -> _Post:
        events = await self._timeline.of(incident.id) if incident else ()
        question = Question(
            key=at.key,
            text=plain(redact(said), QUESTION_LIMIT),  # in this order: what is taken out may name a secret
            person=at.user,
            thread=_key(at.channel, at.thread),
            incident=incident,
            names=dict(await self._people.names_of([event.actor for event in events])),
        )
        team = at.team or await self._own_team()
        return _Post(
            question=question,
            spot=Spot(key=at.key, channel=at.channel, thread=at.thread, user=at.user, team=team),
        )

    async def _own_team(self) -> str:
        if not self._team:
            self._team = str((await self._api.call("auth.test")).get("team_id", ""))
        return self._team

    # --- answered ----------------------------------------------------------------------------------------------------

    async def _answer(self, post: _Post) -> str:
        """Once, whatever crashed before. Raises ChatError, NotStored."""
        key = answer_key(post.spot.key)
        async with self._turns.setdefault(
            post.question.thread, asyncio.Lock()
        ):  # one after the other: they build on it
            effect = await self._effects.begin(key)
            if effect.result is not None:
                return "answered before"
            message = await self._resumed(post) if effect.begun else None
            message = message or await self._said(post)
            await self._effects.finish(key, message)
        return "answered ask"

    async def _resumed(self, post: _Post) -> str | None:
        """The answer of before a crash, if it was there."""
        left = await mend(self._api, post.spot)
        if left.quoted or left.answer is None:
            return left.quoted
        if await self._kept.ending_of(post.question.key, post.question.thread) in (None, Ending.ANSWERED):
            return left.answer
        return await self._quote(post, await self._answering.quoted(post.question, BROKE_OFF, was_begun=True))

    async def _said(self, post: _Post) -> str:
        if not self._answering.has_model:
            return await self._quote(post, await self._answering.quoted(post.question))
        reply = await self._replies.begin(post.spot)
        try:
            await reply.doing(FIRST_STATUS)
            outcome = await self._answering(post.question, reply, reply.halted)
        except (LookupError, TypeError, ValueError, AttributeError, AssertionError):
            log.exception("a question could not be answered")
            outcome = await self._answering.quoted(post.question, OWN_FAULT, was_begun=await reply.give_up(OWN_FAULT))
        finally:
            self._replies.forget(post.spot.key)
            await reply.settle()
        match outcome:
            case Answered(message=message):
                return message
            case Quoted():
                return await self._quote(post, outcome)

    async def _quote(self, post: _Post, quoted: Quoted) -> str:
        text = quoted_text(quoted.answer)
        lead = f"{plain(quoted.why, WHY_LIMIT)} So this is quoted, not said by the model." if quoted.why else ""
        key = (quoted_key if quoted.was_begun else answer_key)(post.spot.key)
        blocks: Sequence[dict[str, Any]] = [
            *([context(escape(lead))] if lead else []),
            section(text),
            *(feedback_buttons(quoted.answer_id) if quoted.answer_id else []),
        ]
        sent: Mapping[str, Any] = await self._api.call(
            "chat.postMessage",
            channel=post.spot.channel,
            thread_ts=post.spot.thread,
            text="\n".join(filter(None, (escape(lead), text)))[:TEXT_LIMIT],
            blocks=blocks,
            metadata={"event_type": REPLY_EVENT, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(sent["ts"])

    # --- buttons -----------------------------------------------------------------------------------------------------

    async def stop(self, pressed: Stopped) -> StopOutcome:
        if pressed.team != await self._own_team():
            return StopOutcome.STRANGER
        return StopOutcome.STOPPED if self._replies.stop(pressed.key) else StopOutcome.ENDED

    async def judge(self, judged: Judged) -> str:
        """A person's word about an answer, counted once. The text for that person. Raises NotStored."""
        if judged.team != await self._own_team():
            return STRANGER
        kept = await self._answers.get(judged.answer)
        if kept is None or not kept.thread.startswith(f"{judged.channel}:"):
            return JUDGED[Judgement.GONE]
        outcome = await self._answers.judge(judged.answer, judged.user, helped=judged.helped, at=self._clock.now())
        return JUDGED[outcome]

    async def close(self) -> None:
        for task in tuple(self._aloud):
            task.cancel()
        await asyncio.gather(*self._aloud, return_exceptions=True)
        await self._aside.close()


@dataclass(frozen=True)
class _At:
    """Where a question stands. `key` is unique to the message."""

    key: str
    channel: str
    thread: str
    user: str
    team: str


def _key(channel: str, thread: str) -> str:
    return f"{channel}:{thread}"
