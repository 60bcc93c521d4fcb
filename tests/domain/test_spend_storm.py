"""A storm of alerts costs a few analyses; news are not lost and people do not wait."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coalesce import LONGEST_RUN, Coalescer, Turn
from bot.testing import NOON

MINUTE = timedelta(minutes=1)


@dataclass
class Simulated:
    """Analyses over simulated time: it does what the Coalescer says, and nothing else."""

    takes: timedelta = timedelta(seconds=40)
    state: Coalescer = field(default_factory=Coalescer)
    ends_at: datetime | None = None
    starts: list[datetime] = field(default_factory=list)
    most_at_once: int = 0

    def news(self, digest: str, now: datetime, *, is_asked: bool = False) -> Turn:
        self.until(now)
        self.state, turn = self.state.news(digest, now, is_asked=is_asked)
        if turn is Turn.START:
            self._start(now)
        return turn

    def until(self, now: datetime) -> None:
        """What happens by itself until then."""
        while True:
            due = self.state.next_at(now)
            if self.ends_at is not None and self.ends_at <= now:
                end, self.ends_at = self.ends_at, None
                self.state = self.state.ended(succeeded=True)
                if self.state.is_due(end):
                    self._start(end)
            elif due is not None and due <= now and self.ends_at is None:
                self._start(due)
            else:
                return

    def _start(self, now: datetime) -> None:
        assert self.ends_at is None, "two analyses of one incident at once"
        self.state = self.state.started(now)
        self.starts.append(now)
        self.ends_at = now + self.takes


@pytest.mark.parametrize("minutes", [0.1, 1, 5, 10, 20, 45, 59])
@pytest.mark.parametrize("takes", [5, 40, 180])
def test_200_alerts_in_one_incident_cost_at_most_three_analyses(minutes: float, takes: int) -> None:
    dice = random.Random(2026)
    simulated = Simulated(takes=timedelta(seconds=takes))
    for number, second in enumerate(sorted(dice.uniform(0, minutes * 60) for _ in range(200))):
        simulated.news(f"evidence {number}", NOON + timedelta(seconds=second))
    simulated.until(NOON + timedelta(hours=1))
    assert 1 <= len(simulated.starts) <= 3
    if minutes <= 10:  # all of it is over before the third: the newest evidence was analysed
        simulated.until(NOON + timedelta(hours=3))
        assert len(simulated.starts) <= 3
        assert simulated.state.analysed == "evidence 199"


def test_a_storm_that_changes_no_evidence_costs_one() -> None:
    simulated = Simulated()
    turns = [simulated.news("same", NOON + n * timedelta(seconds=5)) for n in range(200)]
    assert turns == [Turn.START] + [Turn.UNCHANGED] * 199
    assert len(simulated.starts) == 1


def test_the_distance_grows_and_starts_anew_after_a_quiet_hour() -> None:
    simulated = Simulated(takes=timedelta(seconds=30))
    for number in range(6 * 60):  # six hours of news every minute
        simulated.news(f"{number}", NOON + number * MINUTE)
    minutes = [round((start - NOON) / MINUTE) for start in simulated.starts]
    assert minutes == [0, 3, 15, 63, 123, 183, 243, 303]
    simulated.until(NOON + 7 * 60 * MINUTE)
    later = NOON + 8 * 60 * MINUTE
    assert simulated.news("new", later) is Turn.START
    assert simulated.news("newer", later + MINUTE) is Turn.WAIT
    assert simulated.state.next_at(later + 2 * MINUTE) == later + 3 * MINUTE


def test_one_waits_and_sees_the_newest_evidence() -> None:
    simulated = Simulated()
    assert simulated.news("a", NOON) is Turn.START
    assert simulated.news("b", NOON + timedelta(seconds=1)) is Turn.WAIT
    assert simulated.news("c", NOON + timedelta(seconds=2)) is Turn.WAITING
    assert simulated.state.waiting == "c"
    simulated.until(NOON + 10 * MINUTE)
    assert simulated.starts == [NOON, NOON + 3 * MINUTE]
    assert simulated.state.analysed == "c"


def test_evidence_that_went_back_to_what_was_analysed_is_not_analysed_again() -> None:
    simulated = Simulated()
    simulated.news("a", NOON)
    simulated.news("b", NOON + MINUTE)
    assert simulated.news("a", NOON + MINUTE) is Turn.UNCHANGED
    simulated.until(NOON + 60 * MINUTE)
    assert simulated.starts == [NOON]


def test_a_person_waits_for_no_distance_but_never_makes_two_run_at_once() -> None:
    simulated = Simulated()
    simulated.news("a", NOON)
    assert simulated.news("b", NOON + MINUTE) is Turn.WAIT
    assert simulated.news("b", NOON + 1.1 * MINUTE, is_asked=True) is Turn.START
    assert simulated.starts[1] == NOON + 1.1 * MINUTE
    assert simulated.news("c", NOON + 1.2 * MINUTE, is_asked=True) is Turn.WAIT  # while b is running
    simulated.until(NOON + 3 * MINUTE)
    assert simulated.starts[2] == simulated.starts[1] + simulated.takes


def test_what_failed_is_tried_again_after_the_distance() -> None:
    state, turn = Coalescer().news("a", NOON)
    state = state.started(NOON).ended(succeeded=False)
    state, turn = state.news("a", NOON + MINUTE)
    assert turn is Turn.WAIT
    assert state.next_at(NOON + MINUTE) == NOON + 3 * MINUTE
    assert state.is_due(NOON + 3 * MINUTE)


def test_a_run_whose_process_died_does_not_block_the_next_one() -> None:
    state, _ = Coalescer().news("a", NOON)
    state = state.started(NOON)
    assert state.news("b", NOON + LONGEST_RUN - MINUTE)[1] is Turn.WAIT
    revived, turn = state.news("a", NOON + LONGEST_RUN)
    assert turn is Turn.START
    assert revived.started(NOON + LONGEST_RUN).running == "a"


def test_a_restart_keeps_the_distance_and_what_was_analysed() -> None:
    state = Coalescer.resumed([(NOON, "a"), (NOON + 3 * MINUTE, "b")])
    now = NOON + 4 * MINUTE
    assert state.news("b", now)[1] is Turn.UNCHANGED
    state, turn = state.news("c", now)
    assert turn is Turn.WAIT
    assert state.next_at(now) == NOON + 15 * MINUTE
    assert Coalescer.resumed([]).news("a", now)[1] is Turn.START


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 8), st.booleans()), max_size=80), st.integers(1, 900))
def test_whatever_comes_one_runs_at_a_time_and_the_last_news_are_analysed(
    news: list[tuple[float, int, bool]], takes: int
) -> None:
    simulated, now = Simulated(takes=timedelta(seconds=takes)), NOON
    for pause, digest, is_asked in news:
        now += timedelta(seconds=pause)
        simulated.news(str(digest), now, is_asked=is_asked)
    simulated.until(now + timedelta(days=1))
    if news:
        assert simulated.state.analysed == str(news[-1][1])
    assert simulated.state.waiting is None
