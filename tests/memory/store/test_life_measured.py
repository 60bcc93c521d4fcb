"""What measures are made of."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.action import Risk
from bot.domain.approval import Decision, Escalated, State
from bot.domain.incident import GroupingReason
from bot.domain.life.tallies import Judged
from bot.domain.ports import Said
from bot.domain.remembered import RecordKind
from bot.domain.run import RunState, StepState
from bot.domain.spend import Charge
from memory.store import Store
from memory.store.answers import AnswerKind, Asked, KeptAnswer
from memory.store.measured import OLDER_IN_A_ROW
from tests.memory.store.acting_samples import ANA, BEN, PLAN, posted, request, reviewed, run_of, started, step_of
from tests.memory.store.samples import MINUTE, NOON, alert

DAY = 1440 * MINUTE
NEW = GroupingReason.NEW_CONDITION


async def opened(store: Store, minutes: int) -> str:
    at = NOON + minutes * MINUTE
    return (await store.desk.transact(lambda t: t.open_incident(alert(f"f{minutes}"), NEW, at))).id


async def test_incidents_opened_in_a_span_come_newest_last_with_what_was_measured(store: Store) -> None:
    _, first, second, _ = [await opened(store, minutes) for minutes in (-1, 0, 59, 60)]
    times = {"acknowledged_at": NOON, "identified_at": NOON + MINUTE, "mitigated_at": NOON + 2 * MINUTE}
    said = Said(key="k", text="now", at=NOON, who="U1")
    await store.desk.transact(lambda t: t.steer(second, lambda one: replace(one, is_private=True, **times), said))  # type: ignore[arg-type]
    found = await store.measured.opened_between(NOON, NOON + 60 * MINUTE)
    assert [(one.id, one.is_private, one.alert_count) for one in found] == [(first, False, 1), (second, True, 1)]
    assert {name: getattr(found[1], name) for name in times} == times


async def act(store: Store) -> None:
    """Five requests with five fates, one before the span; three runs, one of them dry, one before the span."""
    for number in range(5):
        asked = replace(request(f"A-{number}"), nonce=f"n{number}")
        if number == 4:
            asked = replace(asked, created_at=NOON - DAY, expires_at=NOON - DAY + 15 * MINUTE)
        await store.approvals.open(asked)
        await store.approvals.record(asked.id, posted(asked))
    for number in (0, 1):
        asked = replace(request(f"A-{number}"), nonce=f"n{number}")
        await store.approvals.record(asked.id, reviewed(asked, ANA))
    await store.approvals.record("A-0", started())
    denied = replace(request("A-2"), nonce="n2")
    await store.approvals.record("A-2", reviewed(denied, BEN, Decision.DENY))
    await store.approvals.record("A-3", Escalated(id="e", at=NOON + 5 * MINUTE, to="lead"))
    for name, run in {
        "R-1": run_of("R-1"),
        "R-2": replace(run_of("R-2"), is_dry=True),
        "R-3": replace(run_of("R-3"), created_at=NOON - DAY),
        "R-4": replace(run_of("R-4"), created_at=NOON + MINUTE),
    }.items():
        await store.runs.open(run)
        begun = {"state": StepState.STARTED, "started_at": NOON}
        await store.runs.add_step(step_of(name, "look", plan=replace(PLAN, risk=Risk.READ), **begun))
        await store.runs.add_step(step_of(name, "restart", request="A-0", **begun))
        await store.runs.add_step(step_of(name, "waits"))
    await store.runs.put(replace(run_of("R-1"), state=RunState.SUCCEEDED, ended_at=NOON))


async def test_decisions_are_counted_by_outcome_ending_and_risk(store: Store) -> None:
    await act(store)
    counted = await store.measured.decisions(NOON, NOON + 10 * MINUTE)
    assert counted.approvals == {State.CONSUMED: 1, State.APPROVED: 1, State.DENIED: 1, State.WAITING: 1}
    assert (counted.asked, counted.approved, counted.escalated) == (4, 2, 1)
    assert counted.runs == {RunState.SUCCEEDED: 1, RunState.RUNNING: 1}
    assert counted.steps == {Risk.READ: 2, Risk.CHANGE: 2}
    assert (counted.begun, counted.unasked) == (4, 2)


async def test_what_nobody_decided_in_time_has_expired_by_the_end_of_a_longer_span(store: Store) -> None:
    await act(store)
    counted = await store.measured.decisions(NOON - 2 * DAY, NOON + DAY)
    assert counted.approvals == {State.CONSUMED: 1, State.DENIED: 1, State.EXPIRED: 3}
    assert sum(counted.runs.values()) == 3
    assert (await store.measured.decisions(NOON + DAY, NOON + 2 * DAY)).asked == 0


async def test_a_long_history_is_not_read_to_its_beginning_and_loses_nothing_recent(store: Store) -> None:
    for number in range(OLDER_IN_A_ROW + 5):
        await store.runs.open(replace(run_of(f"old-{number}"), created_at=NOON - DAY))
    for number in range(3):
        await store.runs.open(run_of(f"new-{number}"))
        await store.runs.open(replace(run_of(f"misdated-{number}"), created_at=NOON - 1000 * DAY))
    assert (await store.measured.decisions(NOON, NOON + DAY)).runs == {RunState.RUNNING: 3}


async def test_feedback_is_counted_by_what_it_was_about(store: Store) -> None:
    asked = Asked(prompt_hash="h", evidence_digest="d", model="m")
    answer = KeptAnswer(
        kind=AnswerKind.ANSWER, asked=asked, text="so", prompt="ask", made_at=NOON, charge=Charge(micro_dollars=1)
    )
    kept = await store.answers.save(answer)
    for person, helped, minutes in (
        ("U1", True, 0),
        ("U2", False, 1),
        ("U2", True, 2),
        ("U3", False, 3),
        ("U4", True, 60),
    ):
        await store.answers.judge(kept.id, person, helped=helped, at=NOON + minutes * MINUTE)
    for kind in (RecordKind.INCIDENT, RecordKind.PAGE):
        await store.feedback.say(kind, "one", "U1", helped=False, at=NOON)
    told = await store.measured.feedback(NOON, NOON + 60 * MINUTE)
    assert told.answers == Judged(helped=2, not_helped=1)
    assert told.memories == Judged(not_helped=2)
