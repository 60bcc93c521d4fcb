"""The ledger on both databases: charged once, held before, told once, the same for every process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import NotStored
from bot.domain.spend import (
    Caps,
    Charge,
    Estimate,
    Hold,
    Limits,
    ModelCall,
    NoticeKind,
    Refusal,
    Scope,
    SpendDecision,
)
from memory.ledger import Ledger
from memory.store.database import Database
from memory.store.spending import HOLD_FOR, Spending, forget_spend
from tests.memory.store.samples import NOON, run

DAY = NOON.date()
MINUTE = timedelta(minutes=1)
CALL = ModelCall(task="question", model="large", incident_id="INC-2026-0001", service="orders", person="U1")
CAPS = Caps(incident=1000, person=2000, service=3000, day=4000, reserve_share=0.25)
LIMITS = Limits(caps=CAPS)
NO_LIMITS = Limits(caps=Caps())


def costs(micro_dollars: int) -> Charge:
    return Charge(
        micro_dollars=micro_dollars,
        input_tokens=100,
        output_tokens=20,
        cache_read_tokens=3,
        cache_write_tokens=4,
        request_id="req_1",
    )


def ledger_on(database: Database, limits: Limits = LIMITS) -> Ledger:
    return Ledger(Spending(database), limits)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def neighbour(database: Database, database_url: str) -> AsyncIterator[Database]:
    """Another process's, on the same database."""
    opened = Database.open(database_url)
    yield opened
    await opened.close()


async def held(ledger: Ledger, call: ModelCall = CALL, micro_dollars: int = 100, *, at: datetime = NOON) -> Hold:
    answer = await ledger.reserve(call, Estimate(micro_dollars=micro_dollars), at=at)
    assert isinstance(answer, Hold), answer
    return answer


async def refused(ledger: Ledger, call: ModelCall = CALL, micro_dollars: int = 100, *, at: datetime = NOON) -> Refusal:
    answer = await ledger.reserve(call, Estimate(micro_dollars=micro_dollars), at=at)
    assert isinstance(answer, Refusal), answer
    return answer


async def pay(ledger: Ledger, call: ModelCall = CALL, micro_dollars: int = 100, *, at: datetime = NOON) -> None:
    await ledger.settle(await held(ledger, call, micro_dollars, at=at), costs(micro_dollars), at=at)


async def test_a_call_is_charged_to_all_its_accounts_with_all_its_tokens(database: Database, database_url: str) -> None:
    ledger = ledger_on(database)
    await ledger.settle(await held(ledger), costs(90), at=NOON + MINUTE)
    await pay(ledger, replace(CALL, task="analysis", model="deep", person=None), 300)
    incident = await ledger.cost_of_incident("INC-2026-0001", at=NOON)
    assert [(line.task, line.model, line.micro_dollars) for line in incident.lines] == [
        ("analysis", "deep", 300),
        ("question", "large", 90),
    ]
    assert (incident.micro_dollars, incident.calls, incident.tokens, incident.cap) == (390, 2, 254, 1000)
    assert (await ledger.cost_of_person("U1", DAY, at=NOON)).micro_dollars == 90
    assert (await ledger.cost_of_service("orders", DAY, at=NOON)).micro_dollars == 390
    assert (await ledger.cost_of_day(DAY, at=NOON)).micro_dollars == 390
    assert (await ledger.cost_of_day(DAY + timedelta(days=1), at=NOON)).lines == ()
    rows = run(
        database_url, "SELECT day, incident_id, service, person, task, model, micro_dollars, request_id FROM charges"
    )
    assert set(rows) == {
        ("2026-03-04", "INC-2026-0001", "orders", "U1", "question", "large", 90, "req_1"),
        ("2026-03-04", "INC-2026-0001", "orders", None, "analysis", "deep", 300, "req_1"),
    }


async def test_what_is_held_counts_until_it_is_settled_released_or_expired(database: Database) -> None:
    ledger = ledger_on(database)
    first, second = await held(ledger, micro_dollars=600), await held(ledger, micro_dollars=400)
    assert (await ledger.cost_of_incident("INC-2026-0001", at=NOON)).held == 1000
    assert (await refused(ledger, micro_dollars=1)).verdict.decision is SpendDecision.INCIDENT_CAP
    assert (await ledger.check(CALL, Estimate(micro_dollars=1), at=NOON)).scope is Scope.INCIDENT
    await ledger.settle(first, costs(100), at=NOON)
    await held(ledger, micro_dollars=500)
    await ledger.release(second, at=NOON)
    await held(ledger, micro_dollars=400)
    await refused(ledger, micro_dollars=1)
    later = NOON + HOLD_FOR
    assert (await ledger.cost_of_incident("INC-2026-0001", at=later)).held == 0
    await held(ledger, micro_dollars=900, at=later)  # the 100 are spent for good


async def test_a_call_is_charged_once_and_also_after_its_hold_has_expired(database: Database) -> None:
    ledger = ledger_on(database)
    made = await held(ledger)
    late = NOON + HOLD_FOR + MINUTE
    await held(ledger, at=late)  # clears what has expired
    for _ in range(2):
        await ledger.settle(made, costs(80), at=late)
    await ledger.release(made, at=late)
    report = await ledger.cost_of_day(DAY, at=late)
    assert (report.micro_dollars, report.calls, report.held) == (80, 1, 100)


@pytest.mark.parametrize(
    ("paid", "before", "call", "decision"),
    [
        ([990, 990], replace(CALL, service=None), replace(CALL, service="cart"), SpendDecision.PERSON_CAP),
        ([990, 990, 990], replace(CALL, person=None), replace(CALL, person="U2"), SpendDecision.SERVICE_CAP),
        (
            [990, 990, 990],
            ModelCall(task="t", model="m"),
            ModelCall(task="triage", model="m"),
            SpendDecision.KEPT_FOR_SEV1,
        ),
    ],
)
async def test_a_cap_of_a_day_is_the_sum_over_incidents(
    database: Database, paid: list[int], before: ModelCall, call: ModelCall, decision: SpendDecision
) -> None:
    ledger = ledger_on(database)
    for number, amount in enumerate(paid):
        await pay(ledger, replace(before, incident_id=f"INC-A{number}"), amount)
    refusal = await refused(ledger, replace(call, incident_id="INC-B"))
    assert refusal.verdict.decision is decision
    tomorrow = NOON + timedelta(days=1)
    await held(ledger, replace(call, incident_id="INC-B"), at=tomorrow)


async def test_a_day_begins_at_midnight_utc_and_a_call_counts_on_the_day_it_began(database: Database) -> None:
    ledger = ledger_on(database, Limits(caps=Caps(day=1000)))
    before_midnight = datetime.fromisoformat("2026-03-05T04:59:00+05:00")  # 23:59 UTC on the day before
    made = await held(ledger, micro_dollars=800, at=before_midnight)
    assert made.day == date(2026, 3, 4)
    after = before_midnight + 2 * MINUTE
    other = await held(ledger, micro_dollars=800, at=after)
    await ledger.settle(made, costs(700), at=after)
    await ledger.settle(other, costs(750), at=after)
    assert (await ledger.cost_of_day(date(2026, 3, 4), at=after)).micro_dollars == 700
    assert (await ledger.cost_of_day(date(2026, 3, 5), at=after)).micro_dollars == 750


async def test_only_sev1_gets_what_is_kept(database: Database) -> None:
    ledger = ledger_on(database, Limits(caps=Caps(day=1000, reserve_share=0.2)))
    await pay(ledger, micro_dollars=800)
    refusal = await refused(ledger)
    assert refusal.verdict.decision is SpendDecision.KEPT_FOR_SEV1
    urgent = replace(CALL, severity=Severity.SEV1)
    made = await held(ledger, urgent, 200)
    assert made.decision is SpendDecision.ALLOWED_FROM_RESERVE
    assert (await refused(ledger, urgent, 1)).verdict.decision is SpendDecision.DAY_CAP


async def test_what_people_stopped_holds_nothing(database: Database) -> None:
    ledger = ledger_on(database)
    answer = await ledger.reserve(CALL, Estimate(micro_dollars=1), at=NOON, is_stopped=True)
    assert isinstance(answer, Refusal)
    assert (answer.verdict.decision, answer.notices) == (SpendDecision.STOPPED, ())
    assert (await ledger.cost_of_day(DAY, at=NOON)).held == 0


async def test_people_are_told_at_eighty_percent_once_whichever_process_it_is(
    database: Database, neighbour: Database
) -> None:
    ledger, other = ledger_on(database), ledger_on(neighbour)
    assert await ledger.settle(await held(ledger, micro_dollars=790), costs(790), at=NOON) == ()
    (told,) = await other.settle(await held(other, micro_dollars=50), costs(50), at=NOON)
    assert (told.account.scope, told.kind) == (Scope.INCIDENT, NoticeKind.NEAR)
    assert await ledger.settle(await held(ledger, micro_dollars=50), costs(50), at=NOON) == ()
    (reached,) = (await refused(ledger, micro_dollars=500)).notices
    assert (reached.account.scope, reached.kind) == (Scope.INCIDENT, NoticeKind.REACHED)
    assert (await refused(other, micro_dollars=500)).notices == ()
    another = ModelCall(task="analysis", model="m", incident_id="INC-2026-0002")
    assert len(await other.settle(await held(other, another, 900), costs(900), at=NOON)) == 1


async def test_two_processes_never_both_get_the_last_dollar(database: Database, neighbour: Database) -> None:
    ledgers = (ledger_on(database), ledger_on(neighbour))
    for round_ in range(5):
        call = ModelCall(task="question", model="m", incident_id=f"INC-R{round_}")
        at = NOON + round_ * timedelta(days=1)
        asked = (ledgers[n % 2].reserve(call, Estimate(micro_dollars=90), at=at) for n in range(30))
        answers = await asyncio.gather(*asked)
        holds = [answer for answer in answers if isinstance(answer, Hold)]
        assert len(holds) == 1000 // 90
        refusals = [answer for answer in answers if isinstance(answer, Refusal)]
        assert sum(len(refusal.notices) for refusal in refusals) == 1
        await asyncio.gather(*(ledgers[n % 2].settle(hold, costs(90), at=at) for n, hold in enumerate(holds)))
        report = await ledgers[0].cost_of_incident(f"INC-R{round_}", at=at)
        assert (report.micro_dollars, report.calls, report.held) == (990, 11, 0)


async def test_all_processes_share_one_rate_and_sev1_goes_first(database: Database, neighbour: Database) -> None:
    limits = Limits(caps=Caps(), requests_per_minute=40)  # 10 at once, 2 of them for SEV1
    ledgers = (ledger_on(database, limits), ledger_on(neighbour, limits))
    for n in range(8):
        await held(ledgers[n % 2])
    refusal = await refused(ledgers[0])
    assert refusal.verdict.decision is SpendDecision.THROTTLED
    assert refusal.wait == pytest.approx(1.5)
    urgent = replace(CALL, severity=Severity.SEV1)
    await held(ledgers[1], urgent)
    await held(ledgers[0], urgent)
    assert (await refused(ledgers[1], urgent)).wait == pytest.approx(1.5)
    await held(ledgers[0], urgent, at=NOON + timedelta(seconds=1.5))
    assert (await ledgers[0].cost_of_day(DAY, at=NOON)).held == 1100  # who was refused holds nothing


async def test_tokens_that_were_not_used_are_given_back(database: Database) -> None:
    ledger = ledger_on(database, Limits(caps=Caps(), tokens_per_minute=4000))  # 1,000 at once, 200 of them for SEV1
    first = await ledger.reserve(CALL, Estimate(micro_dollars=1, tokens=700), at=NOON)
    assert isinstance(first, Hold)
    again = await ledger.reserve(CALL, Estimate(micro_dollars=1, tokens=700), at=NOON)
    assert isinstance(again, Refusal)
    assert again.wait == pytest.approx(9)
    await ledger.settle(first, costs(1), at=NOON)  # 124 tokens
    second = await ledger.reserve(CALL, Estimate(micro_dollars=1, tokens=600), at=NOON)
    assert isinstance(second, Hold)
    await ledger.release(second, at=NOON)
    assert isinstance(await ledger.reserve(CALL, Estimate(micro_dollars=1, tokens=676), at=NOON), Hold)


async def test_who_is_patient_waits_for_the_rate_and_not_for_a_cap(database: Database) -> None:
    ledger = ledger_on(database, Limits(caps=Caps(incident=150), tokens_per_minute=60_000))  # 15,000 at once, 1 each ms
    ticking = iter(NOON + n * timedelta(milliseconds=20) for n in range(10_000))
    large, small = Estimate(micro_dollars=0, tokens=12_000), Estimate(micro_dollars=100, tokens=50)
    assert isinstance(await ledger.reserve(CALL, large, at=NOON), Hold)
    assert isinstance(await ledger.reserve(CALL, small, at=NOON), Refusal)
    waits = ledger.reserve_within(CALL, small, patience=timedelta(seconds=5), now=lambda: next(ticking))
    assert isinstance(await waits, Hold)
    for patience in (timedelta(0), timedelta(hours=1)):
        capped = await ledger.reserve_within(CALL, small, patience=patience, now=lambda: NOON)
        assert isinstance(capped, Refusal)
        assert capped.verdict.decision is SpendDecision.INCIDENT_CAP
    impatient = replace(CALL, incident_id=None)
    throttled = await ledger.reserve_within(impatient, large, patience=timedelta(0), now=lambda: NOON)
    assert isinstance(throttled, Refusal)
    assert throttled.wait is not None


async def test_an_answer_given_again_is_counted_and_costs_nothing(database: Database, database_url: str) -> None:
    ledger = ledger_on(database)
    await pay(ledger)
    for _ in range(2):
        await ledger.hit(CALL, at=NOON)
    report = await ledger.cost_of_person("U1", DAY, at=NOON)
    assert (report.calls, report.hits, report.micro_dollars) == (1, 2, 100)
    assert run(database_url, "SELECT count(*) FROM charges WHERE is_hit") == [(2,)]


async def test_forgetting_an_incident_takes_its_name_and_leaves_the_days_money(
    database: Database, database_url: str
) -> None:
    ledger = ledger_on(database)
    await pay(ledger, micro_dollars=900)  # with its notice
    await held(ledger, micro_dollars=50)
    changed = await database.writer.write(lambda connection: forget_spend(connection, "INC-2026-0001"))
    assert changed == 4
    for table in ("charges", "spend_totals", "spend_holds", "spend_notices"):
        assert "INC-2026-0001" not in str(run(database_url, f"SELECT * FROM {table}"))
    report = await ledger.cost_of_day(DAY, at=NOON)
    assert (report.micro_dollars, report.held) == (900, 50)
    assert await database.writer.write(lambda connection: forget_spend(connection, "INC-2026-0001")) == 0


@pytest.mark.parametrize("name", ["\x00", "\ud800", "ß" * 5000, "'; DROP TABLE charges; --"])
async def test_any_name_can_be_charged_and_is_one_account(database: Database, name: str) -> None:
    ledger = ledger_on(database)
    call = ModelCall(task=name, model=name, incident_id=name, service=name, person=name)
    await pay(ledger, call, 600)
    await held(ledger, call, 400)
    assert (await refused(ledger, call, 1)).verdict.decision is SpendDecision.INCIDENT_CAP
    assert (await ledger.cost_of_incident(name, at=NOON)).micro_dollars == 600
    assert (await ledger.cost_of_service(name, DAY, at=NOON)).held == 400


async def test_a_closed_store_refuses_rather_than_letting_calls_through(database_url: str) -> None:
    database = Database.open(database_url)
    await database.close()
    with pytest.raises(NotStored):
        await ledger_on(database, NO_LIMITS).reserve(CALL, Estimate(micro_dollars=1), at=NOON)
