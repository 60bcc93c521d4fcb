"""Fakes of what flows of an incident's life tell and draw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.domain.approval import Message
from bot.domain.incident import Incident

PNG = b"\x89PNG"


@dataclass
class FakeTelling:
    """The part of the `Telling` port that watches and digests use. `fails`: what every word raises."""

    said: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> (incident or channel, text)
    fails: Exception | None = None

    async def in_place(
        self, incident: Incident, text: str, *, key: str, choices: Any = (), aloud: bool = False
    ) -> Message | None:
        self._say(key, incident.id, text)
        return None

    async def in_channel(self, channel: str, text: str, *, key: str) -> Message:
        self._say(key, channel, text)
        return Message(channel=channel, ts="1.0")

    def of(self, where: str) -> list[str]:
        return [text for place, text in self.said.values() if place == where]

    def _say(self, key: str, where: str, text: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.said.setdefault(key, (where, text))


@dataclass
class FakeDrawing:
    """Keeps what it was to draw."""

    drawn: list[str] = field(default_factory=list)

    async def png(self, svg: str) -> bytes:
        self.drawn.append(svg)
        return PNG
