"""Draws charts with resvg: no browser, no fonts of the system."""

from __future__ import annotations

from pathlib import Path

from bot.domain.chart import WIDTH, svg
from bot.domain.evidence import TriggerChart
from integrations.descriptor import Threads

ZOOM = 2.5  # 1,600 pixels: crisp on dense screens; Slack scales it down elsewhere
_FONTS = ("Roboto-Regular.ttf", "Roboto-Bold.ttf")


class ResvgRenderer:
    """`ChartRenderer` and `Drawing`. Characters that Roboto lacks are left out; the alt text still has them."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def render(self, chart: TriggerChart) -> bytes:
        return await self.png(svg(chart))

    async def png(self, svg: str) -> bytes:
        """A PNG, `ZOOM` times the size of the drawing."""
        return await self._threads.run(lambda: _png(svg))


def _png(drawing: str) -> bytes:
    import font_roboto
    import resvg_py

    folder = Path(font_roboto.font_directory)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=drawing,
            width=round(WIDTH * ZOOM),
            skip_system_fonts=True,
            font_files=[str(folder / name) for name in _FONTS],
            font_family="Roboto",
            sans_serif_family="Roboto",
        )
    )
