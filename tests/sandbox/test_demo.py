"""The demo as a person runs it: a process of its own, its output and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox import demo
from sandbox.transcript import briefly
from sandbox.until import until

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120.0  # seconds; a start on a busy machine
STOPS_WITHIN = 25.0  # seconds, on a busy machine: at once, for somebody who pressed Ctrl-C


class Running:
    """A demo and all that it has printed so far."""

    def __init__(self, process: Process, traces: Path) -> None:
        self.process = process
        self.traces = traces
        self.printed = ""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while some := await self.process.stdout.read(4096):
            self.printed += some.decode()

    async def until_printed(self, words: str) -> None:
        await until(lambda: words in self.printed or self._reading.done(), within=PATIENCE)
        assert words in self.printed, self.printed

    async def ended(self, within: float = PATIENCE) -> int:
        async with asyncio.timeout(within):
            code = await self.process.wait()
            await self._reading
        return code

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


async def start(traces: Path, *arguments: str, **settings: str) -> Running:
    traces.mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(traces), "TMPDIR": str(traces), **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        "--port",
        "0",
        *arguments,
        env=environ,
        cwd=ROOT,
        stdout=PIPE,
        stderr=STDOUT,
    )
    return Running(process, traces)


def assert_nothing_is_left(demo: Running, children: list[psutil.Process]) -> None:
    gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive, f"still there: {alive}"
    assert len(gone) == len(children)
    left = [path for path in demo.traces.rglob("*") if path.is_file()]
    assert not left, f"left behind: {left}"


@pytest.mark.slow
async def test_the_demo_tells_the_briefing_and_stops_at_once_on_ctrl_c(tmp_path: Path) -> None:
    running = await start(tmp_path / "traces")
    await running.until_printed("Ctrl-C stops it")
    said = running.printed
    assert said.index("http://127.0.0.1:") < said.index("The bot "), "the address comes before the bot is ready"
    assert re.search(r"Most likely: .+v2\.31\.0", said), said
    assert "kubectl -n shop rollout undo deployment/checkout\n" in said
    assert "Likely causes\n" in said
    children = running.children()
    assert children, "the bot is a process of its own"
    running.process.send_signal(signal.SIGINT)
    assert await running.ended(within=STOPS_WITHIN) == 0
    assert "Traceback" not in running.printed
    assert_nothing_is_left(running, children)


@pytest.mark.slow
async def test_ctrl_c_before_the_bot_is_ready_stops_it_too(tmp_path: Path) -> None:
    running = await start(tmp_path / "traces")
    await running.until_printed("Servers that answer as")
    await until(running.children, within=PATIENCE)
    children = running.children()
    running.process.send_signal(signal.SIGINT)
    assert await running.ended(within=STOPS_WITHIN) == 0
    assert "Traceback" not in running.printed
    assert_nothing_is_left(running, children)


@pytest.mark.slow
async def test_once_ends_with_zero_when_the_briefing_is_posted(tmp_path: Path) -> None:
    running = await start(tmp_path / "traces", "--once", "--scenario", "exhausted-pool")
    assert await running.ended() == 0, running.printed
    assert "database connections" in running.printed
    assert_nothing_is_left(running, [])


async def test_a_bot_that_does_not_start_ends_the_demo_with_the_end_of_its_log(tmp_path: Path) -> None:
    running = await start(tmp_path / "traces", "--once", LOG_LEVEL="LOUD")
    assert await running.ended() == 2, running.printed
    assert "LOG_LEVEL takes DEBUG, INFO, WARNING or ERROR; 'LOUD' is none of them." in running.printed
    assert "Traceback" not in running.printed
    assert_nothing_is_left(running, [])


@pytest.mark.slow
async def test_a_bot_that_dies_ends_the_demo_and_is_told_of(tmp_path: Path) -> None:
    running = await start(tmp_path / "traces")
    await running.until_printed("Ctrl-C stops it")
    children = running.children()
    children[0].kill()
    assert await running.ended(within=STOPS_WITHIN) == 1
    assert "The bot ended by itself" in running.printed
    assert_nothing_is_left(running, children)


async def test_an_unknown_scenario_names_the_others(tmp_path: Path) -> None:
    running = await start(tmp_path / "traces", "--scenario", "bad-luck")
    assert await running.ended() == 2
    assert "There is no scenario 'bad-luck'; there are: " in running.printed
    assert "bad-deployment" in running.printed


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    said: list[str] = []
    with demo.console.capture():
        monkeypatch.setattr(demo, "_say", said.append)
        yield said


@pytest.mark.slow
def test_once_ends_with_one_when_no_briefing_is_posted(monkeypatch: pytest.MonkeyPatch, printed: list[str]) -> None:
    monkeypatch.setattr(demo, "BRIEFED_WITHIN", 0.0)
    assert demo.play("bad-deployment", once=True, port=0, environ={}) == 1
    assert "No briefing was posted within 0 s." in "\n".join(printed)


def test_a_port_in_use_gives_way_to_a_free_one_with_a_word(printed: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        from bot.domain.errors import FirstResponderError

        with pytest.raises(FirstResponderError, match="LOG_LEVEL"):
            demo.play("bad-deployment", once=True, port=port, environ={"LOG_LEVEL": "LOUD"})
    said = "\n".join(printed)
    assert f"Port {port} is taken: the page uses " in said
    assert f"http://127.0.0.1:{port}" not in said


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_the_terminal_shows_the_verdict_the_steps_and_the_causes_with_whole_commands() -> None:
    long = "kubectl " + "x" * 200
    message = {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "SEV1 it is down"}},
            section(f"*Most likely:* a &amp; b\n*Do first:* Undo it [E1] `{long}`"),
            section("*Then*\n1. Look [E2]\n    `ls -l`"),
            section("*Evidence*\n[E1] not here"),
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "nor this"}]},
        ]
    }
    shown = [(line.text, line.is_command) for line in briefly(message)]
    assert shown == [
        ("SEV1 it is down", False),
        ("Most likely: a & b", False),
        ("Do first: Undo it [E1]", False),
        (long, True),
        ("", False),
        ("Then", False),
        ("1. Look [E2]", False),
        ("ls -l", True),
    ]
