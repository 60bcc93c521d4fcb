"""Reads YAML that people write; every complaint names file, line, place and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from bot.domain.alert import Link
from bot.domain.errors import ConfigFileError
from bot.domain.moment import read_moment

_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the C one is six times as fast, where libyaml is built in


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One value of a file: `node` as YAML parsed it, `value` as Python has it, and where it stands."""

    file: Path
    place: str  # "services.checkout.tier"; empty for the whole file
    node: yaml.Node
    value: Any

    def error(self, problem: str) -> ConfigFileError:
        line = self.node.start_mark.line + 1
        return ConfigFileError(f"{self.file}, line {line}: {f'{self.place}: ' if self.place else ''}{problem}")

    # --- mappings ----------------------------------------------------------------------------------------------------

    def only(self, *known: str) -> Entry:
        """Refuses keys that nobody reads: they are misspelt ones."""
        for name, entry in self.members().items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"
                raise entry.error(f"is not a known field; {hint}")
        return self

    def members(self) -> dict[str, Entry]:
        """All of a mapping, in the order of the file."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("a mapping is expected here, as in `name: value`")
        found: dict[str, Entry] = {}
        for key, node in self.node.value:
            name = str(key.value)
            place = f"{self.place}.{name}" if self.place else name
            found[name] = Entry(file=self.file, place=place, node=node, value=_construct(node))
        return found

    def child(self, name: str) -> Entry | None:
        """None where it is absent or empty."""
        found = self.members().get(name)
        return None if found is None or found.value is None else found

    def need(self, name: str) -> Entry:
        found = self.child(name)
        if found is None:
            raise self.error(f"{name} is missing; add `{name}: ...`")
        return found

    def text(self, name: str, default: str | None = None) -> str:
        """Without a default it must be there."""
        found = self.need(name) if default is None else self.child(name)
        return default or "" if found is None else found.as_text()

    def maybe_text(self, name: str) -> str | None:
        found = self.child(name)
        return None if found is None else found.as_text()

    def whole(self, name: str) -> int | None:
        found = self.child(name)
        if found is not None and (not isinstance(found.value, int) or isinstance(found.value, bool)):
            raise found.error(f"a whole number is expected, not {found.value!r}")
        return None if found is None else found.value

    def number(self, name: str) -> float | None:
        found = self.child(name)
        if found is None:
            return None
        if not isinstance(found.value, int | float) or isinstance(found.value, bool):
            raise found.error(f"a number is expected, not {found.value!r}")
        return float(found.value)

    def items(self, name: str) -> tuple[Entry, ...]:
        """Members of a list; none where it is absent."""
        found = self.child(name)
        if found is None:
            return ()
        if not isinstance(found.node, yaml.SequenceNode):
            raise found.error("a list is expected here, as in `[one, two]`")
        return tuple(
            Entry(file=self.file, place=f"{found.place}[{at}]", node=node, value=_construct(node))
            for at, node in enumerate(found.node.value)
        )

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(item.as_text() for item in self.items(name))

    # --- single values -----------------------------------------------------------------------------------------------

    def as_text(self) -> str:
        """A number is taken as it is written; what YAML reads as true, false or a date must be quoted."""
        if isinstance(self.value, str):
            return self.value.strip()
        if not isinstance(self.node, yaml.ScalarNode) or self.value is None:
            raise self.error("a text is expected")
        written = str(self.node.value)
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.error(
                f'a text is expected, but YAML reads this as {self.value!r}; write "{written}" with quotes'
            )
        return written

    def as_one_of(self, words: Sequence[str]) -> str:
        text = self.as_text()
        if text in words:
            return text
        near = difflib.get_close_matches(text, words, n=1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(words)}"
        raise self.error(f"{text!r} is not known; {hint}")

    def as_moment(self) -> datetime:
        """Without a zone it is UTC."""
        if isinstance(self.value, datetime):
            return self.value.replace(tzinfo=UTC) if self.value.tzinfo is None else self.value.astimezone(UTC)
        if isinstance(self.value, date):
            return datetime(self.value.year, self.value.month, self.value.day, tzinfo=UTC)
        moment = read_moment(self.value) if isinstance(self.value, str) else None
        if moment is None:
            raise self.error(f"a time is expected, as in 2026-03-04T12:00:00Z, not {self.value!r}")
        return moment

    def as_link(self) -> Link:
        self.only("title", "url")
        return Link(title=self.text("title"), url=self.need("url").as_address())

    def as_address(self) -> str:
        text = self.as_text()
        if not text.startswith(("https://", "http://")):
            raise self.error(f"{text!r} is no web address; it begins with https:// or http://")
        return text


def read(file: Path) -> Entry:
    """Raises ConfigFileError where there is no such file, or not one YAML mapping in it."""
    found = documents(file)
    if len(found) > 1:
        raise found[1].error("a second document begins here; only one is expected: put it into a file of its own")
    if not found or not isinstance(found[0].node, yaml.MappingNode):
        raise ConfigFileError(f"{file}: a mapping is expected, as in `name: value`")
    return found[0]


def documents(file: Path) -> tuple[Entry, ...]:
    """All documents of the file that hold anything. Raises ConfigFileError where it cannot be read as YAML."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigFileError(f"{file}: there is no such file; write it, or name another one in the settings") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"{file}: cannot be read: {error}; it must be a readable file in UTF-8") from error
    try:
        return tuple(_entry(file, node) for node in yaml.compose_all(text, Loader=_LOADER) if not _is_empty(node))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = f"{error.problem or 'is no YAML'}; check indentation, colons and quotes around it"
        raise ConfigFileError(f"{file}, line {line}: {problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigFileError(f"{file}: is no YAML: {' '.join(str(error).split())}") from error


def _entry(file: Path, node: yaml.Node) -> Entry:
    _refuse_repeats(file, node, place="", known=set())
    return Entry(file=file, place="", node=node, value=_construct(node))


def _is_empty(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and not node.value and not node.style)


def files_in(folder: Path) -> Iterable[Path]:
    """The folder's *.yaml and *.yml, by name. Raises ConfigFileError where there is no such folder."""
    if not folder.is_dir():
        raise ConfigFileError(f"{folder}: there is no such folder; make it, or name another one in the settings")
    return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))


def _refuse_repeats(file: Path, node: yaml.Node | None, *, place: str, known: set[int]) -> None:
    """YAML itself lets the last one win. Done before merges are taken in, which may well give a key again.

    `known`: nodes that were looked at; what aliases repeat, a million times over or in a circle, is looked at once.
    """
    if node is None or id(node) in known:
        return
    known.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            _refuse_repeats(file, item, place=f"{place}[{at}]", known=known)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        here = f"{place}.{key.value}" if place else str(key.value)
        if here in seen:
            raise Entry(file=file, place=here, node=key, value=None).error("is there twice; remove one")
        seen.add(here)
        _refuse_repeats(file, value, place=here, known=known)


def _construct(node: yaml.Node) -> Any:
    """Also takes in what `<<: *anchor` refers to."""
    maker = yaml.constructor.SafeConstructor()
    if isinstance(node, yaml.MappingNode):
        maker.flatten_mapping(node)
    return maker.construct_document(node)
