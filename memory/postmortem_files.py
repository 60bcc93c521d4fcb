"""Published postmortems as files of a folder."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from bot.domain.errors import NotStored

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.md")


class FolderLibrary:
    """The `Library` port. A file is there whole, or as it was before."""

    def __init__(self, folder: Path) -> None:
        """It is made where it is missing."""
        self._folder = folder

    async def put(self, name: str, markdown: str) -> str:
        if not _NAME.fullmatch(name):
            raise NotStored(f"{name!r} is no name of a postmortem's file.")
        try:
            return await asyncio.to_thread(self._written, name, markdown)
        except OSError as error:
            raise NotStored(f"{self._folder} does not take the postmortem: {error.strerror or error}.") from None

    def _written(self, name: str, markdown: str) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / name
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o644)  # mkstemp's are for their maker alone
                file.write(markdown)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        _settle(self._folder)
        return str(target)


def _settle(folder: Path) -> None:
    """That a file has a new name is on disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
