"""`first-responder audit`: what was tampered with is told and exits with 1, what is whole with 0."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from bot.cli import cli
from bot.domain.audit import is_signed_by
from memory.audit_checkpoints import from_line, to_line
from memory.audit_keys import read_public_key
from memory.store import Store
from tests.memory.store.acting_samples import note
from tests.memory.store.test_audit import DROP_TRIGGERS
from tests.test_cli import run

COUNT = 12
WHOLE = f"{COUNT} entries, the last of 2026-03-04 12:00:00 UTC: none was changed, left out, put in or moved."
NO_POINTS = "No checkpoints were given (--checkpoints, AUDIT_CHECKPOINTS): a cut end would not be seen."


@dataclass(frozen=True)
class Audit:
    """A store with an audit log, and the command."""

    folder: Path

    def __call__(self, *arguments: str | Path, **settings: str) -> tuple[int, str]:
        environ = {"FIRST_RESPONDER_DATA": str(self.folder), "COLUMNS": "200", "TERM": "dumb", **settings}
        said = CliRunner().invoke(cli, ["audit", *map(str, arguments)], env=environ, catch_exceptions=False)
        return said.exit_code, said.output

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'first-responder.db'}"

    def write(self, count: int = COUNT) -> None:
        async def write() -> None:
            store = await Store.open(self.url)
            await store.audit.append([note(f"R-{number}", details={"number": number}) for number in range(count)])
            await store.close()

        asyncio.run(write())

    def tamper(self, statement: str) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            for each in (*DROP_TRIGGERS["sqlite"], statement):
                connection.execute(text(each))
        engine.dispose()

    def checkpoint(self, **settings: str) -> str:
        code, line = self("checkpoint", **settings)
        assert code == 0
        return line


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    made = Audit(tmp_path)
    made.write()
    return made


@pytest.fixture
def points(audit: Audit, tmp_path: Path) -> Path:
    file = tmp_path / "points.jsonl"
    file.write_text(audit.checkpoint())
    return file


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """A private key and its public one, in files."""

    def made(name: str) -> tuple[Path, Path]:
        key = Ed25519PrivateKey.generate()
        private, public = tmp_path / f"{name}.pem", tmp_path / f"{name}.pub"
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return private, public

    return made


# --- the store -------------------------------------------------------------------------------------------------------


def test_a_whole_log_is_said_to_be_whole(audit: Audit, points: Path) -> None:
    assert audit("verify") == (0, f"{WHOLE}\n{NO_POINTS}\n")
    code, said = audit("verify", "--checkpoints", points)
    assert code == 0
    assert said.startswith(f"{WHOLE}\n1 checkpoint holds, the newest of 20")
    assert said.endswith(f" over {COUNT} entries.\n")
    audit.write(1)
    code, said = audit("verify", AUDIT_CHECKPOINTS=str(points))
    assert code == 0
    assert said.endswith(f" over {COUNT} entries; 1 entry came after it.\n")


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    code, said = Audit(tmp_path)("verify", "--checkpoints", tmp_path / "none")
    assert (code, "cannot be read: No such file" in said) == (1, True)
    assert Audit(tmp_path)("verify")[0] == 0
    (tmp_path / "points").write_text("")
    code, said = Audit(tmp_path)("verify", "--checkpoints", tmp_path / "points")
    assert (code, "There is no checkpoint yet." in said) == (0, True), said


TAMPERINGS = {
    "UPDATE audit_entries SET details = replace(details, '4', '5') WHERE sequence = 5": "Entry 5 was changed after",
    "UPDATE audit_entries SET who = 'U9' WHERE sequence = 12": "Entry 12 was changed after it was written.",
    "DELETE FROM audit_entries WHERE sequence = 1": "Entry 1 is missing before entry 2.",
    "DELETE FROM audit_entries WHERE sequence IN (4, 5, 6)": "Entries 4 to 6 are missing before entry 7.",
    "UPDATE audit_entries SET sequence = 13 WHERE sequence = 5": "Entry 13 was changed after it was written.",
}


@pytest.mark.parametrize(("statement", "finding"), TAMPERINGS.items(), ids=range(len(TAMPERINGS)))
def test_tampering_is_told_and_exits_with_one(audit: Audit, statement: str, finding: str) -> None:
    audit.tamper(statement)
    code, said = audit("verify")
    assert code == 1
    assert finding in said
    assert "The audit log does not hold: " in said


def test_a_cut_end_is_told_by_a_checkpoint(audit: Audit, points: Path) -> None:
    audit.tamper("DELETE FROM audit_entries WHERE sequence > 10")
    assert audit("verify")[0] == 0
    code, said = audit("verify", "--checkpoints", points)
    assert code == 1
    assert "there were 12 entries, and now there are 10: 2 entries are gone from the end." in said
    assert "1 sign of tampering" in said


def test_many_findings_are_counted(audit: Audit) -> None:
    audit.write(30)
    audit.tamper("UPDATE audit_entries SET who = 'U9'")
    code, said = audit("verify")
    assert (code, said.count("was changed after it was written")) == (1, 20)
    assert "And 22 more.\nThe audit log does not hold: 42 signs of tampering." in said


# --- checkpoints -----------------------------------------------------------------------------------------------------


def test_a_checkpoint_file_without_checkpoints_is_no_assurance(audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "points.jsonl"
    file.write_text("")
    code, said = audit("verify", "--checkpoints", file)
    assert (code, f"{file} holds no checkpoint: a cut end would not be seen." in said) == (1, True), said
    file.write_text(audit.checkpoint() + "half a line")
    code, said = audit("verify", "--checkpoints", file)
    assert (code, f"Line 2 of {file} is no checkpoint." in said) == (1, True), said


def test_signed_checkpoints_are_believed_by_their_key_alone(
    audit: Audit, keys: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    private, public = keys("ours")
    _, foreign = keys("foreign")
    line = audit.checkpoint(AUDIT_KEY_FILE=str(private))
    point = from_line(line)
    assert is_signed_by(point, read_public_key(public))
    file = tmp_path / "points.jsonl"
    file.write_text(line)
    for by_key in (("--public-key", public), ()):
        settings = {} if by_key else {"AUDIT_KEY_FILE": str(private)}
        code, said = audit("verify", "--checkpoints", file, *by_key, **settings)
        assert (code, "1 checkpoint holds" in said, "not checked" in said) == (0, True, False), said
    code, said = audit("verify", "--checkpoints", file)
    assert (code, "Their signatures were not checked" in said) == (0, True)
    code, said = audit("verify", "--checkpoints", file, "--public-key", foreign)
    assert (code, "checkpoint over 12 entries is not signed by the key" in said) == (1, True), said
    file.write_text(to_line(replace(point, count=5)) + "\n")
    assert audit("verify", "--checkpoints", file, "--public-key", public)[0] == 1


def test_a_checkpoint_of_an_empty_log(tmp_path: Path) -> None:
    assert from_line(Audit(tmp_path).checkpoint()).count == 0


# --- export ----------------------------------------------------------------------------------------------------------


def test_what_is_exported_can_be_verified_elsewhere(audit: Audit, points: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    assert audit("export", file) == (0, f"{COUNT} entries in {file}.\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert audit("export") == (0, file.read_text())
    assert [json.loads(line)["details"]["number"] for line in file.read_text().splitlines()] == list(range(COUNT))
    elsewhere = Audit(tmp_path / "elsewhere")
    code, said = elsewhere("verify", file, "--checkpoints", points)
    assert (code, said.startswith(WHOLE), "1 checkpoint holds" in said) == (0, True, True), said
    assert not (tmp_path / "elsewhere").exists(), "no store is needed for it"


@pytest.mark.parametrize("column", ["sequence", "at", "who", "kind", "incident", "subject", "details", "outputs"])
def test_an_edit_of_an_exported_file_is_found(audit: Audit, tmp_path: Path, column: str) -> None:
    file = tmp_path / "audit.jsonl"
    audit("export", file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    values: tuple[object, ...] = ("x", 7, None, [], {"a": 1}, "2026-03-04T12:00:01+00:00")
    for odd in values:
        changed = [line | {column: odd} if number == 5 else line for number, line in enumerate(lines)]
        file.write_text("".join(f"{json.dumps(line)}\n" for line in changed))
        code, said = audit("verify", file)
        assert (code == 1) is (changed != lines), (odd, said)
        assert "Traceback" not in said


def test_lines_deleted_moved_added_or_broken_in_an_exported_file_are_found(audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit("export", file)
    lines = file.read_text().splitlines(keepends=True)
    for changed, told in (
        (lines[1:], "Entry 1 is missing before entry 2."),
        (lines[:3] + lines[4:], "Entry 4 is missing before entry 5."),
        ([*lines[:3], lines[4], lines[3], *lines[5:]], "Entry 4 stands after entry 5."),
        ([*lines, lines[-1]], "Entry 12 stands after entry 12."),
        ([*lines[:3], "{}\n", *lines[4:]], "Line 4 is no entry."),
        ([*lines, "\udcff\n"], "Line 13 is no entry."),
        ([*lines, "[" * 100_000], "Line 13 is no entry."),
    ):
        file.write_text("".join(changed), errors="surrogateescape")
        code, said = audit("verify", file)
        assert (code, told in said) == (1, True), said


def test_files_that_cannot_be_read_or_written_are_told_without_a_traceback(tmp_path: Path) -> None:
    data = {"FIRST_RESPONDER_DATA": str(tmp_path)}
    done = run("audit", "verify", str(tmp_path / "none.jsonl"), settings=data)
    assert (done.returncode, done.stderr) == (1, "")
    assert "It could not be verified" in done.stdout
    done = run("audit", "export", str(tmp_path / "none" / "audit.jsonl"), settings=data)
    assert done.returncode == 2
    assert "cannot be written: No such file or directory." in done.stderr
    assert "Traceback" not in done.stderr
    done = run("audit", "verify", "--public-key", str(tmp_path / "none"), settings=data)
    assert done.returncode == 2
    assert "cannot be read: No such file" in done.stderr
