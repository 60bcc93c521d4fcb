"""What Slack sends, handed over: events are recorded before they are acknowledged, people's clicks answered at once."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.ports import SlackEvents
from bot.domain.ports.deciding import Order
from bot.slack import acting_ids, life_inbound
from bot.slack.acting_desk import COMMANDS, ActingDesk
from bot.slack.acting_inbound import click_id, is_own_echo, order_body, pressed, recordable
from bot.slack.desk import Desk, errors_of
from bot.slack.inbound import (
    ADD_TO_TIMELINE,
    DECLARE_FORM,
    RUN_COMMAND,
    Asked,
    declaration,
    judge_intent,
    shortcut_intent,
    slash_intent,
    stop_intent,
)
from bot.slack.life_desk import LifeDesk
from bot.slack.life_forms import FORM_WORDS
from bot.slack.life_ids import ASK_ABOUT, CREATE_FOLLOW_UP, MODALS, OPENING
from bot.slack.life_inbound import COMMAND, is_recorded, kept_command, kept_form
from bot.slack.life_said import Told
from bot.slack.life_words import subject
from bot.slack.mrkdwn import escape
from bot.slack.noting import NoteOutcome
from bot.slack.questions import Questions
from bot.slack.replies import DID_NOT_HELP, HELPED, STOP_ANSWER
from bot.slack.settings import SlackSettings
from bot.slack.web_api import translating

log = logging.getLogger(__name__)

NOTE_ANSWERS = {
    NoteOutcome.NOTED: "Added to the timeline.",
    NoteOutcome.REPEAT: "It is on the timeline already.",
    NoteOutcome.REMOVED: "Taken off the timeline.",
    NoteOutcome.NO_INCIDENT: "No incident is worked on here: the message was added to no timeline.",
}

Next = Callable[[], Awaitable[BoltResponse | None]]


def build(
    client: AsyncWebClient, settings: SlackSettings, *, events: SlackEvents, desk: Desk, on_event: Callable[[], None]
) -> AsyncApp:
    """The Bolt application with every listener of the manifest."""
    app = AsyncApp(
        client=client,
        logger=_bolt_log(),
        signing_secret=settings.signing_secret or None,
        request_verification_enabled=settings.mode == "http",
        # Bolt would also drop that somebody else deleted or edited a message of ours: `is_own_echo` knows better.
        ignoring_self_events_enabled=False,
    )
    _record_events(app, events, on_event)
    if desk.acting is not None:
        _record_clicks(app, events, on_event)
        _answer_runs(app, desk.acting)
        _answer_run_forms(app, desk.acting, events, on_event)
    if desk.life is not None:
        _record_presses(app, desk.life, events, on_event)
        _open_life_forms(app, desk.life)
        _record_life_forms(app, desk.life, events, on_event)
    _answer_commands(app, settings.command, desk, events, on_event)
    _answer_forms(app, desk)
    if desk.questions is not None:
        _answer_buttons(app, desk.questions)
    _answer_failures(app)
    return app


def _record_events(app: AsyncApp, events: SlackEvents, on_event: Callable[[], None]) -> None:
    @app.middleware
    async def record(body: dict[str, Any], context: Any, next: Next) -> BoltResponse | None:  # Bolt's name: `next`
        # Bolt acknowledges an event before its listener runs: what is not on disk by then would be lost in a crash.
        # An error here leaves the event unacknowledged, and Slack delivers it again.
        if body.get("type") != "event_callback":
            return await next()
        if is_own_echo(body, context.bot_user_id, context.bot_id):
            return BoltResponse(status=200)
        await events.record(body["event_id"], json.dumps(body).encode())
        on_event()
        return BoltResponse(status=200)


def _record_clicks(app: AsyncApp, events: SlackEvents, on_event: Callable[[], None]) -> None:
    @app.middleware
    async def record(body: dict[str, Any], next: Next) -> BoltResponse | None:
        # A decision that was acknowledged must not be lost in a crash.
        click = recordable(body)
        if click is None:
            return await next()
        await events.record(click_id(click), json.dumps(click).encode())
        on_event()
        return BoltResponse(status=200)


def _answer_commands(app: AsyncApp, word: str, desk: Desk, events: SlackEvents, on_event: Callable[[], None]) -> None:
    @app.command(RUN_COMMAND)
    @app.command(word)
    async def command(ack: Any, body: dict[str, Any], respond: Any) -> None:
        asked = slash_intent(body)
        if is_recorded(asked.command):
            # What changes something must not be lost in a crash; an error leaves it unacknowledged, and Slack says so.
            desk.responses.expect(asked.id, respond)
            await events.record(f"{COMMAND}:{asked.id}", json.dumps(kept_command(body)).encode())
            on_event()
            await ack()
            return
        await ack()
        async with _telling(body, respond):
            await _at_once(desk, asked, body["trigger_id"], respond)

    @app.shortcut(ADD_TO_TIMELINE)
    async def add_to_timeline(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        async with _telling(body, respond):
            await _tell(body, respond, NOTE_ANSWERS[await desk.note(shortcut_intent(body))])


async def _at_once(desk: Desk, asked: Asked, trigger: str, respond: Any) -> None:
    """What only tells something, or opens a form."""
    name = asked.command.name
    if name == "new":
        await desk.open_form(trigger, asked.command.argument)
    elif desk.acting is not None and name in COMMANDS:
        if said := await desk.acting.answer(asked, trigger):
            await respond(text=said.text, response_type="in_channel" if said.is_public else "ephemeral")
    elif desk.life is not None and name in FORM_WORDS and not subject(asked.command.argument)[1]:
        await _give(respond, await desk.life.forms.open_for(asked, trigger))
    else:
        await _give(respond, await desk.told(asked))


async def _give(respond: Any, told: Told | None) -> None:
    """To who asked; None: a form is open."""
    if told is not None:
        await respond(text=told.text, blocks=told.blocks, response_type="ephemeral")


def _record_presses(app: AsyncApp, life: LifeDesk, events: SlackEvents, on_event: Callable[[], None]) -> None:
    @app.middleware
    async def record(body: dict[str, Any], respond: Any, next: Next) -> BoltResponse | None:
        # Who pressed must not have to press again after a crash.
        click = life_inbound.recordable(body)
        if click is None:
            return await next()
        life.decided.expect(life_inbound.press_id(click), respond)
        await events.record(life_inbound.press_id(click), json.dumps(click).encode())
        on_event()
        return BoltResponse(status=200)


def _open_life_forms(app: AsyncApp, life: LifeDesk) -> None:
    async def opened(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        async with _telling(body, respond):
            if told := await life.forms.open(life_inbound.pressed(body), body["trigger_id"]):
                await _tell(body, respond, told.text)

    async def about(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        async with _telling(body, respond):
            if told := await life.forms.open_about(body):
                await _tell(body, respond, told.text)

    for action in sorted(OPENING):
        app.action(action)(opened)
    for shortcut in (CREATE_FOLLOW_UP, ASK_ABOUT):
        app.shortcut(shortcut)(about)


def _record_life_forms(app: AsyncApp, life: LifeDesk, events: SlackEvents, on_event: Callable[[], None]) -> None:
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        kept = kept_form(body, life.now())
        if errors := await life.forms.errors(life_inbound.form_sent(kept)):
            await ack(response_action="errors", errors=dict(errors))
            return
        await events.record(kept["id"], json.dumps(kept).encode())  # on disk before the form closes
        on_event()
        await ack()

    for callback in MODALS:
        app.view(callback)(submitted)


def _answer_runs(app: AsyncApp, acting: ActingDesk) -> None:
    @app.action(acting_ids.RUN_RUNBOOK)
    @app.action(acting_ids.RUN_OTHER)
    async def open_form(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        async with _telling(body, respond):
            if said := await acting.open_form(pressed(body), body["trigger_id"]):
                await _tell(body, respond, said.text)


def _answer_run_forms(app: AsyncApp, acting: ActingDesk, events: SlackEvents, on_event: Callable[[], None]) -> None:
    async def keep(order: Order) -> None:
        await events.record(f"order:{order.id}", json.dumps(order_body(order)).encode())
        on_event()

    @app.view(acting_ids.RUN_MODAL)
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        await ack(**await acting.forms.submitted(body, keep))


def _answer_forms(app: AsyncApp, desk: Desk) -> None:
    @app.shortcut(DECLARE_FORM)
    @app.action(DECLARE_FORM)
    async def declare(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        async with _telling(body, respond):
            value = str((body.get("actions") or [{}])[0].get("value") or "")
            await desk.open_form(body["trigger_id"], "" if value == "new" else value)

    @app.view(DECLARE_FORM)
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        declared = declaration(body)
        if errors := errors_of(declared):
            await ack(response_action="errors", errors=errors)
            return
        await desk.declare(declared)  # on disk before the form closes
        await ack()


def _answer_buttons(app: AsyncApp, questions: Questions) -> None:
    @app.action(STOP_ANSWER)
    async def stop(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        async with _telling(body, respond):
            await _tell(body, respond, (await questions.stop(stop_intent(body))).value)

    async def judge(body: dict[str, Any], respond: Any, *, helped: bool) -> None:
        async with _telling(body, respond):
            await _tell(body, respond, await questions.judge(judge_intent(body, helped=helped)))

    @app.action(HELPED)
    async def helped(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        await judge(body, respond, helped=True)

    @app.action(DID_NOT_HELP)
    async def did_not_help(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        await judge(body, respond, helped=False)


def _answer_failures(app: AsyncApp) -> None:
    @app.error
    async def failed(error: Exception, body: dict[str, Any], respond: Any) -> None:
        unforeseen = None if isinstance(error, FirstResponderError) else error
        log.error("a Slack %s could not be handled: %s", _kind(body), error, exc_info=unforeseen)
        await _tell(body, respond, "That did not work; my log tells why.")


def _bolt_log() -> logging.Logger:
    """Bolt's, without its warning that the environment names a token as well: it is the client's own."""
    made = logging.getLogger("slack_bolt.app")
    made.addFilter(_is_no_token_warning)
    return made


def _is_no_token_warning(record: logging.LogRecord) -> bool:
    return "`token` will be unused" not in record.getMessage()


@asynccontextmanager
async def _telling(body: Mapping[str, Any], respond: Any) -> AsyncIterator[None]:
    """Says to who asked what went wrong. Such errors must not reach Bolt: it would take the acknowledgement back."""
    try:
        yield
    except FirstResponderError as error:
        log.warning("a Slack %s could not be handled: %s", _kind(body), error)
        await _tell(body, respond, f"That did not work: {escape(str(error))}.")


async def _tell(body: Mapping[str, Any], respond: Any, text: str) -> None:
    """To the one person who asked, where Slack gives a way to do so."""
    if not body.get("response_url"):
        return
    try:
        with translating("response_url"):
            await respond(text=text, response_type="ephemeral", replace_original=False)
    except ChatError as error:
        log.warning("an answer could not be given: %s", error)


def _kind(body: Mapping[str, Any]) -> str:
    return str(body.get("type") or body.get("command"))
