"""Where webhooks and Slack's events land: the two things that are stored while their sender waits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from bot.domain.alert import Delivery
from bot.domain.ports import Acceptance, SlackEvent
from memory.store.claims import claim, claimed_by_nobody
from memory.store.codec import encode
from memory.store.database import Database
from memory.store.lanes import lane_of
from memory.store.schema import PENDING, bounded, deliveries, slack_events
from memory.store.waiting import Intake

_DELIVERIES = Intake(table=deliveries, key=("source", "key"))
_SLACK_EVENTS = Intake(table=slack_events, key=("event_id",))


class StoredInbox:
    """The `Inbox` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, delivery: Delivery) -> Acceptance:
        values = {
            "source": bounded(delivery.source),
            "key": bounded(delivery.key),
            "received_at": delivery.received_at,
            "body": encode(delivery),
            "state": PENDING,
        }
        return _acceptance(await self._database.writer.take_in(_DELIVERIES, values))


class StoredSlackEvents:
    """The `SlackEvents` port. Of several processes each calls `share` first: then an event is handled by one of them,
    and what is of one conversation in order.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = ""  # the only process

    def share(self, holder: str) -> None:
        """`holder`: of this process, as the table of replicas has it."""
        self._holder = holder

    async def record(self, event_id: str, body: bytes) -> Acceptance:
        values = {"event_id": bounded(event_id), "body": body, "lane": bounded(lane_of(body))}
        return _acceptance(await self._database.writer.take_in(_SLACK_EVENTS, values))

    async def unhandled(self, limit: int) -> Sequence[SlackEvent]:
        if self._holder:
            return await claim(self._database, self._holder, limit)
        table = slack_events
        waiting = select(table).where(table.c.outcome.is_(None)).order_by(table.c.id).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(waiting).all())
        return tuple(SlackEvent(row=row.id, event_id=row.event_id, body=row.body) for row in rows)

    async def handled(self, row: int, outcome: str) -> None:
        change = update(slack_events).where(slack_events.c.id == row).values(outcome=outcome)
        if self._holder:  # of what was taken over from us the new holder says what came of it
            change = change.where(slack_events.c.holder == self._holder)
        await self._database.writer.write(lambda connection: connection.execute(change).rowcount)

    async def release(self) -> None:
        """What this process has claimed and not handled, others may handle now."""
        if self._holder:
            await self._database.writer.write(lambda connection: claimed_by_nobody(connection, self._holder))


def _acceptance(is_new: bool) -> Acceptance:
    return Acceptance.STORED if is_new else Acceptance.REPEAT
