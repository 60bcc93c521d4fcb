"""Works off Slack's recorded events, in order."""

from __future__ import annotations

import asyncio
import json
import logging

from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.ports import SlackEvent, SlackEvents
from bot.slack.desk import Desk
from bot.slack.inbound import Ignored, event_intent

log = logging.getLogger(__name__)

BATCH = 50
IDLE = 5.0  # seconds: what a lost wake-up would cost at the most
AFTER_FAILURE = 2.0  # seconds until an event is tried again while Slack or the store cannot be used


class EventWorker:
    def __init__(self, events: SlackEvents, desk: Desk) -> None:
        self._events = events
        self._desk = desk
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.run_once()
                wait = IDLE
            except (ChatError, NotStored) as error:
                log.warning("Slack events wait: %s", error)
                wait = AFTER_FAILURE
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def run_once(self) -> None:
        """Handle all that is recorded. Raises ChatError where Slack cannot be used: the rest stays recorded."""
        while batch := await self._events.unhandled(BATCH):
            for event in batch:
                await self._events.handled(event.row, await self._handle(event))

    async def _handle(self, event: SlackEvent) -> str:
        try:
            body = json.loads(event.body)
        except ValueError:
            return "ignored: unreadable"
        try:
            intent = event_intent(body, self._desk.reactions) if isinstance(body, dict) else Ignored(why="unreadable")
            return await self._desk.handle(intent)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("Slack event %s: %s", event.event_id, error)
            return f"failed: {error}"
        except NotStored:
            raise
        except FirstResponderError as error:
            log.warning("Slack event %s: %s", event.event_id, error)
            return f"failed: {error}"
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # An event or an answer of a shape that nobody foresaw: it must not stop all those behind it.
            log.exception("Slack event %s", event.event_id)
            return f"failed: {type(error).__name__}"
