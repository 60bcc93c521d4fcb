"""Whatever several processes do, in whatever order: no cap is passed but by what calls cost beyond their estimates."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.spend import (
    Account,
    Caps,
    Charge,
    Estimate,
    Hold,
    Limits,
    ModelCall,
    Notice,
    NoticeKind,
    Refusal,
    Scope,
    cap_of,
)
from memory.ledger import Ledger
from memory.store.database import Database
from memory.store.spending import Spending
from tests.memory.store.samples import NOON

CAPS = Caps(incident=600, person=500, service=900, day=1000, reserve_share=0.2)
OTHERS = 800  # of the day, that calls of no SEV1 may use
CHECKED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # what fails is short enough, and each step takes milliseconds
)
RUNS = itertools.count()  # each example has a day and names of its own, so that all share one database


@dataclass(frozen=True, kw_only=True)
class Reserve:
    process: int
    incident: int
    person: int | None
    is_urgent: bool
    estimate: int


@dataclass(frozen=True, kw_only=True)
class Settle:
    process: int
    which: int
    share: float  # of the estimate


@dataclass(frozen=True, kw_only=True)
class Release:
    process: int
    which: int


@dataclass(frozen=True, kw_only=True)
class Pass:
    minutes: int


PROCESS = st.integers(0, 2)
RESERVE = st.builds(
    Reserve,
    process=PROCESS,
    incident=st.integers(0, 1),
    person=st.none() | st.integers(0, 1),
    is_urgent=st.booleans(),
    estimate=st.integers(0, 400) | st.integers(100, 300),
)
SETTLE = st.builds(
    Settle, process=PROCESS, which=st.integers(0, 9), share=st.sampled_from([0.0, 0.5, 1.0, 1.0, 1.0, 1.7])
)
STEPS = st.lists(
    st.one_of(
        RESERVE,
        RESERVE,
        RESERVE,
        SETTLE,
        st.builds(Release, process=PROCESS, which=st.integers(0, 9)),
        st.builds(Pass, minutes=st.integers(1, 12)),
    ),
    min_size=8,
    max_size=25,
)


@dataclass
class Known:
    """What a person with a pencil would write down beside the ledger."""

    spent: Counter[Account] = field(default_factory=Counter)
    beyond: Counter[Account] = field(default_factory=Counter)  # what calls cost more than was held for them
    spent_by_others: int = 0  # by calls of no SEV1
    beyond_by_others: int = 0
    told: Counter[tuple[Account, NoticeKind]] = field(default_factory=Counter)

    def allowed(self, hold: Hold, others: Sequence[Hold], at: datetime) -> None:
        """It had room beside all that was spent and all that is under way."""
        under_way = [hold, *(other for other in others if at < other.expires_at)]
        for scope, account in hold.call.accounts(hold.day).items():
            theirs = [one for one in under_way if account in one.call.accounts(one.day).values()]
            used = self.spent[account] + sum(one.estimate.micro_dollars for one in theirs)
            assert used <= cap_of(scope, CAPS), account
            if scope is Scope.DAY and not hold.call.is_urgent:
                assert used <= OTHERS

    def settled(self, hold: Hold, cost: int, at: datetime) -> None:
        held = hold.estimate.micro_dollars if at < hold.expires_at else 0
        for account in hold.call.accounts(hold.day).values():
            self.spent[account] += cost
            self.beyond[account] += max(0, cost - held)
        if not hold.call.is_urgent:
            self.spent_by_others += cost
            self.beyond_by_others += max(0, cost - held)

    def hear(self, notices: Sequence[Notice]) -> None:
        self.told.update((notice.account, notice.kind) for notice in notices)

    def check(self) -> None:
        for account, spent in self.spent.items():
            assert spent <= cap_of(account.scope, CAPS) + self.beyond[account], account
            if spent >= cap_of(account.scope, CAPS) * 0.8:
                assert self.told[(account, NoticeKind.NEAR)] == 1, account
        assert self.spent_by_others <= OTHERS + self.beyond_by_others
        assert all(count == 1 for count in self.told.values()), self.told


@pytest.fixture
async def ledgers(database_url: str) -> AsyncIterator[Sequence[Ledger]]:
    """Of three processes."""
    databases = [Database.open(database_url) for _ in range(3)]
    yield [Ledger(Spending(database), Limits(caps=CAPS)) for database in databases]
    for database in databases:
        await database.close()


def call(step: Reserve, run: int) -> ModelCall:
    return ModelCall(
        task="question",
        model="m",
        incident_id=f"INC-{run}-{step.incident}",
        service=f"service-{run}",
        person=None if step.person is None else f"U{run}-{step.person}",
        severity=Severity.SEV1 if step.is_urgent else Severity.SEV3,
    )


async def follow(ledgers: Sequence[Ledger], steps: Sequence[object]) -> Known:
    run, known, holds = next(RUNS), Known(), list[Hold]()
    now = NOON.replace(hour=0) + timedelta(days=run)
    for step in steps:
        match step:
            case Reserve():
                answer = await ledgers[step.process].reserve(
                    call(step, run), Estimate(micro_dollars=step.estimate), at=now
                )
                if isinstance(answer, Refusal):
                    known.hear(answer.notices)
                else:
                    known.allowed(answer, holds, now)
                    holds.append(answer)
            case Settle() if holds:
                hold = holds.pop(step.which % len(holds))
                cost = round(hold.estimate.micro_dollars * step.share)
                known.hear(await ledgers[step.process].settle(hold, Charge(micro_dollars=cost), at=now))
                known.settled(hold, cost, now)
                assert await ledgers[0].settle(hold, Charge(micro_dollars=cost), at=now) == ()
            case Release() if holds:
                await ledgers[step.process].release(holds.pop(step.which % len(holds)), at=now)
            case Pass():
                now += timedelta(minutes=step.minutes)
        known.check()
    for account, spent in known.spent.items():
        if account.scope is Scope.INCIDENT:
            assert (await ledgers[1].cost_of_incident(account.name, at=now)).micro_dollars == spent
    return known


@settings(CHECKED, max_examples=40)
@given(STEPS)
async def test_no_order_of_events_passes_a_cap_but_by_what_was_not_estimated(
    ledgers: Sequence[Ledger], steps: list[object]
) -> None:
    await follow(ledgers, steps)


@settings(CHECKED, max_examples=15)
@given(st.lists(st.tuples(RESERVE, st.sampled_from([0.5, 1.0, 1.0, 3.0])), max_size=20))
async def test_one_call_after_the_other_passes_a_cap_by_one_calls_surprise_at_most(
    ledgers: Sequence[Ledger], calls: list[tuple[Reserve, float]]
) -> None:
    run, spent, surprise = next(RUNS), 0, 0
    at = NOON + timedelta(days=run)
    for step, share in calls:
        answer = await ledgers[step.process].reserve(call(step, run), Estimate(micro_dollars=step.estimate), at=at)
        if isinstance(answer, Hold):
            cost = round(step.estimate * share)
            await ledgers[0].settle(answer, Charge(micro_dollars=cost), at=at)
            spent, surprise = spent + cost, max(surprise, cost - step.estimate)
        assert spent <= CAPS.day + surprise
