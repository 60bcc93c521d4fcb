from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.briefing import Briefing, CauseKind, Claim
from bot.domain.compose import compose, number
from bot.domain.evidence import (
    AlertFact,
    ChangeFact,
    ConditionFact,
    Fact,
    FailureReason,
    Finding,
    ForecastFact,
    LogSample,
    NextOnCallFact,
    NoteFact,
    OnCallFact,
    OnsetFact,
    Outcome,
    RecentIncidentFact,
    RecurrenceFact,
    RunbookFact,
    ServiceFact,
    SuspectFact,
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
    traffic,
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
    assert (
        first.text
        == "error ratio: 12.4 % now, normal 0.3 %, alert at 5 %; since 14:02 UTC (8 min), alert fired 14:08 UTC"
    )
    assert first.evidence == ("E1",)


def test_since_when_the_data_say_stands_before_when_the_alert_fired() -> None:
    briefing = briefed([*bad_deployment(), OnsetFact(at=before(7), movers=("checkout error ratio",))])
    first = briefing.impact[0]
    assert first.text.endswith("; since 14:01 UTC (9 min), alert fired 14:08 UTC")
    assert len(first.evidence) == 2
    nameless = briefed([OnsetFact(at=before(3), movers=())]).impact[0]
    assert nameless.text == "CheckoutErrorRatioHigh; since 14:05 UTC (5 min), alert fired 14:08 UTC"


def test_the_usual_at_this_hour_is_told_where_it_is_not_the_normal() -> None:
    busy = replace(traffic(moved=8, now=190.0), usual=180.0)
    assert "requests: 190/s now, normal 60/s, usually 180/s at this hour" in texts(briefed([busy]).impact)
    assert "usually" not in texts(briefed([replace(busy, usual=62.0)]).impact)


def test_what_runs_out_is_told_with_its_hour_and_is_a_step_where_it_is_soon() -> None:
    disk = ForecastFact(
        service="ledger",
        subject="disk space of /data",
        now=0.94,
        limit=1.0,
        unit="ratio",
        per_hour=0.03,
        runs_out_at=NOW + timedelta(minutes=125),
        query="disk_used",
    )
    briefing = briefed([*bad_deployment(), disk])
    said = "disk space of /data of ledger: runs out at 16:15 UTC, in 2 h 05 min, at this pace"
    assert said in texts(briefing.impact)
    step = next(s for s in briefing.steps if s.command == "disk_used")
    assert step.text == "Free, extend or renew disk space of /data of ledger: before 16:15 UTC"
    later = briefed([replace(disk, runs_out_at=NOW + timedelta(days=9))])
    assert "runs out at 21 Mar 14:10 UTC, in 9 days" in texts(later.impact)
    assert "disk_used" not in [s.command for s in later.steps]
    over = briefed([replace(disk, runs_out_at=NOW - timedelta(minutes=5))])
    assert "used up since 14:05 UTC" in texts(over.impact)


def test_the_most_suspect_service_has_one_line() -> None:
    first = SuspectFact(
        service="payments", place=1, score=1.4, confidence="high", grounds=("p95 latency 9 spreads above normal", "b")
    )
    second = replace(first, service="cart", place=2, confidence="low")
    impact = [c for c in briefed([second, first]).impact if "suspect" in c.text]
    assert [c.text for c in impact] == [
        "Most suspect by all series: payments (high confidence), p95 latency 9 spreads above normal, b"
    ]
    assert impact[0].evidence


def test_new_errors_are_told_where_it_is_known_what_their_lines_share() -> None:
    plain_log = log("checkout", "KeyError: '<*>'")
    assert "Errors of checkout" not in texts(briefed([plain_log]).impact)
    sample = LogSample(at=before(5), text="KeyError", trace="4bf92f3577b34da6")
    told = replace(plain_log, differs=("version v2.31.0: 96 % here, 30 % of all",), first=sample)
    assert texts(briefed([told]).impact).endswith(
        "Errors of checkout: \"KeyError: '<*>'\" 240 times (new); version v2.31.0: 96 % here, 30 % of all; "
        "first trace 4bf92f3577b34da6"
    )


def test_a_change_tells_its_authors_its_size_and_what_it_touches() -> None:
    fact = replace(
        change("checkout", 7),
        authors=("ana", "ben", "cy"),
        commits=12,
        added=340,
        removed=21,
        flags=("database migration", "dependencies"),
    )
    assert briefed([fact]).changes[0].text == (
        "14:01 UTC, 7 min before the alert: deployment of checkout v2.31.0 (was v2.30.1) by ana, ben and 1 more, "
        "12 commits, +340/-21 lines; touches database migration, dependencies: checkout v2.31.0"
    )


def recent(days: float, reference: str, **details: Any) -> RecentIncidentFact:
    return RecentIncidentFact(
        service="checkout",
        reference=reference,
        title="Errors after a release",
        at=before(days * 1440),
        status="resolved",
        **details,
    )


def test_how_often_it_came_back_is_said_beside_past_incidents() -> None:
    last = recent(2, "#88", resolved_at=before(2 * 1440 - 34), notes=("rolled back", "older"))
    facts: list[Fact] = [recent(12, "#71"), last, recent(80, "#20"), recent(0.001, "#90"), past("exhaustion")]
    told = briefed([*facts, replace(recent(3, "#60"), service="cart")]).past
    assert told[0].text == (
        "Third incident of checkout in 30 days; the one before: #88 (10 Mar): Errors after a release, resolved after "
        "34 min. Its last note: rolled back"
    )
    assert len(told[0].evidence) == 2
    assert "INC-2025-0007" in told[1].text
    old = briefed([recent(80, "#20")]).past
    assert old[0].text.startswith("No other incident of checkout in 30 days; the last one: #20 (22 Dec)")


def test_a_recurrence_says_which_and_leaves_the_count_to_one_line() -> None:
    fact = RecurrenceFact(
        service="checkout",
        alert="CheckoutErrorRatioHigh",
        count=3,
        days=30,
        incidents=("INC-2026-0031", "INC-2026-0027"),
        last_at=before(2 * 1440),
    )
    told = briefed([recent(2, "#88"), fact]).past
    assert [claim.text for claim in told] == [
        "Third CheckoutErrorRatioHigh of checkout in 30 days, the last on 10 Mar: INC-2026-0031, INC-2026-0027",
        "The incident of checkout before: #88 (10 Mar): Errors after a release, resolved",
    ]


def test_a_past_incident_says_whether_its_fix_held_and_what_did_not_help() -> None:
    fact = past("exhaustion")
    held = briefed([replace(fact, outcome="held", unhelpful="restarting the pods")]).past[0].text
    assert "Fixed by: raised the limit (34 min), which held. Did not help: restarting the pods. Cause" in held
    assert "(34 min), but it came back." in briefed([replace(fact, outcome="came_back")]).past[0].text


def test_notes_on_the_service_stand_with_the_runbooks() -> None:
    note = NoteFact(service="checkout", text="never restart it during billing", author="ana", at=before(1440))
    assert briefed([note, ROLLBACK]).runbooks[1].text == (
        "Note on checkout (ana, 11 Mar 2026): never restart it during billing"
    )


def test_one_deployment_that_two_tools_tell_of_is_told_once() -> None:
    argo = change("checkout", 6.5, files=())
    findings = number([finding("github", change("checkout", 7)), finding("argocd", argo)])
    changes = compose(request(), findings, NOW).changes
    assert len(changes) == 1
    assert set(changes[0].evidence) == {"E1", "E2"}


def test_the_way_back_names_the_exact_ref_and_warns_of_a_migration() -> None:
    bad = replace(change("checkout", 7), rollback="3f9c2ab", flags=("database migration",))
    facts: list[Fact] = [fact for fact in bad_deployment() if not isinstance(fact, ChangeFact)]
    facts.append(bad)
    assert briefed(facts).steps[0].text == (
        "Roll back checkout from v2.31.0 to v2.30.1 (3f9c2ab); check first that its migration allows it"
    )


def test_what_is_well_is_no_impact() -> None:
    ready = ConditionFact(service="checkout", subject="pods of checkout", condition="Ready")
    sick = replace(ready, condition="Degraded")
    assert len(briefed([ready]).impact) == 1
    assert len(briefed([sick]).impact) == 2


def test_who_takes_over_stands_with_whom_they_take_over_from() -> None:
    cy = NextOnCallFact(person="Cy Lund", level=1, policy="Shop primary", at=before(-120))
    later = replace(cy, person="Di Roe", at=before(-600))
    briefing = briefed(
        [ANA, later, cy, NextOnCallFact(person="Ed Ray", level=3, policy="Shop primary", at=before(-60))]
    )
    assert [claim.text for claim in briefing.on_call] == [
        "Ana Ruiz, level 1 of Shop primary until 16:08 UTC, then Cy Lund",
        "Ed Ray from 15:08 UTC, level 3 of Shop primary",
    ]
    assert len(briefing.on_call[0].evidence) == 2
    assert briefing.on_call_emails == ("ana@shop.example",)


def test_gaps_in_an_answer_could_not_be_checked_and_what_is_concluded_is_no_place_to_look() -> None:
    gappy = replace(finding("metrics", metric("checkout")), gaps=("2 of 30 queries were not answered in time",))
    concluded = Finding(source="ranking", outcome=Outcome.SKIPPED, seconds=0.0, detail="no series")
    briefing = briefed([], gappy, concluded, skipped("people", "not set up"), failed("logs"))
    assert [claim.text for claim in briefing.not_checked] == [
        "logs could not be reached",
        "metrics: 2 of 30 queries were not answered in time",
        "people: not set up",
    ]


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
