from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from bot.domain.evidence import Series, TriggerChart
from bot.domain.ports import ChartRenderer
from integrations.resvg import ResvgRenderer

T = TypeVar("T")
ONSET = datetime(2026, 3, 12, 14, 8, tzinfo=UTC)


class CountingThreads:
    def __init__(self) -> None:
        self.ran = 0

    async def run(self, work: Callable[[], T]) -> T:
        self.ran += 1
        return work()


def chart(*values: float, title: str = "error ratio") -> TriggerChart:
    points = tuple((ONSET.timestamp() + 15 * (n - 10), value) for n, value in enumerate(values))
    series = (Series(name="checkout", points=points),) if values else ()
    return TriggerChart(title=title, unit="ratio", query="q", series=series, onset=ONSET)


async def test_a_chart_becomes_a_png_for_dense_screens_on_a_thread_of_the_pool() -> None:
    threads = CountingThreads()
    renderer: ChartRenderer = ResvgRenderer(threads)
    png = await renderer.render(chart(*[0.01] * 10, *[0.2] * 10))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1600
    assert 500 <= height <= 900, "wide enough to leave room for the words below"
    assert threads.ran == 1


async def test_text_is_drawn_without_fonts_of_the_system() -> None:
    renderer = ResvgRenderer(CountingThreads())
    assert await renderer.render(chart(0.1, 0.2, title="one")) != await renderer.render(chart(0.1, 0.2, title="two"))


async def test_no_samples_and_characters_without_a_glyph_still_draw() -> None:
    png = await ResvgRenderer(CountingThreads()).render(chart(title="\u65e5\u672c \U0001f525 <b>&"))
    assert png.startswith(b"\x89PNG")
