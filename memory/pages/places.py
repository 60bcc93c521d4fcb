"""Where pages come from: a folder, a Git repository, or a path within a repository on GitHub."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from bot.domain.errors import FirstResponderError, SettingsError
from bot.domain.plaintext import plain
from bot.domain.redact import redact

GIT_TIMEOUT = 120.0  # seconds for a clone or a fetch
SAID_LIMIT = 200
ENDINGS = frozenset({".md", ".markdown", ".mdx"})
LARGEST = 1_000_000  # bytes of one file; a longer one is a log or a dump
MOST_PAGES = 20_000  # of one place
_GITHUB = re.compile(r"github:([\w.-]+/[\w.-]+?)(?:/([^@\s]*))?(?:@([\w./-]+))?")
_GIT = re.compile(r"((?:https?|ssh|file)://[^\s#]+?(?:\.git)?|[\w.-]+@[\w.-]+:[^\s#]+)(?:#(?:([\w./-]+):)?([^\s]*))?")


class PagesUnavailable(FirstResponderError):
    """A place of pages cannot be read; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """`name` stays the same as long as the setting does: pages are kept under it."""

    name: str
    folder: Path | None = None  # where it is on this machine
    address: str = ""  # of a Git repository
    path: str = ""  # within it
    ref: str = ""  # a branch or tag; empty: the repository's own choice
    web: str = ""  # where a page is seen by a browser, with {path}


@dataclass(frozen=True, kw_only=True)
class File:
    path: str  # within the place
    text: str
    link: str | None
    updated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    path: str
    why: str


def read_places(settings: tuple[str, ...], github: str = "https://github.com") -> tuple[Place, ...]:
    """Raises SettingsError. `github`: the address for `github:owner/name/path@ref`."""
    return tuple(_place(setting, github.rstrip("/")) for setting in settings)


def _place(setting: str, github: str) -> Place:
    if found := _GITHUB.fullmatch(setting):
        repository, path, ref = found.group(1), (found.group(2) or "").strip("/"), found.group(3) or ""
        web = f"{github}/{repository}/blob/{ref or 'HEAD'}/{{path}}"
        return Place(name=setting, address=f"{github}/{repository}.git", path=path, ref=ref, web=web)
    if found := _GIT.fullmatch(setting):
        return Place(
            name=setting, address=found.group(1), ref=found.group(2) or "", path=(found.group(3) or "").strip("/")
        )
    if "://" in setting or setting.startswith("github:"):
        raise SettingsError(
            f"RUNBOOK_PAGES names {plain(redact(setting), SAID_LIMIT)!r}: write a folder, "
            "https://host/repository.git#branch:path, or github:owner/name/path@branch."
        )
    return Place(name=setting, folder=Path(setting))


def fetch(place: Place, cache: Path, token: str | None = None) -> Path:
    """The folder of its pages, brought up to date. Blocks. Raises PagesUnavailable."""
    if place.folder is not None:
        if not place.folder.is_dir():
            raise PagesUnavailable(f"RUNBOOK_PAGES names {place.folder}, which is no folder here")
        return place.folder
    if shutil.which("git") is None:
        raise PagesUnavailable("RUNBOOK_PAGES names a Git repository, but the program git is not installed here")
    copy = cache / re.sub(r"[^\w.-]+", "-", place.name).strip("-")
    if not (copy / ".git").is_dir():
        shutil.rmtree(copy, ignore_errors=True)
        copy.parent.mkdir(parents=True, exist_ok=True)
        ref = ["--branch", place.ref] if place.ref else []
        _git(["clone", "--quiet", "--depth", "1", *ref, "--", place.address, str(copy)], token)
    else:
        _git(["-C", str(copy), "fetch", "--quiet", "--depth", "1", "origin", place.ref or "HEAD"], token)
        _git(["-C", str(copy), "reset", "--quiet", "--hard", "FETCH_HEAD"], token)
    folder = (copy / place.path).resolve()
    if not folder.is_relative_to(copy.resolve()) or not folder.is_dir():
        raise PagesUnavailable(f"{place.address} has no folder {place.path!r}")
    return folder


def _git(arguments: list[str], token: str | None) -> None:
    """The token goes through the environment: arguments are seen by everybody on the machine."""
    environment = {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    if token:
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    program = shutil.which("git") or "git"
    hardened = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.symlinks=false"]
    try:
        done = subprocess.run(
            [program, *hardened, *arguments], env=environment, capture_output=True, timeout=GIT_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise PagesUnavailable(f"git did not finish within {GIT_TIMEOUT:g} s") from None
    if done.returncode != 0:
        said = plain(redact(done.stderr.decode(errors="replace")), SAID_LIMIT)
        raise PagesUnavailable(f"git could not fetch a repository of RUNBOOK_PAGES: {said}")


def files_of(place: Place, folder: Path) -> Iterator[File | Skipped]:
    """Every Markdown file below, in order of its path; links out of the folder are not followed."""
    root = folder.resolve()
    found = 0
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if file.suffix.lower() not in ENDINGS or any(part.startswith(".") for part in PurePosixPath(path).parts):
            continue
        if not file.resolve().is_relative_to(root) or not file.is_file():
            yield Skipped(path=path, why="it is a link that leads out of the folder, or nowhere")
            continue
        found += 1
        if found > MOST_PAGES:
            yield Skipped(path=path, why=f"there are more than {MOST_PAGES:,} pages")
            return
        yield _read(place, file, path)


def _read(place: Place, file: Path, path: str) -> File | Skipped:
    try:
        size = file.stat().st_size
        if size > LARGEST:
            return Skipped(path=path, why=f"it has {size:,} bytes, at most {LARGEST:,} are read")
        text = file.read_text(encoding="utf-8-sig", errors="replace")
        changed = datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) if place.folder is not None else None
    except OSError as error:
        return Skipped(path=path, why=f"it cannot be read: {error.strerror}")
    if not text.strip():
        return Skipped(path=path, why="it is empty")
    inside = f"{place.path}/{path}" if place.path else path
    link = place.web.replace("{path}", inside) if place.web else None
    return File(path=path, text=text, link=link, updated_at=changed)
