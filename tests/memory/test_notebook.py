"""Notes in a file and notes in the store are the same after each look, whoever changed which."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.errors import ConfigFileError
from bot.domain.remembered import Note
from bot.testing import FrozenClock
from memory.notebook import Notebook
from memory.store import Store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notes" / "MEMORY.md"


def notebook(store: Store, file: Path) -> Notebook:
    return Notebook(store.notes, file, clock=FrozenClock(NOON))


def note(text: str, service: str = "orders") -> Note:
    return Note(id=0, service=service, text=text, author="Ana Ruiz", at=NOON)


async def texts(store: Store) -> list[str]:
    return [kept.text for kept in await store.notes.all()]


async def test_a_note_from_slack_is_written_into_the_file(store: Store, file: Path) -> None:
    await store.notes.add(note("Never on Fridays"))
    assert (await notebook(store, file).sync()).written
    assert "## orders\n\n- 2026-03-04 @Ana Ruiz: Never on Fridays [#1]\n" in file.read_text()
    assert not (await notebook(store, file).sync()).written


async def test_a_line_from_a_person_becomes_a_note_with_a_number(store: Store, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("# Anything\n\n## orders\n\n- 2026-01-02 @ada: Ask the pool first\n* No date and no name\n")
    assert (await notebook(store, file).sync()).added == 2
    first, second = await store.notes.all()
    assert (first.text, first.author, f"{first.at:%Y-%m-%d}") == ("Ask the pool first", "ada", "2026-01-02")
    assert (second.text, second.author, second.at) == ("No date and no name", "file", NOON)
    assert "[#2]" in file.read_text()


async def test_what_is_written_is_read_again_as_it_was(store: Store, file: Path) -> None:
    for author in ("Ana Ruiz", "O'Neil: the @second", "", "x" * 100):
        await store.notes.add(replace(note("at 10:30: never"), author=author))
    await notebook(store, file).sync()
    before = await store.notes.all()
    synced = await notebook(store, file).sync()
    assert (synced.added, synced.changed, synced.removed) == (0, 0, 0)
    assert await store.notes.all() == before


async def test_a_changed_line_changes_the_note_and_a_removed_one_removes_it(store: Store, file: Path) -> None:
    for text in ("One", "Two", "Three"):
        await store.notes.add(note(text))
    await notebook(store, file).sync()
    lines = [line for line in file.read_text().splitlines() if "Two" not in line]
    file.write_text("\n".join(lines).replace("One", "One and a half"))
    synced = await notebook(store, file).sync()
    assert (synced.added, synced.changed, synced.removed) == (0, 1, 1)
    assert sorted(await texts(store)) == ["One and a half", "Three"]


async def test_what_was_removed_in_slack_leaves_the_file_and_does_not_come_back(store: Store, file: Path) -> None:
    kept = await store.notes.add(note("Gone"))
    await store.notes.add(note("Stays"))
    await notebook(store, file).sync()
    await store.notes.remove(kept.id)
    await notebook(store, file).sync()
    assert await texts(store) == ["Stays"]
    assert "Gone" not in file.read_text()


async def test_both_sides_may_add_at_the_same_time(store: Store, file: Path) -> None:
    await store.notes.add(note("First"))
    await notebook(store, file).sync()
    await store.notes.add(note("From Slack"))
    file.write_text(file.read_text() + "- From the file\n")
    await notebook(store, file).sync()
    assert sorted(await texts(store)) == ["First", "From Slack", "From the file"]


async def test_a_secret_in_a_line_is_hidden(store: Store, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(f"## orders\n- password={'s' * 12}\n")
    await notebook(store, file).sync()
    assert await texts(store) == ["password=[hidden]"]
    assert "ssss" not in file.read_text()


async def test_a_file_that_cannot_be_read_is_told_with_the_setting(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="NOTES_FILE"):
        await notebook(store, tmp_path).sync()
