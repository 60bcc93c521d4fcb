"""Every command that a page tells people to run is run here, or it is said where it is."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from sandbox.bot_process import usable_port
from sandbox.until import until
from sandbox.world import world
from tests.docs.pages import ROOT, commands, example
from tests.front_door import GENERIC_SECRET, front_door

PATIENCE = 120.0  # seconds; a start on a busy machine
BIN = ".venv/bin/"
SET_UP = ("--assume-old=.venv/.ready",)  # these tests run in the very .venv that make would renew

# Where each documented command is run: a test of this module by name, or the reason why none runs it as it stands.
COVERED: Mapping[str, str] = {
    "make demo": "test_make_demo_plays_until_ctrl_c",
    "make demo ARGS='--list'": "test_make_demo_lists_the_scenarios",
    "make demo ARGS='--scenario exhausted-pool'": "test_make_demo_plays_another_scenario",
    "make test": "test_make_test_checks_everything",
    "make bench": "test_make_bench_runs_the_benchmarks",
    "make bench ARGS='startup'": "test_make_bench_runs_the_benchmarks",
    "make bench ARGS='--json bench.json'": "test_make_bench_runs_the_benchmarks",
    ".venv/bin/first-responder check": "test_check_says_what_works",
    ".venv/bin/first-responder run": "test_run_accepts_webhooks",
    ".venv/bin/first-responder import folder docs/postmortems --dry-run": "test_the_documented_import_says_its_count",
    ".venv/bin/first-responder memory forget INC-2026-0042": "test_the_documented_forgetting_says_what_there_is",
    ".venv/bin/first-responder memory retain --days 365 --dry-run": "test_the_documented_forgetting_says_what_there_is",
    ".venv/bin/first-responder memory pages": "test_the_documented_places_of_pages_are_read",
    "openssl genpkey -algorithm ed25519 -out audit.pem": "test_the_documented_audit_is_signed_verified_and_exported",
    "openssl pkey -in audit.pem -pubout -out audit.pub": "test_the_documented_audit_is_signed_verified_and_exported",
    ".venv/bin/first-responder audit checkpoint": "test_the_documented_audit_is_signed_verified_and_exported",
    ".venv/bin/first-responder audit verify": "test_the_documented_audit_is_signed_verified_and_exported",
    ".venv/bin/first-responder audit verify --checkpoints checkpoints.jsonl --public-key audit.pub": (
        "test_the_documented_audit_is_signed_verified_and_exported"
    ),
    ".venv/bin/first-responder audit export audit.jsonl": "test_the_documented_audit_is_signed_verified_and_exported",
    ".venv/bin/first-responder audit verify audit.jsonl --checkpoints checkpoints.jsonl": (
        "test_the_documented_audit_is_signed_verified_and_exported"
    ),
    "export RUNBOOK_PAGES=docs/runbooks,github:acme/handbook/oncall": "test_exported_variables_are_settings",
    ".venv/bin/python scripts/performance_page.py bench.json": "tests/docs/test_pages.py makes the table",
    "export SLACK_BOT_TOKEN=... SLACK_APP_TOKEN=...": "test_exported_variables_are_settings",
    "export PROMETHEUS_URL=http://prometheus:9090": "test_exported_variables_are_settings",
    "export ELASTICSEARCH_URL=https://logs:9200 ELASTICSEARCH_API_KEY=...": "test_exported_variables_are_settings",
    "export GITHUB_TOKEN=... PAGERDUTY_API_KEY=...": "test_exported_variables_are_settings",
}
IN_ONE_SCRIPT = {"docs/alerts.md": "test_the_documented_request_is_accepted"}  # lines that only make sense together


def bare(home: Path, **settings: str) -> dict[str, str]:
    """As on a fresh machine: an empty home, the system's own programs."""
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "TMPDIR": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", **settings}


def make(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["make", *SET_UP, *arguments],
        cwd=ROOT,
        env=bare(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    return done


def test_every_documented_command_is_covered() -> None:
    documented = {command for page, command in commands() if page not in IN_ONE_SCRIPT}
    assert documented - COVERED.keys() == set(), "documented and run by no test: add it to COVERED"
    assert COVERED.keys() - documented == set(), "in COVERED and in no page any more: take it out"
    tests = {how for how in (*COVERED.values(), *IN_ONE_SCRIPT.values()) if how.startswith("test_")}
    assert tests <= globals().keys()


@pytest.mark.slow
def test_make_demo_once_ends_with_the_briefing_and_zero(tmp_path: Path) -> None:
    done = make(tmp_path / "home", "demo", "ARGS=--once --port 0")
    assert done.returncode == 0, done.stdout
    assert "Most likely: " in done.stdout
    assert "Do first: " in done.stdout
    assert list((tmp_path / "home").iterdir()) == [], "a demo leaves nothing in HOME or TMPDIR"


@pytest.mark.slow
async def test_make_demo_plays_until_ctrl_c(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        "make",
        *SET_UP,
        "demo",
        cwd=ROOT,
        env=bare(tmp_path / "home"),
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(PATIENCE):
        while "Ctrl-C stops it" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, said
            said += line
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
    async with asyncio.timeout(PATIENCE):
        said += (await process.stdout.read()).decode()
        await process.wait()
    assert "http://127.0.0.1:" in said
    assert "Traceback" not in said
    assert "Error" not in said.rpartition("Stopping")[2], said


@pytest.mark.slow
def test_make_demo_plays_another_scenario(tmp_path: Path) -> None:
    done = make(tmp_path / "home", "demo", "ARGS=--scenario exhausted-pool --once --port 0")
    assert done.returncode == 0, done.stdout
    assert "exhausted-pool" in done.stdout


def test_make_demo_lists_the_scenarios(tmp_path: Path) -> None:
    done = make(tmp_path / "home", "demo", "ARGS=--list")
    assert done.returncode == 0, done.stdout
    assert {"bad-deployment", "exhausted-pool", "failing-dependency"} <= set(done.stdout.split())


def test_make_demo_of_an_unknown_scenario_is_an_error(tmp_path: Path) -> None:
    done = make(tmp_path / "home", "demo", "ARGS=--scenario bad-luck --once")
    assert done.returncode != 0
    assert "there are: " in done.stdout


def test_make_test_checks_everything(tmp_path: Path) -> None:
    planned = make(tmp_path / "home", "--dry-run", "test").stdout
    for step in (
        "ruff format --check .",
        "ruff check .",
        "mypy",
        "lint-imports",
    ):
        assert re.search(rf"^{re.escape(BIN + step)}\s*$", planned, re.MULTILINE), f"make test leaves out {step}"
    assert re.search(rf"^PYTHON={BIN}python WORKERS=3 scripts/test.sh\s*$", planned, re.MULTILINE)


def test_make_bench_runs_the_benchmarks(tmp_path: Path) -> None:
    planned = make(tmp_path / "home", "--dry-run", "bench", "ARGS=--json bench.json").stdout
    assert f"{BIN}python -m bench --json bench.json" in planned
    told = subprocess.run(
        [BIN + "python", "-m", "bench", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--json" in told.stdout
    assert "startup" in told.stdout


@pytest.mark.slow
async def test_check_says_what_works(tmp_path: Path) -> None:
    async with world("bad-deployment") as sandbox:
        settings = sandbox.environ(tmp_path / "data", usable_port())
        process = await asyncio.create_subprocess_exec(
            BIN + "first-responder",
            "check",
            cwd=ROOT,
            env=bare(tmp_path / "home", **settings),
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, said.decode()
    for subject in ("Slack", "Prometheus", "Elasticsearch", "GitHub", "PagerDuty", "Service catalog", "Runbooks"):
        assert subject in said.decode()


def test_the_documented_import_says_its_count(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "postmortems"
    folder.mkdir(parents=True)
    (folder / "one.md").write_text("# Orders down\n\n**Date**: 2026-03-04\n\n## Root cause\n\nA full pool.\n")
    done = first_responder(tmp_path, "import", "folder", "docs/postmortems", "--dry-run")
    assert done.returncode == 0, done.stdout
    assert re.search(r"1\s+new\b", done.stdout), done.stdout


def test_the_documented_forgetting_says_what_there_is(tmp_path: Path) -> None:
    forgotten = first_responder(tmp_path, "memory", "forget", "INC-2026-0042")
    assert (forgotten.returncode, "There is nothing of INC-2026-0042 here." in forgotten.stdout) == (1, True)
    old = first_responder(tmp_path, "memory", "retain", "--days", "365", "--dry-run")
    assert (old.returncode, "Nothing is older than 365 days." in old.stdout) == (0, True), old.stdout


def test_the_documented_places_of_pages_are_read(tmp_path: Path) -> None:
    (tmp_path / "docs" / "runbooks").mkdir(parents=True)
    (tmp_path / "docs" / "runbooks" / "pool.md").write_text("# PoolExhausted\n\nLook at the pool.\n")
    done = first_responder(tmp_path, "memory", "pages", RUNBOOK_PAGES="docs/runbooks")
    assert done.returncode == 0, done.stdout
    assert "1 pages: 1 new" in done.stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_the_documented_audit_is_signed_verified_and_exported(tmp_path: Path) -> None:
    for command in [command for page, command in commands() if page == "docs/audit.md" and "openssl" in command]:
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    point = first_responder(tmp_path, "audit", "checkpoint", AUDIT_KEY_FILE="audit.pem")
    (tmp_path / "checkpoints.jsonl").write_text(point.stdout)
    points = ("--checkpoints", "checkpoints.jsonl")
    for arguments in (("verify",), ("verify", *points, "--public-key", "audit.pub")):
        done = first_responder(tmp_path, "audit", *arguments)
        assert (done.returncode, "0 entries: none was changed" in done.stdout) == (0, True), done.stdout
    exported = first_responder(tmp_path, "audit", "export", "audit.jsonl")
    assert (exported.returncode, exported.stdout) == (0, "0 entries in audit.jsonl.\n")
    done = first_responder(tmp_path, "audit", "verify", "audit.jsonl", *points)
    assert (done.returncode, "1 checkpoint holds" in done.stdout) == (0, True), done.stdout


def first_responder(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / BIN / "first-responder"), *arguments],
        cwd=folder,
        env=bare(folder / "home", FIRST_RESPONDER_DATA=str(folder / "data"), **settings),
        stdout=PIPE,
        stderr=STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.slow
async def test_run_accepts_webhooks(tmp_path: Path) -> None:
    async with world("bad-deployment") as sandbox:
        port = usable_port()
        environ = bare(tmp_path / "home", **sandbox.environ(tmp_path / "data", port))
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                BIN + "first-responder", "run", cwd=ROOT, env=environ, stdout=PIPE, stderr=log
            )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        assert line.decode() == f"accepting webhooks on http://127.0.0.1:{port}\n", (tmp_path / "log").read_text()
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        assert await sandbox.fire(f"http://127.0.0.1:{port}") == 202
        assert await until(lambda: sandbox.cards("briefing"), within=PATIENCE)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_the_documented_request_is_accepted(tmp_path: Path) -> None:
    script = example("docs/alerts.md", "sh", "openssl")
    async with front_door() as door:
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-euc",
            script.replace("http://127.0.0.1:8080", door.address) + '\necho " $?"',
            env=bare(tmp_path / "home", GENERIC_WEBHOOK_SECRETS=GENERIC_SECRET),
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert said.decode().endswith(" 0\n"), said.decode()
        assert [(a.title, a.service) for a in door.inbox.alerts] == [("Disk of db-3 is 96 % full", "orders-db")], said


def test_the_set_up_without_a_fitting_python_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "install.sh", tmp_path / "scripts")
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\necho 'Python 3.11, 3.12 or 3.13 is needed; this one is 3.9.2.' >&2\nexit 1\n")
    old.chmod(0o755)
    for python, why in (("no-such-python", "There is no no-such-python"), (str(old), "this one is 3.9.2")):
        environ = bare(tmp_path / "home", PYTHON=python)
        done = subprocess.run(["sh", script], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert why in done.stderr
        assert "make demo PYTHON=python3.12" in done.stderr
        assert not (tmp_path / ".venv").exists()


def test_exported_variables_are_settings() -> None:
    settings = (ROOT / "docs" / "settings.md").read_text()
    exported = [
        name for _, command in commands() for name in re.findall(r"\b([A-Z_]+)=", command) if "export" in command
    ]
    assert exported
    for name in exported:
        assert f"| `{name}` |" in settings, f"{name} is no setting"
