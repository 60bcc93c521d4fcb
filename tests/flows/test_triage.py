import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.alert import Alert, AlertStatus, Delivery, Remark, Severity
from bot.domain.errors import NotStored
from bot.domain.flapping import FlapLimits
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import Episode, PendingDelivery, Said, TriageTransaction
from bot.domain.storm import OpenStorm, Rush, StormLimits, is_storm
from bot.flows.sorting import FLAPPING
from bot.flows.triage import BATCH_ALERTS, Triage
from bot.testing import FrozenClock

T = TypeVar("T")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class MemoryDesk:
    """A `TriageDesk` in memory, all or nothing like a real one."""

    waiting: list[PendingDelivery] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    told: dict[tuple[str, str], str] = field(default_factory=dict)  # by incident and key
    held: list[PendingDelivery] = field(default_factory=list)
    transactions: int = 0
    broken: bool = False

    async def transact(self, work: Callable[[TriageTransaction], T]) -> T:
        if self.broken:
            raise NotStored("the disk is full")
        before = (list(self.waiting), dict(self.incidents), dict(self.episodes), list(self.held))
        self.transactions += 1
        try:
            return work(self)
        except BaseException:
            self.waiting, self.incidents, self.episodes, self.held = before
            raise

    def put(self, *alerts: Alert, at: datetime = NOON, remarks: tuple[Remark, ...] = ()) -> None:
        row = len(self.waiting) + self.transactions * 1_000
        delivery = Delivery(source="test", key=str(row), received_at=at, alerts=alerts, remarks=remarks)
        self.waiting.append(PendingDelivery(row=row, delivery=delivery))

    def pending(self, limit: int) -> Sequence[PendingDelivery]:
        return tuple(self.waiting[:limit])

    def done(self, row: int) -> None:
        self.waiting = [pending for pending in self.waiting if pending.row != row]

    def steer(self, incident_id: str, decide: Callable[[Incident], Incident], said: Said) -> Incident:
        self.incidents[incident_id] = decide(self.incidents[incident_id])
        return self.incidents[incident_id]

    def merge(self, incident_id: str, into: str, said: Said) -> tuple[Incident, Incident]:
        raise NotImplementedError("triage merges nothing by itself")

    def hold(self, row: int, why: str) -> None:
        self.held += [pending for pending in self.waiting if pending.row == row]
        self.done(row)

    def release(self) -> None:
        self.waiting, self.held = [*self.held, *self.waiting], []

    def revise(self, incident_id: str, decide: Callable[[Incident], Incident]) -> None:
        self.incidents[incident_id] = decide(self.incidents[incident_id])

    def alert_services(self, incident_id: str) -> Sequence[str]:
        return [grouped.alert.service or "" for grouped in self.incidents[incident_id].alerts]

    def services(self, incident_id: str) -> int:
        return len({g.alert.service for g in self.incidents[incident_id].alerts} - {None})

    def rush(self, alerts: int, incidents: int) -> Rush:
        heard = sorted((g.received_at for i in self.incidents.values() for g in i.alerts), reverse=True)
        opened = sorted((i.opened_at for i in self.incidents.values()), reverse=True)
        storms = [i for i in self.incidents.values() if i.status.is_open and is_storm(i)]
        storm = OpenStorm(incident_id=storms[-1].id, heard_at=storms[-1].alerts[-1].received_at) if storms else None
        return Rush(alerts=tuple(heard[:alerts]), opened=tuple(opened[:incidents]), storm=storm)

    def quiet(self, since: datetime) -> Sequence[str]:
        calm = [i for i in self.incidents.values() if i.status is IncidentStatus.MONITORING and not i.firing_count]
        told = [i for i in calm if (i.id, FLAPPING) in self.told]
        return [i.id for i in told if max(g.resolved_at or since for g in i.alerts) < since]

    def split(self, incident_id: str, positions: Sequence[int], said: Said) -> Incident | None:
        raise NotImplementedError("triage splits nothing by itself")

    def episode(self, episode: str) -> Episode | None:
        return self.episodes.get(episode)

    def candidates(self, alert: Alert, closed_since: datetime, services: Collection[str] = ()) -> Sequence[Incident]:
        wanted = {alert.service, *services} - {None}

        def fits(incident: Incident) -> bool:
            recent = incident.status.is_open or (incident.resolved_at or NOON) >= closed_since
            return recent and any(
                g.alert.fingerprint == alert.fingerprint or g.alert.service in wanted for g in incident.alerts
            )

        return tuple(filter(fits, reversed(self.incidents.values())))

    def open_incident(self, alert: Alert, reason: GroupingReason, received_at: datetime) -> Incident:
        incident = Incident(
            id=f"INC-2026-{len(self.incidents) + 1:04}",
            title=alert.title,
            severity=alert.severity,
            status=IncidentStatus.TRIAGE,
            service=alert.service,
            started_at=alert.started_at,
            opened_at=received_at,
            alerts=(GroupedAlert(alert=alert, reason=reason, received_at=received_at),),
        )
        self.incidents[incident.id] = incident
        self.episodes[alert.episode] = Episode(incident_id=incident.id, resolved=False)
        return incident

    def join(self, incident_id: str, alert: Alert, reason: GroupingReason, received_at: datetime) -> None:
        incident = self.incidents[incident_id]
        assert alert.episode not in self.episodes, "an episode was added twice"
        self.incidents[incident_id] = replace(
            incident,
            alerts=(*incident.alerts, GroupedAlert(alert=alert, reason=reason, received_at=received_at)),
            severity=min(incident.severity, alert.severity, key=lambda severity: severity.rank),
            status=IncidentStatus.INVESTIGATING,
            resolved_at=None,
            revision=incident.revision + 1,
        )
        self.episodes[alert.episode] = Episode(incident_id=incident_id, resolved=False)

    def tell(self, incident_id: str, said: Said) -> None:
        self.told.setdefault((incident_id, said.key), said.text)

    def recover(
        self,
        incident_id: str,
        alert: Alert,
        received_at: datetime,
        *,
        leads_to: IncidentStatus = IncidentStatus.RESOLVED,
    ) -> None:
        incident = self.incidents[incident_id]
        assert not self.episodes[alert.episode].resolved, "an episode ended twice"
        alerts = tuple(
            replace(g, resolved_at=received_at) if g.alert.episode == alert.episode else g for g in incident.alerts
        )
        over = not any(g.is_firing for g in alerts)
        self.incidents[incident_id] = replace(
            incident,
            alerts=alerts,
            status=leads_to if over else incident.status,
            resolved_at=received_at if over and not leads_to.is_open else None,
            revision=incident.revision + 1,
        )
        self.episodes[alert.episode] = Episode(incident_id=incident_id, resolved=True)

    def remember_recovery(self, alert: Alert, received_at: datetime) -> None:
        assert alert.episode not in self.episodes, "a known episode was remembered as unknown"
        self.episodes[alert.episode] = Episode(incident_id=None, resolved=True)


def firing(**changes: Any) -> Alert:
    alert = Alert(
        source="alertmanager",
        fingerprint="f1",
        status=AlertStatus.FIRING,
        severity=Severity.SEV3,
        title="errors",
        started_at=NOON - 10 * MINUTE,
        service="checkout",
    )
    return replace(alert, **changes)


def resolved(**changes: Any) -> Alert:
    return firing(**{"status": AlertStatus.RESOLVED, "ended_at": NOON - MINUTE, **changes})


def triage_of(desk: MemoryDesk, clock: FrozenClock | None = None) -> Triage:
    return Triage(desk, clock=clock or FrozenClock(NOON))


async def test_an_alert_becomes_an_incident_and_its_delivery_is_done() -> None:
    desk = MemoryDesk()
    desk.put(firing())
    assert await triage_of(desk).run_once() == ("INC-2026-0001",)
    assert desk.incidents["INC-2026-0001"].alerts[0].reason is GroupingReason.NEW_CONDITION
    assert not desk.waiting


async def test_a_batch_is_one_transaction_and_names_each_changed_incident_once() -> None:
    desk = MemoryDesk()
    desk.put(firing(), firing(fingerprint="f2"))
    desk.put(firing(fingerprint="f3", service="search"))
    desk.put(firing())
    assert await triage_of(desk).run_once() == ("INC-2026-0001", "INC-2026-0002")
    assert desk.transactions == 1
    assert [len(incident.alerts) for incident in desk.incidents.values()] == [2, 1]


async def test_a_worse_alert_of_the_same_service_raises_the_incident() -> None:
    desk = MemoryDesk()
    desk.put(firing())
    desk.put(firing(fingerprint="f2", severity=Severity.SEV1))
    await triage_of(desk).run_once()
    (incident,) = desk.incidents.values()
    assert incident.severity is Severity.SEV1
    assert incident.alerts[1].reason is GroupingReason.SAME_SERVICE


async def test_an_incident_is_resolved_when_its_last_alert_is_over_and_opens_again_when_one_comes_back() -> None:
    desk = MemoryDesk()
    desk.put(firing(), firing(fingerprint="f2"))
    desk.put(resolved(), at=NOON + MINUTE)
    triage = triage_of(desk)
    await triage.run_once()
    assert desk.incidents["INC-2026-0001"].status.is_open
    desk.put(resolved(fingerprint="f2"), at=NOON + 2 * MINUTE)
    assert await triage.run_once() == ("INC-2026-0001",)
    assert desk.incidents["INC-2026-0001"].resolved_at == NOON + 2 * MINUTE
    desk.put(firing(started_at=NOON + 5 * MINUTE), at=NOON + 6 * MINUTE)
    assert await triage.run_once() == ("INC-2026-0001",)
    assert desk.incidents["INC-2026-0001"].status.is_open
    assert desk.incidents["INC-2026-0001"].alerts[-1].reason is GroupingReason.RECURRED


async def test_repeats_and_late_notices_change_nothing() -> None:
    desk = MemoryDesk()
    desk.put(firing())
    desk.put(resolved(fingerprint="unseen"))
    triage = triage_of(desk)
    await triage.run_once()
    before = desk.incidents["INC-2026-0001"]
    for again in (firing(), firing(), resolved(fingerprint="unseen"), firing(fingerprint="unseen")):
        desk.put(again)
    assert await triage.run_once() == ()
    assert list(desk.incidents.values()) == [before]
    assert not desk.waiting


async def test_a_monitor_without_times_opens_once_and_recovers() -> None:
    desk = MemoryDesk()
    for minute in range(3):
        at = NOON + minute * MINUTE
        desk.put(firing(started_at=at, started_at_is_receipt=True), at=at)
    end = NOON + 4 * MINUTE
    desk.put(resolved(started_at=end, started_at_is_receipt=True, ended_at=end), at=end)
    await triage_of(desk).run_once()
    (incident,) = desk.incidents.values()
    assert len(incident.alerts) == 1
    assert incident.status is IncidentStatus.RESOLVED


async def test_a_pagerduty_incident_that_was_reopened_is_resolved_again() -> None:
    desk = MemoryDesk()
    created, reopened = NOON - 60 * MINUTE, NOON - 20 * MINUTE
    desk.put(firing(started_at=created))
    desk.put(resolved(started_at=created, ended_at=NOON - 30 * MINUTE))
    desk.put(firing(started_at=reopened))
    desk.put(resolved(started_at=created, ended_at=NOON - 5 * MINUTE))
    await triage_of(desk).run_once()
    (incident,) = desk.incidents.values()
    assert incident.status is IncidentStatus.RESOLVED
    assert [g.alert.started_at for g in incident.alerts] == [created, reopened]


async def test_delivery_without_alerts_is_only_done() -> None:
    desk = MemoryDesk()
    desk.put()
    assert await triage_of(desk).run_once() == ()
    assert not desk.waiting


async def test_what_the_store_does_not_take_stays_waiting() -> None:
    desk = MemoryDesk()
    desk.put(firing())
    desk.broken = True
    with pytest.raises(NotStored):
        await triage_of(desk).run_once()
    desk.broken = False
    assert await triage_of(desk).run_once() == ("INC-2026-0001",)


async def test_drain_goes_on_past_batches_that_change_nothing() -> None:
    desk = MemoryDesk()
    for _ in range(7):
        desk.put(firing())
    desk.put(firing(fingerprint="f2", service="search"))
    batches = [changed async for changed in triage_of(desk).drain(limit=2)]
    assert batches == [("INC-2026-0001",), (), (), ("INC-2026-0002",)]


async def test_a_batch_holds_a_bounded_number_of_alerts_and_always_one_delivery() -> None:
    desk = MemoryDesk()
    group = [firing(fingerprint=f"f{number}", service=None) for number in range(BATCH_ALERTS + 1)]
    desk.put(*group)
    desk.put(firing())
    await triage_of(desk).run_once()
    assert len(desk.incidents) == BATCH_ALERTS + 1
    assert len(desk.waiting) == 1


async def test_an_operator_is_told_when_triage_is_behind(caplog: pytest.LogCaptureFixture) -> None:
    desk = MemoryDesk()
    desk.put(firing())
    with caplog.at_level(logging.WARNING):
        await triage_of(desk, FrozenClock(NOON + 2 * MINUTE)).run_once()
    assert "waited 120 s" in caplog.text


@given(st.data())
@settings(max_examples=40, deadline=None)
async def test_with_all_rules_each_alert_has_one_incident_and_what_is_critical_raises_its_own(
    data: st.DataObject,
) -> None:
    desk, clock = MemoryDesk(), FrozenClock(NOON)
    names = ("shop", "cart", "payments", "stock", "search", None)
    triage = Triage(
        desk,
        clock=clock,
        neighbours=lambda name: {"cart": "depends on cart"} if name == "shop" else {},
        storm=StormLimits(alerts=5, incidents=2),
        flapping=FlapLimits(times=2),
    )
    told: dict[str, Alert] = {}
    for number in range(data.draw(st.integers(min_value=1, max_value=25))):
        clock.go_on(timedelta(seconds=data.draw(st.integers(min_value=0, max_value=90))))
        chosen = data.draw(st.tuples(st.integers(0, 9), st.sampled_from(names), st.sampled_from(list(Severity))))
        alert = firing(fingerprint=f"f{chosen[0]}", service=chosen[1], severity=chosen[2], started_at=clock.now())
        told[alert.episode] = alert
        desk.put(alert, at=clock.now())
        if data.draw(st.booleans()):
            desk.put(replace(alert, status=AlertStatus.RESOLVED, ended_at=clock.now()), at=clock.now())
        if number % 3:
            await triage.run_once()
    await triage.run_once()
    homes = {g.alert.episode: i for i in desk.incidents.values() for g in i.alerts}
    assert set(homes) == set(told), "an alert was lost"
    critical = [alert for alert in told.values() if alert.severity is Severity.SEV1]
    assert all(homes[alert.episode].severity is Severity.SEV1 for alert in critical)
    storms = [i for i in desk.incidents.values() if is_storm(i) and i.severity is Severity.SEV1]
    assert not [i for i in storms if not _was_seen_before(i)], "what is critical and new is in a storm"


def _was_seen_before(storm: Incident) -> bool:
    """Each critical alert of it has an earlier one of its condition."""
    earlier: set[str] = set()
    for grouped in storm.alerts:
        if grouped.alert.severity is Severity.SEV1 and grouped.alert.fingerprint not in earlier:
            return False
        earlier.add(grouped.alert.fingerprint)
    return True


def _episode(number: int) -> tuple[Alert, Alert]:
    began = NOON - (90 - 20 * number) * MINUTE
    return firing(started_at=began), resolved(started_at=began, ended_at=began + 10 * MINUTE)


@given(st.data())
@settings(max_examples=300, deadline=None)
async def test_one_episode_ends_the_same_however_its_notices_arrive(data: st.DataObject) -> None:
    fire, end = _episode(0)
    told = data.draw(st.lists(st.sampled_from([fire, end]), min_size=2, max_size=8))
    told = data.draw(st.permutations([fire, end, *told]))
    desk = MemoryDesk()
    for minute, alert in enumerate(told):
        desk.put(alert, at=NOON + minute * MINUTE)
    await triage_of(desk).run_once()
    assert len(desk.incidents) <= 1, "one episode opened two incidents"
    assert not any(incident.status.is_open for incident in desk.incidents.values()), "it never ended"
    assert desk.episodes[fire.episode].resolved


@given(st.data(), st.integers(min_value=1, max_value=4), st.booleans())
@settings(max_examples=300, deadline=None)
async def test_many_episodes_of_one_condition_end_in_its_true_state(
    data: st.DataObject, episodes: int, last_still_fires: bool
) -> None:
    notices = [notice for number in range(episodes) for notice in _episode(number)]
    if last_still_fires:
        notices.pop()
    told = data.draw(st.permutations(notices))
    told = [*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))]
    desk = MemoryDesk()
    for alert in told:
        desk.put(alert)
    await triage_of(desk).run_once()
    still_firing = [g.alert for i in desk.incidents.values() for g in i.alerts if g.is_firing]
    assert {a.episode for a in still_firing} == ({notices[-1].episode} if last_still_fires else set())
    assert sum(incident.status.is_open for incident in desk.incidents.values()) == int(last_still_fires)
