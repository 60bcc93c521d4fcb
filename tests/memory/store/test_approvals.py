"""Requests and what happened to them: once each, never changed, open until an event ends them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from bot.domain.action import Ending
from bot.domain.approval import (
    ApprovalWithdrawn,
    Decision,
    Escalated,
    Event,
    Executed,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    Person,
    PersonKind,
    Posted,
    Reminded,
    Request,
    RequestWithdrawn,
)
from bot.domain.audit import AuditKind
from bot.domain.errors import NotStored
from memory.store import Store
from tests.memory.store.acting_samples import ANA, BEN, MESSAGE, note, posted, request, reviewed, started
from tests.memory.store.samples import MINUTE, NOON, run

ASKED = request(needed=2)


async def audited(store: Store) -> int:
    return await store.audit.through(lambda entries: sum(1 for _ in entries))


async def test_a_request_is_kept_whole_and_opened_once(store: Store) -> None:
    assert await store.approvals.open(ASKED, [note("A-1", AuditKind.REQUESTED)])
    assert not await store.approvals.open(replace(ASKED, reason="another"), [note("A-1", AuditKind.REQUESTED)])
    kept = await store.approvals.get("A-1")
    assert kept == ASKED
    assert kept.digest == ASKED.digest
    assert await store.approvals.get("A-2") is None
    assert await audited(store) == 1


async def test_a_request_without_a_digest_is_not_kept(store: Store) -> None:
    with pytest.raises(NotStored, match="request A-1 has no digest: a time zone is missing"):
        await store.approvals.open(replace(ASKED, created_at=NOON.replace(tzinfo=None)))
    nowhere = replace(ASKED.plan, call=replace(ASKED.plan.call, timeout=float("inf")))
    with pytest.raises(NotStored, match="request A-1 has no digest"):
        await store.approvals.open(replace(ASKED, plan=nowhere))
    assert await store.approvals.get("A-1") is None


async def test_an_event_counts_once_however_often_it_comes(store: Store) -> None:
    await store.approvals.open(ASKED)
    event = reviewed(ASKED)
    told = [store.approvals.record("A-1", event, [note("A-1", AuditKind.REVIEWED)]) for _ in range(8)]
    assert sorted(await asyncio.gather(*told)) == [False] * 7 + [True]
    assert not await store.approvals.record("A-1", replace(event, at=NOON + 3 * MINUTE), [note()])
    assert await store.approvals.events("A-1") == (event,)
    assert await audited(store) == 1


async def test_all_kinds_of_events_are_kept_in_the_order_of_their_arrival(store: Store) -> None:
    await store.approvals.open(ASKED)
    at = NOON + timedelta(microseconds=1)
    told: list[Event] = [
        Expired(id="1", at=at),
        posted(ASKED),
        reviewed(ASKED, replace(BEN, groups=frozenset(), kind=PersonKind.GUEST)),
        ApprovalWithdrawn(id="4", at=at, person="U2"),
        RequestWithdrawn(id="5", at=at),
        Reminded(id="6", at=at),
        Escalated(id="7", at=at, to="Cleo"),
        MessageEdited(id="8", at=at),
        MessageDeleted(id="9", at=at),
        started(),
        Executed(id="11", at=at, ending=Ending.TIMED_OUT),
    ]
    for event in told:
        assert await store.approvals.record("A-1", event)
    assert await store.approvals.events("A-1") == tuple(told)


async def test_an_event_of_a_request_that_is_not_there_is_not_kept(store: Store) -> None:
    with pytest.raises(NotStored, match="there is no request A-1"):
        await store.approvals.record("A-1", posted(ASKED), [note()])
    assert await audited(store) == 0


async def test_a_request_is_found_by_the_message_that_it_was_posted_as(store: Store) -> None:
    other = request("A-2")
    await store.approvals.open(ASKED)
    await store.approvals.open(other)
    await store.approvals.record("A-1", posted(ASKED))
    there = Message(channel=MESSAGE.channel, ts="9.9")
    await store.approvals.record("A-2", posted(other, there))
    await store.approvals.record("A-2", reviewed(other))  # on the message of the first one: it is not posted there
    assert await store.approvals.at(MESSAGE) == ASKED
    assert await store.approvals.at(there) == other
    assert await store.approvals.at(Message(channel="C2", ts=MESSAGE.ts)) is None


def happenings(of: Request) -> tuple[dict[str, Event], dict[str, Event]]:
    """What ends a request, and what does not."""
    elsewhere = Message(channel="C1", ts="9.9")
    ends: dict[str, Event] = {
        "denied by an approver": reviewed(of, ANA, Decision.DENY),
        "denied by who asked": reviewed(of, Person(id="U9", kind=PersonKind.GUEST), Decision.DENY),
        "withdrawn": RequestWithdrawn(id="r", at=NOON, person="U9"),
        "expired": Expired(id="e", at=NOON + 15 * MINUTE),
        "edited": MessageEdited(id="m", at=NOON),
        "deleted": MessageDeleted(id="d", at=NOON),
        "begun": started(),
        "executed": Executed(id="x", at=NOON, ending=Ending.SUCCEEDED),
    }
    stays: dict[str, Event] = {
        "approved": reviewed(of),
        "denied by an outsider": reviewed(of, Person(id="U7", kind=PersonKind.MEMBER), Decision.DENY),
        "denied on another message": replace(reviewed(of, ANA, Decision.DENY), message=elsewhere),
        "approval taken back": ApprovalWithdrawn(id="w", at=NOON, person="U1"),
        "reminded": Reminded(id="m", at=NOON),
        "escalated": Escalated(id="e", at=NOON),
    }
    return ends, stays


async def test_a_request_is_open_until_an_event_ends_it(store: Store) -> None:
    ends, stays = happenings(ASKED)
    for how in (*ends, *stays):
        asked = replace(ASKED, id=how)
        event = {**happenings(asked)[0], **happenings(asked)[1]}[how]
        await store.approvals.open(asked)
        await store.approvals.record(how, posted(asked))
        assert how in [found.id for found in await store.approvals.open_requests()]
        assert await store.approvals.record(how, event)
    assert [found.id for found in await store.approvals.open_requests()] == list(stays)


async def test_a_denial_that_proves_to_be_elsewhere_does_not_end_it(store: Store) -> None:
    """It came before it was known which message the request was posted as."""
    await store.approvals.open(ASKED)
    await store.approvals.record("A-1", reviewed(ASKED, ANA, Decision.DENY))
    assert await store.approvals.open_requests() == ()
    await store.approvals.record("A-1", posted(ASKED, Message(channel="C1", ts="9.9")))
    assert await store.approvals.open_requests() == (ASKED,)


async def test_the_database_itself_refuses_a_second_claim(store: Store, database_url: str) -> None:
    await store.approvals.open(ASKED)
    await store.approvals.record("A-1", started("one"))
    second = text("INSERT INTO approval_events (request_id, event_id, kind, body) VALUES ('A-1', 'two', 'started', '')")
    engine = create_engine(database_url)
    with engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(second)
    engine.dispose()


async def test_a_request_that_was_changed_in_the_database_has_lost_its_approvals(
    store: Store, database_url: str
) -> None:
    await store.approvals.open(ASKED)
    run(database_url, "UPDATE approval_requests SET body = replace(body, '/usr/bin/systemctl', '/opt/systemctl')")
    kept = await store.approvals.get("A-1")
    assert kept is not None
    assert kept.plan.binary == "/opt/systemctl"
    assert kept.digest != ASKED.digest


async def test_what_is_posted_twice_is_found_by_either_message(store: Store) -> None:
    """Which one counts is decided from the events; whoever reacts to the other one is told."""
    await store.approvals.open(ASKED)
    second = Posted(id="again", at=NOON + MINUTE, message=Message(channel="C1", ts="9.9"), request_digest=ASKED.digest)
    await store.approvals.record("A-1", posted(ASKED))
    await store.approvals.record("A-1", second)
    assert await store.approvals.at(second.message) == ASKED
