"""What is kept of incidents, and of what was done about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.briefing import Briefing
from bot.domain.evidence import Finding
from bot.domain.incident import Card, Incident, Place
from bot.domain.ports.intake import Acceptance


class Incidents(Protocol):
    """Reads incidents; of a large one the first and the newest alerts. Of one that was merged, the alerts that the one
    it goes on in had by then: it has none of its own.
    """

    async def get(self, incident_id: str) -> Incident | None: ...

    async def list_open(self) -> Sequence[Incident]:
        """Worst first, then oldest; each with its first alert alone."""
        ...

    async def list_recent(self, since: datetime) -> Sequence[Incident]:
        """Open ones, and those that were over since then; the newest first, each with its first alert alone."""
        ...

    async def in_place(self, channel: str, thread_ts: str | None) -> Incident | None:
        """The incident worked on in this channel, or under this card."""
        ...


class Agenda(Protocol):
    """What still has to be done about incidents, read after a restart as well as after each triage."""

    async def unbriefed(self) -> Sequence[str]:
        """Ids of incidents without a first briefing, oldest first."""
        ...

    async def outdated(self) -> Sequence[str]:
        """Ids of briefed incidents whose card shows an older revision."""
        ...

    async def shown(self, incident_id: str, revision: int) -> None:
        """The card now shows this revision."""
        ...


class Places(Protocol):
    """Remembers where an incident is worked on."""

    async def reserve_name(self, incident_id: str, base: str, *, taken: Sequence[str] = ()) -> str:
        """A channel name no other incident has: `base`, or with -2, -3 ... (80 characters at most).

        The same incident gets the same name again, unless that name is in `taken`.
        """
        ...

    async def save_place(self, incident_id: str, place: Place) -> None: ...

    async def save_card(self, incident_id: str, card: Card) -> None: ...


class Briefings(Protocol):
    """Keeps what was found and said."""

    async def save_findings(self, incident_id: str, findings: Sequence[Finding]) -> None: ...

    async def findings(self, incident_id: str) -> Sequence[Finding] | None:
        """None where nothing was gathered yet."""
        ...

    async def save_briefing(self, incident_id: str, briefing: Briefing, *, at: datetime) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What is known of an outside effect: `result` where it was done, `begun` where it may have been."""

    begun: bool
    result: str | None


class Effects(Protocol):
    """Intent and result of outside effects: the intent is on disk before the call, the result after it."""

    async def begin(self, key: str) -> Effect:
        """The state before this call, and from now on `begun`."""
        ...

    async def finish(self, key: str, result: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SlackEvent:
    row: int
    event_id: str
    body: bytes  # the envelope's JSON as received


class SlackEvents(Protocol):
    """Slack's events, recorded before they are acknowledged."""

    async def record(self, event_id: str, body: bytes) -> Acceptance:
        """Returns once it is on disk. Raises NotStored."""
        ...

    async def unhandled(self, limit: int) -> Sequence[SlackEvent]:
        """Oldest first."""
        ...

    async def handled(self, row: int, outcome: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class TimelineEvent:
    """Something that happened to an incident."""

    incident_id: str
    at: datetime
    kind: str  # "alert", "status", "briefing", "note" ...
    text: str
    actor: str = ""  # a Slack user id, an integration's name, or "" for the bot itself
    link: str | None = None


class Timeline(Protocol):
    """What happened, in order of `at`."""

    async def add(self, event: TimelineEvent, *, key: str) -> Acceptance:
        """`key` is unique: the same thing is never told twice."""
        ...

    async def remove(self, key: str) -> None:
        """Take it out again; nothing happens where it is not there."""
        ...

    async def change(self, key: str, text: str) -> None:
        """It reads so from now on; nothing happens where it is not there."""
        ...

    async def of(self, incident_id: str) -> Sequence[TimelineEvent]: ...
