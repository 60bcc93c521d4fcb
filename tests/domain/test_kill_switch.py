"""What a switch stops, how it is lifted, and when it engages by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.kill_switch import (
    Cause,
    FailedVerify,
    ResumeReason,
    Scope,
    Stopped,
    Switch,
    after_audit_failure,
    after_failed_verifies,
    bites,
    engage,
    resume,
)
from bot.testing import NOON

AI, ACTIONS, ALL = Stopped.AI, Stopped.ACTIONS, Stopped.ALL
GLOBAL, SERVICE, INCIDENT = Scope.GLOBAL, Scope.SERVICE, Scope.INCIDENT


def stop(stopped: Stopped, scope: Scope = GLOBAL, name: str = "", minute: int = 0) -> Switch:
    at = NOON + timedelta(minutes=minute)
    return Switch(stopped=stopped, scope=scope, name=name, who="U1", why="the runbook is wrong", at=at)


@pytest.mark.parametrize(
    ("switch", "kind", "service", "incident", "expected"),
    [
        (stop(AI), AI, "shop", "INC-1", True),
        (stop(AI), ACTIONS, "shop", "INC-1", False),
        (stop(ACTIONS), ACTIONS, None, None, True),
        (stop(ACTIONS), AI, None, None, False),
        (stop(ALL), AI, None, None, True),
        (stop(ALL), ACTIONS, "shop", "INC-1", True),
        (stop(ACTIONS), ALL, "shop", "INC-1", True),
        (stop(ACTIONS, SERVICE, "shop"), ACTIONS, "shop", "INC-1", True),
        (stop(ACTIONS, SERVICE, "Shop "), ACTIONS, "shop", "INC-1", True),
        (stop(ACTIONS, SERVICE, "shop"), ACTIONS, "orders", "INC-1", False),
        (stop(ACTIONS, SERVICE, "shop"), ACTIONS, None, "INC-1", True),
        (stop(ACTIONS, SERVICE, "shop"), ACTIONS, " ", "INC-1", True),
        (stop(AI, SERVICE, "shop"), AI, None, "INC-1", False),
        (stop(ALL, SERVICE, "shop"), AI, "shop", None, True),
        (stop(ACTIONS, INCIDENT, "INC-1"), ACTIONS, "shop", "INC-1", True),
        (stop(ACTIONS, INCIDENT, "inc-1"), ACTIONS, None, "INC-1", True),
        (stop(ACTIONS, INCIDENT, "INC-1"), ACTIONS, "shop", "INC-2", False),
        (stop(ACTIONS, INCIDENT, "INC-1"), ACTIONS, "shop", None, False),
    ],
)
def test_what_a_switch_stops(
    switch: Switch, kind: Stopped, service: str | None, incident: str | None, expected: bool
) -> None:
    assert (bites([switch], kind, service, incident) == switch) is expected


def test_the_widest_and_oldest_switch_is_named() -> None:
    narrow, service = stop(ACTIONS, INCIDENT, "INC-1"), stop(ACTIONS, SERVICE, "shop")
    late, early = stop(ALL, minute=9), stop(ACTIONS, minute=5)
    assert bites([narrow, late, service, early], ACTIONS, "shop", "INC-1") == early
    assert bites([narrow, service], ACTIONS, "shop", "INC-1") == service
    assert bites([], ACTIONS, "shop", "INC-1") is None


def test_a_second_stop_does_not_write_over_the_first() -> None:
    first, again = stop(ACTIONS, SERVICE, "shop"), stop(ACTIONS, SERVICE, "Shop", minute=5)
    assert engage(engage((), first), again) == (first,)
    assert len(engage((first,), stop(AI, SERVICE, "shop"))) == 2


def test_what_was_stopped_goes_on() -> None:
    done = resume((stop(ACTIONS), stop(AI)), ACTIONS, GLOBAL)
    assert (done.reason, done.left, done.lifted) == (ResumeReason.LIFTED, (stop(AI),), (stop(ACTIONS),))
    assert done.sentence == "It goes on."


def test_half_of_a_stop_of_all_can_be_lifted() -> None:
    done = resume((stop(ALL),), AI, GLOBAL)
    assert done.reason is ResumeReason.LIFTED
    assert bites(done.left, AI, "shop", "INC-1") is None
    left = bites(done.left, ACTIONS, "shop", "INC-1")
    assert left is not None
    assert (left.who, left.why, left.at) == ("U1", "the runbook is wrong", NOON)


def test_all_that_is_stopped_at_a_place_can_be_lifted_at_once() -> None:
    assert resume((stop(AI), stop(ACTIONS)), ALL, GLOBAL).left == ()


def test_a_wider_switch_still_holds() -> None:
    done = resume((stop(ALL), stop(ACTIONS, INCIDENT, "INC-1")), ACTIONS, INCIDENT, "INC-1")
    assert (done.reason, done.still, done.left) == (ResumeReason.STILL_STOPPED, stop(ALL), (stop(ALL),))
    assert done.sentence.startswith("It does not go on yet: The model and actions are stopped since 12:00 UTC by U1")


def test_the_switch_of_a_service_does_not_stop_the_resumed_incident() -> None:
    switches = (stop(ACTIONS, SERVICE, "orders"), stop(ACTIONS, INCIDENT, "INC-1"))
    assert resume(switches, ACTIONS, INCIDENT, "INC-1").reason is ResumeReason.LIFTED


def test_what_was_not_stopped_is_said() -> None:
    done = resume((stop(AI),), ACTIONS, GLOBAL)
    assert (done.reason, done.left) == (ResumeReason.WAS_NOT_STOPPED, (stop(AI),))
    assert resume((stop(ACTIONS, SERVICE, "shop"),), ACTIONS, SERVICE, "orders").lifted == ()


@pytest.mark.parametrize(
    ("switch", "sentence"),
    [
        (stop(ACTIONS), "Actions are stopped since 12:00 UTC by U1: the runbook is wrong."),
        (
            stop(AI, SERVICE, "shop"),
            "The model is stopped for service shop since 12:00 UTC by U1: the runbook is wrong.",
        ),
        (
            after_audit_failure(NOON, "the disk is full."),
            "Actions are stopped since 12:00 UTC by the bot itself: the audit log cannot be written (the disk is full),"
            " and what is not written down is not done.",
        ),
    ],
)
def test_who_and_why_is_said_where_it_bites(switch: Switch, sentence: str) -> None:
    assert switch.sentence == sentence


def test_without_an_audit_log_no_action_is_done() -> None:
    switch = after_audit_failure(NOON, "no space")
    assert switch.cause is Cause.AUDIT_FAILED
    assert bites([switch], ACTIONS, "shop", "INC-1")
    assert not bites([switch], AI, "shop", "INC-1")


# --- changes that did not help ---------------------------------------------------------------------------------------


def failed(minutes_ago: float, incident: str = "INC-1") -> FailedVerify:
    return FailedVerify(at=NOON - timedelta(minutes=minutes_ago), incident=incident)


def after(*failures: FailedVerify, resumed: float | None = None) -> Switch | None:
    return after_failed_verifies(
        failures,
        NOON,
        in_an_incident=2,
        in_all=4,
        within=timedelta(hours=1),
        resumed_at=None if resumed is None else NOON - timedelta(minutes=resumed),
    )


@pytest.mark.parametrize(
    ("found", "scope", "name"),
    [
        (after(), None, ""),
        (after(failed(1)), None, ""),
        (after(failed(1), failed(2)), INCIDENT, "INC-1"),
        (after(failed(1), failed(2, "INC-2")), None, ""),
        (after(failed(1), failed(2, "INC-2"), failed(3, "INC-2")), INCIDENT, "INC-2"),
        (after(*(failed(n, f"INC-{n}") for n in range(3))), None, ""),
        (after(*(failed(n, f"INC-{n}") for n in range(4))), GLOBAL, ""),
        (after(failed(1), failed(61)), None, ""),
        (after(failed(1), failed(60)), INCIDENT, "INC-1"),
        (after(failed(1), failed(-1)), None, ""),
        (after(failed(3), failed(4), resumed=2), None, ""),
        (after(failed(1), failed(4), resumed=2), None, ""),
        (after(failed(1), failed(1.5), resumed=2), INCIDENT, "INC-1"),
    ],
)
def test_changes_that_do_not_help_stop_further_ones(found: Switch | None, scope: Scope | None, name: str) -> None:
    assert (found.scope if found else None) is scope
    if found:
        assert (found.stopped, found.name, found.who, found.cause) == (ACTIONS, name, "", Cause.VERIFIES_FAILED)
        assert "did not help" in found.sentence
