"""Two incidents become one, one becomes two: nothing is lost, and what comes later goes where it belongs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.errors import FirstResponderError
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.ports import Episode, Said, TriageTransaction
from bot.flows.triage import Triage
from bot.testing import FrozenClock
from memory.store import Store
from tests.memory.store.samples import MINUTE, NOON, alert, briefing, delivery, run

NEW, JOINED = GroupingReason.NEW_CONDITION, GroupingReason.SAME_SERVICE
SAID = Said(key="Ev1", text="Merged: the same disk", at=NOON + 5 * MINUTE, who="UANA")
A, B = "INC-2026-0001", "INC-2026-0002"


@pytest.fixture
async def local(sqlite_url: str) -> AsyncIterator[Store]:
    """For what does not hang on the database."""
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


async def opens(store: Store, *alerts: Alert) -> str:
    """The first opens an incident, the others join it."""

    def work(t: TriageTransaction) -> str:
        incident = t.open_incident(alerts[0], NEW, NOON)
        for other in alerts[1:]:
            t.join(incident.id, other, JOINED, NOON + MINUTE)
        return incident.id

    return await store.desk.transact(work)


async def two(store: Store) -> None:
    """A: f1, f2 of checkout; B: g1 of search, which began earlier and is worse."""
    await opens(store, alert("f1"), alert("f2", title="Latency is high"))
    earlier = NOON - 10 * MINUTE
    await opens(store, alert("g1", service="search", severity=Severity.SEV1, started_at=earlier))


async def get(store: Store, incident_id: str) -> Incident:
    found = await store.incidents.get(incident_id)
    assert found is not None
    return found


async def merge(store: Store, incident_id: str, into: str, said: Said = SAID) -> tuple[Incident, Incident]:
    return await store.desk.transact(lambda t: t.merge(incident_id, into, said))


async def split(store: Store, incident_id: str, *positions: int, key: str = "Ev1") -> Incident | None:
    said = replace(SAID, key=key, text="Not related")
    return await store.desk.transact(lambda t: t.split(incident_id, positions, said))


async def come(store: Store, notice: Alert, minutes: int = 6) -> str | None:
    """Through triage. The incident that it is in."""
    await store.inbox.accept(
        delivery(f"{notice.episode}/{notice.status}/{minutes}", notice, received_at=NOON + minutes * MINUTE)
    )
    await Triage(store.desk, clock=FrozenClock(NOON + minutes * MINUTE)).run_once()
    known = await store.desk.transact(lambda t: t.episode(notice.episode))
    return known.incident_id if known else None


def fingerprints(incident: Incident) -> list[str]:
    return [grouped.alert.fingerprint for grouped in incident.alerts]


async def told(store: Store, incident_id: str) -> list[str]:
    return [event.text for event in await store.timeline.of(incident_id)]


# --- merging ---------------------------------------------------------------------------------------------------------


async def test_of_two_one_goes_on_with_the_alerts_of_both_and_the_worst_of_them(store: Store) -> None:
    await two(store)
    gone, stays = await merge(store, B, A)
    kept = await get(store, A)
    assert (kept.alert_count, kept.firing_count, fingerprints(kept)) == (3, 3, ["f1", "f2", "g1"])
    assert (kept.severity, kept.started_at, kept.title) == (Severity.SEV1, NOON - 10 * MINUTE, "Error ratio is high")
    assert (kept.revision, kept.status) == (3, IncidentStatus.TRIAGE)
    assert replace(kept, alerts=(), alerts_left_out=3, firing_left_out=3) == stays
    assert (gone.status, gone.merged_into, gone.resolved_at) == (IncidentStatus.CANCELLED, A, SAID.at)
    assert (gone.revision, gone.alert_count, gone.firing_count) == (2, 0, 0)
    assert [one.id for one in await store.incidents.list_open()] == [A]
    assert await store.agenda.unbriefed() == (A,)
    assert "Merged: the same disk" in await told(store, B)
    assert await told(store, A) == [
        "Alert: Error ratio is high",
        "Incident opened, SEV2",
        "Alert: Error ratio is high",
        "Alert: Latency is high",
        "Merged: the same disk",
        "Severity raised from SEV2 to SEV1",
    ]


async def test_the_order_is_that_of_arrival_whichever_goes_on(local: Store) -> None:
    await two(local)
    await local.desk.transact(lambda t: t.join(A, alert("f3"), JOINED, NOON + 2 * MINUTE))
    await merge(local, A, B)
    assert fingerprints(await get(local, B)) == ["f1", "f2", "g1", "f3"]


async def test_of_one_that_was_merged_the_alerts_are_shown_that_the_other_had_by_then(local: Store) -> None:
    await two(local)
    await merge(local, B, A)
    assert await come(local, alert("f9")) == A
    gone = await get(local, B)
    assert fingerprints(gone) == ["f1", "f2", "g1"]
    assert gone.first_alert.fingerprint == "f1"
    recent = await local.incidents.list_recent(NOON)
    assert [(one.id, one.first_alert.fingerprint) for one in recent] == [(B, "f1"), (A, "f1")]


@pytest.mark.parametrize(
    ("notice", "why"),
    [
        (alert("g1", service="search", started_at=NOON + 6 * MINUTE), "the same condition"),
        (alert("g7", service="search"), "the same service"),
        (alert("g1", service="search", started_at=NOON - 10 * MINUTE, status=AlertStatus.RESOLVED), "it recovers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_comes_later_goes_to_the_one_that_goes_on(local: Store, notice: Alert, why: str) -> None:
    await two(local)
    await merge(local, B, A)
    assert await come(local, notice) == A, why
    kept = await get(local, A)
    assert (kept.alert_count, kept.firing_count) == ((3, 2) if notice.status is AlertStatus.RESOLVED else (4, 4))
    assert (await get(local, B)).status is IncidentStatus.CANCELLED


async def test_in_the_same_transaction_what_was_merged_is_no_candidate(local: Store) -> None:
    await two(local)

    def work(t: TriageTransaction) -> list[str]:
        assert t.candidates(alert("g1", service="search"), NOON)
        t.merge(B, A, SAID)
        return [one.id for one in t.candidates(alert("g1", service="search"), NOON)]

    assert await local.desk.transact(work) == [A]


async def test_the_same_word_twice_merges_once(local: Store) -> None:
    await two(local)
    first = await merge(local, B, A)
    assert await merge(local, B, A) == first
    assert (await told(local, A)).count("Merged: the same disk") == 1


async def test_of_two_replicas_that_merge_crosswise_one_does(store: Store, database_url: str) -> None:
    await two(store)
    neighbour = await Store.open(database_url)
    other_way = replace(SAID, key="Ev2")
    done = await asyncio.gather(merge(store, B, A), merge(neighbour, A, B, other_way), return_exceptions=True)
    await neighbour.close()
    assert sorted(type(one).__name__ for one in done) == ["FirstResponderError", "tuple"]
    assert [one.alert_count for one in await store.incidents.list_open()] == [3]


async def test_what_was_merged_before_goes_on_where_the_other_does(local: Store) -> None:
    await two(local)
    await opens(local, alert("h1", service="cart"))
    await merge(local, B, A)
    await merge(local, A, "INC-2026-0003", replace(SAID, key="Ev2"))
    assert (await get(local, B)).merged_into == "INC-2026-0003"
    assert fingerprints(await get(local, "INC-2026-0003")) == ["f1", "f2", "g1", "h1"]


async def test_a_refusal_says_why_and_changes_nothing(local: Store) -> None:
    await two(local)
    await opens(local, alert("h1", service="cart"))
    c = "INC-2026-0003"
    before = [await get(local, name) for name in (A, B, c)]
    for one, into, sentence in (
        (A, A, f"{A} cannot be merged into itself."),
        (A, "INC-2026-0099", "INC-2026-0099 is not in the store"),
        ("INC-2026-0099", A, "INC-2026-0099 is not in the store"),
    ):
        with pytest.raises(FirstResponderError) as refused:
            await merge(local, one, into)
        assert str(refused.value) == sentence
    assert [await get(local, name) for name in (A, B, c)] == before

    await merge(local, B, A)
    for one, into in ((c, B), (B, c)):
        with pytest.raises(FirstResponderError) as refused:
            await merge(local, one, into, replace(SAID, key="Ev2"))
        assert str(refused.value) == f"{B} was merged into {A} already; use {A} in its place."

    await local.desk.transact(lambda t: t.steer(c, lambda one: replace(one, is_private=True), replace(SAID, key="p")))
    with pytest.raises(FirstResponderError, match=f"{c} is private and the other is not"):
        await merge(local, c, A, replace(SAID, key="Ev3"))
    over = alert("h1", service="cart", status=AlertStatus.RESOLVED)
    await local.desk.transact(lambda t: t.recover(c, over, NOON))
    with pytest.raises(FirstResponderError, match=f"{c} is resolved; open it again first."):
        await merge(local, c, A, replace(SAID, key="Ev4"))


async def test_the_card_of_one_that_was_merged_is_drawn_anew_and_it_is_not_briefed_any_more(local: Store) -> None:
    await two(local)
    await opens(local, alert("h1", service="cart"))
    await local.briefings.save_briefing(B, briefing(B), at=NOON)
    await local.agenda.shown(B, 1)
    for number, name in enumerate((B, "INC-2026-0003")):
        await merge(local, name, A, replace(SAID, key=str(number)))
    assert await local.agenda.outdated() == (B,)
    assert await local.agenda.unbriefed() == (A,)


# --- splitting -------------------------------------------------------------------------------------------------------


async def checkout(store: Store) -> None:
    """A: f1, f2 and f3, of which f2 is over, all of checkout."""
    await opens(store, alert("f1"), alert("f2", title="Latency is high"), alert("f3", severity=Severity.SEV3))
    over = alert("f2", status=AlertStatus.RESOLVED)
    await store.desk.transact(lambda t: t.recover(A, over, NOON + 2 * MINUTE))


async def test_alerts_that_are_not_related_become_an_incident_of_their_own(store: Store) -> None:
    await checkout(store)
    new = await split(store, A, 2, 1)
    assert new is not None
    assert new == await get(store, B)
    assert (new.title, new.severity, new.status) == ("Latency is high", Severity.SEV2, IncidentStatus.TRIAGE)
    assert (fingerprints(new), new.alert_count, new.firing_count) == (["f2", "f3"], 2, 1)
    assert [grouped.reason for grouped in new.alerts] == [NEW, JOINED]
    assert (new.opened_at, new.started_at, new.briefed_at) == (SAID.at, NOON, None)
    old = await get(store, A)
    assert (fingerprints(old), old.alert_count, old.firing_count, old.revision) == (["f1"], 1, 1, 5)
    assert await told(store, B) == [
        "Alert: Latency is high",
        "Alert: Error ratio is high",
        "Recovered: Latency is high",
        "Incident opened, SEV2",
        "Not related",
    ]
    assert (await told(store, A))[-1] == "Not related"


async def test_where_the_first_alert_leaves_its_name_and_its_beginning_leave_too(local: Store) -> None:
    first = alert("f1", service="search", title="Disk is full", started_at=NOON - 60 * MINUTE)
    await opens(local, first, alert("f2"))
    await split(local, A, 0)
    old = await get(local, A)
    assert (old.title, old.service, old.started_at) == ("Error ratio is high", "checkout", NOON)
    new = await get(local, B)
    assert (new.title, new.service, new.started_at) == ("Disk is full", "search", NOON - 60 * MINUTE)


async def test_a_title_that_a_person_gave_stays(local: Store) -> None:
    await opens(local, alert("f1"), alert("f2", title="Latency is high"))
    await local.desk.transact(lambda t: t.steer(A, lambda one: replace(one, title="Cart is down"), SAID))
    await split(local, A, 0)
    assert (await get(local, A)).title == "Cart is down"


@pytest.mark.parametrize(
    "notice",
    [
        alert("f3", started_at=NOON + 6 * MINUTE),
        alert("f3", status=AlertStatus.RESOLVED),
        alert("f9"),  # of the service alone: the newer one is asked first
    ],
    ids=["the same condition", "it recovers", "the same service"],
)
async def test_what_comes_later_is_not_grouped_back(local: Store, notice: Alert) -> None:
    await checkout(local)
    await split(local, A, 2)
    assert await come(local, notice) == B
    assert (await get(local, A)).alert_count == 2


async def test_a_condition_that_stayed_goes_to_the_one_it_stayed_in(local: Store) -> None:
    await checkout(local)
    await split(local, A, 2)
    assert await come(local, alert("f2", started_at=NOON + 6 * MINUTE)) == A
    assert await come(local, alert("f1", status=AlertStatus.RESOLVED), minutes=7) == A


async def test_after_a_split_alerts_still_join_and_recover_and_all_of_it_is_told(local: Store) -> None:
    """Positions are given out again: nothing that is told hangs on them."""
    await checkout(local)
    await split(local, A, 1, 2)
    before = len(await told(local, A))
    for name in ("f2", "f3"):
        again = alert(name, started_at=NOON + 6 * MINUTE, title=f"{name} again")
        await local.desk.transact(lambda t, again=again: t.join(A, again, JOINED, NOON + 6 * MINUTE))  # type: ignore[misc]
        over = replace(again, status=AlertStatus.RESOLVED)
        await local.desk.transact(lambda t, over=over: t.recover(A, over, NOON + 7 * MINUTE))  # type: ignore[misc]
    assert sorted((await told(local, A))[before:]) == [
        "Alert: f2 again",
        "Alert: f3 again",
        "Recovered: f2 again",
        "Recovered: f3 again",
    ]


async def test_the_same_word_twice_splits_once_and_gives_nothing(local: Store) -> None:
    await checkout(local)
    assert await split(local, A, 2) is not None
    assert await split(local, A, 1) is None
    assert (await get(local, A)).alert_count == 2


async def test_of_a_private_incident_both_parts_are_private(local: Store) -> None:
    await checkout(local)
    await local.desk.transact(lambda t: t.steer(A, lambda one: replace(one, is_private=True), SAID))
    new = await split(local, A, 2)
    assert new is not None
    assert new.is_private


async def test_what_cannot_be_split_is_said_and_changes_nothing(local: Store) -> None:
    await checkout(local)
    before = await get(local, A)
    for positions, sentence in (
        ((), "Say which alerts are not related."),
        ((3,), f"{A} has no alert 4: it has 3."),
        ((-1,), f"{A} has no alert 0: it has 3."),
        ((0, 1, 2, 2), f"{A} must keep at least one alert; cancel it where none of them belongs to it."),
    ):
        with pytest.raises(FirstResponderError) as refused:
            await split(local, A, *positions)
        assert str(refused.value) == sentence
    with pytest.raises(FirstResponderError, match="INC-2026-0099 is not in the store"):
        await split(local, "INC-2026-0099", 0)
    assert await get(local, A) == before
    assert await local.incidents.get(B) is None


async def test_after_a_crash_in_the_midst_nothing_of_it_was_done(local: Store) -> None:
    await checkout(local)
    before = await get(local, A)

    def half(t: TriageTransaction) -> None:
        t.split(A, [1], SAID)
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await local.desk.transact(half)
    assert await get(local, A) == before
    assert (await local.desk.transact(lambda t: t.episode(alert("f2").episode))) == Episode(
        incident_id=A, resolved=True
    )


# --- laws ------------------------------------------------------------------------------------------------------------


def laws(database_url: str, alerts: set[str]) -> None:
    """What holds after whatever was merged and split."""
    rows = run(database_url, "SELECT incident_id, position, episode, resolved_at, id FROM alerts ORDER BY id")
    assert sorted(str(row[2]) for row in rows) == sorted(alerts), "an alert was lost or doubled"
    episodes = {row[0]: row[1] for row in run(database_url, "SELECT episode, incident_id FROM episodes")}
    assert all(episodes[row[2]] == row[0] for row in rows), "an episode leads elsewhere"
    headers = run(database_url, "SELECT id, alert_count, firing_count, merged_into, status FROM incidents")
    merged = {header[0] for header in headers if header[3] is not None}
    for name, count, firing, into, status in headers:
        mine = [row for row in rows if row[0] == name]
        assert [row[1] for row in mine] == list(range(len(mine))), "positions with gaps, or not in order of arrival"
        assert (count, firing) == (len(mine), sum(row[3] is None for row in mine))
        assert (into is None) == bool(mine)
        assert into not in merged, "it leads to one that goes on elsewhere"
        assert into is None or status == "cancelled"
    burning = run(
        database_url,
        "SELECT s.incident_id, s.service, s.position, a.service FROM incident_services s LEFT JOIN alerts a "
        "ON a.incident_id = s.incident_id AND a.position = s.position",
    )
    assert all(row[1] == row[3] for row in burning)
    newest = run(
        database_url,
        "SELECT incident_id, service, MAX(position) FROM alerts WHERE service IS NOT NULL "
        "GROUP BY incident_id, service",
    )
    assert {(row[0], row[1], row[2]) for row in burning} == set(newest), "where it burns is not where its alerts are"


async def shuffle(store: Store, dice: random.Random, number: int) -> None:
    """Something that may be asked for; what is refused is refused."""
    names = [one.id for one in await store.incidents.list_recent(NOON - 999 * MINUTE)]
    one, other = dice.choice(names), dice.choice(names)
    positions: Sequence[int] = dice.sample(range(6), dice.randrange(1, 4))
    said = replace(SAID, key=f"Ev{number}")
    try:
        if dice.random() < 0.5:
            await store.desk.transact(lambda t: t.merge(one, other, said))
        else:
            await store.desk.transact(lambda t: t.split(one, positions, said))
    except FirstResponderError:
        return


async def test_whatever_is_merged_and_split_no_alert_is_lost_or_doubled(store: Store, database_url: str) -> None:
    dice = random.Random(7)
    seen: set[str] = set()
    for number in range(60):
        notice = alert(
            f"f{number % 9}", service=dice.choice(["checkout", "search", None]), started_at=NOON + number * MINUTE
        )
        if dice.random() < 0.3:
            notice = replace(notice, status=AlertStatus.RESOLVED, ended_at=notice.started_at)
        if await come(store, notice, minutes=number):
            seen.add(notice.episode)
        if await store.incidents.list_open():
            await shuffle(store, dice, number)
        if number % 6 == 5:
            laws(database_url, seen)
    merged = run(database_url, "SELECT COUNT(*) FROM incidents WHERE merged_into IS NOT NULL")
    split_off = run(database_url, "SELECT COUNT(*) FROM timeline WHERE key LIKE '%/split/Ev%'")
    assert merged[0][0] > 3, "the dice merged too little to show anything"  # type: ignore[operator]
    assert split_off[0][0] > 3, "the dice split too little to show anything"  # type: ignore[operator]
