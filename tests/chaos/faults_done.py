"""What is done and what is kept: kills, databases, replicas, approvals, webhooks."""

from __future__ import annotations

from tests.chaos.fault import ACTING, CHAOS, PROGRAMS, SLACK, STORE, Fault

DONE = (
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
)
