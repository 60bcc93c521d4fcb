"""The command line: quick, clear about what is missing, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = (
    "anthropic",
    "pydantic",
    "sqlalchemy",
    "slack_bolt",
    "slack_sdk",
    "dbos",
    "aiohttp",
    "starlette",
    "uvicorn",
    "chromadb",
    "elasticsearch",
)
NOTHING: Mapping[str, str] = {}
TOKENS = {"SLACK_BOT_TOKEN": "b" * 32, "SLACK_APP_TOKEN": "a" * 32}


def run(
    *arguments: str, python: tuple[str, ...] = ("-m", "bot"), settings: Mapping[str, str] = NOTHING
) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, *python, *arguments],
        cwd=ROOT,
        env={**kept, "TERM": "dumb", "COLUMNS": "100", **settings},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("command", [(), ("run",), ("demo",), ("check",), ("import",), ("memory",)])
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    if not command:
        assert all(name in done.stdout for name in ("run", "demo", "check", "import", "memory"))


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from bot.__main__ import main; sys.argv = ['first-responder', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert "heavy: []" in run(program, python=("-c",)).stdout


@pytest.mark.parametrize(
    ("command", "settings", "told"),
    [
        ("run", {}, "SLACK_BOT_TOKEN is not set"),
        ("run", {**TOKENS, "PORT": "http"}, "PORT takes a whole number"),
        ("check", {"SLACK_BOT_TOKEN": "b" * 32}, "SLACK_APP_TOKEN is not set"),
    ],
)
def test_a_missing_or_wrong_setting_is_one_line_and_exit_code_2(
    command: str, settings: dict[str, str], told: str, tmp_path: Path
) -> None:
    done = run(command, settings={**settings, "FIRST_RESPONDER_DATA": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("first-responder: ")
    assert told in line


def test_a_port_that_is_taken_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("run", settings={**TOKENS, "FIRST_RESPONDER_DATA": str(tmp_path), "PORT": port})
    assert done.returncode == 2
    assert f"Nothing can listen on 127.0.0.1:{port}: set PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run("run", settings={**TOKENS, "FIRST_RESPONDER_DATA": str(tmp_path / "file" / "data"), "PORT": "0"})
    assert done.returncode == 2
    assert "first-responder: FIRST_RESPONDER_DATA: the folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    password = "p" * 24
    url = f"oracle://me:{password}@db.example/x"
    done = run("run", settings={**TOKENS, "FIRST_RESPONDER_DATA": str(tmp_path), "DATABASE_URL": url, "PORT": "0"})
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
    assert password not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_lists_its_scenarios() -> None:
    done = run("demo", "--list")
    assert done.returncode == 0
    assert {"bad-deployment", "exhausted-pool", "failing-dependency"} <= set(done.stdout.split())


def test_an_unknown_scenario_is_named_with_those_that_are_there() -> None:
    done = run("demo", "--scenario", "nope")
    assert done.returncode == 2
    assert done.stderr.startswith("first-responder: There is no scenario 'nope'; there are: ")
    assert "bad-deployment" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_is_refused() -> None:
    done = run("fly")
    assert done.returncode == 2
    assert "No such command" in done.stderr
