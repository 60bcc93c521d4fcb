"""What is spent in our own process for each of many: rendering what people see, and asking all sources at once."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.result import Result
from bot.domain.card import CardView
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, ServiceFact
from bot.flows.gather import Gather
from bot.slack.blocks import card
from bot.testing import NOON, make_alert
from tests.slack.samples import SAMPLES
from tests.slack.samples.cards import briefing_of, stormy
from tests.slack.samples.made_of import LONG, incident

ROUNDS, TIMES = 9, 40  # the median round counts; each makes it so often
# Each from what it shows to the blocks that Slack gets, within its limits.
BRIEFED = CardView(incident=incident(), findings=briefing_of().findings, briefing=briefing_of())
LARGE = briefing_of(LONG[:1000], 30)
STORMY = CardView(incident=stormy(), findings=LARGE.findings, briefing=LARGE)  # 50 alerts shown, 4,000 left out
RENDERED: dict[str, Callable[[], object]] = {
    "card with its briefing": lambda: card(BRIEFED),
    "card of a storm, as much as fits": lambda: card(STORMY),
    "run card": SAMPLES["blocks.run_card.render.normal"].make,
    "home tab": SAMPLES["home.home_view.normal"].make,
    "home tab, as much as fits": SAMPLES["home.home_view.extreme"].make,
}
RENDERING_GOAL = 20_000.0  # us: a hundred cards must not hold up the event loop for two seconds
SOURCES, ASKS = 8, 60
TAKES = 0.01  # seconds of each source
FAN_OUT_GOAL = 1.2  # of asyncio.gather's own time
FACT = ServiceFact(service="checkout", owner="payments", tier=1, depends_on=(), dependants=(), known=True)
REQUEST = ContextRequest(incident_id="INC-2026-0001", alerts=(make_alert(),), onset=NOON, now=NOON, service=None)


async def run() -> list[Result]:
    return [*(_rendered(name, make) for name, make in RENDERED.items()), await _fan_out()]


def _rendered(name: str, make: Callable[[], object]) -> Result:
    make()
    rounds = [_timed(make) for _ in range(ROUNDS)]
    return Result(
        name=f"rendering: {name}",
        value=statistics.median(rounds),
        unit="us",
        runs=ROUNDS * TIMES,
        goal=RENDERING_GOAL,
        low=min(rounds),
        high=max(rounds),
    )


def _timed(make: Callable[[], object]) -> float:
    """Microseconds of one, of `TIMES` in a row."""
    began = time.perf_counter()
    for _ in range(TIMES):
        make()
    return (time.perf_counter() - began) / TIMES * 1e6


@dataclass(frozen=True, kw_only=True)
class _Source:
    name: str

    async def look(self, request: ContextRequest) -> Answer:
        await asyncio.sleep(TAKES)
        return Answer(evidence=(Evidence(source=self.name, text="All is well.", fact=FACT),), checked=self.name)


async def _fan_out() -> Result:
    """With deadlines, findings, and secrets taken out, beside asyncio.gather of the same sources; in turn."""
    sources = [_Source(name=f"source-{number}") for number in range(SOURCES)]
    gather = Gather(sources, deadline=5.0)
    ours, bare = [], []
    for _ in range(ASKS):
        bare.append(await _took(lambda: asyncio.gather(*(source.look(REQUEST) for source in sources))))
        ours.append(await _took(lambda: gather(REQUEST, lambda answered, pending: None)))
    return Result(
        name=f"asking {SOURCES} sources at once",
        value=statistics.median(ours),
        unit="ms",
        runs=ASKS,
        baseline=statistics.median(bare),
        baseline_name="asyncio.gather alone",
        goal=FAN_OUT_GOAL,
        low=min(ours),
        high=max(ours),
    )


async def _took(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000
