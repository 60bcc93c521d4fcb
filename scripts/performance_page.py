"""Writes the figures of `python -m bench --json FILE` into docs/performance.md: `scripts/performance_page.py FILE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
REACHED = {True: "yes", False: "**no**", None: ""}


def page(text: str, document: Mapping[str, Any]) -> str:
    """`text` with the table of `document` between the two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has lost its marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table(document)}\n{END}{after}"


def table(document: Mapping[str, Any]) -> str:
    machine = document["machine"]
    lines = [
        f"Python {machine['python']}, {machine['cores']} cores, {machine['system'].split('-')[0]}.",
        "",
        "| row | measured | baseline | ratio | goal | reached |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_row, document["results"])])


def _row(result: Mapping[str, Any]) -> str:
    unit = result["unit"]
    spread = f" ({_figure(result['low'])} to {_figure(result['high'])})" if result["low"] is not None else ""
    runs = f", {result['runs']} runs" if result["runs"] > 1 else ""
    base = f"{_figure(result['baseline'])} {unit}, {result['baseline_name']}" if result["baseline"] is not None else ""
    ratio = f"{result['ratio']:.2f}" if result["ratio"] is not None else ""
    goal = f"{'≥' if result['at_least'] else '≤'} {result['goal']:g}" if result["goal"] is not None else ""
    cells = (result["name"], f"{_figure(result['value'])} {unit}{spread}{runs}", base, ratio, goal)
    return f"| {' | '.join(cells)} | {REACHED[result['reached']]} |"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    PAGE.write_text(page(PAGE.read_text(), json.loads(Path(sys.argv[1]).read_text())))


if __name__ == "__main__":
    main()
