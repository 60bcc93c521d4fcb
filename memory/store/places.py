"""Where incidents are worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from sqlalchemy import Connection, select

from bot.domain.incident import Card, Place
from bot.domain.naming import CHANNEL_NAME_LIMIT
from memory.store.database import Database
from memory.store.incidents import change
from memory.store.schema import channel_names
from memory.store.upsert import add


class StoredPlaces:
    """The `Places` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve_name(self, incident_id: str, base: str, *, taken: Sequence[str] = ()) -> str:
        refused = frozenset(taken)
        return await self._database.writer.write(lambda connection: _reserve(connection, incident_id, base, refused))

    async def save_place(self, incident_id: str, place: Place) -> None:
        values = {"place_kind": place.kind.value, "place_channel": place.channel, "place_name": place.name}
        await self._database.writer.write(lambda connection: change(connection, incident_id, **values))

    async def save_card(self, incident_id: str, card: Card) -> None:
        values = {"card_channel": card.channel, "card_ts": card.ts, "card_permalink": card.permalink}
        await self._database.writer.write(lambda connection: change(connection, incident_id, **values))


def _reserve(connection: Connection, incident_id: str, base: str, taken: frozenset[str]) -> str:
    ours = select(channel_names.c.name).where(channel_names.c.incident_id == incident_id)
    for name in connection.execute(ours.order_by(channel_names.c.id.desc())).scalars():
        if name not in taken:
            return str(name)
    for name in _names(base):
        if name not in taken and add(connection, channel_names, {"name": name, "incident_id": incident_id}):
            return name
    raise AssertionError("the names do not end")


def _names(base: str) -> Iterator[str]:
    """`base`, then with -2, -3 ..., each within Slack's limit."""
    yield base[:CHANNEL_NAME_LIMIT]
    for number in count(2):
        suffix = f"-{number}"
        yield base[: CHANNEL_NAME_LIMIT - len(suffix)].rstrip("-") + suffix
