"""The sheet, its scale and its marks. Sizes are chosen for a phone, where Slack shows it 360 pixels wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bot.domain.plaintext import plain

WIDTH = 640  # with letters of 14 pixels: 8 on a phone, 16 on a desktop
LEFT, RIGHT = 72, 626  # the plot's edges
BOTTOM = 242  # the plot's lower edge where only one row of labels stands above it
FONT = 14
SMALL = 13
TITLE = 16
ROW = 17  # pixels of a row of labels
WIDE = 0.58  # of the font's size: a letter of Roboto is narrower on average
INK, MUTED, PLUM = "#1d1c1d", "#5f6368", "#6a3d9a"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From time (unix seconds) and value to pixels."""

    start: float
    end: float
    low: float
    high: float
    top: float
    bottom: float

    def x(self, at: float) -> float:
        return place(at, self.start, self.end)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.bottom - share * (self.bottom - self.top), 1)


def place(at: float, start: float, end: float) -> float:
    return round(LEFT + (at - start) / (end - start) * (RIGHT - LEFT), 1)


def width_of(words: str, size: float) -> float:
    """About, and rather too wide."""
    return len(words) * size * WIDE


def paper(title: str, unit: str, height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}" '
        f'viewBox="0 0 {WIDTH} {height:g}" font-family="Roboto, sans-serif" font-size="{FONT}" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>'
    )
    room = RIGHT - 14 - (width_of(unit, SMALL) + 2 * SMALL if unit else 0)
    told = plain(title, int(room / (TITLE * WIDE)))
    corner = [text(RIGHT, 26, unit, anchor="end", muted=True, size=SMALL)] if unit else []
    return "".join([head, text(14, 26, told, size=TITLE, weight=700), *corner, *parts, "</svg>"])


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{fill}"/>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, *, width: float = 1.0, dashes: str = "") -> str:
    broken = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}" stroke-width="{width}"{broken}/>'


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    fill: str = INK,
    muted: bool = False,
    size: float = FONT,
    weight: int = 400,
    halo: bool = False,
) -> str:
    """`halo`: a white edge, so that it reads on top of lines."""
    edge = ' stroke="#ffffff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{MUTED if muted else fill}" font-size="{size}" '
        f'font-weight="{weight}"{edge}>{escape(words)}</text>'
    )
