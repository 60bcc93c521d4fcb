from collections.abc import Sequence
from datetime import timedelta

from bot.domain.together import NOTHING_LEARNED, Occurrence
from bot.flows.fired_together import FiredTogether
from bot.testing import NOON

HOUR = timedelta(hours=1)
TOGETHER = [Occurrence(condition=("Down", "payments"), at=NOON), Occurrence(condition=("Slow", "search"), at=NOON)]


class Past:
    def __init__(self) -> None:
        self.reads = 0

    async def last(self) -> Sequence[Sequence[Occurrence]]:
        self.reads += 1
        return [TOGETHER] * 3


async def test_it_is_learned_at_the_start_and_anew_every_hour() -> None:
    past = Past()
    known = FiredTogether(past)
    assert known() == NOTHING_LEARNED
    for after in (0 * HOUR, HOUR / 2, HOUR, HOUR * 1.5):
        await known.tick(NOON + after)
    assert past.reads == 2
    assert list(known().of(("Slow", "search"))) == [("Down", "payments")]
