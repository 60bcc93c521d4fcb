"""`first-responder import`: what people see, what is stored, and what a script can rely on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.domain.remembered import PastIncident, Postmortem
from memory.store import Store
from sandbox.faults import Fault, FaultKind
from sandbox.github import server as github
from sandbox.pagerduty import server as pagerduty
from sandbox.pagerduty.directory import Directory
from sandbox.pagerduty.incidents import Incident
from sandbox.serve import serving
from tests.integrations.asking import KEY
from tests.integrations.test_github_history import POSTMORTEM, issue
from tests.integrations.test_pagerduty_history import over
from tests.sandbox.github.conftest import small as small_github
from tests.sandbox.pagerduty.conftest import NOW, small
from tests.test_cli import ROOT, run

SINCE = "2025-10-01"  # well before the replayed account's incidents; they are of 2026
PAGE = """# Checkout down

**Date**: 2026-03-0{day} 10:00
**Service**: checkout

## Summary
Customers could not pay.

## Root cause
{cause}

## Resolution
Went back to v{day}.
"""


@dataclass
class Command:
    """The command in a folder of its own."""

    data: Path
    settings: Mapping[str, str]

    async def __call__(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Exit code, and all that it said. On a thread: the replay servers live on this one."""
        said = await asyncio.to_thread(
            CliRunner().invoke, cli, ["import", *arguments], env={**self.settings, **settings}, catch_exceptions=False
        )
        return said.exit_code, said.output

    async def kept(self) -> tuple[Mapping[str, PastIncident], Mapping[str, Postmortem]]:
        store = await Store.open(f"sqlite:///{self.data / 'first-responder.db'}")
        try:
            return await store.past.by_id(), await store.postmortems.by_id()
        finally:
            await store.close()


@pytest.fixture
def command(tmp_path: Path) -> Command:
    data, catalog = tmp_path / "data", tmp_path / "catalog.yaml"
    catalog.write_text("services:\n  checkout: {pagerduty_service: PSCRT01, aliases: [Checkout Web]}\n")
    settings = {"FIRST_RESPONDER_DATA": str(data), "SERVICES_FILE": str(catalog), "COLUMNS": "160", "TERM": "dumb"}
    return Command(data=data, settings=settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "postmortems"
    place.mkdir()
    for day in (1, 2, 3):
        (place / f"outage-{day}.md").write_text(PAGE.format(day=day, cause=f"A wrong setting in v{day + 1}."))
    (place / "notes.md").write_text("Nothing with a date")
    return place


async def test_a_folder_comes_in_with_an_account_of_what_was_left_out(command: Command, folder: Path) -> None:
    code, said = await command("folder", str(folder))
    assert code == 0
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert {"3 new", "0 unchanged", "1 left out"} <= set(lines)
    assert any(line.startswith("notes.md it tells no date") for line in lines)
    past, postmortems = await command.kept()
    assert sorted(past) == sorted(postmortems) == ["outage-1", "outage-2", "outage-3"]
    assert past["outage-1"].fix == "Went back to v1."


async def test_a_second_import_changes_nothing_and_a_changed_page_is_changed(command: Command, folder: Path) -> None:
    await command("folder", str(folder))
    (folder / "outage-2.md").write_text(PAGE.format(day=2, cause="A disk was full."))
    code, said = await command("folder", str(folder))
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert code == 0
    assert {"0 new", "1 changed since the last import", "2 unchanged"} <= set(lines)
    assert (await command.kept())[0]["outage-2"].cause == "A disk was full."


async def test_a_dry_run_tells_the_same_and_stores_nothing(command: Command, folder: Path) -> None:
    code, said = await command("folder", str(folder), "--dry-run")
    assert code == 0
    assert "Dry run: nothing was stored." in said
    assert "3 new" in " ".join(said.split())
    assert await command.kept() == ({}, {})


async def test_secrets_are_counted_and_neither_stored_nor_shown(command: Command, folder: Path, tmp_path: Path) -> None:
    secret = "s" * 24
    (folder / "outage-4.md").write_text(PAGE.format(day=4, cause=f"password={secret} was in the log"))
    (folder / f"password={secret}.md").write_text("no date")
    code, said = await command("folder", str(folder), "--report", str(tmp_path / "report.jsonl"))
    assert code == 0
    assert "2 texts in which a secret was hidden" in " ".join(said.split())
    stored = b"".join(path.read_bytes() for path in command.data.rglob("*") if path.is_file())
    assert secret.encode() not in stored
    assert secret not in said + (tmp_path / "report.jsonl").read_text()


async def test_the_report_file_has_everything_that_was_left_out(command: Command, tmp_path: Path) -> None:
    place = tmp_path / "many"
    place.mkdir()
    for number in range(30):
        (place / f"page-{number:02}.md").write_text("no date")
    report = tmp_path / "report.jsonl"
    code, said = await command("folder", str(place), "--report", str(report))
    assert code == 0
    assert said.count("it tells no date") == 20
    assert "and 10 more: all are in" in said
    summary, *left = [json.loads(line) for line in report.read_text().splitlines()]
    assert (summary["source"], summary["seen"], summary["new"], summary["left_out"]) == ("folder:many", 30, 0, 30)
    assert [one["name"] for one in left] == [f"page-{number:02}.md" for number in range(30)]
    assert all("tells no date" in one["why"] for one in left)


async def test_without_a_terminal_progress_is_plain_lines(command: Command, tmp_path: Path) -> None:
    place = tmp_path / "export"
    place.mkdir()
    entries = [{"id": f"X-{n}", "title": f"Outage {n}", "started_at": "2026-03-01T00:00:00Z"} for n in range(1200)]
    (place / "all.json").write_text(json.dumps(entries))
    code, said = await command("folder", str(place))
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("reading")] == [
        "reading folder:export: 500",
        "reading folder:export: 1,000",
    ]
    assert "\x1b" not in said


async def test_a_folder_that_is_not_there_is_told(command: Command, tmp_path: Path) -> None:
    code, said = await command("folder", str(tmp_path / "nope"))
    assert code == 1
    assert "is no folder here" in said


async def test_pagerduty_comes_in_under_the_catalogs_names(command: Command, tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        return [over(known, 1, 30, "Went back to v1"), over(known, 2, 3, service=known.services["PSCRT01"])]

    async with serving(pagerduty.create_app(small(tmp_path), clock=lambda: NOW, earlier=earlier)) as url:
        keys = {"PAGERDUTY_URL": url, "PAGERDUTY_API_KEY": KEY}
        code, said = await command("pagerduty", "--since", SINCE, "--dry-run", **keys)
        assert (code, "2 new" in " ".join(said.split())) == (0, True)
        code, said = await command("pagerduty", "--since", SINCE, "--service", "Checkout Web", **keys)
        assert (code, "1 new" in " ".join(said.split())) == (0, True)
        past, _ = await command.kept()
        assert {name: one.service for name, one in past.items()} == {"PD-2": "checkout"}  # PagerDuty calls it cart
        code, said = await command("pagerduty", "--since", SINCE, **keys)
        assert code == 0
        assert {"1 new", "1 unchanged"} <= {" ".join(line.split()) for line in said.splitlines()}


async def test_an_import_that_breaks_off_says_so_keeps_what_came_and_goes_on(command: Command, tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        return [over(known, n, 170 - n / 2, f"Went back to v{n}") for n in range(1, 131)]

    app = pagerduty.create_app(small(tmp_path), clock=lambda: NOW, earlier=earlier, rate_limit=100_000)
    lists = 0

    async def breaking(scope: Any, receive: Any, send: Any) -> None:
        nonlocal lists
        lists += scope.get("path") == "/incidents" and b"offset=100" in scope.get("query_string", b"")
        if lists == 1:
            app.middleware_stack.arm(Fault(kind=FaultKind.STATUS, status=401, path="/incidents", times=1))  # type: ignore[union-attr]
            lists += 1
        await app(scope, receive, send)

    async with serving(breaking) as url:
        keys = {"PAGERDUTY_URL": url, "PAGERDUTY_API_KEY": KEY}
        code, said = await command("pagerduty", "--since", "2026-03-20", **keys)
        assert code == 1
        assert "It broke off: PagerDuty does not accept the credentials" in said
        assert "What was stored stays: run it again to go on." in said
        assert "100 new" in " ".join(said.split())
        assert len((await command.kept())[0]) == 100
        code, said = await command("pagerduty", "--since", "2026-03-20", **keys)
    assert code == 0
    assert {"30 new", "100 unchanged"} <= {" ".join(line.split()) for line in said.splitlines()}
    assert len((await command.kept())[0]) == 130


async def test_ctrl_c_ends_it_at_once_and_the_next_import_goes_on(command: Command, tmp_path: Path) -> None:
    def earlier(known: Directory) -> list[Incident]:
        return [over(known, n, 170 - n / 2, f"Went back to v{n}") for n in range(1, 301)]

    app = pagerduty.create_app(small(tmp_path), clock=lambda: NOW, earlier=earlier, rate_limit=100_000)
    is_under_way, is_told = asyncio.Event(), asyncio.Event()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        if b"offset=200" in scope.get("query_string", b""):
            is_under_way.set()
            await is_told.wait()  # it is still under way when the signal comes
        await app(scope, receive, send)

    async with serving(watched) as url:
        keys = {"PAGERDUTY_URL": url, "PAGERDUTY_API_KEY": KEY}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "import", "pagerduty", "--since", "2026-03-20",
            env={**os.environ, **command.settings, **keys}, cwd=ROOT, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        await asyncio.wait_for(is_under_way.wait(), 120)
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(process.communicate(), 120)
        is_told.set()
        assert process.returncode == 130
        assert "Stopped. What was stored stays: run it again to go on." in errors.decode()
        assert b"Traceback" not in errors
        before = len((await command.kept())[0])
        assert 150 <= before < 300
        code, said = await command("pagerduty", "--since", "2026-03-20", **keys)
    assert code == 0
    assert {f"{300 - before} new", f"{before} unchanged"} <= {" ".join(line.split()) for line in said.splitlines()}


async def test_github_issues_come_in_with_their_text(command: Command) -> None:
    issues = [issue(7, text=POSTMORTEM, labels=("incident", "svc/checkout-web")), issue(8, 3, None)]
    async with serving(github.create_app(small_github(), clock=lambda: NOW, issues=issues)) as url:
        keys = {"GITHUB_URL": f"{url}/api/v3", "GITHUB_TOKEN": KEY}
        code, said = await command("github", "acme/checkout", **keys)
        assert code == 0
        assert {"1 new", "1 left out"} <= {" ".join(line.split()) for line in said.splitlines()}
        past, postmortems = await command.kept()
        assert past["acme/checkout#7"].service == "checkout"
        assert "Stopped the job" in postmortems["acme/checkout#7"].text
        code, said = await command("github", "acme/nope", **keys)
    assert code == 1
    assert "GitHub" in said


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        (("pagerduty",), {}, "PAGERDUTY_API_KEY is not set"),
        (("github", "acme/checkout"), {}, "GITHUB_TOKEN is not set"),
        (("github", "checkout"), {"GITHUB_TOKEN": KEY}, "write it as owner/name"),
        (("pagerduty", "--since", "soon"), {"PAGERDUTY_API_KEY": KEY}, "--since takes"),
        (("pagerduty", "--since", "99999y"), {"PAGERDUTY_API_KEY": KEY}, "--since takes"),
        (("folder", ".", "--report", "/nonexistent/x"), {}, "--report: /nonexistent/x cannot be written"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], settings: dict[str, str], told: str, tmp_path: Path
) -> None:
    done = run("import", *arguments, settings={**settings, "FIRST_RESPONDER_DATA": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("first-responder: ")
    assert told in line
    assert KEY not in line


@pytest.mark.parametrize("what", ["folder", "pagerduty", "github"])
def test_help_has_an_example(what: str) -> None:
    said = CliRunner().invoke(cli, ["import", what, "--help"])
    assert said.exit_code == 0
    assert f"Example: first-responder import {what}" in said.output
    assert "--dry-run" in said.output
