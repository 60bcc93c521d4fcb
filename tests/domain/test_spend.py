"""Caps and what is said about them; nothing is stored here."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.spend import (
    Account,
    Caps,
    Charge,
    CostLine,
    CostReport,
    Estimate,
    ModelCall,
    NoticeKind,
    Scope,
    SpendDecision,
    cap_of,
    decide,
    dollars,
    near,
    reached,
    throttled,
)

DAY = date(2026, 3, 4)
DOLLAR = 1_000_000
CAPS = Caps(incident=5 * DOLLAR, person=10 * DOLLAR, service=20 * DOLLAR, day=50 * DOLLAR, reserve_share=0.2)
ASKED = ModelCall(task="question", model="m", incident_id="INC-2026-0001", service="orders", person="U1")
SEV1 = ModelCall(task="analysis", model="m", incident_id="INC-2026-0001", service="orders", severity=Severity.SEV1)


def used(*, incident: float = 0, person: float = 0, service: float = 0, day: float = 0) -> dict[Scope, int]:
    """Given in dollars."""
    given = {Scope.INCIDENT: incident, Scope.PERSON: person, Scope.SERVICE: service, Scope.DAY: day}
    return {scope: round(value * DOLLAR) for scope, value in given.items()}


@pytest.mark.parametrize(
    ("before", "decision", "told"),
    [
        (used(), SpendDecision.ALLOWED, ""),
        (used(incident=4.5), SpendDecision.ALLOWED, ""),  # the last dollar may be used whole
        (used(incident=4.51), SpendDecision.INCIDENT_CAP, "An incident may cost $5.00 of the model. $4.51 are spent"),
        (used(person=9.9), SpendDecision.PERSON_CAP, "A person may use $10.00 of the model a day."),
        (used(service=19.9), SpendDecision.SERVICE_CAP, "A service may use $20.00 of the model a day."),
        (used(day=49.9), SpendDecision.DAY_CAP, "All incidents together may use $50.00 of the model a day."),
        (used(day=39.6), SpendDecision.KEPT_FOR_SEV1, "is kept for SEV1 ($10.00); $39.60 are spent or under way"),
        (used(incident=5, person=10, day=50), SpendDecision.INCIDENT_CAP, "this call could cost $0.50."),
    ],
)
def test_the_first_cap_that_does_not_fit_refuses_and_says_why(
    before: dict[Scope, int], decision: SpendDecision, told: str
) -> None:
    verdict = decide(ASKED, Estimate(micro_dollars=DOLLAR // 2), before, CAPS)
    assert verdict.decision is decision
    assert told in verdict.text
    assert verdict.is_allowed is (verdict.text == "")


def test_what_is_kept_is_for_sev1_alone_and_ends_as_well() -> None:
    call = Estimate(micro_dollars=DOLLAR // 2)
    assert decide(SEV1, call, used(day=39), CAPS).decision is SpendDecision.ALLOWED
    assert decide(SEV1, call, used(day=49), CAPS).decision is SpendDecision.ALLOWED_FROM_RESERVE
    assert decide(SEV1, call, used(day=49.6), CAPS).decision is SpendDecision.DAY_CAP


def test_what_people_stopped_costs_nothing_whatever_is_left() -> None:
    verdict = decide(SEV1, Estimate(micro_dollars=0), used(), Caps(), is_stopped=True)
    assert verdict.decision is SpendDecision.STOPPED
    assert "stopped here until somebody starts it again" in verdict.text


def test_zero_is_no_cap() -> None:
    everything = used(incident=1e6, person=1e6, service=1e6, day=1e6)
    assert decide(ASKED, Estimate(micro_dollars=DOLLAR), everything, Caps()).decision is SpendDecision.ALLOWED


@given(
    st.fixed_dictionaries({scope: st.integers(0, 200) for scope in Scope}),
    st.builds(Caps, **{scope.value: st.integers(0, 100) for scope in Scope}, reserve_share=st.floats(0, 1)),
    st.integers(0, 100),
    st.sampled_from([ASKED, SEV1]),
)
def test_what_is_allowed_fits_under_every_cap_and_others_leave_what_is_kept(
    before: dict[Scope, int], caps: Caps, estimate: int, call: ModelCall
) -> None:
    counted = {scope: before[scope] for scope in call.accounts(DAY)}
    verdict = decide(call, Estimate(micro_dollars=estimate), counted, caps)
    after = {scope: value + estimate for scope, value in counted.items()}
    fits = all(not cap_of(scope, caps) or after[scope] <= cap_of(scope, caps) for scope in counted)
    from_reserve = caps.day > 0 and after[Scope.DAY] > caps.day - int(caps.day * caps.reserve_share)
    assert verdict.is_allowed == (fits and (call.is_urgent or not from_reserve))
    assert (verdict.decision is SpendDecision.ALLOWED_FROM_RESERVE) == (verdict.is_allowed and from_reserve)


def test_people_are_told_from_eighty_percent_on() -> None:
    account = Account(scope=Scope.INCIDENT, name="INC-2026-0001", day=None)
    assert near(account, 3_999_999, CAPS) is None
    told = near(account, 4_000_000, CAPS)
    assert told is not None
    assert (told.kind, told.account) == (NoticeKind.NEAR, account)
    assert told.text == "This incident has used $4.00 of $5.00 for the model (80 %)."
    assert near(account, 9_000_000, Caps()) is None


def test_a_refusal_by_a_cap_is_worth_a_notice_and_one_by_the_rate_is_not() -> None:
    verdict = decide(ASKED, Estimate(micro_dollars=DOLLAR), used(day=50), CAPS)
    told = reached(verdict, ASKED.accounts(DAY))
    assert told is not None
    assert (told.account.scope, told.account.day, told.kind) == (Scope.DAY, DAY, NoticeKind.REACHED)
    assert told.text.endswith("The day ends at 00:00 UTC. Until then briefings and answers come without the model.")
    assert reached(throttled(4.2), ASKED.accounts(DAY)) is None
    assert throttled(4.2).text.endswith("the next one can go in 4 s.")


def test_a_call_counts_only_where_it_belongs() -> None:
    assert set(ModelCall(task="triage", model="m").accounts(DAY)) == {Scope.DAY}
    assert set(ASKED.accounts(DAY)) == set(Scope)
    assert ASKED.accounts(DAY)[Scope.INCIDENT].day is None


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "$0.00"), (1, "less than $0.01"), (9_999, "less than $0.01"), (10_000, "$0.01"), (1_234_567_890, "$1,234.57")],
)
def test_money_is_shown_in_dollars_and_cents(amount: int, shown: str) -> None:
    assert dollars(amount) == shown


def test_nothing_costs_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="no less than nothing"):
        Charge(micro_dollars=-1)
    with pytest.raises(ValueError, match="no less than nothing"):
        Charge(micro_dollars=1, output_tokens=-5)
    with pytest.raises(ValueError, match="no less than nothing"):
        Estimate(micro_dollars=-1)


def line(task: str, model: str, micro_dollars: int, *, calls: int = 1, hits: int = 0) -> CostLine:
    return CostLine(
        task=task,
        model=model,
        calls=calls,
        hits=hits,
        micro_dollars=micro_dollars,
        input_tokens=1000,
        output_tokens=100,
        cache_read_tokens=10,
        cache_write_tokens=1,
    )


def test_a_report_adds_up_by_task_and_by_model() -> None:
    report = CostReport(
        account=Account(scope=Scope.INCIDENT, name="INC-2026-0001", day=None),
        lines=(
            line("analysis", "large", 900_000),
            line("question", "large", 300_000),
            line("question", "small", 50_000),
        ),
        held=0,
        cap=5 * DOLLAR,
    )
    assert [(one.task, one.micro_dollars) for one in report.by_task] == [("analysis", 900_000), ("question", 350_000)]
    assert [(one.model, one.micro_dollars) for one in report.by_model] == [("large", 1_200_000), ("small", 50_000)]
    assert (report.micro_dollars, report.calls, report.tokens, report.share) == (1_250_000, 3, 3_333, 0.25)
    assert report.sentence == "This incident: $1.25 of $5.00 (25 %), 3 calls, 3,333 tokens"


def test_a_report_says_what_is_under_way_and_what_was_given_again() -> None:
    account = Account(scope=Scope.SERVICE, name="orders", day=DAY)
    report = CostReport(account=account, lines=(line("question", "m", 5_000, hits=2),), held=700_000, cap=0)
    assert report.share is None
    assert report.sentence == (
        "orders on 2026-03-04: less than $0.01, 1 call, 1,111 tokens, 2 answers given again without a call, "
        "up to $0.70 under way"
    )
    empty = CostReport(account=Account(scope=Scope.DAY, name="", day=DAY), lines=(), held=0, cap=0)
    assert empty.sentence == "All on 2026-03-04: $0.00, 0 calls, 0 tokens"
