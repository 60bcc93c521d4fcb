"""Drives people from outside: the page, the demo and tests say, react, click and wait through this."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sandbox.scenario.model import Person
from sandbox.slack import channels, messages
from sandbox.slack.api import canvases
from sandbox.slack.calls import Call
from sandbox.slack.errors import ControlError
from sandbox.slack.faults import EVERY_METHOD, Fault, FaultKind
from sandbox.slack.interactions import Interactions, Outcome
from sandbox.slack.messages import Draft
from sandbox.slack.modals import find
from sandbox.slack.pings import Ping
from sandbox.slack.screen import Screen
from sandbox.slack.values import Canvas, Channel, JsonObject, Member, Message, View
from sandbox.slack.wire import view_json
from sandbox.slack.workspace import Workspace

POLL_SECONDS = 0.01
NEWCOMERS: Mapping[str, Mapping[str, bool]] = {
    "member": {},
    "guest": {"is_restricted": True},
    "single_channel_guest": {"is_ultra_restricted": True},
    "stranger": {"is_stranger": True},
}
KEPT_ENTITY = re.compile(r"(<[@#!][^<>]+>|<(?:https?|mailto):[^<>]+>)")


class Control:
    """One method for each thing a person, or whoever runs the workspace, can do.

    `who` and `channel` are ids, handles or names; the channel "@" and the app's name is its direct messages with `who`.
    ControlError: nobody could do this in Slack; SlackError: Slack
    refuses it with that code.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.screen = Screen(workspace)
        self._interactions = Interactions(workspace)

    # What a person sees

    async def state(self, who: str) -> JsonObject:
        return self.screen.state(self.workspace.member(who))

    async def messages(self, who: str, channel: str, thread_ts: str | None = None) -> list[JsonObject]:
        member = self.workspace.member(who)
        return self.screen.messages(member, self._seen(member, channel), thread_ts)

    async def views(self, who: str) -> list[JsonObject]:
        """The open modals, the top one last."""
        stack = self.workspace.modals.get(self.workspace.member(who).id, [])
        return [self.screen.resolved(view_json(self.workspace, view)) for view in stack]

    async def home(self, who: str) -> JsonObject | None:
        view = self.workspace.homes.get(self.workspace.member(who).id)
        return self.screen.resolved(view_json(self.workspace, view)) if view else None

    # Messages

    async def say(self, who: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Answers the message's ts. "@ana" and "#general" become mentions, as in Slack's message field."""
        member, place = self._inside(who, channel)
        if thread_ts is not None:
            thread_ts = self._message(place, thread_ts).thread_ts or thread_ts
        draft = Draft(text=self._typed(text), thread_ts=thread_ts)
        return messages.post(self.workspace, place, member.id, draft).ts

    async def edit(self, who: str, channel: str, ts: str, text: str) -> None:
        member, place = self._inside(who, channel)
        message = self._own(place, ts, member)
        messages.edit(self.workspace, place, message, member.id, replace(message, text=self._typed(text)))

    async def delete(self, who: str, channel: str, ts: str) -> None:
        member, place = self._inside(who, channel)
        message = self._message(place, ts)
        if message.user != member.id and not member.is_admin:
            raise ControlError("only its author or an admin deletes a message")
        messages.delete(self.workspace, place, message)

    async def react(self, who: str, channel: str, ts: str, name: str, *, remove: bool = False) -> None:
        member, place = self._inside(who, channel)
        change = messages.unreact if remove else messages.react
        change(self.workspace, place, self._message(place, ts), member.id, name.strip(":"))

    async def pin(self, who: str, channel: str, ts: str, *, remove: bool = False) -> None:
        member, place = self._inside(who, channel)
        change = messages.unpin if remove else messages.pin
        change(self.workspace, place, self._message(place, ts), member.id)

    # Interactions

    async def click(
        self,
        who: str,
        action_id: str,
        *,
        channel: str = "",
        ts: str = "",
        view_id: str = "",
        block_id: str | None = None,
        value: Any = None,
        selected: Any = None,
    ) -> Outcome:
        """Uses an element of a message (`channel`, `ts`) or of a view. `selected` or `value`: what was chosen."""
        member = self.workspace.member(who)
        chosen = value if selected is None else selected
        if view_id:
            view = self._view(member, view_id)
            return await self._interactions.act_in_view(member, view, action_id, block_id=block_id, chosen=chosen)
        place = self._seen(member, channel)
        message = self._shown(place, ts, member)
        return await self._interactions.click(member, place, message, action_id, block_id=block_id, chosen=chosen)

    async def command(self, who: str, channel: str, command: str, text: str = "") -> Outcome:
        member, place = self._inside(who, channel)
        return await self._interactions.command(member, place, command, text)

    async def shortcut(self, who: str, callback_id: str, channel: str = "", ts: str = "") -> Outcome:
        """On a message with `channel` and `ts`, else a global one."""
        member = self.workspace.member(who)
        if not ts:
            return await self._interactions.shortcut(member, callback_id, None, None)
        place = self._seen(member, channel)
        return await self._interactions.shortcut(member, callback_id, place, self._message(place, ts))

    async def submit(self, who: str, view_id: str, values: JsonObject | None = None) -> Outcome:
        """`values`: block id -> action id -> the state value, or just what was chosen."""
        member = self.workspace.member(who)
        return await self._interactions.submit(member, self._view(member, view_id), values or {})

    async def close(self, who: str, view_id: str) -> Outcome:
        member = self.workspace.member(who)
        return await self._interactions.close(member, self._view(member, view_id))

    async def open_home(self, who: str, tab: str = "home") -> None:
        """`tab`: "home", or "messages" for the direct messages with the app."""
        member = self.workspace.member(who)
        channel = self.workspace.im_with(member.id)
        event: JsonObject = {"type": "app_home_opened", "user": member.id, "channel": channel.id, "tab": tab}
        view = self.workspace.homes.get(member.id)
        if tab == "home" and view is not None:
            event["view"] = view_json(self.workspace, view)
        self.workspace.publish("app_home_opened", event)

    # Canvases

    async def write_canvas(self, who: str, canvas: str, markdown: str) -> None:
        """Somebody writes it anew; Slack tells the app nothing of it."""
        member, found = self.workspace.member(who), self.workspace.canvases.get(canvas)
        if found is None:
            raise ControlError(f"there is no canvas {canvas!r}")
        if not any(level != "read" for level in self._access(member, found)):
            raise ControlError(f"{member.handle} may not write this canvas")
        found.sections = canvases.sections_of({"type": "markdown", "markdown": markdown})
        canvases.tell(self.workspace, found)

    def _access(self, member: Member, canvas: Canvas) -> Iterator[str]:
        for place, level in {**canvas.access, **({canvas.channel: "write"} if canvas.channel else {})}.items():
            channel = self.workspace.channels.get(place)
            if place == member.id or (channel is not None and member.id in channel.members):
                yield level

    # Channels and groups

    async def join(self, who: str, channel: str) -> None:
        member, place = self.workspace.member(who), self.workspace.channel(channel)
        if member.deleted:
            raise ControlError(f"the account of {member.handle} is closed")
        if place.is_private or place.is_im or place.is_archived:
            raise ControlError("nobody joins that by themselves")
        if member.id not in place.members:
            channels.join(self.workspace, place, member.id)

    async def leave(self, who: str, channel: str) -> None:
        member, place = self._inside(who, channel)
        channels.leave(self.workspace, place, member.id)

    async def invite(self, who: str, channel: str, users: list[str]) -> None:
        """A member brings in others, the app's bot too."""
        member, place = self._inside(who, channel)
        for user in users:
            invited = self.workspace.member(user).id
            if invited not in place.members:
                channels.join(self.workspace, place, invited, inviter=member.id)

    async def create_channel(self, who: str, name: str, *, is_private: bool = False) -> str:
        member = self.workspace.member(who)
        return channels.create(self.workspace, name, creator=member.id, is_private=is_private).id

    async def archive(self, who: str, channel: str, *, undo: bool = False) -> None:
        member, place = self.workspace.member(who), self.workspace.channel(channel)
        channels.set_archived(self.workspace, place, member.id, archived=not undo)

    async def group(self, handle: str, users: list[str], name: str = "") -> str:
        """Makes a user group or changes who is in it; answers its id."""
        ids = [self.workspace.member(user).id for user in users]
        for group in self.workspace.groups.values():
            if group.handle == handle:
                channels.set_group_members(self.workspace, group.id, ids)
                return group.id
        return self.workspace.add_group(handle, name or handle, ids).id

    # People come and go

    async def person(self, handle: str, kind: str = "member", name: str = "") -> str:
        """Somebody new; answers their id. `kind`: member, guest, single_channel_guest, stranger, app."""
        if any(member.handle == handle for member in self.workspace.members.values()):
            raise ControlError(f"there is somebody called {handle!r} already")
        if kind == "app":
            return self.workspace.add_app(handle).id
        if kind not in NEWCOMERS:
            raise ControlError(f"a person is one of {', '.join([*NEWCOMERS, 'app'])}, not {kind!r}")
        person = Person(handle=handle, name=name or handle.capitalize(), email=f"{handle}@example.com")
        return self.workspace.add_person(person, **NEWCOMERS[kind]).id

    async def deactivate(self, who: str, *, undo: bool = False) -> None:
        """The account is closed; Slack takes it out of its user groups."""
        member = self.workspace.member(who)
        member.deleted = not undo
        for group in tuple(self.workspace.groups.values()):
            if member.deleted and member.id in group.users:
                left = [user for user in group.users if user != member.id]
                channels.set_group_members(self.workspace, group.id, left)

    # The workspace's weather

    async def fault(
        self,
        kind: str,
        method: str = EVERY_METHOD,
        *,
        retry_after: int = 1,
        seconds: float = 30.0,
        error: str = "internal_error",
        times: int | None = None,
    ) -> None:
        fault = Fault(
            method=method,
            kind=FaultKind(kind),
            retry_after=retry_after,
            seconds=seconds,
            error=error,
            times=times,
        )
        self.workspace.faults.add(fault)
        if self.workspace.faults.all_away:
            await self.workspace.delivery.socket.disconnect(reason=None)

    async def clear_faults(self) -> None:
        self.workspace.faults.clear()

    async def limits(self, on: bool) -> None:
        self.workspace.limits.switch(on)

    async def latency(self, seconds: float) -> None:
        self.workspace.faults.latency = seconds

    async def disconnect(self, reason: str | None = "refresh_requested") -> int:
        """Ends the Socket Mode connections; without a reason they just drop."""
        return await self.workspace.delivery.socket.disconnect(reason)

    async def deliver_to(self, request_url: str | None) -> None:
        """Events over HTTP from now on; None: Socket Mode again. Raises Unanswered when the URL does not verify."""
        if request_url is None:
            await self.workspace.delivery.use_socket_mode()
        else:
            await self.workspace.delivery.use_http(request_url)

    # What happened

    async def quiet(self, idle: float = 0.3, timeout: float = 10.0) -> tuple[bool, int]:
        """Waits until nothing happened for `idle` seconds: no Web API call, no delivery under way.

        Answers whether that came about in time, and how many calls there were so far.
        """
        log, delivery = self.workspace.calls, self.workspace.delivery
        deadline = time.monotonic() + timeout
        while True:
            still = not log.in_flight and not delivery.unacked
            if still and time.monotonic() - log.last_activity >= idle:
                return True, len(log.calls)
            if time.monotonic() >= deadline:
                return False, len(log.calls)
            await asyncio.sleep(POLL_SECONDS)

    async def calls(self, since: int = 0) -> list[Call]:
        return self.workspace.calls.since(since)

    async def pings(self) -> list[Ping]:
        return list(self.workspace.pings)

    # Parts

    def _seen(self, member: Member, where: str) -> Channel:
        if member.deleted:
            raise ControlError(f"the account of {member.handle} is closed")
        direct = where == f"@{self.workspace.bot.handle}"
        channel = self.workspace.im_with(member.id) if direct else self.workspace.channel(where)
        if not self.workspace.visible(channel, member.id):
            raise ControlError(f"{member.handle} does not see {where!r}")
        return channel

    def _inside(self, who: str, where: str) -> tuple[Member, Channel]:
        member = self.workspace.member(who)
        channel = self._seen(member, where)
        if member.id not in channel.members:
            raise ControlError(f"{member.handle} is not in {channel.name}: join first")
        if channel.is_archived:
            raise ControlError(f"{channel.name} is archived")
        return member, channel

    def _message(self, channel: Channel, ts: str) -> Message:
        if ts not in channel.messages:
            raise ControlError(f"there is no message {ts} in {channel.name}")
        return channel.messages[ts]

    def _shown(self, channel: Channel, ts: str, member: Member) -> Message:
        """A message or an ephemeral one for this person."""
        for message in channel.ephemerals:
            if message.ts == ts and message.ephemeral_to == member.id:
                return message
        return self._message(channel, ts)

    def _own(self, channel: Channel, ts: str, member: Member) -> Message:
        message = self._message(channel, ts)
        if message.user != member.id:
            raise ControlError("people edit their own messages only")
        return message

    def _view(self, member: Member, view_id: str) -> View:
        view = find(self.workspace, view_id=view_id)
        if view is None or view.user != member.id:
            raise ControlError(f"{member.handle} has no view {view_id}")
        return view

    def _typed(self, text: str) -> str:
        """What Slack makes of a typed text: entities kept, names linked, the rest escaped."""
        parts = KEPT_ENTITY.split(text)
        return "".join(part if index % 2 else self._linked(part) for index, part in enumerate(parts))

    def _linked(self, text: str) -> str:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        handles: Mapping[str, str] = {member.handle: member.id for member in self.workspace.members.values()}

        def person(match: re.Match[str]) -> str:
            word = match.group(1)
            if word in {"here", "channel", "everyone"}:
                return f"<!{word}>"
            return f"<@{handles[word]}>" if word in handles else match.group(0)

        return re.sub(r"(?<!\w)@([\w-]+)", person, text)
