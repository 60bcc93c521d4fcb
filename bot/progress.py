"""How far a long piece of work is: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY = 500  # done between two lines, where there is no terminal

Step = Callable[[int], None]  # how many are done


@contextmanager
def progress(what: str, total: int | None, console: Console) -> Iterator[Step]:
    """`total`: None where it is not known; more may come than were counted. Warnings are shown meanwhile."""
    with _warnings_on(console):
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task(what, total=total)
                yield lambda done: bar.update(task, completed=done, total=None if total is None else max(total, done))
        else:
            yield _lines(what, total, console)


def _lines(what: str, total: int | None, console: Console) -> Step:
    told = 0

    def step(done: int) -> None:
        nonlocal told
        if done - told >= EVERY:
            told = done
            of = f" of {total:,}" if total is not None and done <= total else ""
            console.print(f"{what}: {done:,}{of}", highlight=False)

    return step


@contextmanager
def _warnings_on(console: Console) -> Iterator[None]:
    """Log records of our own go above the bar instead of through it; vendors' libraries keep quiet."""
    handler = RichHandler(
        logging.WARNING, console, show_time=False, show_path=False, show_level=False, highlighter=NullHighlighter()
    )
    handler.addFilter(lambda record: record.name.split(".")[0] in ("bot", "integrations", "memory"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
