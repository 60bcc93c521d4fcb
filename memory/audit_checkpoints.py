"""Checkpoints of the audit log, kept where whoever can write the database cannot.

    the newest entry  ->  is one due? (so many entries, or so long)  ->  signed, where there is a key  ->  each keeper

The chain shows every edit, but not that its end was cut off. A checkpoint does, and what came after the newest one is
all that can be lost unseen.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.domain.audit import AuditEntry, Checkpoint, checkpoint, signed
from bot.domain.errors import FirstResponderError, NotStored
from bot.domain.ports import Clock

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds between two looks at the newest entry, which is one row of the database


class Log(Protocol):
    async def last(self) -> AuditEntry | None:
        """The newest entry."""
        ...


class Keeper(Protocol):
    """A place of checkpoints: a file, a Slack channel."""

    @property
    def name(self) -> str:
        """As people are told where it could not be kept."""
        ...

    async def keep(self, point: Checkpoint) -> None:
        """Raises FirstResponderError where it was not; it is then tried again."""
        ...


class Checkpointing:
    def __init__(
        self,
        audit: Log,
        keepers: Sequence[Keeper],
        clock: Clock,
        *,
        every: int,
        interval: timedelta,
        private_key: bytes | None = None,
    ) -> None:
        self._audit, self._keepers, self._clock = audit, tuple(keepers), clock
        self._every, self._interval, self._key = every, interval, private_key
        self._kept: list[Checkpoint | None] = [None] * len(self._keepers)

    async def watch(self, pause: float = PAUSE) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
            except NotStored as error:
                log.warning("no checkpoint of the audit log could be made: %s", error)
            await asyncio.sleep(pause)

    async def latest_checkpoint(self) -> Checkpoint:
        """Over all entries as they are now; signed where there is a key. Raises NotStored."""
        point = checkpoint(await self._audit.last(), self._clock.now())
        return signed(point, self._key) if self._key is not None else point

    async def look(self, *, is_end: bool = False) -> int:
        """Gives a checkpoint to each keeper for whom one is due; at the end, to each that has not the newest. How many
        have kept one. Raises NotStored where the log cannot be read.
        """
        newest = await self.latest_checkpoint()
        done = 0
        for place, keeper in enumerate(self._keepers):
            if not self._is_due(newest, self._kept[place], is_end=is_end):
                continue
            try:
                await keeper.keep(newest)
            except FirstResponderError as error:
                log.warning("a checkpoint of the audit log was not kept in %s: %s", keeper.name, error)
                continue
            self._kept[place] = newest
            done += 1
        return done

    def _is_due(self, newest: Checkpoint, last: Checkpoint | None, *, is_end: bool) -> bool:
        """The first one of a process at once, so that a log that was cut while it was away is seen by what was kept."""
        if last is None:
            return newest.count > 0
        if (newest.count, newest.head) == (last.count, last.head):
            return False
        if newest.count <= last.count:
            log.error("the audit log had %d entries and has %d: it was tampered with", last.count, newest.count)
            return True
        return is_end or newest.count - last.count >= self._every or newest.at - last.at >= self._interval


# --- a file ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Points:
    """What a file of checkpoints holds; `unreadable`: lines, from 1, that are none."""

    points: tuple[Checkpoint, ...] = ()
    unreadable: tuple[int, ...] = ()


class CheckpointFile:
    """One line of JSON each, only ever added to. Several processes may add to one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return str(self._path)

    async def keep(self, point: Checkpoint) -> None:
        """On the disk when it returns. Raises NotStored."""
        await asyncio.to_thread(self._add, to_line(point))

    def _add(self, line: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(f"{'' if self._ends_a_line() else chr(10)}{line}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotStored(f"{self._path} cannot be written: {error.strerror}") from error

    def _ends_a_line(self) -> bool:
        """A power cut may have left half a line."""
        with self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def read_points(path: Path) -> Points:
    """Raises NotStored where the file cannot be read."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise NotStored(f"the checkpoints of {path} cannot be read: {error.strerror}") from error
    points: list[Checkpoint] = []
    unreadable: list[int] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            points.append(from_line(line.decode()))
        except (ValueError, KeyError, TypeError, RecursionError):
            unreadable.append(number)
    return Points(points=tuple(points), unreadable=tuple(unreadable))


def to_line(point: Checkpoint) -> str:
    """JSON, without a line break."""
    moment = point.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps({"count": point.count, "head": point.head, "at": moment, "signature": point.signature})


def from_line(line: str) -> Checkpoint:
    """Raises ValueError, KeyError, TypeError where it is no checkpoint."""
    stated = json.loads(line)
    count, head, at = stated["count"], stated["head"], datetime.fromisoformat(stated["at"])
    signature = stated.get("signature", "")
    if type(count) is not int or count < 0 or not isinstance(head, str) or not isinstance(signature, str):
        raise ValueError("it does not say how many entries and which is the last one")
    if at.tzinfo is None:
        raise ValueError("a time zone is missing")
    return Checkpoint(count=count, head=head, at=at, signature=signature)
