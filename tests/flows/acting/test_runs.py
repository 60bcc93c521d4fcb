"""Whole runs through the engine: what is done, in which order, and how they end."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.action import Ending, Risk
from bot.domain.incident import IncidentStatus
from bot.domain.policy import Autonomy
from bot.domain.ports.deciding import Order
from bot.domain.run import Part, RunState, StepState
from bot.domain.runbook import ActionUse, Foreach, Output, Parameter, ParameterType, Rollback, RunbookStep, Trigger
from bot.flows.acting.ending import OFFERED_FOR
from bot.flows.acting.ordering import Ordering
from tests.flows.acting.world import (
    ANA,
    BEN,
    INCIDENT,
    MINUTE,
    POLICY,
    REQ,
    World,
    check,
    holds,
    result,
    runbook,
    step,
    stricter,
    undo,
    verify,
)


async def test_reads_run_at_once_and_the_run_succeeds() -> None:
    world = World(runbook(step("a", "look"), step("b", "look")))
    run = await world.started()
    assert run.state is RunState.SUCCEEDED, run
    assert [key for key, _ in world.look.ran] == [f"{run.id}:a:0:act", f"{run.id}:b:0:act"]
    assert world.kinds == ["proposed", *["rendered", "started", "finished"] * 2, "finished"]


async def test_a_change_waits_for_approval_and_runs_once() -> None:
    world = World(runbook(step("a")))
    run = await world.started()
    assert run.state is RunState.WAITING
    assert world.restart.ran == []
    verdict = await world.say(ANA)
    assert verdict
    assert verdict.is_counted
    assert (await world.go_on()).is_over
    assert (await world.run()).state is RunState.SUCCEEDED
    assert [key for key, _ in world.restart.ran] == [f"{run.id}:a:0:act"]
    await world.go_on()
    assert len(world.restart.ran) == 1
    standing, _ = world.board.shown[world.request_id()][-1]
    assert standing.state == "consumed"


async def test_outputs_are_named_for_later_steps_and_redacted() -> None:
    secret = "hunter" + "2" * 10
    world = World(
        runbook(
            step("a", "look", output=Output(json={"pod": "/pod"})),
            step("b", "restart", parameters={"name": "{{ steps.a.pod }}"}, only_if=holds("steps.a.succeeded")),
        )
    )
    world.look.result = result(output=f'{{"pod": "checkout-1", "password": "{secret}"}}')
    await world.started()
    plan = world.step("b").plan
    assert plan is not None
    assert plan.call.parameters == {"name": "checkout-1"}
    assert secret not in world.step("a").output


async def test_a_step_whose_condition_does_not_hold_is_skipped() -> None:
    world = World(runbook(step("a", only_if=holds('incident.severity == "SEV4"')), step("b", "look")))
    assert (await world.started()).state is RunState.SUCCEEDED
    assert world.state("a") is StepState.SKIPPED
    assert world.restart.ran == []


async def test_a_condition_that_cannot_be_decided_ends_the_run() -> None:
    world = World(runbook(step("a", "look", only_if=holds("incident.labels.team == 'x'")), step("b", "look")))
    run = await world.started()
    assert run.state is RunState.FAILED
    assert "no" in run.why
    assert world.look.ran == []


async def test_a_failed_read_is_tried_again_and_a_change_is_not() -> None:
    world = World(runbook(step("a", "look", retries=2)))
    world.look.result = lambda n: result(Ending.FAILED if n < 3 else Ending.SUCCEEDED)(n)
    assert (await world.started()).state is RunState.SUCCEEDED
    assert len(world.look.ran) == 3

    world = World(runbook(step("a", "restart", retries=2)))
    world.restart.result = result(Ending.FAILED)
    await world.started()
    await world.say(ANA)
    await world.go_on()
    assert (await world.run()).state is RunState.FAILED
    assert len(world.restart.ran) == 1


async def test_continue_on_failure_goes_on_to_the_next_step() -> None:
    world = World(runbook(step("a", "look", continue_on_failure=True), step("b", "restart")))
    world.look.result = result(Ending.FAILED)
    assert (await world.started()).state is RunState.WAITING
    assert world.state("b") is StepState.WAITING


async def test_what_cannot_be_planned_fails_with_its_sentence() -> None:
    world = World(runbook(step("a")))
    world.restart.refused = "The cluster does not answer."
    run = await world.started()
    assert run.state is RunState.FAILED
    assert "The cluster does not answer." in run.why


async def test_what_the_policy_forbids_is_refused() -> None:
    world = World(runbook(step("a")), policy=stricter(POLICY))
    run = await world.started()
    assert run.state is RunState.REFUSED
    assert "forbids" in run.why
    assert world.restart.ran == []


async def test_a_change_that_the_policy_allows_runs_without_asking() -> None:
    profile = POLICY.profiles[0]
    reads, changes, rest = profile.rules
    rules = (reads, replace(changes, autonomy=Autonomy.NOTIFY), rest)
    world = World(runbook(step("a")), policy=replace(POLICY, profiles=(replace(profile, rules=rules),)))
    assert (await world.started()).state is RunState.SUCCEEDED
    assert len(world.restart.ran) == 1
    assert not world.ledger.requests


async def test_raised_risk_asks_for_more_people() -> None:
    world = World(runbook(step("a", raise_risk=Risk.DESTROY)))
    await world.started()
    assert world.ledger.requests[world.request_id()].needed == 2


async def test_a_change_that_times_out_may_have_happened_and_a_person_is_asked() -> None:
    world = World(runbook(step("a"), step("b", "look")))
    world.restart.result = result(Ending.TIMED_OUT)
    run = await world.started()
    await world.say(ANA)
    pause = await world.go_on()
    assert pause.for_people
    assert world.state("a") is StepState.UNKNOWN
    assert (f"{run.id}:a:0:act", "unknown") in world.board.asked
    said = await world.runs.settle(world.step("a").key, ANA, happened=True, word="saw it")
    assert "happened" in said
    await world.go_on()
    assert (await world.run()).state is RunState.SUCCEEDED
    assert len(world.restart.ran) == 1


async def test_an_unknown_step_that_did_not_happen_ends_the_run_and_is_not_done_again() -> None:
    world = World(runbook(step("a")))
    world.restart.result = result(Ending.UNKNOWN)
    await world.started()
    await world.say(ANA)
    await world.go_on()
    await world.runs.settle(world.step("a").key, ANA, happened=False)
    await world.go_on()
    assert (await world.run()).state is RunState.FAILED
    assert len(world.restart.ran) == 1


# --- for each element ------------------------------------------------------------------------------------------------


def each(most: int = 5, **fields: object) -> RunbookStep:
    return step(
        "each",
        "restart",
        parameters={"name": "{{ item }}"},
        foreach=Foreach(items=holds("steps.list.names"), most=most),
        **fields,
    )


def listing() -> RunbookStep:
    return step("list", "look", output=Output(lines="names"))


async def test_each_element_is_approved_and_done_by_itself_in_order() -> None:
    world = World(runbook(listing(), each(), step("after", "look", parameters={"n": "{{ steps.each.count }}"})))
    world.look.result = result(output="p1\np2\n")
    await world.started()
    for _ in range(2):
        await world.say(ANA)
        await world.go_on()
    assert (await world.run()).state is RunState.SUCCEEDED
    assert [plan.call.parameters["name"] for _, plan in world.restart.ran] == ["p1", "p2"]
    assert world.look.ran[-1][1].call.parameters == {"n": 2}


async def test_more_elements_than_allowed_are_not_begun() -> None:
    world = World(runbook(listing(), each(most=1)))
    world.look.result = result(output="p1\np2\n")
    run = await world.started()
    assert run.state is RunState.FAILED
    assert "allows 1" in run.why
    assert not world.ledger.requests


async def test_an_empty_list_is_nothing_to_go_through() -> None:
    world = World(runbook(listing(), each(), step("after", "look", only_if=holds("steps.each.succeeded"))))
    world.look.result = result(output="")
    assert (await world.started()).state is RunState.SUCCEEDED
    assert world.state("each") is StepState.SKIPPED
    assert world.state("after") is StepState.SUCCEEDED


async def test_an_element_that_fails_ends_the_run_unless_told_to_go_on() -> None:
    for goes_on, count in ((False, 1), (True, 2)):
        world = World(runbook(listing(), each(continue_on_failure=goes_on)))
        world.look.result = result(output="p1\np2\n")
        world.restart.result = lambda n: result(Ending.FAILED if n == 1 else Ending.SUCCEEDED)(n)
        await world.started()
        await world.say(ANA)
        await world.go_on()
        if goes_on:
            await world.say(ANA)
            await world.go_on()
        assert len(world.restart.ran) == count
        assert (await world.run()).state is (RunState.SUCCEEDED if goes_on else RunState.FAILED)


# --- verification and rollback ---------------------------------------------------------------------------------------


async def test_verification_waits_until_it_holds() -> None:
    world = World(runbook(step("a", verify=verify())))
    world.metric_value = 5
    await world.started()
    await world.say(ANA)
    pause = await world.go_on()
    assert world.state("a") is StepState.VERIFYING
    assert pause.until == world.clock.now() + MINUTE / 4
    assert len(world.metric.ran) == 1
    await world.go_on()
    assert len(world.metric.ran) == 1, "it looks only every 15 seconds"
    world.metric_value = 0
    await world.later(MINUTE / 4)
    assert world.state("a") is StepState.SUCCEEDED
    assert (await world.run()).state is RunState.SUCCEEDED


async def _failed_verify(world: World) -> None:
    world.metric_value = 5
    await world.started()
    await world.say(ANA)
    await world.go_on()
    for _ in range(5):
        await world.later(MINUTE / 4)


async def test_a_failed_verification_offers_the_rollback_which_needs_its_own_approval() -> None:
    world = World(runbook(step("a", verify=verify(), rollback=undo()), step("b", "look")))
    await _failed_verify(world)
    assert world.state("a") is StepState.VERIFY_FAILED
    assert (await world.run()).state is RunState.WAITING
    assert (world.step("a").key.text, "verify_failed") in world.board.asked
    assert world.undo.ran == []
    assert "prepared" in await world.runs.undo(world.step("a").key, ANA, id="u1")
    assert "nothing to undo" in await world.runs.undo(world.step("a").key, ANA, id="u1")
    await world.go_on()
    verdict = await world.say(ANA)
    assert verdict is not None
    assert not verdict.is_counted, "who took it up does not approve it"
    await world.say(BEN)
    await world.go_on()
    assert len(world.undo.ran) == 1
    run = await world.run()
    assert run.state is RunState.FAILED
    assert "It was undone." in run.why
    assert world.look.ran == [], "nothing after it is done"


async def test_an_offered_rollback_that_nobody_takes_up_is_over_after_a_while() -> None:
    world = World(runbook(step("a", verify=verify(), rollback=undo())))
    await _failed_verify(world)
    await world.later(OFFERED_FOR)
    assert (await world.run()).state is RunState.FAILED
    assert "over" in await world.runs.undo(world.step("a").key, ANA, id="u1")
    assert world.undo.ran == []


async def test_an_automatic_rollback_runs_under_the_same_approval_and_was_shown() -> None:
    world = World(runbook(step("a", verify=verify(), rollback=undo(automatic=True))))
    await _failed_verify(world)
    assert len(world.undo.ran) == 1
    run = await world.run()
    assert run.state is RunState.FAILED
    assert "It was undone." in run.why
    assert len(world.ledger.requests) == 1
    assert "undo checkout" in world.board.previews[world.request_id()][1]


async def test_an_automatic_rollback_that_is_not_what_was_shown_is_offered() -> None:
    world = World(runbook(step("a", verify=verify(), rollback=undo(automatic=True))))
    world.metric_value = 5
    await world.started()
    await world.say(ANA)
    world.undo.world = "something else"
    await world.go_on()
    for _ in range(5):
        await world.later(MINUTE / 4)
    assert world.undo.ran == []
    assert (await world.run()).state is RunState.WAITING
    assert "target" in world.step("a", part=Part.ROLLBACK).summary
    await world.runs.undo(world.step("a").key, REQ, id="u1")
    await world.go_on()
    await world.say(ANA)
    await world.go_on()
    assert len(world.undo.ran) == 1


async def test_what_could_not_be_looked_at_is_not_undone_by_itself() -> None:
    world = World(runbook(step("a", verify=verify(), rollback=undo(automatic=True))))
    world.metric.refused = "Prometheus does not answer."
    await _failed_verify(world)
    assert world.undo.ran == []
    assert "could not be seen" in world.step("a").verified


async def test_changes_that_do_not_help_stop_actions_in_the_incident() -> None:
    world = World(runbook(step("a", verify=verify(within=10))))
    world.metric_value = 5
    for n in range(2):
        answer = await world.order(id=f"O{n}")
        assert answer.run is not None, answer
        await world.go_on(answer.run.id)
        await world.say(ANA)
        await world.go_on(answer.run.id)
        world.clock.go_on(MINUTE)
        await world.go_on(answer.run.id)
    (switch,) = await world.switching.all()
    assert switch.name == INCIDENT.id
    assert "did not help" in (await world.order(id="O9")).sentence


async def test_the_same_change_is_not_done_a_third_time_in_an_incident() -> None:
    world = World(runbook(step("a")))
    for n in range(3):
        answer = await world.order(id=f"O{n}")
        assert answer.run is not None
        await world.go_on(answer.run.id)
        if n < 2:
            await world.say(ANA)
            await world.go_on(answer.run.id)
    assert len(world.restart.ran) == 2
    run = list(world.ledger.runs.values())[-1]
    assert run.state is RunState.REFUSED
    assert "2 times" in run.why


# --- people's work, cancelling, dry runs -----------------------------------------------------------------------------


async def test_a_manual_step_waits_for_its_person() -> None:
    world = World(runbook(step("a", "manual", parameters={"instructions": "Look at {{ incident.title }}"})))
    run = await world.started()
    assert run.state is RunState.WAITING
    assert "Look at High error ratio" in world.board.asked[(world.step("a").key.text, "waiting")]
    assert "Only full members" in await world.runs.settle(world.step("a").key, "U-guest", happened=True)
    await world.runs.settle(world.step("a").key, ANA, happened=True, word="done by hand")
    await world.go_on()
    assert (await world.run()).state is RunState.SUCCEEDED
    assert "done by hand" in world.step("a").summary


async def test_a_manual_step_that_nobody_reports_ends_after_its_time() -> None:
    world = World(runbook(step("a", "manual", parameters={"instructions": "x"}, timeout=3600.0)))
    await world.started()
    await world.later(59 * MINUTE)
    assert world.state("a") is StepState.WAITING
    await world.later(MINUTE)
    assert world.state("a") is StepState.TIMED_OUT
    assert (await world.run()).state is RunState.FAILED


async def test_cancelling_while_people_decide_takes_the_request_back() -> None:
    world = World(runbook(step("a"), step("b")))
    await world.started()
    await world.runs.cancel((await world.run()).id, ANA)
    await world.go_on()
    run = await world.run()
    assert (run.state, run.cancelled_by) == (RunState.CANCELLED, ANA)
    assert world.state("a") is StepState.CANCELLED
    assert not await world.outside.approvals.open_requests()
    verdict = await world.say(ANA)
    assert verdict
    assert not verdict.is_counted
    assert world.restart.ran == []


async def test_cancelling_in_the_middle_ends_before_the_next_step() -> None:
    world = World(runbook(step("a", "look"), step("b", "look")))
    run = (await world.order()).run
    assert run is not None
    kept = world.ledger.runs

    def cancel(_: object) -> None:
        kept[run.id] = replace(kept[run.id], cancelled_by=ANA, version=kept[run.id].version + 1)

    world.look.during = cancel
    await world.go_on()
    assert len(world.look.ran) == 1
    assert (await world.run()).state is RunState.CANCELLED


async def test_cancelling_while_it_is_verified_says_that_it_was_done() -> None:
    world = World(runbook(step("a", verify=verify())))
    world.metric_value = 5
    await world.started()
    await world.say(ANA)
    await world.go_on()
    await world.runs.cancel((await world.run()).id, ANA)
    await world.go_on()
    assert (await world.run()).state is RunState.CANCELLED
    assert "It was done." in world.step("a").verified


async def test_a_dry_run_says_what_would_happen_and_does_nothing() -> None:
    world = World(
        runbook(
            step("a", "look", output=Output(lines="names")),
            step("b", "restart", precheck=None),
            step("c", "restart", parameters={"name": "{{ steps.a.names | first }}"}),
            step("d", "manual", parameters={"instructions": "x"}),
        )
    )
    await world.runs.start(Order(id="D", incident=INCIDENT.id, runbook="fix", requester=REQ, is_dry=True))
    await world.go_on()
    run = await world.run()
    assert run.state is RunState.SUCCEEDED
    assert "Nothing was done" in run.why
    assert world.look.ran == world.restart.ran == []
    assert "would need 1 approval by on-call" in world.step("b").summary
    assert "step a gives" in world.step("c").summary
    assert not world.ledger.requests


async def test_a_dry_run_runs_prechecks_and_tells_what_is_forbidden() -> None:
    world = World(runbook(step("a", precheck=check()), step("b", "undo")), policy=POLICY)
    world.metric_value = 7
    world.undo.refused = "No such deployment."
    await world.runs.start(Order(id="D", incident=INCIDENT.id, runbook="fix", requester=REQ, is_dry=True))
    await world.go_on()
    assert len(world.metric.ran) == 1
    assert "does not hold" in world.step("a").summary
    assert world.state("b") is StepState.REFUSED
    assert (await world.run()).state is RunState.REFUSED


async def test_the_same_order_starts_one_run() -> None:
    world = World(runbook(step("a", "look")))
    first, second = await world.order(), await world.order()
    assert first.run
    assert second.run
    assert first.run.id == second.run.id
    assert len(world.ledger.runs) == 1


async def test_guests_start_nothing() -> None:
    world = World(runbook(step("a", "look")))
    answer = await world.order(by="U-guest")
    assert answer.run is None
    assert "full members" in answer.sentence


# --- what could be run -----------------------------------------------------------------------------------------------


async def test_what_fits_is_offered_first_with_defaults_and_texts_are_not() -> None:
    world = World(
        runbook(
            step("a", "look"),
            parameters=(Parameter(name="service", type=ParameterType.STRING, default="{{ incident.service }}"),),
        )
    )
    fitting = world.runbook
    text = replace(fitting, id="text", steps=(RunbookStep(title="Look"),))
    other = replace(fitting, id="other", title="Another", trigger=Trigger(severities=("SEV4",)))
    named = replace(fitting, id="named", title="Zulu", trigger=Trigger(services=("checkout",)))
    away = replace(named, id="away", steps=(step("a", "look"), step("b", "teleport")))
    known = {book.id: book for book in (away, other, text, fitting, named)}
    desk = Ordering(replace(world.outside, runbooks=lambda: known), lambda _: (), lambda _: None)
    offers = await desk.offers(INCIDENT)
    assert [offer.runbook.id for offer in offers] == ["named", "fix", "other", "away"]
    assert offers[0].why
    assert offers[0].defaults == {"service": "checkout"}
    assert "other severities" in offers[2].why
    assert offers[3].why == "cannot run here: teleport is not set up"


async def test_what_needs_an_action_that_is_not_set_up_is_not_begun() -> None:
    world = World(runbook(step("a", "look"), step("b", "teleport")))
    answer = await world.order()
    assert answer.run is None
    assert "cannot run here: it needs teleport" in answer.sentence
    assert not world.ledger.runs


async def test_who_shows_the_incident_is_told_when_a_run_is_over_and_not_of_a_dry_one() -> None:
    for is_dry in (True, False):
        world = World(runbook(step("a", "look")))
        await world.runs.start(Order(id="D", incident=INCIDENT.id, runbook="fix", requester=REQ, is_dry=is_dry))
        await world.go_on()
        assert world.ended == ([] if is_dry else [INCIDENT.id])


async def test_wrong_parameters_start_nothing_and_say_which() -> None:
    world = World(runbook(step("a", "look"), parameters=(Parameter(name="count", type=ParameterType.INTEGER, most=3),)))
    for told, word in (({"count": "9"}, "at most 3"), ({}, "must be told"), ({"count": "1", "x": "1"}, "no parameter")):
        answer = await world.order(**told)
        assert answer.run is None
        assert word in answer.sentence
        assert answer.problems
    assert not world.ledger.runs


async def test_an_incident_that_is_over_starts_nothing() -> None:
    world = World(runbook(step("a", "look")))
    world.incidents.known[INCIDENT.id] = replace(INCIDENT, status=IncidentStatus.RESOLVED)
    assert (await world.order()).run is None
    answer = await world.runs.start(Order(id="x", incident=INCIDENT.id, runbook="fux", requester=REQ))
    assert "did you mean fix" in answer.sentence


async def test_a_rollback_by_hand_is_reported_like_any_other_work() -> None:
    by_hand = Rollback(use=ActionUse(action="manual", parameters={"instructions": "Turn it back"}))
    world = World(runbook(step("a", rollback=by_hand)))
    world.restart.result = result(Ending.FAILED)
    await world.started()
    await world.say(ANA)
    await world.go_on()
    await world.runs.undo(world.step("a").key, BEN, id="x")
    await world.go_on()
    key = world.step("a", part=Part.ROLLBACK).key
    assert world.board.asked[(key.text, "waiting")] == "Turn it back"
    await world.runs.settle(key, BEN, happened=True)
    await world.go_on()
    assert "It was undone." in (await world.run()).why
