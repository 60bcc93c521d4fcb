"""Published postmortems as files: whole, or as they were before."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bot.domain.errors import NotStored
from bot.domain.ports.life import Library
from memory.postmortem_files import FolderLibrary

NAME = "INC-2026-0042.md"


async def test_a_file_is_written_into_a_folder_that_is_made_and_replaced_the_next_time(tmp_path: Path) -> None:
    library: Library = FolderLibrary(tmp_path / "a" / "b")
    address = await library.put(NAME, "# one\n")
    assert Path(address) == tmp_path / "a" / "b" / NAME
    assert await library.put(NAME, "# zwei \N{EURO SIGN}\n") == address
    assert Path(address).read_text(encoding="utf-8") == "# zwei \N{EURO SIGN}\n"
    assert os.listdir(tmp_path / "a" / "b") == [NAME]
    assert Path(address).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["../x.md", "a/b.md", "/etc/x.md", ".x.md", "x.txt", "", "x" * 200 + ".md"])
async def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotStored):
        await FolderLibrary(tmp_path).put(name, "x")
    assert not list(tmp_path.iterdir())


async def test_a_folder_that_takes_nothing_is_told_with_its_reason(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(NotStored, match="does not take the postmortem"):
        await FolderLibrary(blocked).put(NAME, "x")


async def test_who_reads_meanwhile_sees_one_of_the_two_texts_whole(tmp_path: Path) -> None:
    library = FolderLibrary(tmp_path)
    texts = ("a" * 200_000, "b" * 200_000)
    await library.put(NAME, texts[0])
    seen: set[str] = set()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add((tmp_path / NAME).read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(6):
        await library.put(NAME, texts[number % 2])
    over.set()
    reader.join()
    assert seen <= set(texts)
