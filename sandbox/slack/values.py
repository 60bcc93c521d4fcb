"""What a workspace holds. Entities change in place, inside one event loop; Slack's ids are strings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

JsonObject = dict[str, Any]  # an object as it goes over the wire: Block Kit, metadata, payloads


class ChannelKind(Enum):
    PUBLIC = "public_channel"
    PRIVATE = "private_channel"
    IM = "im"


@dataclass(kw_only=True)
class Member:
    """A person, or a bot's user."""

    id: str
    handle: str
    name: str
    email: str = ""
    title: str = ""
    is_admin: bool = False
    is_restricted: bool = False  # a multi-channel guest
    is_ultra_restricted: bool = False  # a single-channel guest
    is_stranger: bool = False  # someone of another organisation, through Slack Connect
    team_id: str = ""
    bot_id: str | None = None
    deleted: bool = False

    @property
    def is_bot(self) -> bool:
        return self.bot_id is not None


@dataclass(kw_only=True)
class Note:
    """A channel's topic or purpose."""

    value: str = ""
    creator: str = ""
    last_set: int = 0


@dataclass(kw_only=True)
class Bookmark:
    id: str
    channel: str
    title: str
    link: str
    emoji: str = ""
    created: int = 0
    updated: int = 0
    by: str = ""


@dataclass(kw_only=True)
class Pin:
    ts: str
    user: str
    created: int


@dataclass(kw_only=True)
class Message:
    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JsonObject] = field(default_factory=list)
    attachments: list[JsonObject] = field(default_factory=list)
    bot_id: str | None = None
    subtype: str | None = None
    thread_ts: str | None = None  # the parent's ts; a parent with replies carries its own
    metadata: JsonObject | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)  # emoji name -> user ids, oldest first
    edited_by: str | None = None
    edited_at: str | None = None
    files: list[str] = field(default_factory=list)
    ephemeral_to: str | None = None  # only this user sees it
    streaming: bool = False
    client_msg_id: str | None = None
    root: str | None = None  # of a thread_broadcast

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def in_channel_view(self) -> bool:
        return not self.is_reply or self.subtype == "thread_broadcast"


@dataclass(kw_only=True)
class Channel:
    id: str
    name: str
    kind: ChannelKind
    creator: str
    created: int
    members: list[str] = field(default_factory=list)
    topic: Note = field(default_factory=Note)
    purpose: Note = field(default_factory=Note)
    is_archived: bool = False
    is_general: bool = False
    is_ext_shared: bool = False
    previous_names: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)  # by ts, in order of arrival
    ephemerals: list[Message] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    canvas: str | None = None  # the channel canvas' file id
    tabs: list[str] = field(default_factory=list)  # other canvases in its head: tabbed there, or shared with it

    @property
    def is_im(self) -> bool:
        return self.kind is ChannelKind.IM

    @property
    def is_private(self) -> bool:
        return self.kind is ChannelKind.PRIVATE

    def replies(self, thread_ts: str) -> list[Message]:
        return [m for m in self.messages.values() if m.thread_ts == thread_ts and m.ts != thread_ts]


@dataclass(kw_only=True)
class UserGroup:
    id: str
    handle: str
    name: str
    users: list[str]
    created_by: str
    created: int
    updated: int


@dataclass(kw_only=True)
class File:
    id: str
    name: str
    title: str
    user: str
    created: int
    mimetype: str = "application/octet-stream"
    alt: str = ""
    content: bytes = b""
    expected_length: int = 0
    uploaded: bool = False  # the bytes have arrived
    completed: bool = False  # files.completeUploadExternal was called
    ready_at: float = 0.0  # when processing is over; image blocks refuse the file before
    width: int = 0
    height: int = 0
    channels: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class CanvasSection:
    id: str
    markdown: str


@dataclass(kw_only=True)
class Canvas:
    id: str
    title: str
    owner: str
    created: int
    sections: list[CanvasSection] = field(default_factory=list)
    channel: str | None = None
    access: dict[str, str] = field(default_factory=dict)  # user or channel id -> read, write, owner

    @property
    def markdown(self) -> str:
        return "\n\n".join(section.markdown for section in self.sections)


@dataclass(kw_only=True)
class View:
    """A modal on a person's stack, or a person's Home."""

    id: str
    kind: str  # "modal" or "home"
    user: str
    body: JsonObject  # as the app sent it: title, blocks, private_metadata, callback_id ...
    hash: str
    external_id: str = ""
    state: JsonObject = field(default_factory=dict)  # block id -> action id -> what the person chose so far
    root_view_id: str = ""
    previous_view_id: str | None = None


@dataclass(kw_only=True)
class Stream:
    """A message being streamed: chat.startStream until chat.stopStream."""

    channel: str
    ts: str
    markdown: str = ""
    mode: str = "timeline"
    plan_title: str = ""
    tasks: dict[str, JsonObject] = field(default_factory=dict)  # task cards by task id
    blocks: list[JsonObject] = field(default_factory=list)


@dataclass(kw_only=True)
class Scheduled:
    """A message chat.scheduleMessage will post."""

    id: str
    channel: str
    text: str
    post_at: int
    created: int


@dataclass(kw_only=True)
class AgentThread:
    """What assistant.threads.* said about one thread."""

    channel: str
    thread_ts: str
    status: str = ""
    loading_messages: list[str] = field(default_factory=list)
    title: str = ""
    prompts: list[JsonObject] = field(default_factory=list)
