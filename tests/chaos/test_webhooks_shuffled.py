"""Every webhook comes five times and in any order: what is true at the end is what it would be had each come once."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from bot.domain.incident import Incident
from bot.flows.triage import Triage
from bot.testing import FrozenClock
from memory.store import Store
from tests.chaos.door import SOURCE, door
from tests.chaos.rounds import rounds
from tests.front_door import FrontDoor, signed

STORIES = rounds(6)
COPIES = 5
MOST_CONDITIONS, MOST_EPISODES = 5, 3
SERVICES = 3
BEGAN = datetime(2026, 3, 4, 8, tzinfo=UTC)
EPISODE, GAP = timedelta(minutes=6), timedelta(minutes=4)


@dataclass(frozen=True, kw_only=True)
class Notice:
    condition: str
    service: str
    began: datetime
    ended: datetime | None

    @property
    def body(self) -> bytes:
        alert = {
            "status": "resolved" if self.ended else "firing",
            "labels": {"alertname": self.condition, "service": self.service, "severity": "warning"},
            "startsAt": self.began.isoformat(),
            "endsAt": (self.ended or datetime(1, 1, 1, tzinfo=UTC)).isoformat(),
            "fingerprint": self.condition,
        }
        return json.dumps({"version": "4", "groupKey": f"{{}}:{{{self.condition}}}", "alerts": [alert]}).encode()


def story(dice: random.Random, name: str) -> list[Notice]:
    """Conditions that fire and recover a few times; of some the last recovery has not come yet."""
    notices = []
    for number in range(dice.randint(1, MOST_CONDITIONS)):
        condition, service = f"{name}-{number}", f"{name}-service-{dice.randrange(SERVICES)}"
        episodes = dice.randint(1, MOST_EPISODES)
        for episode in range(episodes):
            began = BEGAN + episode * (EPISODE + GAP)
            notices.append(Notice(condition=condition, service=service, began=began, ended=None))
            if episode < episodes - 1 or dice.random() < 0.5:
                notices.append(Notice(condition=condition, service=service, began=began, ended=began + EPISODE))
    return sorted(notices, key=lambda notice: notice.ended or notice.began)


@dataclass(frozen=True, kw_only=True)
class End:
    firing: frozenset[str]  # the episodes
    services: frozenset[str]  # of open incidents


def shuffled_name(notice: Notice) -> Notice:
    """The same in a story of its own."""
    condition, service = (name.replace("ordered", "shuffled") for name in (notice.condition, notice.service))
    return replace(notice, condition=condition, service=service)


def told(notice: Notice) -> str:
    return f"{notice.condition} since {notice.began:%H:%M}"


def true_end(notices: Sequence[Notice]) -> End:
    over = {told(notice) for notice in notices if notice.ended}
    firing = [notice for notice in notices if told(notice) not in over]
    return End(firing=frozenset(map(told, firing)), services=frozenset(notice.service for notice in firing))


async def send(door: FrontDoor, client: aiohttp.ClientSession, notice: Notice) -> None:
    body = notice.body
    async with client.post(f"{door.address}/webhooks/{SOURCE}", data=body, headers=signed(SOURCE, body)) as answer:
        assert answer.status == 202, await answer.text()


async def end_of(store: Store, name: str) -> tuple[End, list[Incident]]:
    """What is true of this story, and its open incidents."""
    open_ones = [found for found in await store.incidents.list_open() if str(found.service).startswith(name + "-")]
    whole = [found for one in open_ones if (found := await store.incidents.get(one.id)) is not None]
    firing = [grouped.alert for incident in whole for grouped in incident.alerts if grouped.is_firing]
    return End(
        firing=frozenset(f"{alert.fingerprint} since {alert.started_at:%H:%M}" for alert in firing),
        services=frozenset(str(incident.service) for incident in whole),
    ), whole


async def test_webhooks_that_come_five_times_in_any_order_end_as_if_each_had_come_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice, sent = random.Random(seed), 0
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    triage = Triage(store.desk, clock=FrozenClock(BEGAN + timedelta(hours=1)))
    async with door(store) as opened:
        for number in range(STORIES):
            notices = story(dice, f"ordered-{number}")
            renamed = [shuffled_name(notice) for notice in notices]
            shuffled = dice.sample(renamed * COPIES, len(renamed) * COPIES)
            for notice in itertools.chain(notices, shuffled):
                await send(opened, opened.client, notice)
                sent += 1
                if dice.random() < 0.2:  # some wait together, some are dealt with one by one
                    _ = [changed async for changed in triage.drain()]
            _ = [changed async for changed in triage.drain()]
            ordered, _ = await end_of(store, f"ordered-{number}")
            came, incidents = await end_of(store, f"shuffled-{number}")
            assert ordered == true_end(notices), f"seed {seed}"
            assert came == true_end(renamed), f"seed {seed}"
            holders = Counter(condition for incident in incidents for condition in conditions(incident))
            assert set(holders.values()) <= {1}, f"seed {seed}: two open incidents of one condition: {holders}"
    await store.close()
    record_property("report", f"{sent} webhooks, {STORIES} stories, 0 that ended differently")


def conditions(incident: Incident) -> set[str]:
    return {grouped.alert.fingerprint for grouped in incident.alerts if grouped.is_firing}
