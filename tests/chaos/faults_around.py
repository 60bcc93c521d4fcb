"""What the bot talks to: storms, Slack, sources, the model."""

from __future__ import annotations

from tests.chaos.fault import CHAOS, SLACK, STORE, Fault

AROUND = (
    Fault(
        number=14,
        what="a storm of alerts",
        injected="hundreds at once of three causes, more senders than are let in, bodies beyond the memory for them",
        holds="few places, what is critical has its own; what is not stored gets 503 and Retry-After",
        tests=(
            "tests/flows/test_triage_storm.py::"
            "test_a_storm_of_three_causes_opens_six_places_at_most_and_never_hides_what_is_critical",
            f"{STORE}/test_writer.py::test_five_hundred_deliveries_at_once_are_all_stored_in_a_few_commits",
            "tests/test_lobby.py::"
            "test_beyond_the_memory_for_bodies_senders_are_told_to_come_again_and_then_there_is_room",
            "tests/test_web.py::test_too_many_at_once_are_told_to_come_back_and_later_ones_pass",
            "tests/flows/test_dispatch.py::test_in_a_flood_triage_is_short_and_rests_and_every_incident_is_responded_to",
        ),
    ),
    Fault(
        number=15,
        what="Slack limits the rate",
        injected="429 with Retry-After on the wire, Slack's limits enforced by the sandbox",
        holds="no call before the time that Slack said, messages of a channel keep their order",
        tests=(
            f"{CHAOS}/test_slack_limits.py::test_no_call_is_made_before_the_time_that_slack_said_and_the_order_stays",
            f"{SLACK}/test_pacing.py::test_slack_never_refuses_whatever_is_called",
            f"{SLACK}/test_pacing.py::test_a_refused_call_stays_before_those_behind_it",
        ),
    ),
    Fault(
        number=16,
        what="Slack is away in the middle of a SEV1",
        injected="503 to every call and no socket, while alerts, recoveries and commands come; the real bot",
        holds="all of it is told afterwards, in order and once",
        tests=(
            f"{CHAOS}/test_slack_away.py::"
            "test_what_happens_while_slack_takes_nothing_is_told_afterwards_in_order_and_once",
            "tests/test_app.py::test_webhooks_are_taken_while_slack_is_away_and_responded_to_once_it_comes",
        ),
    ),
    Fault(
        number=17,
        what="Slack does what it was asked to and does not say so",
        injected="the answer comes after the time-out, for each method that writes",
        holds="one channel, one card, one pin, one bookmark",
        tests=(
            f"{CHAOS}/test_ambiguous.py::test_what_slack_did_without_saying_so_in_time_is_not_done_again",
            f"{SLACK}/test_run_board.py::test_an_answer_that_is_lost_on_its_way_posts_nothing_twice",
        ),
    ),
    Fault(
        number=18,
        what="no channel can be made, or it is somebody else's",
        injected="name_taken, restricted_action, names used up",
        holds="another name, else the triage channel",
        tests=(
            f"{SLACK}/test_chat.py::test_a_channel_of_somebody_else_is_not_taken_over",
            "tests/flows/test_place.py::test_a_name_that_others_have_gets_a_number",
            "tests/flows/test_place.py::test_where_no_channel_may_be_made_the_triage_channel_serves_and_the_log_says_why",
            "tests/flows/test_place.py::test_where_all_names_are_taken_the_triage_channel_serves",
            f"{SLACK}/test_telling.py::test_a_named_channel_that_was_archived_is_looked_for_again",
        ),
    ),
    Fault(
        number=19,
        what="the token is revoked, or a scope is missing",
        injected="token_revoked to every call of the real bot; a wrong token; a scope less",
        holds="webhooks are taken, a SEV1 is told where the page came from, all is told once the token works",
        tests=(
            f"{CHAOS}/test_slack_away.py::"
            "test_what_happens_while_slack_takes_nothing_is_told_afterwards_in_order_and_once",
            "tests/test_app.py::test_a_wrong_app_token_is_said_and_incidents_are_responded_to_all_the_same",
            "tests/flows/life/test_unheard.py::test_a_sev1_without_a_card_is_told_once_after_the_time",
            "tests/test_check.py::test_a_missing_scope_is_named_with_how_to_get_it",
        ),
    ),
    Fault(
        number=20,
        what="somebody to be invited is not there any more",
        injected="an unknown address, a deactivated account",
        holds="all else is done, and what was not is said",
        tests=(
            f"{SLACK}/test_chat.py::test_dressing_twice_adds_nothing_twice_and_says_what_it_could_not_do",
            f"{SLACK}/test_directory.py::test_a_closed_account_is_told_and_loses_its_groups",
            "tests/flows/test_dress.py::test_what_could_not_be_done_is_told_and_logged_and_stops_nothing",
        ),
    ),
    Fault(
        number=21,
        what="Slack sends its events several times, late and in another order",
        injected="four deliveries of each, shuffled, to two replicas, a crash in between",
        holds="each is handled once",
        tests=(
            f"{SLACK}/test_events.py::test_an_event_delivered_four_times_is_answered_once",
            f"{SLACK}/test_events.py::test_a_crash_after_the_answer_does_not_answer_again",
            f"{SLACK}/test_event_order.py::"
            "test_marks_and_approvals_come_out_the_same_in_whatever_order_and_how_often_their_events_come",
            f"{SLACK}/test_event_order.py::test_orders_that_come_late_and_again_to_two_replicas_are_carried_out_once",
        ),
    ),
    Fault(
        number=22,
        what="a source hangs, drips, resets or is not there",
        injected="real servers that do so, for every source",
        holds="the briefing comes at the deadline and names the gap",
        tests=(
            "tests/flows/test_gather.py::test_a_hanging_source_is_left_at_the_deadline_and_named",
            "tests/integrations/test_failures.py::test_each_source_and_its_check_say_why_it_could_not_look",
            "tests/integrations/test_failures.py::test_the_others_have_answered_while_a_bad_one_is_still_waited_for",
            "tests/scenarios/test_main_job.py::test_a_dead_vendor_is_named_and_costs_no_time",
        ),
    ),
    Fault(
        number=23,
        what="a source or a sender says what is no good answer",
        injected="endless bodies, broken UTF-8, JSON nested 100,000 deep, numbers that are none",
        holds="it is cut or refused, and costs that one alone",
        tests=(
            "tests/integrations/test_failures.py::test_an_answer_without_an_end_is_left_in_time",
            "tests/integrations/test_failing_platforms.py::test_each_source_and_its_check_say_why_it_could_not_look",
            "tests/test_bad_inputs.py::test_refused_with_a_clear_answer_and_nothing_stored",
            "tests/flows/test_gather.py::test_an_unforeseen_failure_of_one_source_costs_only_that_source",
        ),
    ),
    Fault(
        number=24,
        what="the model is overloaded, hangs, refuses or says nonsense",
        injected="each failure of the API on the wire, streams that break off and are garbled, an obedient model that "
        "proposes what is not there",
        holds="the briefing stands without it and says so; nothing is executed",
        tests=(
            "tests/scenarios/test_model_missing.py::test_whatever_breaks_the_incident_goes_on_and_says_what_is_missing",
            "tests/integrations/anthropic/test_failures.py::test_every_failure_has_its_kind_and_a_sentence_for_people",
            "tests/integrations/anthropic/test_parse.py::test_a_form_that_is_wrong_twice_is_garbage",
            f"{SLACK}/test_questions_hostile.py::test_an_obedient_model_only_reads_this_incident",
        ),
    ),
)
