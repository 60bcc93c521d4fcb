"""The conversation that an event of Slack belongs to: what is of one conversation is handled in order."""

from __future__ import annotations

import msgspec

from bot.shapes import known


class _Place(msgspec.Struct):
    channel: str | None = None
    channel_id: str | None = None
    id: str | None = None


class _Event(msgspec.Struct):
    """Of an event the conversation stands here or there, by its sort."""

    channel: str | _Place | None = None
    channel_id: str | None = None
    item: _Place | None = None
    user: str | _Place | None = None


class _Order(msgspec.Struct):
    incident: str = ""


class _Body(msgspec.Struct):
    event: _Event | None = None
    container: _Place | None = None  # of a click
    order: _Order | None = None  # of a runbook


def lane_of(body: bytes) -> str:
    """ "" where the event is of no conversation: those are one lane as well."""
    try:
        read = msgspec.json.decode(body, type=known(_Body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if read.order is not None:
        return read.order.incident
    if read.container is not None:
        return read.container.channel_id or ""
    return _of_event(read.event) if read.event else ""


def _of_event(event: _Event) -> str:
    item = event.item.channel if event.item else None
    return _id(event.channel) or event.channel_id or item or _id(event.user) or ""


def _id(of: str | _Place | None) -> str | None:
    return of.id if isinstance(of, _Place) else of
