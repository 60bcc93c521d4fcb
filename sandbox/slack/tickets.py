"""What an interaction hands to the app for later: trigger ids and response URLs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.errors import SlackError

TRIGGER_SECONDS = 3.0  # docs.slack.dev: a trigger_id expires in 3 seconds and is used once
RESPONSE_SECONDS = 30 * 60.0  # a response_url takes 5 uses within 30 minutes
RESPONSE_USES = 5


@dataclass(kw_only=True)
class Trigger:
    user: str
    made_at: float
    view_id: str | None  # the modal the interaction came from
    used: bool = False


@dataclass(kw_only=True)
class ResponseTicket:
    user: str
    channel: str
    made_at: float
    message_ts: str | None = None  # the message the interaction came from
    thread_ts: str | None = None
    uses: int = 0


class Tickets:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseTicket] = {}
        self.trigger_seconds = TRIGGER_SECONDS

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        name = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
        self._triggers[name] = Trigger(user=user, made_at=self._clock(), view_id=view_id)
        return name

    def use_trigger(self, name: str) -> Trigger:
        trigger = self._triggers.get(name)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.made_at > self.trigger_seconds:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response(
        self, user: str, channel: str, *, message_ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        name = secrets.token_urlsafe(18)
        self._responses[name] = ResponseTicket(
            user=user, channel=channel, made_at=self._clock(), message_ts=message_ts, thread_ts=thread_ts
        )
        return name

    def use_response(self, name: str) -> ResponseTicket:
        ticket = self._responses.get(name)
        if ticket is None:
            raise SlackError("invalid_url")
        if self._clock() - ticket.made_at > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        if ticket.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        ticket.uses += 1
        return ticket
