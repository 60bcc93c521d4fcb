"""What memory keeps: saved, read again, changed, seen by others, forgotten without a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from bot.domain.incident import GroupingReason
from bot.domain.ports import TriageTransaction
from bot.domain.remembered import Held, Lesson, Note, Page, PastIncident, Postmortem, RecordKind
from memory.store import Store
from memory.store.judgements import Import
from tests.memory.store.samples import FINDINGS, NOON, alert, briefing, delivery, run

CANARY = "quokka-marmalade"
PAST = PastIncident(
    id="INC-2025-0007",
    title="Orders wait for connections",
    service="orders",
    started_at=NOON,
    minutes=38,
    cause="A report held them",
    cause_kind="exhaustion",
    fix="Stopped the report",
    symptoms="timed out acquiring a connection",
    unhelpful="Restarting the pods",
    alerts=("OrdersPoolExhausted",),
    labels={"team": "orders", "zone": "b"},
    outcome=Held.HELD,
    trust=0.6,
    origin="file",
)
POSTMORTEM = Postmortem(
    incident=PAST.id, title="Orders", text="# Summary\n\nIt hurt.", accepted_by="U1", accepted_at=NOON
)
PAGE = Page(id="wiki:a.md", title="Pools", text="# Pools\n\nLook.\n\n## Fix\n\nRaise it.", source="wiki", path="a.md")
LESSON = Lesson(id="L1", text="Reports use a pool of their own", service="orders", at=NOON, author="U2")


async def test_every_kind_of_record_is_read_as_it_was_saved(store: Store) -> None:
    assert await store.past.save([PAST]) == 1
    assert await store.postmortems.save([POSTMORTEM]) == 1
    assert await store.pages.save([PAGE]) == 1
    assert await store.lessons.save([LESSON]) == 1
    assert await store.past.by_id() == {PAST.id: PAST}
    assert await store.postmortems.by_id() == {PAST.id: POSTMORTEM}
    assert await store.pages.get([PAGE.id, "unknown"]) == {PAGE.id: PAGE}
    assert await store.lessons.by_id() == {"L1": LESSON}
    assert await store.pages.count() == 1


async def test_what_is_the_same_changes_nothing_and_what_differs_raises_the_mark(store: Store) -> None:
    assert await store.memory_mark() == 0
    await store.past.save([PAST])
    first, versions = await store.memory_mark(), await store.past.versions()
    assert await store.past.save([PAST]) == 0
    assert (await store.memory_mark(), await store.past.versions()) == (first, versions)
    assert await store.past.save([replace(PAST, trust=0.7)]) == 1
    assert await store.memory_mark() > first
    assert (await store.past.versions())[PAST.id] > versions[PAST.id]


async def test_another_process_on_the_same_database_sees_the_change(store: Store, database_url: str) -> None:
    other = await Store.open(database_url)
    try:
        before = await other.memory_mark()
        await store.past.save([PAST])
        assert await other.memory_mark() > before
        assert await other.past.by_id() == {PAST.id: PAST}
        await store.past.remove([PAST.id])
        assert await other.past.versions() == {}
    finally:
        await other.close()


async def test_a_page_is_cut_at_its_headings_and_each_part_names_them(store: Store) -> None:
    await store.pages.save([PAGE])
    assert [p.text for p in await store.passages.all()] == ["Pools\nLook.", "Pools > Fix\nRaise it.", "Pools"]


async def test_vectors_belong_to_texts_and_go_with_the_last_passage_that_has_them(store: Store) -> None:
    twin = replace(PAST, id="INC-2025-0008")
    await store.past.save([PAST, twin])
    missing = await store.passages.without_vector("model-1", 10)
    assert missing == {PAST.digest: PAST.text}  # once, though two have it
    await store.passages.save_vectors("model-1", {PAST.digest: b"1234", "of nothing": b"5678"})
    assert await store.passages.vectors("model-1") == {PAST.digest: b"1234"}
    assert await store.passages.without_vector("model-1", 10) == {}
    assert await store.passages.without_vector("model-2", 10) == missing
    await store.past.remove([PAST.id])
    assert await store.passages.vectors("model-1", [PAST.digest]) == {PAST.digest: b"1234"}
    await store.past.save([replace(twin, fix="Another one")])
    assert await store.passages.vectors("model-1") == {}


async def test_a_note_is_dated_attributed_and_removed_by_its_number(store: Store) -> None:
    first = await store.notes.add(Note(id=0, service="orders", text="Never on Fridays", author="U1", at=NOON))
    second = await store.notes.add(replace(first, text="Ask Ada", at=NOON + timedelta(hours=1)))
    assert [note.text for note in await store.notes.of("orders")] == ["Ask Ada", "Never on Fridays"]
    assert await store.notes.remove(first.id)
    assert not await store.notes.remove(first.id)
    assert await store.notes.all() == (second,)


async def test_a_person_counts_once_by_the_last_word(store: Store) -> None:
    say = store.feedback.say
    assert await say(RecordKind.INCIDENT, PAST.id, "U1", helped=True, at=NOON) is None
    assert await say(RecordKind.INCIDENT, PAST.id, "U1", helped=False, at=NOON) is True
    assert await say(RecordKind.INCIDENT, PAST.id, "U2", helped=True, at=NOON) is None
    assert await store.feedback.counts(RecordKind.INCIDENT, PAST.id) == (1, 1)


async def test_what_was_imported_is_known_by_its_source(store: Store) -> None:
    one = Import(source="pagerduty", key="P1", digest="d1", record=PAST.id, at=NOON)
    await store.imports.save([one, replace(one, key="P2")])
    await store.imports.save([replace(one, digest="d2")])
    assert await store.imports.known("pagerduty") == {"P1": "d2", "P2": "d1"}
    assert await store.imports.known("github") == {}


async def remember_and_live_through(store: Store) -> str:
    """An incident with everything that is kept of one; each text holds the canary."""
    said = alert("f1", title=f"Checkout fails {CANARY}", service="checkout")
    await store.inbox.accept(delivery("d1", said))

    def open_it(transaction: TriageTransaction) -> str:
        (waiting,) = transaction.pending(10)
        incident = transaction.open_incident(said, GroupingReason.NEW_CONDITION, NOON)
        transaction.done(waiting.row)
        return incident.id

    name = await store.desk.transact(open_it)
    finding = replace(FINDINGS[0], detail=CANARY)
    await store.briefings.save_findings(name, [finding])
    await store.briefings.save_briefing(name, replace(briefing(name), findings=(finding,)), at=NOON)
    await store.effects.begin(f"chart:{name}")
    await store.effects.finish(f"chart:{name}", CANARY)
    await store.slack_events.record("Ev1", f'{{"text": "{CANARY} about {name}"}}'.encode())
    await store.past.save([replace(PAST, id=name, fix=CANARY)])
    await store.postmortems.save([replace(POSTMORTEM, incident=name, text=f"# {CANARY}\n\n{CANARY}")])
    await store.lessons.save([replace(LESSON, incident=name, text=CANARY)])
    digests = await store.passages.without_vector("m", 100)
    await store.passages.save_vectors("m", {digest: CANARY.encode() for digest in digests})
    await store.feedback.say(RecordKind.INCIDENT, name, CANARY, helped=True, at=NOON)
    await store.imports.save([Import(source="github", key=CANARY, digest="d", record=name, at=NOON)])
    return name


def traces(database_url: str, words: tuple[str, ...]) -> list[str]:
    """Tables with a row that holds one of the words."""
    engine = create_engine(database_url)
    tables = inspect(engine).get_table_names()
    engine.dispose()
    rows = {table: str(run(database_url, f"SELECT * FROM {table}")) for table in tables}
    rows |= {"slack_events": str(run(database_url, "SELECT event_id, CAST(body AS VARCHAR) FROM slack_events"))}
    return [table for table, text in rows.items() if any(word in text for word in words)]


async def test_forgetting_an_incident_leaves_no_trace(store: Store, database_url: str, tmp_path: Path) -> None:
    name = await remember_and_live_through(store)
    await store.past.save([PAST])
    assert len(traces(database_url, (CANARY, name))) > 10
    mark = await store.memory_mark()
    forgotten = await store.forget(name)
    assert (forgotten.records, forgotten.history > 5) == (3, True)
    assert traces(database_url, (CANARY, name)) == []
    assert await store.memory_mark() > mark
    assert await store.past.by_id() == {PAST.id: PAST}
    if database_url.startswith("sqlite"):
        for file in tmp_path.rglob("*"):
            held = file.read_bytes() if file.is_file() else b""
            assert CANARY.encode() not in held, f"{file.name} still holds it"
            assert name.encode() not in held, f"{file.name} still holds it"
    assert (await store.forget(name)).is_nothing


async def test_what_is_open_or_recent_is_not_outdated(store: Store) -> None:
    name = await remember_and_live_through(store)  # open
    await store.past.save([PAST, replace(PAST, id="INC-2026-0999", started_at=NOON + timedelta(days=30))])
    assert await store.outdated(NOON + timedelta(days=1)) == [PAST.id]
    assert name not in await store.outdated(NOON + timedelta(days=100))


async def test_dealt_with_webhooks_are_purged_and_waiting_ones_stay(store: Store, database_url: str) -> None:
    await remember_and_live_through(store)
    await store.inbox.accept(delivery("waiting", alert("f2")))
    assert await store.purge(NOON + timedelta(days=1)) == 1
    assert run(database_url, "SELECT key FROM deliveries") == [("waiting",)]


@pytest.mark.parametrize("hostile", ["\x00", "\ud800", "a" * 5000, "'; DROP TABLE past_incidents; --"])
async def test_any_text_can_be_kept_and_found_again(store: Store, hostile: str) -> None:
    past = replace(PAST, id=hostile, title=hostile, symptoms=hostile, labels={hostile: hostile})
    await store.past.save([past])
    await store.past.save([past])
    assert await store.past.count() == 1
