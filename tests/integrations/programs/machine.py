"""Runs small programs at every level, and knows whether anything of them is left."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.domain.action import Isolation
from integrations.programs.launch import Launch, Limits, Outcome
from integrations.programs.programs import Programs

IS_ROOT = os.geteuid() == 0
LEVELS = (Isolation.BUBBLEWRAP, Isolation.LANDLOCK, Isolation.NONE)
PREFIX = sys.base_prefix


@cache
def python() -> str:
    """One that a user without rights can start; the one of these tests may lie in somebody's home."""
    system = "/usr/bin/python3"
    return system if Path(system).is_file() else os.path.realpath(sys.executable)


@cache
def programs(level: Isolation) -> Programs:
    """Probed once for all tests."""
    return Programs(strongest=level)


def script(code: str, *arguments: str) -> tuple[str, ...]:
    return (python(), "-I", "-S", "-B", "-c", code, *arguments)


async def run(code: str, level: Isolation = Isolation.BUBBLEWRAP, *, seconds: float = 20.0, **more: Any) -> Outcome:
    limits = more.pop("limits", None) or Limits(seconds=seconds)
    readable = (*more.pop("readable", ()), *(() if python().startswith("/usr/") else (PREFIX,)))
    launch = Launch(argv=script(code), limits=limits, readable=readable, **more)
    if level is Isolation.LANDLOCK and await programs(level).isolation() is not level:
        pytest.skip("Landlock needs Linux 6.12")
    assert await programs(level).isolation() is level, "install bubblewrap, and allow user namespaces"
    return await programs(level).run(launch, level)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into; pytest keeps its own to their owner, again at each start."""
    with tempfile.TemporaryDirectory(prefix="programs-") as name:
        folder = Path(os.path.realpath(name))
        folder.chmod(0o755)
        yield folder


def processes_with(marker: str) -> list[int]:
    """Processes of this machine whose command line has `marker` in it."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path("/proc", process, "cmdline").read_bytes()
            is_over = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if marker.encode() in line and int(process) != os.getpid() and not is_over:
            found.append(int(process))
    return found
