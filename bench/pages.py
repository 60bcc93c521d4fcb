"""Recorded runbook pages of two organisations: none is lost, commands stay word for word, what changes is said to."""

from __future__ import annotations

import gzip
import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.result import Result
from bot.domain.remembered import Command, CommandRisk, Page
from memory.commands import commands_in
from memory.pages import PageShelf, read_places
from memory.store import Store

SETS = ("runbook-kube-named", "runbook-gitlab-all")
# Lines that nobody would call harmless, found without the parser that is measured.
_OBVIOUS = re.compile(
    r"^\s*(?:\$\s+)?(?:sudo\s+(?:-\w+\s+\w+\s+)?)?(?:rm\s+-|kill\s+-?\d|pkill\s|reboot\b|shutdown\b|mkfs|dd\s+if=|"
    r"(?:systemctl|gitlab-ctl)\s+(?:re)?(?:start|stop)|service\s+\S+\s+(?:re)?(?:start|stop)|"
    r"kubectl\s+(?:-n\s+\S+\s+)?(?:delete|apply|drain|cordon|edit|scale|patch|rollout\s+restart)\b|"
    r"helm\s+(?:upgrade|uninstall|rollback)|terraform\s+(?:apply|destroy)|apt(?:-get)?\s+install|chown\s|chmod\s|mv\s|cp\s|"
    r"drop\s+(?:table|index)|alter\s+(?:table|index|role)|truncate\s|delete\s+from|update\s+\w+\s+set|"
    r"select\s+pg_(?:terminate|cancel)_backend|gcloud\s.*\binstances\s+(?:stop|delete)|knife\s+node\s+delete)",
    re.IGNORECASE,
)
_SHELL_FENCE = re.compile(r"^([ \t]*)```(?:bash|sh|shell)[ \t]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^\s*\S{0,80}[$%#>] \S", re.MULTILINE)
_TYPED = re.compile(
    r"^(?:sudo|kubectl|ssh|curl|psql|redis-cli|gcloud|knife|docker|systemctl|gitlab-\w+|helm|git|grep|cat)\s"
)


async def run() -> list[Result]:
    rows = [*_rows()]
    with tempfile.TemporaryDirectory() as folder:
        kept, seconds = await _imported(rows, Path(folder))
    commands = [(page, command) for page in kept for command in commands_in(page.text)]
    _show(len(rows), kept, [command for _, command in commands])
    expected = [*_expected(rows)]
    missing = [line for name, line in expected if not _holds(kept, name, line)]
    obvious = [command for _, command in commands if _OBVIOUS.match(command.text)]
    wrong = [command for command in obvious if command.risk is not CommandRisk.MUTATING]
    for command in wrong[:10]:
        print(f"said to be {command.risk}: {command.text}")
    return [
        Result(
            name="pages: kept of those recorded",
            value=100 * len(kept) / len(rows),
            unit="%",
            runs=len(rows),
            goal=100,
            at_least=True,
        ),
        Result(name="pages: import", value=len(rows) / seconds, unit="pages/s", runs=1),
        Result(
            name="pages: commands that stand in the page word for word",
            value=100 * sum(_stands_in(page, command) for page, command in commands) / len(commands),
            unit="%",
            runs=len(commands),
            goal=100,
            at_least=True,
        ),
        Result(
            name="pages: typed lines of shell blocks that were found",
            value=100 * (1 - len(missing) / len(expected)),
            unit="%",
            runs=len(expected),
            goal=100,
            at_least=True,
        ),
        Result(
            name="pages: plainly changing commands said to change",
            value=100 * (1 - len(wrong) / len(obvious)),
            unit="%",
            runs=len(obvious),
            goal=100,
            at_least=True,
        ),
    ]


def _rows() -> Iterator[tuple[str, str]]:
    folder = Path(os.environ.get("BENCH_DATA", ""))
    for name in SETS:
        file = folder / name / "docs.jsonl.gz"
        if not file.is_file():
            raise SystemExit(f"{file} is missing: --data names the folder that holds {', '.join(SETS)}")
        with gzip.open(file, "rt") as lines:
            for line in lines:
                row = json.loads(line)
                yield f"{name}/{row['id']}", row["text"]


async def _imported(rows: list[tuple[str, str]], folder: Path) -> tuple[list[Page], float]:
    for name, text in rows:
        file = folder / "pages" / (name if name.endswith(".md") else f"{name}.md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    store = await Store.open(f"sqlite:///{folder / 'store.db'}")
    began = time.perf_counter()
    shelf = PageShelf(store.pages, read_places((str(folder / "pages"),)), cache=folder / "cache")
    refreshed = await shelf.refresh()
    seconds = time.perf_counter() - began
    for skipped in refreshed.skipped:
        print(f"left out {skipped.path}: {skipped.why}")
    kept = [*(await store.pages.by_id()).values()]
    await store.close()
    return kept, seconds


def _expected(rows: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Lines of blocks that say they are shell, have no prompts, and begin with a program that everybody knows."""
    for name, text in rows:
        for block in _SHELL_FENCE.finditer(text):
            if not _PROMPT.search(block.group(2)):
                for line in block.group(2).splitlines():
                    if _TYPED.match(line.strip()):
                        yield name, line.strip()


def _holds(kept: list[Page], name: str, line: str) -> bool:
    page = next(page for page in kept if page.path.removesuffix(".md") == name.removesuffix(".md"))
    return any(line in command.text for command in commands_in(page.text))


def _stands_in(page: Page, command: Command) -> bool:
    """Apart from the indentation of its block, and where its lines break."""
    return _flush(command.text) in _flush(page.text)


def _flush(text: str) -> str:
    return " ".join(re.sub(r"\n[ \t>]*", "\n", f"\n{text}").split())


def _show(recorded: int, kept: list[Page], commands: list[Command]) -> None:
    table = Table(title=f"{len(kept)} of {recorded} pages kept, {len(commands)} commands")
    for heading in ("what it does", "commands"):
        table.add_column(heading)
    for risk, count in Counter(command.risk for command in commands).most_common():
        table.add_row(risk.value, str(count))
    Console().print(table)
