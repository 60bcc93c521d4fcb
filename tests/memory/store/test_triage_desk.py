"""The transaction of triage, with the decisions taken here by hand."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from bot.domain.alert import AlertStatus, Delivery, Severity
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.lifecycle import Step, move
from bot.domain.ports import Acceptance, Episode, PendingDelivery, Said, TriageTransaction
from memory.store import Store
from tests.memory.store.samples import FINDINGS, MINUTE, NOON, alert, briefing, delivery, run

NEW, JOINED = GroupingReason.NEW_CONDITION, GroupingReason.SAME_SERVICE


async def opened(store: Store, fingerprint: str = "f1", **options: object) -> Incident:
    what = alert(fingerprint, **options)  # type: ignore[arg-type]
    return await store.desk.transact(lambda t: t.open_incident(what, NEW, NOON))


async def get(store: Store, incident_id: str) -> Incident:
    found = await store.incidents.get(incident_id)
    assert found is not None
    return found


async def pending(store: Store, limit: int = 100) -> list[PendingDelivery]:
    return await store.desk.transact(lambda t: list(t.pending(limit)))


async def test_deliveries_wait_in_their_order_until_they_are_done(store: Store) -> None:
    for key in ("a", "b", "c"):
        await store.inbox.accept(delivery(key))
    first = await pending(store, 2)
    assert [p.delivery.key for p in first] == ["a", "b"]
    assert first[0].delivery == delivery("a")

    await store.desk.transact(lambda t: t.done(first[0].row))
    assert [p.delivery.key for p in await pending(store)] == ["b", "c"]


async def test_the_same_delivery_again_is_a_repeat_even_after_it_was_done(store: Store) -> None:
    assert await store.inbox.accept(delivery("a")) is Acceptance.STORED
    (waiting,) = await pending(store)
    await store.desk.transact(lambda t: t.done(waiting.row))
    assert await store.inbox.accept(delivery("a")) is Acceptance.REPEAT
    assert await pending(store) == []


async def test_the_same_key_from_another_source_is_another_delivery(store: Store) -> None:
    other = Delivery(source="pagerduty", key="a", received_at=NOON, alerts=())
    assert await store.inbox.accept(delivery("a")) is Acceptance.STORED
    assert await store.inbox.accept(other) is Acceptance.STORED


async def test_a_delivery_that_cannot_be_read_is_set_aside_and_blocks_nothing(
    store: Store, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for key in ("a", "b"):
        await store.inbox.accept(delivery(key))
    run(database_url, "UPDATE deliveries SET body = '{\"source\": 5}' WHERE key = 'a'")

    with caplog.at_level(logging.ERROR):
        assert [p.delivery.key for p in await pending(store, 1)] == ["b"]
    assert "stays in the table" in caplog.text
    (kept,) = run(database_url, "SELECT state, body, problem FROM deliveries WHERE key = 'a'")
    assert kept[0] == "failed"
    assert kept[1] == '{"source": 5}'
    assert kept[2]


async def test_text_that_no_database_takes_is_stored_without_it(store: Store) -> None:
    hostile = delivery("a\x00\ud800" + "k" * 5000, alert("f\x00", title="\ud800 broke \x00", service="\udfff"))
    assert await store.inbox.accept(hostile) is Acceptance.STORED
    assert await store.inbox.accept(hostile) is Acceptance.REPEAT
    (waiting,) = await pending(store)
    assert "broke" in waiting.delivery.alerts[0].title


async def test_numbers_are_counted_by_year_and_grow_past_four_digits(store: Store, database_url: str) -> None:
    first, second = await opened(store), await opened(store, "f2")
    assert (first.id, second.id) == ("INC-2026-0001", "INC-2026-0002")
    run(database_url, "UPDATE counters SET value = 9999 WHERE name = 'incidents of 2026'")
    assert (await opened(store, "f3")).id == "INC-2026-10000"
    later = NOON.replace(year=2027)
    assert (await store.desk.transact(lambda t: t.open_incident(alert("f4"), NEW, later))).id == "INC-2027-0001"


async def test_a_new_incident_is_read_back_as_it_was_returned(store: Store) -> None:
    incident = await opened(store)
    assert incident.status is IncidentStatus.TRIAGE
    assert (incident.revision, incident.opened_at, incident.started_at) == (1, NOON, NOON)
    assert await get(store, incident.id) == incident


async def test_a_failing_transaction_leaves_nothing_not_even_a_number(store: Store) -> None:
    def half(t: TriageTransaction) -> None:
        t.open_incident(alert(), NEW, NOON)
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await store.desk.transact(half)
    assert await store.incidents.list_open() == []
    assert (await opened(store)).id == "INC-2026-0001"


async def test_a_joined_alert_raises_the_severity_but_never_lowers_it(store: Store) -> None:
    incident = await opened(store)
    worse, milder = alert("f2", severity=Severity.SEV1), alert("f3", severity=Severity.SEV4)
    await store.desk.transact(lambda t: t.join(incident.id, worse, JOINED, NOON + MINUTE))
    await store.desk.transact(lambda t: t.join(incident.id, milder, JOINED, NOON + MINUTE))
    after = await get(store, incident.id)
    assert after.severity is Severity.SEV1
    assert after.revision == 3
    assert [g.alert.fingerprint for g in after.alerts] == ["f1", "f2", "f3"]
    assert [g.reason for g in after.alerts] == [NEW, JOINED, JOINED]


async def test_an_incident_is_resolved_with_its_last_firing_alert_and_open_again_with_the_next(store: Store) -> None:
    incident = await opened(store)
    await store.desk.transact(lambda t: t.join(incident.id, alert("f2"), JOINED, NOON))

    await store.desk.transact(lambda t: t.recover(incident.id, alert("f1", status=AlertStatus.RESOLVED), NOON + MINUTE))
    half = await get(store, incident.id)
    assert half.status is IncidentStatus.TRIAGE
    assert [g.is_firing for g in half.alerts] == [False, True]

    over = NOON + 2 * MINUTE
    await store.desk.transact(lambda t: t.recover(incident.id, alert("f2", status=AlertStatus.RESOLVED), over))
    resolved = await get(store, incident.id)
    assert (resolved.status, resolved.resolved_at, resolved.revision) == (IncidentStatus.RESOLVED, over, 4)
    assert await store.incidents.list_open() == []

    again = alert("f1", started_at=NOON + 3 * MINUTE)
    await store.desk.transact(lambda t: t.join(incident.id, again, GroupingReason.RECURRED, NOON + 3 * MINUTE))
    reopened = await get(store, incident.id)
    assert (reopened.status, reopened.resolved_at, reopened.revision) == (IncidentStatus.INVESTIGATING, None, 5)


async def test_what_the_monitor_resolves_is_mitigated_then_unless_a_person_said_so_before(store: Store) -> None:
    over, said_at = NOON + 9 * MINUTE, NOON + MINUTE
    quiet, told = await opened(store), await opened(store, "f2")
    said = Said(key="k", text="Monitoring", at=said_at, who="U1")
    await store.desk.transact(lambda t: t.steer(told.id, lambda one: move(one, Step.MITIGATE, said_at).after, said))
    for incident, name in ((quiet, "f1"), (told, "f2")):
        notice = alert(name, status=AlertStatus.RESOLVED)
        await store.desk.transact(lambda t, i=incident.id, n=notice: t.recover(i, n, over))  # type: ignore[misc]
    after = [await get(store, incident.id) for incident in (quiet, told)]
    assert [(one.resolved_at, one.mitigated_at, one.acknowledged_at) for one in after] == [
        (over, over, None),
        (over, said_at, said_at),
    ]


async def test_all_that_a_person_may_change_is_kept(store: Store) -> None:
    incident = await opened(store)
    wanted = {
        "title": "Cart is down",
        "severity": Severity.SEV1,
        "status": IncidentStatus.MONITORING,
        "is_private": True,
        "merged_into": None,
        "acknowledged_at": NOON + MINUTE,
        "identified_at": NOON + 2 * MINUTE,
        "mitigated_at": NOON + 3 * MINUTE,
        "revision": 2,
    }
    said = Said(key="k", text="Renamed", at=NOON, who="U1")
    after = await store.desk.transact(
        lambda t: t.steer(incident.id, lambda one: replace(one, **wanted), said)  # type: ignore[arg-type]
    )
    kept = await get(store, incident.id)
    assert {name: getattr(kept, name) for name in wanted} == wanted
    assert replace(kept, alerts=(), alerts_left_out=1, firing_left_out=1) == after


async def test_episodes_are_remembered_as_they_were_seen(store: Store) -> None:
    fired, unseen = alert("f1"), alert("f2", status=AlertStatus.RESOLVED)
    incident = await opened(store)
    await store.desk.transact(lambda t: t.remember_recovery(unseen, NOON))
    ask = store.desk.transact
    assert await ask(lambda t: t.episode(fired.episode)) == Episode(incident_id=incident.id, resolved=False)
    assert await ask(lambda t: t.episode(unseen.episode)) == Episode(incident_id=None, resolved=True)
    assert await ask(lambda t: t.episode("never seen")) is None
    await ask(lambda t: t.recover(incident.id, alert("f1", status=AlertStatus.RESOLVED), NOON))
    assert await ask(lambda t: t.episode(fired.episode)) == Episode(incident_id=incident.id, resolved=True)


async def test_candidates_share_condition_or_service_and_are_open_or_just_resolved(store: Store) -> None:
    same_service = await opened(store, "other")
    await opened(store, "stranger", service="search")
    no_service = await opened(store, "f9", service=None)
    gone = await opened(store, "f1")
    await store.desk.transact(lambda t: t.recover(gone.id, alert("f1", status=AlertStatus.RESOLVED), NOON))

    async def found(closed_since_minutes: int, **options: object) -> list[str]:
        what = alert("f1", **options)  # type: ignore[arg-type]
        since = NOON + closed_since_minutes * MINUTE
        return [i.id for i in await store.desk.transact(lambda t: t.candidates(what, since))]

    assert await found(0) == [gone.id, same_service.id]
    assert await found(1) == [same_service.id]
    assert await found(0, service=None) == [gone.id]
    assert await store.desk.transact(lambda t: [i.id for i in t.candidates(alert("f9"), NOON)]) == [
        gone.id,
        no_service.id,
        same_service.id,
    ]


async def test_candidates_show_what_the_same_transaction_has_done(store: Store) -> None:
    def work(t: TriageTransaction) -> list[int]:
        incident = t.open_incident(alert("f1"), NEW, NOON)
        t.candidates(alert("f2"), NOON)
        t.join(incident.id, alert("f2"), JOINED, NOON)
        return [i.alert_count for i in t.candidates(alert("f3"), NOON)]

    assert await store.desk.transact(work) == [2]


async def test_the_timeline_tells_of_every_change_once_and_in_the_same_transaction(store: Store) -> None:
    incident = await opened(store)
    worse = alert("f2", severity=Severity.SEV1, title="Latency is high")
    await store.desk.transact(lambda t: t.join(incident.id, worse, JOINED, NOON + MINUTE))
    for fingerprint in ("f1", "f2", "f2"):
        over = alert(fingerprint, status=AlertStatus.RESOLVED)
        await store.desk.transact(lambda t, over=over: t.recover(incident.id, over, NOON + 2 * MINUTE))  # type: ignore[misc]
    told = [(event.kind, event.text) for event in await store.timeline.of(incident.id)]
    assert told == [
        ("alert", "Alert: Error ratio is high"),
        ("status", "Incident opened, SEV2"),
        ("alert", "Alert: Latency is high"),
        ("status", "Severity raised from SEV2 to SEV1"),
        ("alert", "Recovered: Error ratio is high"),
        ("alert", "Recovered: Error ratio is high"),
        ("status", "Resolved: no alert fires any more"),
    ]


async def test_the_first_briefing_ends_triage_and_is_asked_for_until_then(store: Store) -> None:
    first, second = await opened(store), await opened(store, "f2")
    assert await store.agenda.unbriefed() == (first.id, second.id)
    await store.briefings.save_briefing(first.id, briefing(first.id), at=NOON)
    assert await store.agenda.unbriefed() == (second.id,)
    after = await get(store, first.id)
    assert (after.status, after.briefed_at) == (IncidentStatus.INVESTIGATING, NOON)

    later = NOON + MINUTE
    await store.briefings.save_briefing(first.id, briefing(first.id, later), at=later)
    assert (await get(store, first.id)).briefed_at == NOON
    assert await store.briefings.latest(first.id) == briefing(first.id, later)


async def test_a_briefing_after_the_end_does_not_open_the_incident_again(store: Store) -> None:
    incident = await opened(store)
    await store.desk.transact(lambda t: t.recover(incident.id, alert(status=AlertStatus.RESOLVED), NOON))
    assert await store.agenda.unbriefed() == (incident.id,)
    await store.briefings.save_briefing(incident.id, briefing(incident.id), at=NOON)
    assert (await get(store, incident.id)).status is IncidentStatus.RESOLVED


async def test_a_card_is_outdated_while_it_shows_an_older_revision(store: Store) -> None:
    incident = await opened(store)
    assert await store.agenda.outdated() == ()  # the first briefing will show it
    await store.briefings.save_briefing(incident.id, briefing(incident.id), at=NOON)
    await store.agenda.shown(incident.id, 1)
    assert await store.agenda.outdated() == ()
    await store.desk.transact(lambda t: t.join(incident.id, alert("f2"), JOINED, NOON))
    assert await store.agenda.outdated() == (incident.id,)
    await store.agenda.shown(incident.id, 2)
    await store.agenda.shown(incident.id, 1)  # a slow edit that ends late
    assert await store.agenda.outdated() == ()


async def test_findings_are_kept_whole_with_their_chart(store: Store) -> None:
    incident = await opened(store)
    assert await store.briefings.findings(incident.id) is None
    await store.briefings.save_findings(incident.id, ())
    assert await store.briefings.findings(incident.id) == ()
    await store.briefings.save_findings(incident.id, FINDINGS)
    kept = await store.briefings.findings(incident.id)
    assert kept == FINDINGS
    assert kept[0].chart == FINDINGS[0].chart


async def test_what_was_dealt_with_is_not_kept_as_it_came(store: Store, database_url: str) -> None:
    await store.inbox.accept(delivery("k1"))
    (waiting,) = await pending(store)
    assert "HighErrorRatio" in str(run(database_url, "SELECT body FROM deliveries"))
    await store.desk.transact(lambda t: t.done(waiting.row))
    assert run(database_url, "SELECT body, state FROM deliveries") in ([("", "done")], [(b"", "done")])
    assert await store.inbox.accept(delivery("k1")) is Acceptance.REPEAT
