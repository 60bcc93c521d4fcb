"""An incident's hour as people live it: what they do in Slack, what they see there, and what is kept in the end."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.domain.incident import Incident
from bot.domain.life import Draft
from memory.store import Store
from sandbox.bot_process import BotProcess
from sandbox.playing import Rollback
from sandbox.scenario.model import Webhook
from sandbox.scenario.webhooks import resolved, timestamp
from sandbox.slack.control import Control
from sandbox.slack.interactions import Outcome
from sandbox.slack.values import Message
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import ROLL_BACK, World, people_on_call

SOON = 240.0  # seconds: a message, a card, a dispatch, on a busy machine
RECOVERED = 300.0  # from the approval: a workflow's start, the rollout, a window of a minute or two
COMMAND = "/inc"
_TIME = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_SPAN = re.compile(r"\b\d+(?:\.\d+)? ?(?:s|min|h|days?|minutes?|seconds?|hours?)\b")
_MOMENT = re.compile(r"<!date\^\d+\^[^|>]*\|([^>]*)>")
_LINK = re.compile(r"https?://127\.0\.0\.1:\d+\S*")


def normal(text: str) -> str:
    """Without what is another thing each time: times, spans, addresses."""
    for pattern, instead in ((_MOMENT, r"\1"), (_LINK, "LINK"), (_TIME, "TIME"), (_DATE, "DATE"), (_SPAN, "SPAN")):
        text = pattern.sub(instead, text)
    return text


def fits(line: str, pattern: str) -> bool:
    """`*` stands for anything; all else is meant as it is."""
    return fnmatch.fnmatchcase(line, pattern.replace("[", "[[]").replace("?", "[?]"))


def differences(actual: Sequence[str], expected: Sequence[str]) -> list[str]:
    """Line by line; empty where every line fits."""
    pairs = [(n, *pair) for n, pair in enumerate(_padded(actual, expected), start=1) if not fits(*pair)]
    return [f"line {n}: {line or 'missing'}\n   wanted: {pattern or 'nothing'}" for n, line, pattern in pairs]


def _padded(actual: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, str]]:
    for at in range(max(len(actual), len(expected))):
        yield (actual[at] if at < len(actual) else ""), (expected[at] if at < len(expected) else "")


def missing(actual: Sequence[str], expected: Sequence[str]) -> list[str]:
    """Of what should be said in this order, what is not; other lines may stand between."""
    left = iter(actual)
    return [pattern for pattern in expected if not any(fits(line, pattern) for line in left)]


@dataclass(kw_only=True)
class Hour:
    """One incident, the people on it, and the bot as a process of its own.

    `leads`, `takes_over` and `writes` are handles; the first two are on call and may approve.
    """

    world: World
    bot: BotProcess
    leads: str
    takes_over: str
    writes: str
    channel: str = ""  # where it is worked on, by name
    thread: str | None = None  # and in which thread, where it has no channel
    notes: dict[str, str] = field(default_factory=dict)  # ts of messages by what people call them

    def __post_init__(self) -> None:
        self.control = Control(self.world.workspace)

    # --- what people do ----------------------------------------------------------------------------------------------

    async def says(self, who: str, text: str, *, name: str = "", thread: str | None = None) -> str:
        ts = await self.control.say(who, self.channel, text, thread or self.thread)
        if name:
            self.notes[name] = ts
        return ts

    async def reacts(self, who: str, name: str, emoji: str, *, remove: bool = False) -> None:
        await self.control.react(who, self.channel, self.notes[name], emoji, remove=remove)

    async def asks(self, who: str, words: str) -> list[str]:
        """A mention in the thread or the channel; what stands in the answer."""
        ts = await self.says(who, f"@{self.world.workspace.bot.handle} {words}")
        thread = self.thread or ts

        def answers() -> list[Mapping[str, Any]]:
            told = (m for m in self.messages() if m.get("thread_ts") == thread and self._is_bots(m))
            return [m for m in told if float(m["ts"]) > float(ts)]

        await until(answers, within=SOON)
        await self.control.quiet(idle=0.5)
        return [line for message in answers() for line in self.shown(message)]

    async def commands(self, who: str, words: str) -> list[str]:
        """A slash command; all that was said about it, to this person and aloud."""
        here = self.world.workspace.channel(self.channel)
        member = self.world.workspace.member(who).id
        told = {m.ts for m in here.ephemerals}
        before = {m["ts"] for m in self.messages()}
        outcome = await self.control.command(who, self.channel, COMMAND, words)
        assert outcome.ok, f"{words}: {outcome.error}"

        def new() -> list[str]:
            alone = [m for m in here.ephemerals if m.ephemeral_to == member and m.ts not in told]
            aloud = [m for m in self.messages() if m["ts"] not in before and self._is_bots(m)]
            return [line for m in alone for line in self._lines(m)] + [line for m in aloud for line in self.shown(m)]

        await until(new, within=SOON)
        await self.control.quiet(idle=0.5)
        return new()

    async def presses(self, who: str, action: str, *, value: str = "") -> Outcome:
        """The newest button of this name that this person can see, in any conversation."""

        def there() -> tuple[str, str, str | None] | None:
            return self.button(who, action, value)

        assert await until(there, within=SOON), f"nobody offers {action} to {who}:\n{self.everything(who)}"
        found = there()
        assert found is not None
        channel, ts, block = found
        return await self.control.click(who, action, channel=channel, ts=ts, block_id=block)

    async def fills_in(self, who: str, callback: str, **values: object) -> Outcome:
        """The form that is open; fields by their block's name, the others stay as they are."""

        def is_open() -> bool:
            stack = self.world.workspace.modals.get(self.world.workspace.member(who).id, [])
            return bool(stack) and stack[-1].body.get("callback_id") == callback

        assert await until(is_open, within=SOON), f"the form {callback} does not open"
        view = (await self.control.views(who))[-1]
        fields = {b["block_id"]: b["element"]["action_id"] for b in view["blocks"] if b["type"] == "input"}
        return await self.control.submit(who, view["id"], {block: {fields[block]: v} for block, v in values.items()})

    async def form(self, who: str) -> Mapping[str, Any]:
        return (await self.control.views(who))[-1]

    # --- what the monitor does ---------------------------------------------------------------------------------------

    async def alert_ends(self) -> None:
        over = resolved(self.world.scenario.webhook, time.time())
        self.world.pagerduty_incidents.end(over.payload["event"]["data"]["id"])
        assert await self.world.fire(self.bot.address, over) < 300

    async def alert_comes_back(self) -> None:
        assert await self.world.fire(self.bot.address, reopened(self.world.scenario.webhook, time.time())) < 300

    # --- what people see ---------------------------------------------------------------------------------------------

    def messages(self, channel: str = "") -> list[Mapping[str, Any]]:
        found = self.world.workspace.channel(channel or self.channel).id
        return [message for message in self.world.workspace.all_messages() if message["channel"] == found]

    def shown(self, message: Mapping[str, Any]) -> list[str]:
        """Its lines; people by their handles."""
        said = list(lines(message)) or str(message.get("text") or "").split("\n")
        return [self._named(normal(line)) for line in said if line.strip()]

    def said(self, channel: str = "") -> list[str]:
        """By the bot, in a channel, with its threads."""
        return [line for message in self.messages(channel) if self._is_bots(message) for line in self.shown(message)]

    def direct(self, who: str) -> list[str]:
        """What the bot told this person alone, in direct messages."""
        place = self.world.workspace.im_with(self.world.workspace.member(who).id)
        return [line for message in place.messages.values() for line in self._lines(message)]

    def card(self) -> list[str]:
        return self.shown(self.world.cards()[0])

    @property
    def topic(self) -> str:
        return normal(self.world.workspace.channel(self.channel).topic.value)

    def canvases(self) -> dict[str, list[str]]:
        """Lines of the canvases in the channel's head, by title."""
        channel = self.world.workspace.channel(self.channel)
        shown = [self.world.workspace.canvases[id] for id in (channel.canvas, *channel.tabs) if id]
        return {one.title: [normal(line) for line in one.markdown.split("\n") if line.strip()] for one in shown}

    async def sees(self, look: Callable[[], Sequence[str]], expected: Sequence[str], *, within: float = SOON) -> None:
        """Waits until all of it is said, in this order."""
        await until(lambda: not missing(look(), expected), within=within)
        left = missing(look(), expected)
        assert not left, f"not said: {left}\nsaid:\n" + "\n".join(look()) + f"\n{self.bot.log_tail()}"

    def everything(self, who: str) -> str:
        return "\n".join([*self.said(), *self.direct(who)])

    def button(self, who: str, action: str, value: str = "") -> tuple[str, str, str | None] | None:
        """(channel, ts, block) of the newest one that this person sees."""
        workspace, member = self.world.workspace, self.world.workspace.member(who).id
        found: list[tuple[float, str, str, str | None]] = []
        for channel in workspace.channels.values():
            if member not in channel.members:
                continue
            own = [m for m in channel.ephemerals if m.ephemeral_to == member]
            for message in (*channel.messages.values(), *own):
                for block in message.blocks:
                    if _has_button(block, action, value):
                        found.append((float(message.ts), channel.id, message.ts, block.get("block_id")))
        return max(found)[1:] if found else None

    def _is_bots(self, message: Mapping[str, Any]) -> bool:
        return message.get("user") == self.world.workspace.bot.id

    def _lines(self, message: Message) -> list[str]:
        return self.shown({"text": message.text, "blocks": message.blocks})

    def _named(self, text: str) -> str:
        for member in self.world.workspace.members.values():
            for shown in (f"<@{member.id}>", f"@{member.id}", f"@{member.name}", member.name):
                text = text.replace(shown, f"@{member.handle}")
        return text


def _has_button(block: Mapping[str, Any], action: str, value: str) -> bool:
    elements = [*(block.get("elements") or ()), block.get("accessory") or {}]
    return any(
        isinstance(one, dict) and one.get("action_id") == action and value in str(one.get("value") or "")
        for one in elements
    )


# --- what is kept ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the store holds of an incident once the bot was stopped; people by their handles, times left out."""

    incident: Incident
    timeline: Sequence[str]  # "kind: text (who)", in order
    roles: Mapping[str, str]
    updates: Sequence[str]
    follow_ups: Sequence[str]
    watches: Sequence[str]
    draft: Draft | None
    postmortem: Sequence[str]  # the published text, line by line

    @property
    def state(self) -> Mapping[str, object]:
        one = self.incident
        return {
            "severity": one.severity.value,
            "status": one.status.value,
            "place": one.place.kind.value if one.place else None,
            "acknowledged": one.acknowledged_at is not None,
            "identified": one.identified_at is not None,
            "mitigated": one.mitigated_at is not None,
            "resolved": one.resolved_at is not None,
        }

    @property
    def sections(self) -> Mapping[str, list[str]]:
        """Of the postmortem: the lines under each heading."""
        found: dict[str, list[str]] = {}
        for line in self.postmortem:
            if line.startswith("## "):
                found[line.removeprefix("## ")] = []
            elif found:
                found[next(reversed(found))].append(line)
        return found


_CITED = re.compile(r"\s*\[\[([A-Z]\d+)\]\]\(\S*")


def bare(line: str) -> str:
    """What a line of a postmortem says, without what it cites."""
    return _CITED.sub("", line.removeprefix("- ")).strip()


def cited(line: str) -> list[str]:
    return _CITED.findall(line)


async def kept(world: World, data: Path) -> Kept:
    """Of the one incident there is. The bot must not run any more."""
    store = await Store.open(f"sqlite:///{data / 'first-responder.db'}")
    handles = {member.id: member.handle for member in world.workspace.members.values()}

    def named(text: str) -> str:
        for id_, handle in handles.items():
            text = text.replace(f"<@{id_}>", f"@{handle}").replace(id_, handle)
        return normal(text)

    try:
        (incident,) = await store.incidents.list_recent(_long_ago())
        life = store.life
        draft = await life.drafts.get(incident.id)
        return Kept(
            incident=incident,
            timeline=[
                named(f"{event.kind}: {event.text}{f' ({event.actor})' if event.actor else ''}").split("\n")[0]
                for event in await store.timeline.of(incident.id)
            ],
            roles={
                str(one.role): handles[one.person] for one in await life.roles.of_incident(incident.id) if one.person
            },
            updates=[f"{one.audience}: {one.text}" for one in await life.updates.of_incident(incident.id)],
            follow_ups=[
                f"{one.priority} {one.text} ({handles.get(one.owner, 'nobody')}, {one.state})"
                for one in await life.follow_ups.of_incident(incident.id)
            ],
            watches=[str(one.state) for one in await life.watches.of_incident(incident.id)],
            draft=draft,
            postmortem=[named(line) for line in draft.markdown.split("\n") if line.strip()] if draft else [],
        )
    finally:
        await store.close()


def _long_ago() -> Any:
    from datetime import UTC, datetime

    return datetime(2000, 1, 1, tzinfo=UTC)


# --- what it begins with ---------------------------------------------------------------------------------------------


def milder(webhook: Webhook) -> Webhook:
    """The same alert with a priority for which an incident begins in a thread."""
    event = webhook.payload["event"]
    data = {**event["data"], "priority": {**event["data"]["priority"], "summary": "P3"}}
    return replace(webhook, payload={"event": {**event, "data": data}})


def reopened(webhook: Webhook, at: float) -> Webhook:
    """The same incident of PagerDuty's, burning anew."""
    event = webhook.payload["event"]
    again = {
        **event,
        "id": f"{event['id'][:-6]}REOPEN",
        "event_type": "incident.reopened",
        "occurred_at": timestamp(at),
        "data": {**event["data"], "status": "triggered"},
    }
    return replace(webhook, payload={"event": again})


async def begun(world: World, bot: BotProcess, webhook: Webhook | None = None) -> Hour:
    """The alert is in, the first briefing stands, and the people are where it is worked on."""
    assert await world.fire(bot.address, webhook) == 202
    await until(lambda: world.cards("briefing") or not bot.is_running, within=SOON)
    assert world.cards("briefing"), bot.log_tail()
    first, second = people_on_call(world.scenario)[:2]
    third = next(p.handle for p in world.scenario.people if p.handle not in (first, second))
    hour = Hour(world=world, bot=bot, leads=first, takes_over=second, writes=third)
    await moves_to(hour, world.cards("briefing")[0])
    return hour


async def moves_to(hour: Hour, card: Mapping[str, Any]) -> None:
    """From now on people are where this card stands."""
    channel = hour.world.workspace.channels[card["channel"]]
    hour.channel = channel.name
    hour.thread = None if channel.name.startswith("inc-") else str(card["ts"])
    for who in (hour.leads, hour.takes_over, hour.writes):
        await hour.control.join(who, hour.channel)


def ordered(wanted: Rollback) -> str:
    told = f"service={wanted.service} repository={wanted.repository} version={wanted.version}"
    return f"runbook {ROLL_BACK.stem} {told} present_version={wanted.present_version} because errors began with it"
