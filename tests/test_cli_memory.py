"""`first-responder memory`: what it finds and tells, and that what is forgotten is gone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.domain.incident import GroupingReason
from bot.domain.remembered import Held, PastIncident, Postmortem
from bot.testing import make_alert
from memory.embedding import NoModel
from memory.store import Store
from memory.store.judgements import Import
from tests.memory.hashing import HashingEmbedder
from tests.test_cli import run

NOW = datetime.now(UTC).replace(microsecond=0)


def past(number: int, **other: object) -> PastIncident:
    told: dict[str, object] = {
        "id": f"OLD-{number}", "title": f"Outage {number}", "service": "checkout", "minutes": 38,
        "started_at": NOW - timedelta(days=number * 100), "cause": "", "cause_kind": "", "fix": "",
    }  # fmt: skip
    return PastIncident(**{**told, **other})  # type: ignore[arg-type]


POOL = past(1, title="Database connections are used up", cause="A report job held connections", symptoms="timeouts",
            fix="Stopped the job", unhelpful="Restarting the pods", alerts=("PoolExhausted",), outcome=Held.HELD,
            link="https://acme.example/1", origin="pagerduty")  # fmt: skip
DISK = past(2, title="Disk of the mail relay is full", service="mail", fix="Deleted old logs", origin="file")


@dataclass(frozen=True)
class Memory:
    """A store with something in it, and the command."""

    data: Path

    def __call__(self, *arguments: str, answer: str = "", **settings: str) -> tuple[int, str]:
        environ = {"FIRST_RESPONDER_DATA": str(self.data), "SERVICES_FILE": str(self.data / "none.yaml"),
                   "COLUMNS": "200", "TERM": "dumb", **settings}  # fmt: skip
        said = CliRunner().invoke(cli, ["memory", *arguments], env=environ, input=answer, catch_exceptions=False)
        return said.exit_code, said.output

    def keep(self, *incidents: PastIncident) -> None:
        async def keep() -> None:
            store = await Store.open(self.url)
            accounts = [
                Postmortem(incident=one.id, title=one.title, text=f"# {one.title}", accepted_by="ana", accepted_at=NOW)
                for one in incidents
            ]
            imports = [Import(source="test", key=one.id, digest="d", record=one.id, at=NOW) for one in incidents]
            await store.bring_in(incidents, accounts, imports)
            await store.close()

        asyncio.run(keep())

    def held(self) -> Sequence[str]:
        async def read() -> Sequence[str]:
            store = await Store.open(self.url)
            try:
                return sorted({*await store.past.by_id(), *await store.postmortems.by_id()})
            finally:
                await store.close()

        return asyncio.run(read())

    @property
    def url(self) -> str:
        return f"sqlite:///{self.data / 'first-responder.db'}"

    def files(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.data.rglob("*") if path.is_file())


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """With an embedder that needs no files."""
    for module in ("bot.remembering", "bot.remembering_search"):
        monkeypatch.setattr(f"{module}.model", lambda _: HashingEmbedder())
    made = Memory(tmp_path)
    made.keep(POOL, DISK)
    return made


def test_search_tells_what_fits_and_why(memory: Memory) -> None:
    code, said = memory("search", "connections", "of", "the", "database", "are", "used", "up")
    assert code == 0
    assert "OLD-1: Database connections are used up (checkout), " in said
    for line in ("Cause: A report job held connections", "Fixed by: Stopped the job (the fix held)",
                 "Did not help: Restarting the pods", "Why: ", "Link: https://acme.example/1"):  # fmt: skip
        assert f"    {line}" in said
    assert "By words alone" not in said


def test_search_says_when_nothing_fits(memory: Memory) -> None:
    code, said = memory("search", "zebra", "parade")
    assert code == 0
    assert "Nothing fits, of 2 past incidents." in said


def test_without_a_model_words_alone_answer_and_it_is_said(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise NoModel("There is no embedding model here.")

    for module in ("bot.remembering", "bot.remembering_search"):
        monkeypatch.setattr(f"{module}.model", lambda _: Missing())
    code, said = memory("search", "database", "connections", "used", "up")
    assert code == 0
    assert "OLD-1" in said
    assert "By words alone" in said
    code, said = memory("rebuild")
    assert code == 1
    assert "The index was not rebuilt: There is no embedding model here." in said


def test_rebuild_makes_what_is_missing_and_stats_tells_of_it(memory: Memory) -> None:
    code, said = memory("stats")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert code == 0
    assert f"past incidents 2 (1 from pagerduty, 1 from file); 2 with a fix; from {DISK.started_at:%Y-%m-%d} to " \
        f"{POOL.started_at:%Y-%m-%d}" in lines  # fmt: skip
    assert "postmortems 2" in lines
    assert any(line.startswith("index not made yet") for line in lines)
    assert any(line.startswith("vectors 0 of ") for line in lines)
    code, said = memory("rebuild")
    assert code == 0
    assert "The index holds 2 vectors of past incidents." in said
    lines = [" ".join(line.split()) for line in memory("stats")[1].splitlines()]
    assert any(line.startswith("vectors 2 of ") for line in lines)
    assert any(line.startswith("index ") and "MB in" in line for line in lines)


@pytest.fixture
def running_bot(memory: Memory) -> Iterator[None]:
    """Another process that owns the index."""
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom memory.vectors import VectorIndex\n"
        f"index = VectorIndex(Path({str(memory.data / 'vectors')!r}))\n"
        "async def main():\n    await index.open({})\n"
        "    print('open', flush=True)\n    sys.stdin.read()\n    import os; os._exit(0)\nasyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield
        process.communicate(timeout=60)


@pytest.mark.usefixtures("running_bot")
def test_beside_a_running_bot_search_and_forget_work_and_rebuild_says_what_to_do(memory: Memory) -> None:
    code, said = memory("rebuild")
    assert code == 1
    assert "in use by another process" in said
    assert "to force it, stop the bot" in said
    code, said = memory("search", "database", "connections", "used", "up")
    assert "OLD-1" in said
    assert "By words alone" not in said
    code, said = memory("forget", "OLD-2", "--yes")
    assert code == 0
    assert "The running bot takes it out of its index within a minute." in said


def test_what_is_forgotten_is_in_no_file_any_more(memory: Memory) -> None:
    memory("rebuild")
    assert b"Disk of the mail relay" in memory.files()
    code, said = memory("forget", "OLD-2", "--yes")
    assert code == 0
    assert "OLD-2 of " in said
    assert "The next import brings it again as long as its file is there." in said
    assert memory.held() == ["OLD-1"]
    assert b"mail relay" not in memory.files()
    assert b"OLD-2" not in memory.files()


def test_forgetting_asks_first_and_no_is_an_answer(memory: Memory) -> None:
    code, said = memory("forget", "OLD-2", answer="n\n")
    assert code == 1
    assert "[y/N]" in said
    assert memory.held() == ["OLD-1", "OLD-2"]
    code, _ = memory("forget", "OLD-2")  # nobody there to answer
    assert code == 1
    assert memory.held() == ["OLD-1", "OLD-2"]
    code, _ = memory("forget", "OLD-2", answer="y\n")
    assert code == 0
    assert memory.held() == ["OLD-1"]


def test_there_must_be_something_to_forget(memory: Memory) -> None:
    code, said = memory("forget", "OLD-\x1b[31m9", "--yes")
    assert code == 1
    assert said.strip() == "There is nothing of OLD-9 here."


def test_what_still_burns_is_not_forgotten(memory: Memory) -> None:
    async def burn() -> str:
        store = await Store.open(memory.url)
        alert = make_alert(title="Checkout fails")
        found = await store.desk.transact(lambda t: t.open_incident(alert, GroupingReason.NEW_CONDITION, NOW))
        await store.close()
        return found.id

    burning = asyncio.run(burn())
    code, said = memory("forget", burning, "--yes")
    assert code == 1
    assert said.strip().endswith("still burns: resolve it first.")
    assert memory("retain", "--days", "1", "--yes")[0] == 0
    assert memory.held() == []
    assert memory("forget", burning, "--yes")[0] == 1


def test_retain_forgets_what_is_older_and_a_dry_run_only_tells(memory: Memory) -> None:
    code, said = memory("retain", "--days", "150", "--dry-run")
    assert code == 0
    assert "1 incidents are older than 150 days:" in said
    assert "  OLD-2 of " in said
    assert "Dry run: nothing was deleted." in said
    assert memory.held() == ["OLD-1", "OLD-2"]
    assert memory("retain", "--days", "150", answer="n\n")[0] == 1
    assert memory.held() == ["OLD-1", "OLD-2"]
    code, said = memory("retain", "--yes", RETENTION_DAYS="150")
    assert code == 0
    assert "Deleted 1 incident, " in said
    assert memory.held() == ["OLD-1"]
    assert "Nothing is older than 150 days." in memory("retain", "--days", "150")[1]


def test_pages_are_read_and_links_that_lead_nowhere_are_told(memory: Memory) -> None:
    place = memory.data / "runbooks"
    place.mkdir()
    (place / "disk.md").write_text("# Disk is full\n\nSee [the other](other.md) and [this](pool.md).\n\n`df -h`\n")
    (place / "pool.md").write_text("# Pool exhausted\n\nDatabase connections are used up.\n")
    (place / "empty.md").write_text("")
    code, said = memory("pages", RUNBOOK_PAGES=str(place))
    lines = said.splitlines()
    assert code == 0
    assert "2 pages: 2 new or changed, 0 removed." in lines
    assert "  empty.md: it is empty" in lines
    assert lines[lines.index("Links that lead nowhere (1):") + 1] == "  disk.md: other.md"
    assert "2 pages: 0 new or changed, 0 removed." in memory("pages", RUNBOOK_PAGES=str(place))[1]
    assert "Runbook page: Pool exhausted" in memory("search", "database", "connections", "are", "used", "up")[1]
    code, said = memory("pages", RUNBOOK_PAGES=f"{place},{place}-gone")
    assert code == 1
    assert "which is no folder here" in said


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        (("retain",), {}, "give --days N, or set RETENTION_DAYS"),
        (("retain", "--days", "9999999999"), {}, "--days"),
        (("pages",), {}, "RUNBOOK_PAGES is not set"),
        (("pages",), {"RUNBOOK_PAGES": "ftp://x"}, "RUNBOOK_PAGES names"),
        (("stats",), {"DATABASE_URL": "oracle://x"}, "DATABASE_URL"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], settings: Mapping[str, str], told: str, tmp_path: Path
) -> None:
    done = run("memory", *arguments, settings={**settings, "FIRST_RESPONDER_DATA": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("first-responder: ")
    assert told in line


@pytest.mark.parametrize("what", ["rebuild", "search", "stats", "forget", "retain", "pages"])
def test_help_has_an_example(what: str) -> None:
    said = CliRunner().invoke(cli, ["memory", what, "--help"])
    assert said.exit_code == 0
    assert "Example: " in said.output
    assert f"first-responder memory {what}" in said.output
