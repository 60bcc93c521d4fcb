"""How far a command is: a bar in a terminal, lines elsewhere, warnings above it."""

from __future__ import annotations

import io
import logging

from rich.console import Console

from bot.progress import progress


def shown(*, terminal: bool, total: int | None, steps: list[int], warning: str = "") -> str:
    text = io.StringIO()
    with progress("reading", total, Console(file=text, force_terminal=terminal, width=100)) as step:
        for done in steps:
            step(done)
        if warning:
            logging.getLogger("integrations.somewhere").warning(warning)
            logging.getLogger("pdpyras").warning("noise")
    return text.getvalue()


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end() -> None:
    text = shown(terminal=True, total=100, steps=[40, 100])
    assert "reading" in text
    assert "100/100" in text
    assert text.endswith("\x1b[2K"), "the line is erased"


def test_more_may_come_than_were_counted() -> None:
    assert "7/7" in shown(terminal=True, total=3, steps=[7])
    assert shown(terminal=False, total=3, steps=[600]) == "reading: 600\n"


def test_without_a_terminal_there_is_a_line_every_so_often() -> None:
    text = shown(terminal=False, total=1200, steps=list(range(0, 1201, 50)))
    assert text == "reading: 500 of 1,200\nreading: 1,000 of 1,200\n"


def test_our_own_warnings_are_shown_and_those_of_libraries_are_not() -> None:
    for terminal in (True, False):
        text = shown(terminal=terminal, total=None, steps=[1], warning="waiting 43 s [bold]")
        assert "waiting 43 s [bold]" in text
        assert "noise" not in text
