"""What the bot stands on: disks, clocks, files, programs, networks; and what is hostile."""

from __future__ import annotations

from tests.chaos.fault import ACTING, CHAOS, PROGRAMS, SLACK, STORE, Fault

BELOW = (
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
    Fault(
        number=38,
        what="the way to Slack is slow, breaks, hangs and garbles what comes back",
        injected="a proxy in front of Slack: answers late, connections reset before and within an answer, noise and "
        "a gateway's page in its place, nothing at all",
        holds="one channel, one card, one pin, one bookmark, everybody invited once",
        tests=(f"{CHAOS}/test_wire_slack.py::test_whatever_the_way_to_slack_does_each_thing_is_done_once",),
    ),
    Fault(
        number=39,
        what="the way to PostgreSQL is slow, breaks, hangs and garbles what comes back",
        injected="a proxy in front of PostgreSQL, under load: answers late, connections reset before and within an "
        "answer, noise in its place, nothing at all",
        holds="every acknowledged webhook is stored, once; the rest gets 503 in time, and it goes on by itself",
        tests=(
            f"{CHAOS}/test_wire_postgresql.py::"
            "test_whatever_the_way_to_the_database_does_what_was_acknowledged_is_there_once",
        ),
    ),
    Fault(
        number=40,
        what="the file system turns read-only",
        injected="an ext4 of its own that is aborted under the running front door, as after an error of the disk",
        holds="503, health answers, what was acknowledged is there once it can be written again",
        tests=(
            f"{CHAOS}/test_read_only.py::"
            "test_on_a_disk_that_turns_read_only_nothing_is_acknowledged_that_is_not_stored",
            f"{STORE}/test_writer.py::test_a_read_only_database_is_told",
        ),
    ),
    Fault(
        number=41,
        what="the program of a step is killed by somebody, or what watches over it",
        injected="kill -9 of the program and of each process between it and the bot, in each kind of sandbox; kill -9 "
        "of the bot",
        holds="it is told at once and never as done; of a change a person is asked; what lives on is said",
        tests=(
            f"{CHAOS}/test_killed_children.py::test_of_a_killed_program_nobody_says_that_it_ended_well",
            f"{PROGRAMS}/test_running.py::test_when_the_bot_is_killed_nothing_of_it_runs_on",
        ),
    ),
)
