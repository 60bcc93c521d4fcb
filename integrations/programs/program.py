"""Which file a program is, and a digest by which any change of it shows."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.domain.action import ActionRefused, Refusal

SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
PATH = ":".join(SEARCHED)
_SHEBANG_LIMIT = 256  # bytes; the kernel reads no more of a first line (BINPRM_BUF_SIZE)
_SHARED = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, kw_only=True)
class Program:
    path: str  # absolute, as it is started: its last part decides what a program with several names does
    real: str  # the file behind all symbolic links
    digest: str  # SHA-256 of that file
    interpreter: str = ""  # real path of what reads it, for a script
    interpreter_digest: str = ""


def locate(name: str) -> str:
    """The absolute path of a program named in the settings. Raises ActionRefused where there is none."""
    candidates = [name] if name.startswith("/") else [f"{folder}/{name}" for folder in SEARCHED if "/" not in name]
    found = next((path for path in candidates if Path(path).is_file() and os.access(path, os.X_OK)), None)
    if found is None:
        raise ActionRefused(Refusal.NOT_SET_UP, f"There is no program {name} on this machine: install it.")
    return found


def inspect(path: str) -> Program:
    """Reads the whole file: call it on a thread. Raises ActionRefused where others could put another in its place."""
    real = os.path.realpath(path)
    _refuse_shared(real)
    interpreter = _interpreter(real)
    if interpreter:
        _refuse_shared(interpreter)
    return Program(
        path=path,
        real=real,
        digest=digest_of(real),
        interpreter=interpreter,
        interpreter_digest=digest_of(interpreter) if interpreter else "",
    )


def digest_of(path: str) -> str:
    """SHA-256 of a file; read again only when the file has changed."""
    about = os.stat(path)
    return _digest(path, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


@lru_cache(maxsize=256)
def _digest(path: str, *state: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _interpreter(path: str) -> str:
    with open(path, "rb") as file:
        first = file.read(_SHEBANG_LIMIT).split(b"\n")[0]
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode("utf-8", "replace").split()
    if words and os.path.basename(words[0]) == "env":
        words = words[1:]
    if not words or words[0].startswith("-"):
        raise ActionRefused(Refusal.NOT_SET_UP, f"{path} does not name its interpreter: write its path after #!.")
    return os.path.realpath(locate(words[0]))


def _refuse_shared(path: str) -> None:
    """What others may write could be another program by the time it starts."""
    for place in (Path(path), *Path(path).parents):
        about = place.stat()
        is_sticky = place != Path(path) and about.st_mode & stat.S_ISVTX  # in it only owners may replace files
        by_others = about.st_mode & (stat.S_IWOTH if about.st_gid == 0 else _SHARED)
        if by_others and not is_sticky:
            detail = f"{place} may be written by others than its owner: take that right away (chmod go-w {place})."
            raise ActionRefused(Refusal.NOT_ALLOWED, detail)
