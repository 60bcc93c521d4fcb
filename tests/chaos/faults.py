"""The table of faults: what is done to the bot, how, what must hold, and the tests that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`tests`: node ids, without parameters. Figures are what they record under the name "report"."""

    number: int
    what: str
    injected: str
    holds: str
    tests: tuple[str, ...]


STORE = "tests/memory/store"
ACTING = "tests/flows/acting"
CHAOS = "tests/chaos"
SLACK = "tests/slack"
PROGRAMS = "tests/integrations/programs"

FAULTS = (
    Fault(
        number=1,
        what="the process is killed while it takes webhooks",
        injected="kill -9 at random, 16 senders at once, SQLite and PostgreSQL",
        holds="every acknowledged webhook is stored, once",
        tests=(f"{STORE}/test_kill.py::test_every_acknowledged_delivery_survives_kill_9",),
    ),
    Fault(
        number=2,
        what="the process is killed between alert, channel and briefing",
        injected="kill -9 of the real bot at random and at each named point of a life; a crash after each effect",
        holds="one channel, one card and one briefing for each incident",
        tests=(
            f"{CHAOS}/test_kill_while_responding.py::test_kills_lose_nothing_and_double_nothing",
            f"{CHAOS}/test_points.py::test_a_life_killed_at_a_point_ends_as_one_that_was_not",
            "tests/flows/test_place.py::test_a_crash_after_an_effect_doubles_nothing",
        ),
    ),
    Fault(
        number=3,
        what="the process is killed between approval, start, execution and result",
        injected="kill -9 at random, every other one in the midst of a change; a crash after every single write",
        holds="no change is done twice, no approval is lost, of an interrupted change a person is asked",
        tests=(
            f"{CHAOS}/test_kill_runs.py::test_kills_do_nothing_twice_and_forget_nothing",
            f"{CHAOS}/test_kill_life.py::test_kills_over_whole_lives_lose_nothing_and_double_nothing",
            f"{ACTING}/test_crashes.py::test_killed_after_every_single_write",
        ),
    ),
    Fault(
        number=4,
        what="an answer before the data is on the disk",
        injected="the order of system calls, seen by strace",
        holds="the database's log is written and synced between each request and its 202",
        tests=(f"{CHAOS}/test_fsync_order.py::test_each_webhook_is_synced_to_the_disk_before_it_is_answered",),
    ),
    Fault(
        number=5,
        what="PostgreSQL is restarted without a shutdown",
        injected="pg_ctl -m immediate restart under load",
        holds="every acknowledged webhook is stored, and it goes on by itself",
        tests=(f"{CHAOS}/test_postgresql_restart.py::test_restarts_of_postgresql_lose_nothing_that_was_acknowledged",),
    ),
    Fault(
        number=6,
        what="the database does not answer",
        injected="a store that hangs behind the front door; a PostgreSQL that is gone",
        holds="senders get 503 within seconds, nothing is begun or led meanwhile, and it goes on by itself",
        tests=(
            "tests/test_lobby.py::test_a_store_that_hangs_does_not_hang_its_senders",
            "tests/test_replicas.py::test_while_the_database_is_away_nothing_is_begun_or_led_and_it_goes_on_afterwards",
            f"{STORE}/test_replicas.py::test_a_database_that_is_away_is_told",
        ),
    ),
    Fault(
        number=7,
        what="one of two replicas stands still past its lease and then goes on",
        injected="SIGSTOP between the look for an effect and the effect, SIGCONT after the takeover",
        holds="the other ends its work once; the first one ends itself",
        tests=(
            f"{CHAOS}/test_replicas.py::test_a_process_that_was_stopped_past_its_lease_ends_itself_and_doubles_nothing",
            f"{CHAOS}/test_replicas.py::test_what_a_killed_process_had_in_hand_another_ends_once_and_within_15_seconds",
            f"{CHAOS}/test_two_bots.py::"
            "test_of_two_bots_one_is_killed_and_every_incident_has_one_channel_and_one_briefing",
        ),
    ),
    Fault(
        number=8,
        what="the same approval is claimed by several at the same moment",
        injected="many claims at once on one database, two engines on one store",
        holds="one claim has it, the change runs once",
        tests=(
            f"{STORE}/test_runs.py::test_of_many_that_claim_one_approval_at_once_one_has_it",
            f"{STORE}/test_approvals.py::test_the_database_itself_refuses_a_second_claim",
            f"{ACTING}/test_on_the_store.py::test_two_processes_on_one_store_do_it_once",
        ),
    ),
    Fault(
        number=9,
        what="approval, denial and taking back in any order",
        injected="random events, their order permuted, some repeated",
        holds="the safe outcome wins and the order changes nothing",
        tests=(
            "tests/domain/approval/test_properties.py::test_it_runs_when_and_only_when_enough_people_say_yes",
            "tests/domain/approval/test_properties.py::test_order_and_repetition_of_events_change_nothing",
            f"{ACTING}/test_deciding.py::test_a_denial_at_the_moment_of_the_claim_is_heeded",
            f"{ACTING}/test_properties.py::test_random_stories",
        ),
    ),
    Fault(
        number=10,
        what="an approval that is late, or is delivered late",
        injected="a moved clock, an event that comes after the expiry",
        holds="it counts at the time it was made, and after the expiry nothing runs",
        tests=(
            f"{SLACK}/test_acting_approvals.py::"
            "test_it_counts_at_the_time_at_which_it_was_made_not_at_that_of_its_delivery",
            f"{ACTING}/test_deciding.py::test_an_approval_that_came_in_time_is_of_no_use_after_the_expiry",
            f"{ACTING}/test_deciding.py::test_it_expires_even_while_slack_is_away",
        ),
    ),
    Fault(
        number=11,
        what="the message of a request is edited, deleted or posted by somebody else",
        injected="people and other apps in the sandbox's Slack",
        holds="the approval is revoked or never was one",
        tests=(
            f"{SLACK}/test_acting_approvals.py::test_an_edit_by_somebody_else_is_told_to_the_request",
            f"{SLACK}/test_acting_approvals.py::test_a_deletion_is_told_to_the_request",
            f"{SLACK}/test_acting_approvals.py::test_reactions_on_other_messages_are_ignored_with_at_most_one_lookup",
            f"{ACTING}/test_deciding.py::test_a_message_that_somebody_touches_is_over",
        ),
    ),
    Fault(
        number=12,
        what="what would run is not what was approved",
        injected="every field of plan and request changed, a byte of the program changed",
        holds="it is refused, and the changed field is named",
        tests=(
            "tests/domain/approval/test_mutations.py::test_ten_thousand_changes_of_plan_or_request_are_all_refused",
            f"{PROGRAMS}/test_program.py::test_one_byte_changed_shows",
            "tests/integrations/actions/test_contract.py::test_another_plan_than_the_approved_one_is_not_carried_out",
            f"{ACTING}/test_deciding.py::test_what_changed_after_it_was_asked_for_is_refused",
        ),
    ),
    Fault(
        number=13,
        what="webhooks come several times and out of order",
        injected="each five times, shuffled, recoveries before their alerts; over HTTP into the real store",
        holds="the same open incidents and firing alerts as if each had come once in order",
        tests=(
            f"{CHAOS}/test_webhooks_shuffled.py::"
            "test_webhooks_that_come_five_times_in_any_order_end_as_if_each_had_come_once",
            "tests/flows/test_triage.py::test_many_episodes_of_one_condition_end_in_its_true_state",
            "tests/test_odd_inputs.py::test_repeated_and_out_of_order_deliveries_are_stored_once_each",
        ),
    ),
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
            "tests/flows/test_dispatch.py::test_in_a_storm_triage_rests_and_every_incident_is_responded_to",
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
        injected="each failure of the API on the wire, an obedient model that proposes what is not there",
        holds="the briefing stands without it and says so; nothing is executed",
        tests=(
            "tests/scenarios/test_model_missing.py::test_whatever_breaks_the_incident_goes_on_and_says_what_is_missing",
            "tests/integrations/anthropic/test_failures.py::test_every_failure_has_its_kind_and_a_sentence_for_people",
            "tests/integrations/anthropic/test_parse.py::test_a_form_that_is_wrong_twice_is_garbage",
            f"{SLACK}/test_questions_hostile.py::test_an_obedient_model_only_reads_this_incident",
        ),
    ),
    Fault(
        number=25,
        what="the disk is full",
        injected="a disk of 3 MB (tmpfs), a limit of the file's size, an audit log that cannot be written",
        holds="503 and nothing acknowledged that is not stored; without audit no step",
        tests=(
            f"{STORE}/test_full_disk.py::test_on_a_small_disk_that_is_full_nothing_is_acknowledged_that_is_not_stored",
            f"{STORE}/test_full_disk.py::test_at_the_limit_of_a_file_s_size_nothing_is_acknowledged_that_is_not_stored",
            f"{STORE}/test_runs.py::test_nothing_is_written_where_the_audit_log_cannot_be",
            f"{ACTING}/test_crashes.py::test_what_cannot_be_written_down_is_not_done_and_stops_everything",
        ),
    ),
    Fault(
        number=26,
        what="another program holds SQLite's lock",
        injected="BEGIN EXCLUSIVE behind the real front door",
        holds="503 in time, health answers, the event loop turns, nothing refused is half there",
        tests=(
            f"{CHAOS}/test_locked.py::"
            "test_while_another_program_holds_the_lock_webhooks_are_refused_in_time_and_the_rest_goes_on",
            f"{STORE}/test_writer.py::test_a_locked_database_is_told_within_the_lock_time_out_and_recovers",
        ),
    ),
    Fault(
        number=27,
        what="the audit log was changed behind the bot's back",
        injected="bits flipped in the database's file; every column, row, order and end changed",
        holds="verifying finds it",
        tests=(
            f"{CHAOS}/test_bit_flips.py::test_a_bit_that_flips_in_the_audit_log_is_found",
            f"{STORE}/test_audit.py::test_an_edit_of_any_column_is_found",
            f"{STORE}/test_audit.py::test_a_cut_end_is_found_by_a_checkpoint_alone",
            "tests/memory/test_audit_checkpoints.py::test_a_log_that_is_cut_while_it_is_watched_is_told",
        ),
    ),
    Fault(
        number=28,
        what="clocks jump",
        injected="injected clocks: an hour ahead, ten minutes back, a day, wrong calendars of other machines",
        holds="no approval lives longer, no lease is lost or kept by a calendar, no alert is lost",
        tests=(
            f"{CHAOS}/test_clock_jumps.py::test_whatever_the_clock_does_nothing_unapproved_or_expired_runs",
            "tests/domain/test_lease.py::test_calendars_say_nothing",
            f"{STORE}/test_large_incidents.py::test_after_a_clock_was_set_back_what_had_just_ended_is_found_again",
            "tests/domain/test_breaker.py::test_a_clock_that_was_set_back_does_not_lock_a_source_out",
            "tests/test_odd_inputs.py::test_clocks_that_are_wrong_are_noticed",
        ),
    ),
    Fault(
        number=29,
        what="an alert or an event that cannot be read again",
        injected="rows that cannot be parsed, shapes that nobody foresaw",
        holds="it is set aside and blocks nothing behind it",
        tests=(
            f"{STORE}/test_triage_desk.py::test_a_delivery_that_cannot_be_read_is_set_aside_and_blocks_nothing",
            f"{SLACK}/test_events.py::test_an_event_of_an_unforeseen_shape_stops_nothing_behind_it",
            f"{STORE}/test_writer.py::test_a_row_the_database_refuses_does_not_cost_its_neighbours",
        ),
    ),
    Fault(
        number=30,
        what="oversized, compressed and dripping webhooks",
        injected="raw sockets: bodies beyond the cap, gzip, a byte at a time, no end",
        holds="413, 415 or the connection is closed; what is only announced takes no memory",
        tests=(
            "tests/test_bad_inputs.py::test_a_body_that_drips_is_cut_off_and_may_be_sent_again",
            "tests/test_bad_inputs.py::test_a_stream_that_never_says_its_length_is_stopped_at_the_cap",
            "tests/test_bad_inputs.py::test_refused_with_a_clear_answer_and_nothing_stored",
            "tests/test_lobby.py::test_what_is_only_announced_takes_no_room",
        ),
    ),
    Fault(
        number=31,
        what="alerts about the bot itself",
        injected="hundreds of its own alerts, each with another fingerprint",
        holds="one incident; of a loop three alerts are taken in ten minutes",
        tests=(
            f"{CHAOS}/test_own_alerts.py::test_alerts_about_the_bot_itself_are_one_incident",
            "tests/domain/test_self_alert.py::test_of_a_loop_the_first_are_taken_and_the_rest_is_dropped",
            f"{SLACK}/test_events.py::test_the_bots_own_messages_are_acknowledged_and_not_recorded",
        ),
    ),
    Fault(
        number=32,
        what="a step forks, hides, ignores signals and floods its output",
        injected="more than forty hostile programs in each kind of sandbox",
        holds="none gets out, none survives, outputs are cut",
        tests=(
            f"{PROGRAMS}/test_breakouts.py::test_in_bubblewrap_none_gets_out",
            f"{PROGRAMS}/test_breakouts.py::test_what_it_leaves_behind_ends_with_it",
            f"{PROGRAMS}/test_running.py::test_deaf_to_the_polite_signal_it_still_ends_in_time",
            f"{PROGRAMS}/test_running.py::test_output_without_end_is_cut_and_ended",
        ),
    ),
    Fault(
        number=33,
        what="the kill switch is pressed in the middle of runs",
        injected="between any two steps, between claim and effect, from another process",
        holds="nothing new begins",
        tests=(
            f"{ACTING}/test_deciding.py::test_the_kill_switch_takes_effect_in_the_middle_of_a_run",
            f"{ACTING}/test_deciding.py::test_a_switch_between_the_claim_and_the_effect_is_heeded",
            f"{ACTING}/test_on_the_store.py::test_the_switch_on_the_store",
            "tests/flows/test_switching.py::test_where_it_cannot_be_stored_it_holds_all_the_same_until_somebody_resumes",
        ),
    ),
    Fault(
        number=34,
        what="the index of vectors is damaged, deleted or held by another",
        injected="files overwritten and removed under a running process, kill -9 while it is written",
        holds="words answer meanwhile, the index is made again",
        tests=(
            "tests/memory/test_index_damage.py::test_a_damaged_index_is_made_again_and_words_answer_meanwhile",
            "tests/memory/test_index_damage.py::test_files_taken_away_under_a_running_process_are_made_again",
            "tests/memory/test_index_damage.py::"
            "test_where_there_can_be_no_index_it_is_said_and_it_comes_back_once_there_can",
            f"{CHAOS}/test_kill_memory.py::test_kills_lose_no_incident_and_bring_none_back",
        ),
    ),
    Fault(
        number=35,
        what="no file descriptor is left",
        injected="a limit of 64 and three times as many connections",
        holds="nothing acknowledged is lost, and it goes on afterwards",
        tests=(
            f"{CHAOS}/test_exhaustion.py::"
            "test_without_file_descriptors_nothing_acknowledged_is_lost_and_it_goes_on_afterwards",
            f"{PROGRAMS}/test_running.py::test_nothing_stays_open_in_the_bot",
        ),
    ),
    Fault(
        number=36,
        what="an upgrade that changes the schema",
        injected="databases of earlier versions, several processes that begin at once, a newer database",
        holds="it is upgraded once and used; what a newer version made is refused",
        tests=(
            f"{STORE}/test_migrations.py::test_an_older_database_is_upgraded_and_used",
            f"{STORE}/test_migrations.py::test_the_database_of_a_newer_version_is_refused",
            f"{STORE}/test_two_processes.py::test_several_that_begin_on_an_empty_database_at_once_all_begin",
            f"{STORE}/test_life_migration.py::test_an_older_store_keeps_its_incidents_and_takes_their_life",
        ),
    ),
    Fault(
        number=37,
        what="the process is told to end under load",
        injected="SIGTERM of the real bot while four senders send",
        holds="202 is kept, else 503 and Retry-After, gone within ten seconds",
        tests=(
            "tests/test_drain.py::test_while_it_ends_senders_are_told_to_come_again_and_what_was_acknowledged_is_kept",
            "tests/test_app.py::test_a_sender_that_never_finishes_does_not_hold_up_the_stop",
        ),
    ),
)

# What is not injected here, and why.
LEFT_OUT: Mapping[str, str] = {
    "a power cut": "kill -9 keeps what the system has cached; the order of the sync is shown instead (4)",
    "a lost machine or network between two": "everything runs on one machine; processes are killed and stopped (7)",
    "a disk that lies about its sync": "no process can see that",
    "two builds side by side under load": "there is one build here; both sides of the schema are tried (36)",
}
