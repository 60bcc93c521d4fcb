"""Whatever is done to the files of the index: words answer at once, and it is made again, or said why not."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import chromadb
import pytest
from chromadb.config import Settings

from memory.vectors import Reason
from memory.vectors.folder import DATABASE, SPARE, IndexFolder
from memory.vectors.generation import COLLECTION, Generation
from memory.vectors.vector import Vector
from tests.memory.past import PAST, named
from tests.memory.remembering import ids, remembering

WORDS = "Redis is evicting keys, carts are empty"
TERABYTE = 1 << 40


def removed(files: Path) -> None:
    shutil.rmtree(files)


def no_database(files: Path) -> None:
    (files / DATABASE).unlink()


def emptied(files: Path) -> None:
    os.truncate(files / DATABASE, 0)


def cut(files: Path) -> None:
    os.truncate(files / DATABASE, 40_000)


def zeroed(files: Path) -> None:
    (files / DATABASE).write_bytes(bytes((files / DATABASE).stat().st_size))


def garbage_header(files: Path) -> None:
    with (files / DATABASE).open("r+b") as file:
        file.write(b"garbage " * 512)


def garbage_within(files: Path) -> None:
    with (files / DATABASE).open("r+b") as file:
        for page in range(10, 60):
            file.seek(page * 4096)
            file.write(b"\xa5" * 2048)


def no_tables(files: Path) -> None:
    (files / DATABASE).unlink()
    connection = sqlite3.connect(files / DATABASE)
    connection.execute("CREATE TABLE other (one TEXT)")
    connection.close()


def no_log(files: Path) -> None:
    """The rows are there, and what their vectors are read from is not."""
    _run_sql(files, "DELETE FROM embeddings_queue")


def no_rows(files: Path) -> None:
    _run_sql(files, "DELETE FROM embeddings")


def no_segment(files: Path) -> None:
    shutil.rmtree(_segment(files))


def garbage_segment(files: Path) -> None:
    for file in _segment(files).iterdir():
        file.write_bytes(b"\xa5" * 4096)


def terabytes_of_links(files: Path) -> None:
    os.truncate(_segment(files) / "link_lists.bin", TERABYTE)  # and no byte on the disk


def other_collection(files: Path) -> None:
    _run_sql(files, "UPDATE collections SET name = 'somebody_elses'")


def other_settings(files: Path) -> None:
    shutil.rmtree(files)
    client = chromadb.PersistentClient(path=str(files), settings=Settings(anonymized_telemetry=False))
    client.create_collection(COLLECTION, configuration={"hnsw": {"space": "l2"}}, embedding_function=None)
    client.close()  # type: ignore[attr-defined]


def other_dimension(files: Path) -> None:
    _fill_anew(files, [1.0, 0.0, 0.0])


def other_vectors(files: Path) -> None:
    _fill_anew(files, [1.0] + [0.0] * 383)


def a_file_instead(files: Path) -> None:
    shutil.rmtree(files)
    files.write_text("not a folder")


def half_made_one(files: Path) -> None:
    """Of a process that was killed while it made the index again."""
    Generation(files.parent / "chroma-9").close()


def of_old_names(files: Path) -> None:
    for name in ("chroma-first", "chroma-0f3a", "chroma-"):
        (files.parent / name).mkdir()
        (files.parent / name / DATABASE).write_bytes(b"x" * 100_000)


def cut_short(files: Path) -> None:
    (files.parent / "opening").write_text(files.name)


def garbage_mark(files: Path) -> None:
    (files.parent / "opening").write_bytes(b"\xff" * 100)


BROKEN, EMPTY, TOO_LARGE = Reason.BROKEN, Reason.EMPTY, Reason.TOO_LARGE
DAMAGES: dict[Callable[[Path], None], tuple[Reason | None, str]] = {  # why it is made again, and what is said
    removed: (None, ""),  # and so it is simply made
    no_database: (BROKEN, "its database is missing"),
    emptied: (EMPTY, "it holds nothing"),
    cut: (BROKEN, "malformed"),
    zeroed: (BROKEN, "not a database"),
    garbage_header: (BROKEN, "not a database"),
    garbage_within: (BROKEN, ""),
    no_tables: (EMPTY, "it holds nothing"),
    no_log: (BROKEN, ""),
    no_rows: (EMPTY, "it holds nothing"),
    no_segment: (None, ""),  # Chroma makes it from its log
    garbage_segment: (None, ""),  # nothing is read from there
    terabytes_of_links: (TOO_LARGE, "for 15 vectors"),
    other_collection: (EMPTY, "it holds nothing"),
    other_settings: (BROKEN, "it was made with other settings"),
    other_dimension: (BROKEN, "is another one"),
    other_vectors: (BROKEN, "is another one"),
    a_file_instead: (BROKEN, "its database is missing"),
    half_made_one: (EMPTY, "it holds nothing"),
    of_old_names: (None, ""),
    cut_short: (Reason.CUT_SHORT, "did not get to the end"),
    garbage_mark: (None, ""),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_a_damaged_index_is_made_again_and_words_answer_meanwhile(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    async with remembering(tmp_path) as before:
        await before.store.past.save(PAST)
        await before.settled()
    damage(_generation(tmp_path))
    reason, said = DAMAGES[damage]
    caplog.set_level(logging.INFO, "memory.vectors")
    async with remembering(tmp_path) as after:
        assert ids(await after.asked(WORDS))[0] == named("Carts")
        await after.settled()
        found = await after.asked(WORDS)
        assert (ids(found)[0], found.without_vectors) == (named("Carts"), "")
        for past in PAST:
            near = await after.nearest(past)
            assert near[past.id] == pytest.approx(1.0, abs=1e-4), f"{past.id} is not found by its own vector"
        assert list(after.index.made_again) == ([reason] if reason else [])
        assert ("made again" in caplog.text) == bool(reason)
        assert said in caplog.text
        assert len(list((tmp_path / "vectors").glob("chroma-*"))) == 1
        assert _apparent_size(tmp_path / "vectors") < SPARE
    caplog.clear()
    async with remembering(tmp_path) as again:
        await again.settled()
        assert not again.index.made_again, "it was not mended: the next start made it again"


async def test_files_taken_away_under_a_running_process_are_made_again(tmp_path: Path) -> None:
    async with remembering(tmp_path) as bot:
        await bot.store.past.save(PAST)
        await bot.settled()
        shutil.rmtree(_generation(tmp_path))
        vectors = {past.id: Vector(digest=past.id, values=[1.0] + [0.0] * 383) for past in PAST}
        await bot.index.open(vectors)
        assert bot.index.made_again == {BROKEN: 1}
        assert _generation(tmp_path).is_dir()


def a_file_for_the_folder(data: Path) -> None:
    (data / "vectors").write_text("")


@contextmanager
def somebody_else(data: Path) -> Iterator[None]:
    other = IndexFolder(data / "vectors")
    other.take()
    yield
    other.release()


@contextmanager
def a_file_in_the_way(data: Path) -> Iterator[None]:
    shutil.rmtree(data / "vectors")
    (data / "vectors").write_text("")
    yield
    (data / "vectors").unlink()


@contextmanager
def a_full_disk(data: Path) -> Iterator[None]:
    """No file may grow beyond what an empty index takes."""
    cut(_generation(data))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def nothing_can_be_written(data: Path) -> Iterator[None]:
    """Not even for root, who may write where the permissions say no."""
    shutil.rmtree(data / "vectors")
    (data / "vectors").symlink_to("/proc/self/nowhere")
    yield
    (data / "vectors").unlink()


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (somebody_else, "is in use by another process"),
        (a_file_in_the_way, "the folder of the vector index cannot be used"),
        (nothing_can_be_written, "the folder of the vector index cannot be used"),
        (a_full_disk, ""),
    ],
)
async def test_where_there_can_be_no_index_it_is_said_and_it_comes_back_once_there_can(
    tmp_path: Path, trouble: Callable[[Path], Iterator[None]], told: str
) -> None:
    async with remembering(tmp_path) as before:
        await before.store.past.save(PAST)
        await before.settled()
    async with remembering(tmp_path) as bot:
        with trouble(tmp_path):  # type: ignore[attr-defined]
            assert ids(await bot.asked(WORDS))[0] == named("Carts")
            await bot.settled()
            found = await bot.asked(WORDS)
            assert ids(found)[0] == named("Carts")
            assert found.without_vectors.startswith("vectors are off: ")
            assert told in found.without_vectors
            if (tmp_path / "vectors").is_dir():
                assert _apparent_size(tmp_path / "vectors") < SPARE
        assert await bot.recall.rebuild() == len(PAST)
        found = await bot.asked(WORDS)
        assert (ids(found)[0], found.without_vectors) == (named("Carts"), "")


def _generation(data: Path) -> Path:
    (found,) = (data / "vectors").glob("chroma-*")
    return found


def _segment(files: Path) -> Path:
    (found,) = (path for path in files.iterdir() if path.is_dir())
    return found


def _run_sql(files: Path, statement: str, *values: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(files / DATABASE)
    rows = connection.execute(statement, values).fetchall()
    connection.commit()
    connection.close()
    return rows


def _fill_anew(files: Path, values: list[float]) -> None:
    """The same names and digests with these for all of their vectors."""
    old = Generation(files)
    held = old.held
    old.close()
    shutil.rmtree(files)
    new = Generation(files)
    new.put({name: Vector(digest=digest, values=values) for name, digest in held.items()})
    new.close()


def _apparent_size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
