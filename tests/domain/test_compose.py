from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.briefing import Briefing, CauseKind, Claim
from bot.domain.compose import compose, number
from bot.domain.evidence import (
    AlertFact,
    Fact,
    FailureReason,
    Finding,
    OnCallFact,
    RunbookFact,
    ServiceFact,
)
from tests.domain.cases import (
    NOW,
    bad_deployment,
    before,
    change,
    exhausted_pool,
    failed,
    failing_dependency,
    finding,
    gathered,
    log,
    metric,
    past,
    request,
    skipped,
)
from tests.domain.test_causes_properties import WORLDS

ANA = OnCallFact(person="Ana Ruiz", email="ana@shop.example", level=1, policy="Shop primary", until=before(-120))
BEN = OnCallFact(person="Ben Oduya", email="ben@shop.example", level=2, policy="Shop primary")
ROLLBACK = RunbookFact(
    runbook="bad-release",
    title="A release broke it",
    why=("alert name",),
    steps=(
        "Look at the history: `deployctl history checkout`",
        "Go back: `deployctl undo checkout`",
        "Tell the author",
    ),
    score=1.0,
    owner="shop",
)


def briefed(facts: list[Fact], *others: Finding) -> Briefing:
    return compose(request(), gathered(facts, *others), NOW)


def texts(claims: tuple[Claim, ...]) -> str:
    return " | ".join(claim.text for claim in claims)


def test_numbers_are_given_to_the_trigger_first_and_then_in_order() -> None:
    findings = [
        finding("changes", change("cart", 3)),
        finding("metrics", metric("cart"), metric("checkout", trigger=True)),
    ]
    numbered = number(findings)
    assert [[e.id for e in f.evidence] for f in numbered] == [["E2"], ["E3", "E1"]]
    assert number(numbered) == numbered, "numbering again changes nothing"


def test_the_impact_tells_now_versus_normal_and_since_when() -> None:
    first = briefed(list(bad_deployment())).impact[0]
    assert first.text == "error ratio: 12.4 % now, normal 0.3 %, alert at 5 %; since 14:02 UTC (8 min)"
    assert first.evidence == ("E1",)


def test_what_got_better_since_is_told_apart_from_the_worst() -> None:
    trigger = replace(metric("checkout", moved=5, trigger=True), latest=0.02)
    assert "12.4 % at worst, 2 % now" in briefed([trigger]).impact[0].text


def test_without_numbers_the_alert_itself_is_the_impact() -> None:
    first = briefed([]).impact[0]
    assert first.text == "CheckoutErrorRatioHigh: firing since 14:08 UTC (2 min); no numbers known"


def test_other_signals_other_services_and_other_alerts_are_told() -> None:
    alert = AlertFact(name="FrontendSlow", service="frontend", since=before(1))
    impact = texts(briefed([*bad_deployment(), alert]).impact)
    assert "p99 latency: 1.9 s now, normal 400 ms" in impact
    assert "Off elsewhere: frontend (error ratio, 14:03 UTC)" in impact
    assert "Also firing: FrontendSlow (frontend) since 14:07 UTC" in impact


def test_changes_stand_in_the_order_of_suspicion_and_late_ones_are_marked() -> None:
    changes = briefed([*bad_deployment(), change("payments", -1, "v4")]).changes
    assert changes[0].text.startswith("14:01 UTC, 7 min before the alert: deployment of checkout v2.31.0 (was v2.30.1)")
    assert any("60 s AFTER the alert: deployment of payments v4" in c.text for c in changes)
    assert "AFTER" not in changes[0].text


def test_the_first_step_for_a_bad_deployment_is_the_way_back_with_the_runbooks_own_command() -> None:
    steps = briefed([*bad_deployment(), ROLLBACK]).steps
    assert steps[0].text == "Roll back checkout from v2.31.0 to v2.30.1"
    assert steps[0].command == "deployctl undo checkout"
    assert [s.command for s in steps].count("deployctl undo checkout") == 1, "said once"
    assert any(s.command == "deployctl history checkout" for s in steps)


def test_no_command_is_made_up() -> None:
    steps = briefed(list(bad_deployment())).steps
    assert steps[0].text == "Roll back checkout from v2.31.0 to v2.30.1"
    assert steps[0].command == ""
    for other in (replace(ROLLBACK, steps=("Go back: `deployctl undo cart`",)),):
        assert briefed([*bad_deployment(), other]).steps[0].command == ""


def test_the_first_step_for_an_exhausted_pool_carries_its_query() -> None:
    first = briefed(list(exhausted_pool())).steps[0]
    assert "database connections of checkout" in first.text
    assert first.command == 'database_connections_in_use{service="checkout"}'


def test_the_first_step_for_a_failing_dependency_names_its_owner() -> None:
    first = briefed(list(failing_dependency())).steps[0]
    assert first.text == "Look at payments, owned by money: bring them in"
    assert first.command == 'p99_latency{service="payments"}'


def test_what_was_considered_and_fell_is_ruled_out_with_its_evidence() -> None:
    ruled = briefed(list(bad_deployment())).ruled_out
    assert any("load on checkout: requests stayed normal (61/s, normal 60/s)" in c.text and c.evidence for c in ruled)
    assert any("Deployment of cart v1.9.3 at 14:05 UTC: it came 3 min after the first symptom" in c.text for c in ruled)


def test_nothing_found_and_could_not_look_are_different() -> None:
    briefing = briefed(
        [metric("checkout", moved=5, trigger=True)],
        finding("changes", checked="deployments of checkout in the last 6 h"),
        failed("logs", FailureReason.TOO_SLOW, "no answer within 3 s"),
        skipped("people", "no escalation policy in the catalog"),
    )
    assert "changes looked and found nothing: deployments of checkout in the last 6 h" in texts(briefing.ruled_out)
    assert [c.text for c in briefing.not_checked] == [
        "logs did not answer in time: no answer within 3 s",
        "people: no escalation policy in the catalog",
    ]
    assert "logs" not in texts(briefing.ruled_out)


def test_a_service_outside_the_catalog_is_said() -> None:
    fact = ServiceFact(service="checkout", owner="", tier=None, depends_on=(), dependants=(), known=False)
    assert "not in the service catalog" in texts(briefed([fact]).not_checked)


def test_on_call_people_stand_by_level() -> None:
    briefing = briefed([BEN, ANA])
    assert briefing.on_call[0].text == "Ana Ruiz, level 1 of Shop primary until 16:08 UTC"
    assert briefing.on_call_emails == ("ana@shop.example", "ben@shop.example")


def test_past_incidents_tell_what_fixed_them_and_how_long_it_took() -> None:
    told = briefed([past("exhaustion")]).past[0].text
    assert "INC-2025-0007" in told
    assert "Fixed by: raised the limit (34 min)" in told


def test_services_that_stayed_normal_share_one_line() -> None:
    ruled = briefed(list(bad_deployment())).ruled_out
    assert any(c.text == "cart, payments: signals stayed normal" and len(c.evidence) == 2 for c in ruled), texts(ruled)


def test_the_runbook_of_the_culprit_comes_before_the_one_of_the_alert() -> None:
    fitting = replace(ROLLBACK, runbook="acquirer", title="Acquirer down", why=("service payments",), score=0.4)
    other = replace(fitting, steps=("Switch over: `payctl route second`",))
    steps = briefed([*failing_dependency(), ROLLBACK, other]).steps
    assert [s.command for s in steps[:2]] == ['p99_latency{service="payments"}', "payctl route second"]


def test_the_runbook_whose_title_says_what_the_culprits_logs_say_comes_first() -> None:
    acquirer = replace(
        ROLLBACK, title="The acquirer times out", steps=("Switch over: `payctl route second`",), score=0.4
    )
    facts = [*failing_dependency(), log("payments", "acquirer timed out after <*>"), ROLLBACK, acquirer]
    assert "payctl route second" in [s.command for s in briefed(facts).steps]


def test_a_runbooks_way_back_is_not_offered_where_no_deployment_is_suspected() -> None:
    commands = [s.command for s in briefed([*exhausted_pool(), ROLLBACK]).steps]
    assert "deployctl history checkout" in commands
    assert "deployctl undo checkout" not in commands


def test_what_the_runbook_watches_is_not_watched_twice() -> None:
    watching = replace(ROLLBACK, steps=("Watch the error ratio fall: `promtool query error_ratio`",))
    with_it = [s.text for s in briefed([*bad_deployment(), watching]).steps]
    assert with_it.count("Watch the error ratio fall") == 1
    assert "Watch error ratio" not in with_it
    assert "Watch error ratio" in [s.text for s in briefed(list(bad_deployment())).steps]


def test_a_watch_that_ends_on_another_day_says_which() -> None:
    duty = briefed([replace(ANA, until=before(-60 * 24 * 5))]).on_call[0].text
    assert duty.endswith("until 17 Mar 14:08 UTC")


def test_unknown_is_shown_only_where_nothing_better_is() -> None:
    assert CauseKind.UNKNOWN not in [h.kind for h in briefed(list(bad_deployment())).hypotheses]
    assert [h.kind for h in briefed([log("frontend", "odd <*>")]).hypotheses] == [CauseKind.UNKNOWN]


@given(WORLDS, st.integers(0, 600))
@settings(max_examples=100, deadline=None)
def test_any_facts_make_a_briefing_that_cites_only_what_is_there(facts: list[Fact], seconds: int) -> None:
    findings = gathered([*facts, ROLLBACK, ANA], failed("other"), skipped("more"))
    now = NOW + timedelta(seconds=seconds)
    briefing = compose(request(), findings, now)
    known = {e.id for e in briefing.evidence}
    claims = (
        *briefing.impact,
        *briefing.changes,
        *briefing.past,
        *briefing.runbooks,
        *briefing.ruled_out,
        *briefing.not_checked,
        *briefing.on_call,
    )
    cited = {i for c in claims for i in c.evidence} | {i for s in briefing.steps for i in s.evidence}
    assert cited <= known
    assert all(c.text for c in claims)
    assert briefing.impact
    assert compose(request(), findings, now) == briefing
