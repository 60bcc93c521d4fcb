"""People on an incident, from its card to its postmortem: they order, approve, say what happened, resolve and publish.

What Slack tells them failed they do again, once they see that it had no effect.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.domain.life import presses
from bot.slack.acting_ids import APPROVE, HAPPENED, NOT_HAPPENED
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.values import Channel, JsonObject, Message
from tests.chaos.life_child import ANNOUNCEMENTS
from tests.chaos.life_world import APPROVES, LEADS, LifeWorld

LOOK = 0.02  # seconds between two looks of people
SEEN_WITHIN = 3.0  # seconds with a bot that hears, after which somebody does again what showed no effect
CARD = "incident_card"
RUN_ENDS = ("Done", "Failed", "Refused", "Cancelled", "Stopped")


@dataclass(kw_only=True)
class Life:
    """One incident as people live it. `stage`: what they do now."""

    world: LifeWorld
    service: str
    happened: bool = True  # what they say of what nobody knows
    stage: str = "alert"
    approved: list[str] = field(default_factory=list)  # ts of messages that an approving reaction stands under
    settled: list[str] = field(default_factory=list)  # keys of steps
    noted: str = ""  # what was put on the timeline
    repeated: int = 0  # how often something had to be done again

    async def live(self) -> None:
        self.stage = "fire"
        await self.world.fire(self.service)
        self.stage = "briefing"
        await self._until(lambda: self.card is not None)
        for who in (LEADS, APPROVES):
            await self.world.control.join(who, self.channel.id)
        await self._until(lambda: any(key_of(m).startswith("life/propose/") for m in self._bots()))
        self.stage = "lead"
        await self._command(LEADS, "lead me", lambda: self._said("is lead of"))
        self.stage = "severity"
        told = lambda: self._said("from SEV1 to SEV2") or self._said("is SEV2 now")  # noqa: E731
        await self._command(LEADS, "sev 2 because one region alone is hurt", told)
        self.stage = "note"
        await self._note(f"I looked at {self.service}.")
        self.stage = "order"
        words = f"runbook one-change name={self.service} because it fails"
        await self._command(LEADS, words, lambda: self._offers(APPROVE))
        self.stage = "approve"
        await self._approve()
        self.stage = "run"
        await self._until_run_over()
        self.stage = "resolve"
        resolved = lambda: "Resolved" in self.channel.topic.value  # noqa: E731
        await self._command(APPROVES, "resolve it was changed", resolved)
        self.stage = "draft"
        await self._command(APPROVES, "postmortem draft", lambda: self._offers(presses.APPROVE_POSTMORTEM))
        self.stage = "publish"
        await self._press(APPROVES, presses.APPROVE_POSTMORTEM, lambda: self._said(" is published*"))
        self.stage = "announce"  # after a kill this waits for its grace time
        await self._until(self._is_announced)
        self.stage = "over"

    # --- what they see -----------------------------------------------------------------------------------------------

    @property
    def card(self) -> Message | None:
        """With its briefing."""
        for channel in self.world.workspace.channels.values():
            for message in channel.messages.values():
                told = message.metadata or {}
                is_card = told.get("event_type") == CARD and told.get("event_payload", {}).get("stage") == "briefing"
                if is_card and f"of {self.service} " in f"{message.text} ":
                    return message
        return None

    @property
    def channel(self) -> Channel:
        assert self.card is not None
        return self.world.workspace.channels[self.card.channel]

    def _is_announced(self) -> bool:
        posts = self.world.workspace.channel(ANNOUNCEMENTS).messages.values()
        return any(key_of(post).startswith("life/announce/") and f"of {self.service} " in post.text for post in posts)

    def _bots(self) -> Iterator[Message]:
        own = self.world.workspace.bot.id
        return (message for message in self.channel.messages.values() if message.user == own)

    def _said(self, words: str) -> bool:
        return any(words in message.text or words in json.dumps(message.blocks) for message in self._bots())

    def _buttons(self, action: str) -> list[tuple[Message, JsonObject]]:
        return [
            (message, element)
            for message in self._bots()
            for block in message.blocks
            for element in block.get("elements") or ()
            if isinstance(element, dict) and element.get("action_id") == action
        ]

    def _offers(self, action: str) -> bool:
        return bool(self._buttons(action))

    # --- what they do ------------------------------------------------------------------------------------------------

    async def _until(self, seen: Callable[[], bool]) -> None:
        while not seen():  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(LOOK)

    async def _soon(self, seen: Callable[[], bool]) -> bool:
        left = SEEN_WITHIN
        while not seen():  # a start on a busy machine takes longer than people wait
            if left <= 0:
                return False
            await asyncio.sleep(LOOK)
            left = left - LOOK if self.world.workspace.delivery.socket.connections else SEEN_WITHIN
        return True

    async def _command(self, who: str, words: str, seen: Callable[[], bool]) -> None:
        while not seen():
            await self._connected()
            outcome = await self.world.control.command(who, self.channel.id, "/inc", words)
            if outcome.ok and "runbook" not in words:  # it is kept: nobody has to say it twice
                await self._until(seen)
                return
            if await self._soon(seen):
                return
            self.repeated += 1

    async def _connected(self) -> None:
        await self._until(lambda: self.world.workspace.delivery.socket.connections > 0)

    async def _note(self, text: str) -> None:
        ts = await self.world.control.say(LEADS, self.channel.id, text)
        await self.world.control.react(LEADS, self.channel.id, ts, "pushpin")
        self.noted = text

    async def _approve(self) -> None:
        """Each request that there is: an order that was repeated has two."""
        for message, _ in self._buttons(APPROVE):
            if message.ts not in self.approved:
                await self.world.control.react(APPROVES, self.channel.id, message.ts, "white_check_mark")
                self.approved.append(message.ts)

    async def _until_run_over(self) -> None:
        while self._offers(APPROVE) or self._offers(HAPPENED) or not self._runs_are_over():
            await self._approve()
            for message, element in self._buttons(HAPPENED):
                await self._settle(message, str(element["value"]))
            await asyncio.sleep(LOOK)

    def _runs_are_over(self) -> bool:
        cards = [message for message in self._bots() if key_of(message).startswith("run-card:")]
        return bool(cards) and all(any(f": {end}" in card.text for end in RUN_ENDS) for card in cards)

    async def _settle(self, message: Message, key: str) -> None:
        await self._connected()
        action = HAPPENED if self.happened else NOT_HAPPENED
        try:
            outcome = await self.world.control.click(LEADS, action, channel=self.channel.id, ts=message.ts)
        except (ControlError, SlackError):  # the button has gone
            return
        if outcome.ok:
            self.settled.append(key)
            await self._soon(lambda: all(str(e["value"]) != key for _, e in self._buttons(HAPPENED)))

    async def _press(self, who: str, action: str, seen: Callable[[], bool]) -> None:
        while not seen():
            await self._connected()
            buttons = self._buttons(action)
            if buttons:
                try:
                    await self.world.control.click(who, action, channel=self.channel.id, ts=buttons[-1][0].ts)
                except (ControlError, SlackError):
                    pass  # the button has gone
            if await self._soon(seen):
                return
            self.repeated += 1


def key_of(message: Message) -> str:
    return str(((message.metadata or {}).get("event_payload") or {}).get("key", ""))
