"""The folder of an index: one owner, one generation of files, and never more on the disk than what is held needs."""

from __future__ import annotations

import fcntl
import logging
import shutil
import sqlite3
from pathlib import Path
from typing import IO
from urllib.parse import quote

from memory.vectors.vector import VectorsUnavailable

log = logging.getLogger(__name__)

DATABASE = "chroma.sqlite3"
SPARE = 32 * 1024 * 1024  # bytes that an index may take whatever it holds; an empty one takes 0.4 MB
ROOM = 10 * 1024  # bytes for each vector: 5,000 take 2.5 KB each; what was replaced stays in Chroma's log


class IndexFolder:
    """Generations are folders `chroma-1`, `chroma-2` ...: within a process Chroma keeps what failed by its path.

    All methods block and raise VectorsUnavailable.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._owner: IO[str] | None = None
        self._last = 0  # number of the newest generation that this process knows of

    def take(self) -> None:
        """Becomes the owner, until `release` or the end of the process."""
        if self._owner is not None:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            owner = (self.path / "owner.lock").open("a")
        except OSError as error:
            raise VectorsUnavailable(f"the folder of the vector index cannot be used: {error}") from error
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner.close()
            in_use = isinstance(error, BlockingIOError)
            why = "is in use by another process" if in_use else f"cannot be locked: {error}"
            raise VectorsUnavailable(f"{self.path} {why}") from error
        self._owner = owner

    def release(self) -> None:
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def newest(self) -> Path | None:
        """What is left of the last process; of several, the one that was being made when it ended."""
        numbered = {number: path for path in self._all() if (number := _number(path))}
        self._last = max((self._last, *numbered))
        return numbered[max(numbered)] if numbered else None

    def next(self) -> Path:
        """Of a name that was not there before."""
        self.newest()
        self._last += 1
        return self.path / f"chroma-{self._last}"

    def drop(self, *, but: Path | None = None) -> None:
        """Removes all other generations. What cannot be removed is an error: it may hold what was forgotten."""
        if self._owner is None:
            raise VectorsUnavailable(f"{self.path} belongs to another process")
        for path in self._all():
            if path != but:
                _remove(path)

    # --- an opening that did not end ---------------------------------------------------------------------------------

    def begin_opening(self, generation: Path) -> None:
        """Files that bring down the process that opens them must not do so at each start."""
        self._write_mark(generation.name)

    def end_opening(self) -> None:
        self._write_mark("")

    def was_cut_short(self, generation: Path) -> bool:
        try:
            return self._mark.read_text() == generation.name
        except (OSError, UnicodeDecodeError):
            return False

    @property
    def _mark(self) -> Path:
        return self.path / "opening"

    def _write_mark(self, text: str) -> None:
        try:
            self._mark.write_text(text)
        except OSError as error:
            raise VectorsUnavailable(f"the folder of the vector index cannot be written: {error}") from error

    def _all(self) -> list[Path]:
        try:
            return sorted(self.path.glob("chroma-*"))
        except OSError as error:
            raise VectorsUnavailable(f"the folder of the vector index cannot be read: {error}") from error


def is_too_large(generation: Path, vectors: int) -> str:
    """Why, by the apparent size: a broken `link_lists.bin` has terabytes. Empty where it is not."""
    size = sum(file.lstat().st_size for file in generation.rglob("*") if not file.is_dir())
    limit = SPARE + ROOM * vectors
    return f"{size:,} bytes for {vectors:,} vectors" if size > limit else ""


def damage(generation: Path) -> str:
    """What is wrong with the files of a generation that nobody has open; empty where nothing is seen."""
    database = generation / DATABASE
    if not database.is_file():
        return "its database is missing"
    try:
        # Not read-only: what a killed process left half-written has to be rolled back first.
        connection = sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True)
        try:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else str(said)


def _number(path: Path) -> int:
    """0 for names that are not ours."""
    number = path.name.removeprefix("chroma-")
    return int(number) if number.isascii() and number.isdigit() else 0


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise VectorsUnavailable(f"old files of the vector index cannot be removed, delete {path}: {error}") from error
