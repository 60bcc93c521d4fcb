"""Notes about services in a file that people edit, kept the same as those in the store.

    # Notes

    <!-- up to 37 -->

    ## orders

    - 2026-03-04 @ada: Never restart it on Fridays [#12]

A line without a number is new; a numbered line that was changed changes the note; a number that was in the file and is
gone removes it. Numbers above the mark were added elsewhere and are written into the file.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import ConfigFileError
from bot.domain.ports import Clock
from bot.domain.redact import redact
from bot.domain.remembered import Note
from memory.store.notes import Notes

TEXT_LIMIT = 500  # characters of a note: a line, not a page
UNNAMED = "file"  # the author of a line that names none
_MARK = re.compile(r"<!-- up to (\d+) -->")
_SERVICE = re.compile(r"##\s+(\S.*?)\s*$")
_LINE = re.compile(r"[-*]\s+(?:(\d{4}-\d\d-\d\d)\s*)?(?:@([^:@\n]{1,60}):\s*)?(.*?)(?:\s*\[#(\d+)\])?\s*$")
_HEAD = """# Notes

One line a note, under the service it is about. Numbers are given by the bot.

<!-- up to {mark} -->
"""


@dataclass(frozen=True, kw_only=True)
class Synced:
    added: int = 0  # lines of the file that are notes now
    changed: int = 0
    removed: int = 0
    written: bool = False  # whether the file was written


class Notebook:
    def __init__(self, notes: Notes, file: Path, *, clock: Clock) -> None:
        self._notes = notes
        self._file = file
        self._clock = clock
        self._syncing = asyncio.Lock()

    async def sync(self) -> Synced:
        """Raises NotStored, and ConfigFileError where the file cannot be read or written."""
        async with self._syncing:
            text = await asyncio.to_thread(self._read)
            mark, lines = _parsed(text, self._clock.now())
            kept = {note.id: note for note in await self._notes.all()}
            written = {note.id: note for note in lines if note.id in kept}
            removed = [number for number in kept if number <= mark and number not in written]
            for number in removed:
                await self._notes.remove(number)
            changed = [note for number, note in written.items() if _differs(note, kept[number])]
            for note in changed:
                await self._notes.change(note)
            # A number that the file had, of a note that is gone, was removed elsewhere: its line goes with it.
            new = [note for note in lines if note.id not in kept and not 0 < note.id <= mark]
            for note in new:
                await self._notes.add(replace(note, id=0))
            now = _written(await self._notes.all())
            if now != text:
                await asyncio.to_thread(self._write, now)
            return Synced(added=len(new), changed=len(changed), removed=len(removed), written=now != text)

    def _read(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8-sig", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise ConfigFileError(f"{self._file} cannot be read: {error.strerror}; NOTES_FILE names it") from error

    def _write(self, text: str) -> None:
        """All or nothing: a reader, or a crash, never sees half of it."""
        beside = self._file.with_name(f".{self._file.name}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
            os.replace(beside, self._file)
        except OSError as error:
            raise ConfigFileError(f"{self._file} cannot be written: {error.strerror}; NOTES_FILE names it") from error


def _parsed(text: str, now: datetime) -> tuple[int, list[Note]]:
    """The highest number that was in the file when it was written, and its notes; 0 is the number of a new one."""
    found = _MARK.search(text)
    service, notes, seen = "", list[Note](), set[int]()
    for line in text.splitlines():
        if heading := _SERVICE.match(line):
            service = heading.group(1)
        elif service and (said := _LINE.match(line)) and said.group(3).strip():
            day, author, words, number = said.groups()
            known = int(number) if number and int(number) not in seen else 0
            seen.add(known)
            notes.append(
                Note(
                    id=known,
                    service=service,
                    text=redact(words.strip())[:TEXT_LIMIT],
                    author=author or UNNAMED,
                    at=_day(day) or now,
                )
            )
    return (int(found.group(1)) if found else 0), notes


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _differs(written: Note, kept: Note) -> bool:
    """The file tells the day alone; the time of a note that was not touched stays."""
    return (written.service, written.text) != (kept.service, kept.text)


def _named(author: str) -> str:
    """As it can be read again."""
    return " ".join(author.replace(":", " ").replace("@", " ").split())[:60] or UNNAMED


def _written(notes: Sequence[Note]) -> str:
    parts = [_HEAD.format(mark=max((note.id for note in notes), default=0))]
    for service in sorted({note.service for note in notes}):
        lines = [
            f"- {note.at:%Y-%m-%d} @{_named(note.author)}: {' '.join(note.text.split())} [#{note.id}]\n"
            for note in notes
            if note.service == service
        ]
        parts.append(f"## {service}\n\n{''.join(lines)}")
    return "\n".join(parts)
