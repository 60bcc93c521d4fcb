from datetime import UTC, datetime, timedelta

from bot.domain.grouping import Named
from bot.domain.together import MOST_OF_ONE, MOST_PARTNERS, NOTHING_LEARNED, Occurrence, learn

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DOWN, SLOW, FULL = ("Down", "payments"), ("Slow", "search"), ("Full", "")


def fired(*conditions: Named, apart: int = 1) -> list[Occurrence]:
    """`apart`: minutes between two."""
    return [Occurrence(condition=one, at=NOW + timedelta(minutes=apart * at)) for at, one in enumerate(conditions)]


def test_three_incidents_make_a_habit_both_ways() -> None:
    known = learn([fired(DOWN, SLOW), fired(SLOW, DOWN), fired(DOWN, FULL, SLOW), fired(FULL)])
    assert known.of(SLOW) == {DOWN: "fired together with Down of payments in 3 of the last 4 incidents"}
    assert known.of(DOWN) == {SLOW: "fired together with Slow of search in 3 of the last 4 incidents"}
    assert known.of(FULL) == {}


def test_two_are_chance_and_so_is_what_came_long_after() -> None:
    assert learn([fired(DOWN, SLOW)] * 2) == NOTHING_LEARNED
    assert learn([fired(DOWN, SLOW, apart=11)] * 5) == NOTHING_LEARNED
    assert learn([fired(DOWN, SLOW, apart=10)] * 5) != NOTHING_LEARNED


def test_an_incident_counts_once_and_a_condition_is_not_its_own_partner() -> None:
    assert learn([fired(DOWN, SLOW, DOWN, SLOW, DOWN)]) == NOTHING_LEARNED
    assert learn([fired(DOWN, DOWN)] * 5) == NOTHING_LEARNED


def test_what_is_learned_of_a_flood_is_bounded_and_the_most_frequent_comes_first() -> None:
    flood = fired(*(("Noise", f"s{number:02}") for number in range(100)), apart=0)
    known = learn([flood] * 3 + [fired(("Noise", "s00"), ("Noise", "s29"))])
    assert len(known.partners) == MOST_OF_ONE
    assert all(len(partners) == MOST_PARTNERS for partners in known.partners.values())
    assert next(iter(known.of(("Noise", "s00")))) == ("Noise", "s29")
