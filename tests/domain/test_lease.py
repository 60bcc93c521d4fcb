"""Who is taken for dead, by heartbeats alone."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.lease import Pace, Watch, has_ended, leader
from bot.domain.ports.replicas import Member, MemberState, Process
from bot.testing import NOON

PACE = Pace(beat=1.0, lease=8.0)


def member(name: str = "a", *, epoch: int = 1, seat: int = 1, beats: int = 0, state: str = "live") -> Member:
    return Member(
        name=name,
        epoch=epoch,
        seat=seat,
        beats=beats,
        state=MemberState(state),
        process=Process(host="host", pid=7, space=""),
        joined_at=NOON,
        beat_at=NOON,
    )


def test_who_is_silent_for_a_lease_is_dead_and_who_beats_is_not() -> None:
    watch, dead_at = Watch(PACE), None
    for second in range(12):
        dead = watch.look([member("a"), member("b", beats=second)], float(second))
        assert "b" not in [one.name for one in dead]
        if dead and dead_at is None:
            dead_at = second
    assert dead_at == 8


def test_one_heartbeat_makes_the_silence_begin_anew() -> None:
    watch = Watch(PACE)
    for second in range(8):
        assert not watch.look([member()], float(second))
    assert not watch.look([member(beats=1)], 8.0)
    for second in range(9, 16):
        assert not watch.look([member(beats=1)], float(second))
    assert watch.look([member(beats=1)], 16.0)


def test_who_did_not_look_for_long_takes_nobody_for_dead_at_once() -> None:
    """The machine slept, or the watcher itself was stopped: the others had no chance to be seen."""
    watch = Watch(PACE)
    watch.look([member()], 0.0)
    assert not watch.look([member()], 3_600.0)
    assert not watch.look([member(beats=1)], 3_601.0)


def test_calendars_say_nothing() -> None:
    watch = Watch(PACE)
    assert not watch.look([replace(member(), beat_at=NOON.replace(year=1999))], 0.0)
    assert not watch.look([replace(member(beats=1), beat_at=NOON.replace(year=2199))], 1.0)


def test_a_later_start_of_the_same_name_is_somebody_else() -> None:
    watch = Watch(PACE)
    for second in range(8):
        watch.look([member()], float(second))
    assert not watch.look([member(epoch=2)], 8.0)


def test_a_process_stops_trusting_itself_before_others_take_over() -> None:
    assert PACE.holds_for < PACE.lease


def test_the_one_that_is_there_for_the_longest_time_leads_unless_it_leaves() -> None:
    members = [member("a", seat=3), member("b", seat=1, state="leaving"), member("c", seat=2), member("d", seat=4)]
    found = leader(members)
    assert found is not None
    assert found.name == "c"
    assert leader([member(state="gone")]) is None


def test_whether_a_holder_has_ended() -> None:
    members = [member("a/b", epoch=4), member("c", epoch=2, state="gone")]
    assert has_ended(members, "a/b/3")
    assert has_ended(members, "a/b/3/random")
    assert not has_ended(members, "a/b/4/random")
    assert not has_ended(members, "a/b/5"), "it joined after this was read"
    assert has_ended(members, "c/2")
    assert not has_ended(members, "unknown/1")
    assert not has_ended(members, "first-responder-0/5f3a")
    assert not has_ended(members, "c/f3a")
