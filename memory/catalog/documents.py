"""Which documents the catalog is made of: a file, a folder, a glob, and what Backstage's Locations name."""

from __future__ import annotations

import glob
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bot.domain.errors import ConfigFileError
from memory.operator_file import Entry
from memory.operator_file import documents as read_documents

DESCRIPTORS = ("catalog-info.yaml", "catalog-info.yml")  # Backstage's own name for its files; found at any depth
BACKSTAGE = "backstage.io/"  # in the apiVersion of its kinds; those of the scaffolder have a word before it
MOST_FILES = 5_000  # a catalog of more than that is a wrong folder
_GLOB = frozenset("*?[")
_REMOTE = ("https://", "http://", "s3://", "gs://")


@dataclass
class Documents:
    """What was found, in the order of reading."""

    own: list[Entry] = field(default_factory=list)
    entities: list[Entry] = field(default_factory=list)  # of Backstage, Locations not among them
    notes: list[str] = field(default_factory=list)


def collect(place: Path) -> Documents:
    """Raises ConfigFileError naming file, line and remedy."""
    found = Documents()
    named, is_search = _files(place)
    waiting, known = deque(named), set(map(_real, named))
    while waiting:
        file = waiting.popleft()
        for target in _sort(file, found, is_search=is_search):
            if _real(target) not in known:
                known.add(_real(target))
                waiting.append(target)
        if len(known) > MOST_FILES:
            raise ConfigFileError(f"{place}: more than {MOST_FILES} files; name a smaller folder in SERVICES_FILE")
    return found


def _files(place: Path) -> tuple[list[Path], bool]:
    """And whether they were searched for, so that some of them may well be something else."""
    if place.is_dir():
        own = (path for path in place.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())
        deep = (path for name in DESCRIPTORS for path in place.rglob(name) if path.is_file())
        files = sorted({*own, *deep})
        if not files:
            remedy = "put services.yaml or catalog-info.yaml files there, or name another folder in SERVICES_FILE"
            raise ConfigFileError(f"{place}: there is no YAML file in this folder; {remedy}")
        return files, True
    if _GLOB.isdisjoint(str(place)) or place.exists():
        return [place], False
    files = _matching(str(place))
    if not files:
        raise ConfigFileError(f"{place}: no file matches; check the pattern in SERVICES_FILE")
    return files, True


def _matching(pattern: str) -> list[Path]:
    return sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file())


def _sort(file: Path, found: Documents, *, is_search: bool) -> Iterator[Path]:
    """Puts the file's documents where they belong; yields the files that its Locations name."""
    documents = read_documents(file)
    if not documents and not is_search:
        raise ConfigFileError(f"{file}: a mapping is expected, as in `name: value`")
    for document in documents:
        kind = _kind(document)
        if kind == "location":
            yield from _targets(document, found)
        elif kind:
            found.entities.append(document)
        elif is_search and not _is_own(document):
            found.notes.append(f"{file} holds neither `services:` nor an entity of Backstage; it was left out")
        elif not isinstance(document.node, yaml.MappingNode):
            raise document.error("a mapping is expected, as in `name: value`")
        else:
            found.own.append(document)


def _is_own(document: Entry) -> bool:
    return isinstance(document.node, yaml.MappingNode) and "services" in document.members()


def _kind(document: Entry) -> str:
    """In lower case; empty where it is no entity of Backstage."""
    if not isinstance(document.node, yaml.MappingNode) or _is_own(document):
        return ""
    members = document.members()
    version, kind = members.get("apiVersion"), members.get("kind")
    if kind is None or version is None or BACKSTAGE not in str(version.value):
        return ""
    return kind.as_text().lower()


def _targets(location: Entry, found: Documents) -> Iterator[Path]:
    """https://backstage.io/docs/features/software-catalog/descriptor-format#kind-location"""
    spec = location.child("spec")
    if spec is None:
        return
    single = spec.child("target")
    for entry in [*([single] if single else []), *spec.items("targets")]:
        target = entry.as_text()
        if not target.isprintable():
            raise entry.error("is no path: it holds characters that no file name should have")
        if target.startswith(_REMOTE) or Path(target).is_absolute():
            where = f"{location.file}, line {entry.node.start_mark.line + 1}"
            found.notes.append(f"{where}: {target} was not read: only files beside the Location are, by relative paths")
            continue
        path = location.file.parent / target
        files = [path] if _GLOB.isdisjoint(target) else _matching(str(path))
        if not all(file.is_file() for file in files):
            raise entry.error(f"there is no file {path}; mend the target or remove it")
        yield from files


def _real(path: Path) -> Path:
    """Of one file the same, by whatever way it was named."""
    return Path(os.path.realpath(path))
