"""Fakes of the ports for tests. The store's ports need none: the real store on a temporary file is as quick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.card import CardView, Dressing, Picture
from bot.domain.context import ContextRequest
from bot.domain.errors import ChatError
from bot.domain.evidence import Answer, TriggerChart
from bot.domain.incident import Card, Place, PlaceKind

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOTHING = Answer()


class FrozenClock:
    """Stands still until told to go on."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def go_on(self, by: timedelta) -> None:
        self._now += by


def make_alert(
    *,
    fingerprint: str = "f1",
    status: AlertStatus = AlertStatus.FIRING,
    severity: Severity = Severity.SEV1,
    title: str = "High error ratio",
    service: str | None = "checkout",
    started_at: datetime = NOON,
    source: str = "alertmanager",
) -> Alert:
    return Alert(
        source=source,
        fingerprint=fingerprint,
        status=status,
        severity=severity,
        title=title,
        started_at=started_at,
        service=service,
        ended_at=started_at + timedelta(minutes=5) if status is AlertStatus.RESOLVED else None,
    )


class FakeSource:
    """Answers, fails, hangs or breaks, as told; `asked` keeps the requests."""

    def __init__(
        self,
        name: str,
        answer: Answer | Exception = NOTHING,
        *,
        hangs: bool = False,
        stubborn: bool = False,
    ) -> None:
        self.name = name
        self.asked: list[ContextRequest] = []
        self._answer = answer
        self._hangs = hangs
        self._stubborn = stubborn  # swallows its first cancellation, as some clients do

    async def look(self, request: ContextRequest) -> Answer:
        self.asked.append(request)
        while self._hangs:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not self._stubborn:
                    raise
                self._stubborn = False
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@dataclass
class FakeChat:
    """`Rooms`, `Cards` and `Pictures` in memory: one workspace that outlives a crash of its user.

    `fail` is called with the name of each write before it happens and may raise ChatError; `crash_after` does so after.
    """

    channels: dict[str, str] = field(default_factory=dict)  # name -> incident id, or "" for somebody else's
    posted: dict[tuple[str, str], list[CardView]] = field(default_factory=dict)  # (channel, ts) -> versions
    dressed: list[tuple[Place, Dressing]] = field(default_factory=list)
    pinned: list[Card] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    fail: Callable[[str], None] = lambda _: None
    crash_after: Callable[[str], None] = lambda _: None

    async def open_channel(self, name: str, *, incident_id: str, since: datetime, is_private: bool = False) -> Place:
        self.fail("open_channel")
        if self.channels.setdefault(name, incident_id) != incident_id:
            raise ChatError("name_taken", is_final=True)
        self.crash_after("open_channel")
        return Place(kind=PlaceKind.CHANNEL, channel=f"C-{name}", name=name)

    async def join_channel(self, name: str) -> Place:
        self.fail("join_channel")
        self.channels.setdefault(name, "")
        return Place(kind=PlaceKind.THREAD, channel=f"C-{name}", name=name)

    async def dress(self, place: Place, dressing: Dressing) -> tuple[str, ...]:
        self.dressed.append((place, dressing))
        return ()

    async def post(self, place: Place, view: CardView, *, look_first: bool) -> Card:
        self.fail("post")
        for (channel, ts), versions in self.posted.items():
            if look_first and channel == place.channel and versions[0].incident.id == view.incident.id:
                return Card(channel=channel, ts=ts)
        card = Card(channel=place.channel, ts=f"{len(self.posted) + 1}.000")
        self.posted[(card.channel, card.ts)] = [view]
        self.crash_after("post")
        return card

    async def edit(self, card: Card, view: CardView, *, last: bool = False) -> None:
        self.fail("edit")
        self.posted[(card.channel, card.ts)].append(view)

    async def pin(self, card: Card) -> None:
        self.fail("pin")
        self.pinned.append(card)

    async def link(self, card: Card) -> str:
        self.fail("link")
        return f"https://chat.example/archives/{card.channel}/p{card.ts.replace('.', '')}"

    async def upload(self, png: bytes, *, name: str, title: str, alt: str) -> Picture:
        self.fail("upload")
        self.uploads.append(name)
        return Picture(file_id=f"F{len(self.uploads)}", alt=alt)


class FakeRenderer:
    """Draws nothing, quickly."""

    async def render(self, chart: TriggerChart) -> bytes:
        return b"\x89PNG" + chart.title.encode()
