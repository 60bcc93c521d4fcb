"""`first-responder audit`: verify the log, write it out, tell its newest checkpoint."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from bot.domain.audit import (
    AuditEntry,
    AuditFinding,
    Checkpoint,
    checkpoint,
    from_json_line,
    signed,
    to_json_lines,
    verify,
)
from bot.domain.errors import NotStored, SettingsError
from bot.domain.setting import read
from bot.opened import opened
from bot.settings import BotSettings
from memory.audit_checkpoints import Points, read_points, to_line
from memory.audit_keys import public_key_of, read_private_key, read_public_key
from memory.audit_settings import AuditSettings

SHOWN = 20  # findings; the rest are counted


def verify_log(
    environ: Mapping[str, str], exported: Path | None, checkpoints: Path | None, public_key: Path | None
) -> int:
    """`exported`: a file that `export` wrote; None for the store. The exit code: 0 where all of it is whole, else 1."""
    settings, screen = read(AuditSettings, environ), Console()
    file = checkpoints or (Path(settings.checkpoints) if settings.checkpoints else None)
    key = _public_key(settings, public_key)
    try:
        # Before the entries: what is added meanwhile is then not missing.
        points = read_points(file) if file else Points()
        looked = _look_at_file(exported, points, key) if exported else _look_at_store(environ, points, key)
    except NotStored as error:
        _say(screen, f"It could not be verified: {error}.")
        return 1
    _show(screen, looked)
    doubts = _doubts(looked, points, file)
    for doubt in doubts:
        _say(screen, doubt)
    if not file:
        _say(screen, "No checkpoints were given (--checkpoints, AUDIT_CHECKPOINTS): a cut end would not be seen.")
    elif not (doubts or looked.findings):
        newest = max(points.points, key=lambda point: point.count, default=None)
        _say(screen, _held(points.points, newest, looked.count))
    if key is None and any(point.signature for point in points.points):
        _say(screen, "Their signatures were not checked: give --public-key, or set AUDIT_KEY_FILE.")
    return 1 if looked.findings or looked.unreadable or doubts else 0


def export_log(environ: Mapping[str, str], out: Path | None) -> int:
    """JSON lines to a file, or to the standard output. The exit code."""

    async def export() -> int:
        async with opened(read(BotSettings, environ)) as store:
            with _written(out) as file:
                return await store.audit.through(partial(_write, file))

    count = asyncio.run(export())
    if out:
        _say(Console(), f"{_entries(count)} in {out}.")
    return 0


def tell_checkpoint(environ: Mapping[str, str]) -> int:
    """A line of JSON, signed where there is a key. The exit code."""
    settings = read(AuditSettings, environ)
    key = read_private_key(Path(settings.key_file)) if settings.key_file else None

    async def newest() -> AuditEntry | None:
        async with opened(read(BotSettings, environ)) as store:
            return await store.audit.last()

    point = checkpoint(asyncio.run(newest()), datetime.now(UTC))
    sys.stdout.write(to_line(signed(point, key) if key is not None else point) + "\n")
    return 0


# --- verification ----------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Looked:
    """What was seen while the entries went by."""

    count: int = 0
    last: AuditEntry | None = None
    findings: tuple[AuditFinding, ...] = ()
    unreadable: list[int] = field(default_factory=list)  # lines of a file, from 1

    def seeing(self, entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        for entry in entries:
            self.count, self.last = self.count + 1, entry
            yield entry

    def read(self, lines: Iterable[str]) -> Iterator[AuditEntry]:
        for number, line in enumerate(lines, start=1):
            try:
                yield from_json_line(line)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                self.unreadable.append(number)


def _look_at_store(environ: Mapping[str, str], points: Points, key: bytes | None) -> Looked:
    looked = Looked()

    def look(entries: Iterator[AuditEntry]) -> tuple[AuditFinding, ...]:
        return verify(looked.seeing(entries), points.points, public_key=key)

    async def through() -> tuple[AuditFinding, ...]:
        async with opened(read(BotSettings, environ)) as store:
            return await store.audit.through(look)

    looked.findings = asyncio.run(through())
    return looked


def _look_at_file(path: Path, points: Points, key: bytes | None) -> Looked:
    looked = Looked()
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            looked.findings = verify(looked.seeing(looked.read(file)), points.points, public_key=key)
    except OSError as error:
        raise NotStored(f"{path} cannot be read: {error.strerror}") from error
    return looked


def _public_key(settings: AuditSettings, given: Path | None) -> bytes | None:
    if given:
        return read_public_key(given)
    return public_key_of(read_private_key(Path(settings.key_file))) if settings.key_file else None


def _show(screen: Console, looked: Looked) -> None:
    for number in looked.unreadable[:SHOWN]:
        _say(screen, f"Line {number} is no entry.")
    for finding in looked.findings[:SHOWN]:
        _say(screen, finding.sentence)
    left = max(0, len(looked.unreadable) - SHOWN) + max(0, len(looked.findings) - SHOWN)
    if left:
        _say(screen, f"And {left:,} more.")
    wrong = len(looked.findings) + len(looked.unreadable)
    if wrong:
        _say(screen, f"The audit log does not hold: {wrong:,} {'sign' if wrong == 1 else 'signs'} of tampering.")
        return
    until = f", the last of {looked.last.at:%Y-%m-%d %H:%M:%S} UTC" if looked.last else ""
    _say(screen, f"{_entries(looked.count)}{until}: none was changed, left out, put in or moved.")


def _doubts(looked: Looked, points: Points, file: Path | None) -> Sequence[str]:
    found = [f"Line {number} of {file} is no checkpoint." for number in points.unreadable]
    if file and looked.count and not points.points:
        found.append(f"{file} holds no checkpoint: a cut end would not be seen.")
    return found


def _held(points: Sequence[Checkpoint], newest: Checkpoint | None, count: int) -> str:
    if newest is None:
        return "There is no checkpoint yet."
    many = "1 checkpoint holds" if len(points) == 1 else f"All {len(points):,} checkpoints hold"
    when = f"{newest.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    since = f"; {_entries(count - newest.count)} came after it" if count > newest.count else ""
    return f"{many}, the newest of {when} over {_entries(newest.count)}{since}."


# --- export ----------------------------------------------------------------------------------------------------------


def _write(file: TextIO, entries: Iterable[AuditEntry]) -> int:
    count = 0
    for line in to_json_lines(entries):
        file.write(line + "\n")
        count += 1
    return count


@contextmanager
def _written(path: Path | None) -> Iterator[TextIO]:
    """The file is there as a whole or not at all, and for its owner alone."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "w", encoding="ascii", opener=_for_the_owner) as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


_for_the_owner: Callable[[str, int], int] = partial(os.open, mode=0o600)


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _say(screen: Console, sentence: str) -> None:
    screen.print(Text(sentence), soft_wrap=True)
