"""Slack's events: on disk before they are acknowledged, worked off once, whatever is delivered again or crashes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import SlackDoor
from bot.domain.errors import NotStored
from bot.domain.ports import Acceptance
from bot.slack import event_worker
from sandbox.serve import serving
from tests.scene import PATIENCE
from tests.slack.conftest import PEOPLE
from tests.slack.office import Office, connected, http_front, office


@pytest.fixture(params=["socket", "http"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE, mode=request.param) as made:
        await in_general(made)
        yield made


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE) as made:
        await in_general(made)
        yield made


@pytest.fixture
async def unconnected(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PEOPLE, mode="http", connect=False) as made:
        await in_general(made)
        yield made


async def in_general(made: Office) -> None:
    await made.control.invite("ana", "general", ["first-responder"])
    if made.workspace.delivery.http or made.workspace.delivery.socket.connections:
        await made.quiet()


def answers(made: Office) -> list[Any]:
    return [m for m in made.bot_messages("general") if m.get("metadata")]


async def test_an_event_is_recorded_before_it_is_acknowledged(both: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    record = both.store.slack_events.record
    door = asyncio.Event()

    async def slow(event_id: str, body: bytes) -> Acceptance:
        await door.wait()
        return await record(event_id, body)

    monkeypatch.setattr(both.store.slack_events, "record", slow)
    await both.control.say("ana", "general", "@first-responder help")
    await asyncio.sleep(0.1)
    assert both.workspace.delivery.unacked > 0, "it was acknowledged before it was on disk"
    door.set()
    await both.quiet()
    assert len(answers(both)) == 1


async def test_what_the_store_refuses_is_not_acknowledged_and_comes_again(
    both: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = both.store.slack_events.record
    left = [2]

    async def refusing(event_id: str, body: bytes) -> Acceptance:
        if left[0]:
            left[0] -= 1
            if not left[0]:
                both.workspace.delivery.ack_seconds = PATIENCE  # for the delivery that comes next
            raise NotStored("the disk is full")
        return await record(event_id, body)

    monkeypatch.setattr(both.store.slack_events, "record", refusing)
    both.workspace.delivery.ack_seconds = 0.3
    both.workspace.delivery.records.clear()
    await both.control.say("ana", "general", "@first-responder help")
    await both.quiet()
    assert len(answers(both)) == 1
    retried = [record for record in both.workspace.delivery.records if record.attempt > 0]
    assert any(record.outcome == "acked" for record in retried)


async def test_an_event_delivered_four_times_is_answered_once(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    record = here.store.slack_events.record
    seen: list[Acceptance] = []

    async def recorded_but_not_acknowledged(event_id: str, body: bytes) -> Acceptance:
        seen.append(await record(event_id, body))
        if len(seen) < 4:
            raise NotStored("the answer got lost")
        return seen[-1]

    monkeypatch.setattr(here.store.slack_events, "record", recorded_but_not_acknowledged)
    here.workspace.delivery.ack_seconds = 0.2
    here.workspace.subscriptions = frozenset({"app_mention"})
    await here.control.say("ana", "general", "@first-responder help")
    await here.quiet()
    here.worker.wake()
    await here.quiet()
    assert seen == [Acceptance.STORED, Acceptance.REPEAT, Acceptance.REPEAT, Acceptance.REPEAT]
    assert len(answers(here)) == 1


async def test_events_without_a_use_are_acknowledged_and_recorded(both: Office) -> None:
    both.workspace.subscriptions = None  # also what nobody subscribed to
    both.workspace.delivery.records.clear()
    await both.control.create_channel("ana", "something-new")
    both.workspace.publish("team_rename", {"type": "team_rename", "name": "New"})
    both.workspace.publish("odd", {"type": "app_mention"})
    await both.quiet()
    assert {record.outcome for record in both.workspace.delivery.records} == {"acked"}
    assert "ignored: no use for team_rename" in both.outcomes
    assert any(outcome.startswith("ignored: an unreadable app_mention event") for outcome in both.outcomes)


async def test_the_bots_own_messages_are_acknowledged_and_not_recorded(both: Office) -> None:
    recorded = len(both.outcomes)
    both.workspace.delivery.records.clear()
    await both.api.call("chat.postMessage", channel="general", text=f"<@{both.workspace.bot.id}> help")
    await both.quiet()
    assert {record.outcome for record in both.workspace.delivery.records} == {"acked"}
    assert len(both.outcomes) == recorded
    assert answers(both) == []


async def test_another_bots_mention_is_not_answered(here: Office) -> None:
    here.workspace.publish(
        "app_mention",
        {"type": "app_mention", "bot_id": "B0OTHER", "user": "U0OTHER", "channel": "C1", "ts": "1.1", "text": "help"},
    )
    await here.quiet()
    assert "ignored: another bot" in here.outcomes


async def test_events_recorded_before_a_crash_are_answered_after_it(unconnected: Office) -> None:
    channel = unconnected.workspace.channel("general").id
    asked = await unconnected.control.say("ana", "general", "help")
    event = {"type": "app_mention", "user": "U1", "channel": channel, "ts": asked, "text": "<@U0> help"}
    body = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": event}).encode()
    await unconnected.store.slack_events.record("Ev1", body)
    await unconnected.worker.run_once()
    assert unconnected.outcomes == ["answered help"]
    assert len(answers(unconnected)) == 1


class Crash(Exception):
    """The process ends here."""


@pytest.mark.parametrize("crash", ["between the post and its record", "before the event is done"])
@pytest.mark.parametrize("thread", [None, "parent"])
async def test_a_crash_after_the_answer_does_not_answer_again(
    unconnected: Office, monkeypatch: pytest.MonkeyPatch, crash: str, thread: str | None
) -> None:
    channel = unconnected.workspace.channel("general").id
    parent = await unconnected.control.say("ana", "general", "what now?")
    asked = await unconnected.control.say("ana", "general", "help", parent if thread else None)
    event = {"type": "app_mention", "user": "U1", "channel": channel, "ts": asked, "text": "<@U0> help"}
    if thread:
        event["thread_ts"] = parent
    body = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": event}).encode()
    await unconnected.store.slack_events.record("Ev1", body)

    async def crashing(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch, suppress(Crash):
        if crash == "between the post and its record":
            patch.setattr(unconnected.store.effects, "finish", crashing)
        else:
            patch.setattr(unconnected.store.slack_events, "handled", crashing)
        await unconnected.worker.run_once()
    assert len(answers(unconnected)) == 1
    await unconnected.worker.run_once()
    assert len(answers(unconnected)) == 1
    assert await unconnected.store.slack_events.unhandled(10) == ()


async def test_while_slack_cannot_be_used_events_wait_in_order(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_worker, "AFTER_FAILURE", 0.05)
    await here.control.fault("away", "chat.postMessage", times=3)
    first = await here.control.say("ana", "general", "@first-responder help")
    second = await here.control.say("ana", "general", "@first-responder list")
    await here.quiet()
    assert [message["thread_ts"] for message in answers(here)] == [first, second]


async def test_what_slack_refuses_for_good_stops_nothing_behind_it(here: Office) -> None:
    await here.control.fault("error", "chat.postMessage", error="is_archived", times=1)
    await here.control.say("ana", "general", "@first-responder help")
    second = await here.control.say("ana", "general", "@first-responder list")
    await here.quiet()
    assert [message["thread_ts"] for message in answers(here)] == [second]
    assert any(outcome.startswith("failed: is_archived") for outcome in here.outcomes)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"event": 7}', b'{"event": {"type": ["x"]}}'])
async def test_an_event_of_an_unforeseen_shape_stops_nothing_behind_it(unconnected: Office, body: bytes) -> None:
    await unconnected.store.slack_events.record("Ev1", body)
    await unconnected.store.slack_events.record("Ev2", b'{"event": {"type": "something"}}')
    await unconnected.worker.run_once()
    assert len(unconnected.outcomes) == 2
    assert unconnected.outcomes[1] == "ignored: no use for something"


async def test_a_reaction_with_a_ts_that_is_none_stops_nothing(unconnected: Office) -> None:
    incident = await unconnected.incident()
    assert incident.place is not None
    item = {"type": "message", "message": {"ts": "soon", "text": "x"}}
    event = {"type": "pin_added", "user": "U1", "channel_id": incident.place.channel, "item": item}
    await unconnected.store.slack_events.record("Ev1", json.dumps({"event": event}).encode())
    await unconnected.worker.run_once()
    (outcome,) = unconnected.outcomes
    assert outcome.startswith("failed: ")


# --- HTTP mode -------------------------------------------------------------------------------------------------------


def signed(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }


EVENT = json.dumps({"type": "event_callback", "event_id": "Ev9", "event": {"type": "team_rename"}}).encode()


async def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}


async def test_only_what_slack_signed_just_now_is_taken(unconnected: Office) -> None:
    secret = unconnected.workspace.signing_secret
    async with connected(unconnected):
        url = unconnected.bot_url
        recorded = len(unconnected.outcomes)
        for headers in (
            signed("0" * 32, EVENT),
            signed(secret, EVENT + b" "),
            signed(secret, EVENT, at=time.time() - 600),
            {"content-type": "application/json"},
        ):
            assert (await post(url, EVENT, headers))[0] == 401
        await unconnected.quiet()
        assert len(unconnected.outcomes) == recorded
        assert (await post(url, EVENT, signed(secret, EVENT)))[0] == 200
        await unconnected.quiet()
        assert unconnected.outcomes[recorded:] == ["ignored: no use for team_rename"]


async def test_before_the_listeners_are_there_slack_is_asked_to_come_again(unconnected: Office) -> None:
    async with serving(http_front(unconnected, SlackDoor())) as url:
        status, headers = await post(f"{url}/slack/events", EVENT, {})
    assert status == 503
    assert int(headers["retry-after"]) > 0
