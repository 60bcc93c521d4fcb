"""The workspace's state: people, channels, files, views. What happens to it is in the modules beside this one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from sandbox.scenario.model import Person
from sandbox.slack.background import Background
from sandbox.slack.calls import CallLog
from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.faults import Faults
from sandbox.slack.ids import Stamps, random_id, stable_id
from sandbox.slack.limits import Limits
from sandbox.slack.live import Live
from sandbox.slack.pings import Ping
from sandbox.slack.scopes import DEFAULT_SCOPES
from sandbox.slack.tickets import Tickets
from sandbox.slack.values import (
    AgentThread,
    Canvas,
    Channel,
    ChannelKind,
    File,
    JsonObject,
    Member,
    Message,
    Note,
    Scheduled,
    Stream,
    UserGroup,
    View,
)
from sandbox.slack.wire import message_json

TEAM_NAME = "First Responder Sandbox"
TEAM_DOMAIN = "sandbox"
DEFAULT_CHANNELS = (("general", "Company-wide announcements"), ("incidents", "One post for each incident"))


class Workspace:
    """One Slack workspace with one app installed. Lives in one event loop; nothing is kept after the process ends.

    `people` become members; the first one is an admin. `clock` gives unix seconds.
    """

    def __init__(
        self,
        people: Sequence[Person],
        *,
        bot_name: str = "incident",
        clock: Callable[[], float] = time.time,
        scopes: Iterable[str] = DEFAULT_SCOPES,
    ) -> None:
        self.clock = clock
        self.created = int(clock())
        self.base_url = "http://127.0.0.1"  # the address pages and the app use; follows the requests that come in
        self.team_id = stable_id("T", TEAM_DOMAIN)
        self.app_id = stable_id("A", bot_name)
        self.bot_token = "xoxb-" + secrets.token_urlsafe(24)
        self.app_token = "xapp-1-" + secrets.token_urlsafe(24)
        self.signing_secret = secrets.token_hex(16)
        self.verification_token = secrets.token_urlsafe(16)  # the deprecated token field of every payload
        self.scopes = frozenset(scopes)
        self.subscriptions: frozenset[str] | None = None  # bot_events; None: all of them
        self.manifest: Mapping[str, object] = {}
        self.file_processing_seconds = 0.0
        self.is_free = False  # the plan: free ones have canvases in channels only, and one tab in each
        self.hints: tuple[str, ...] = ()  # what one can try now; the page shows them

        self.members: dict[str, Member] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self.files: dict[str, File] = {}
        self.canvases: dict[str, Canvas] = {}
        self.modals: dict[str, list[View]] = {}  # by user, the top one last
        self.homes: dict[str, View] = {}  # by user
        self.streams: dict[tuple[str, str], Stream] = {}
        self.threads: dict[tuple[str, str], AgentThread] = {}
        self.scheduled: dict[str, Scheduled] = {}  # by id, until they are posted or deleted
        self.pings: list[Ping] = []

        self.stamps = Stamps(clock)
        self.background = Background()
        self.live = Live()
        self.calls = CallLog()
        self.faults = Faults()
        self.limits = Limits()
        self.tickets = Tickets(clock)
        self.delivery = Delivery(self)

        self.bot = self._add_bot(bot_name)
        for index, person in enumerate(people):
            self.add_person(person, is_admin=index == 0)
        for name, purpose in DEFAULT_CHANNELS:
            self._add_default_channel(name, purpose)

    def now(self) -> int:
        return int(self.clock())

    # People

    def add_app(self, name: str) -> Member:
        """The bot's user of another app, which can react as people can."""
        return self._add_bot(name)

    def _add_bot(self, name: str) -> Member:
        bot = Member(
            id=stable_id("U", "bot", name),
            handle=name,
            name=name,
            team_id=self.team_id,
            bot_id=stable_id("B", name),
        )
        self.members[bot.id] = bot
        return bot

    def add_person(
        self,
        person: Person,
        *,
        is_admin: bool = False,
        is_restricted: bool = False,
        is_ultra_restricted: bool = False,
        is_stranger: bool = False,
    ) -> Member:
        """A guest (`is_restricted`; of one channel alone `is_ultra_restricted`) or someone of another organisation
        (`is_stranger`) joins no channel by itself.
        """
        member = Member(
            id=stable_id("U", person.handle),
            handle=person.handle,
            name=person.name,
            email=person.email,
            title=person.title,
            is_admin=is_admin,
            is_restricted=is_restricted or is_ultra_restricted,
            is_ultra_restricted=is_ultra_restricted,
            is_stranger=is_stranger,
            team_id=stable_id("T", "elsewhere") if is_stranger else self.team_id,
        )
        self.members[member.id] = member
        if not (member.is_restricted or is_stranger):
            for channel in self.channels.values():
                if channel.name in {name for name, _ in DEFAULT_CHANNELS}:
                    channel.members.append(member.id)
        return member

    def member(self, who: str) -> Member:
        """A member by id or handle, for the control API; nobody named means the first person."""
        if not who:
            return next(member for member in self.members.values() if not member.is_bot)
        handle = who.removeprefix("@")
        for member in self.members.values():
            if who == member.id or handle == member.handle:
                return member
        raise ControlError(f"there is nobody called {who!r} here")

    def user(self, user_id: str) -> Member:
        if user_id not in self.members:
            raise SlackError("user_not_found")
        return self.members[user_id]

    def add_group(self, handle: str, name: str, users: Iterable[str]) -> UserGroup:
        """`users` are ids or handles."""
        group = UserGroup(
            id=stable_id("S", handle),
            handle=handle,
            name=name,
            users=[self.member(user).id for user in users],
            created_by=self.admin_id,
            created=self.now(),
            updated=self.now(),
        )
        self.groups[group.id] = group
        return group

    @property
    def admin_id(self) -> str:
        return next((member.id for member in self.members.values() if member.is_admin), self.bot.id)

    # Channels

    def _add_default_channel(self, name: str, purpose: str) -> None:
        channel = self.new_channel(name, ChannelKind.PUBLIC, creator=self.admin_id)
        channel.purpose = Note(value=purpose, creator=self.admin_id, last_set=self.created)
        channel.is_general = name == "general"
        channel.members = [m.id for m in self.members.values() if not m.is_bot and not m.is_restricted]

    def new_channel(self, name: str, kind: ChannelKind, *, creator: str) -> Channel:
        prefix = {ChannelKind.PUBLIC: "C", ChannelKind.PRIVATE: "C", ChannelKind.IM: "D"}[kind]
        channel = Channel(
            id=stable_id(prefix, name) if kind is ChannelKind.IM else random_id(prefix),
            name=name,
            kind=kind,
            creator=creator,
            created=self.now(),
            members=[creator],
        )
        self.channels[channel.id] = channel
        return channel

    def im_with(self, user_id: str) -> Channel:
        """The direct messages between the bot and this user, made when there are none yet."""
        wanted = stable_id("D", f"im-{user_id}")
        if wanted not in self.channels:
            channel = self.new_channel(f"im-{user_id}", ChannelKind.IM, creator=self.bot.id)
            channel.members = [self.bot.id, user_id]
        return self.channels[wanted]

    def find_channel(self, where: str) -> Channel | None:
        """By id or by name, with or without "#"."""
        if where in self.channels:
            return self.channels[where]
        name = where.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == name and not c.is_im), None)

    def channel(self, where: str) -> Channel:
        """For the control API."""
        found = self.find_channel(where)
        if found is None:
            raise ControlError(f"there is no channel {where!r} here")
        return found

    def visible(self, channel: Channel, viewer: str) -> bool:
        return channel.kind is ChannelKind.PUBLIC or viewer in channel.members

    def message(self, channel: Channel, ts: str) -> Message:
        if ts not in channel.messages:
            raise SlackError("message_not_found")
        return channel.messages[ts]

    def all_messages(self) -> list[JsonObject]:
        """Every message of every channel, metadata included, oldest first; for tests and the demo to look at."""
        found = [message for channel in self.channels.values() for message in channel.messages.values()]
        return [
            message_json(self, message) | {"channel": message.channel}
            for message in sorted(found, key=lambda message: float(message.ts))
        ]

    def permalink(self, message: Message) -> str:
        link = f"{self.base_url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def publish(self, subscription: str, event: JsonObject, *, channel: Channel | None = None) -> None:
        """Sends an event to the app when it subscribed to it and, for a channel's event, is a member there."""
        if self.subscriptions is not None and subscription not in self.subscriptions:
            return
        if channel is not None and self.bot.id not in channel.members:
            return
        self.delivery.send_event({**event, "event_ts": event.get("event_ts") or self.stamps.next()}, channel)

    def close(self) -> None:
        self.live.close()
