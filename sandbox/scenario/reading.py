"""Reads a scenario's YAML into typed values; every complaint names the file, the place in it and the remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is six times as fast, where libyaml is built in
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(r"([+-]?)((?:\d+(?:\.\d+)?[dhms])+)")


class ScenarioError(Exception):
    """A scenario's file is wrong; the text names file, place and remedy."""


@dataclass(frozen=True)
class Node:
    """One value of a YAML file that knows where it stands."""

    file: Path
    path: str
    value: Any

    def error(self, remedy: str) -> ScenarioError:
        return ScenarioError(f"{self.file}: {self.path or 'the file'}: {remedy}")

    def only(self, *names: str) -> None:
        """Refuses members that nobody reads: they are misspelt ones."""
        for name in self._mapping():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(names)}"
                raise self._at(name, None).error(f"is not known here; {hint}")

    def child(self, name: str) -> Node:
        found = self.maybe(name)
        if found is None:
            raise self.error(f"{name!r} is missing; add it")
        return found

    def maybe(self, name: str) -> Node | None:
        value = self._mapping().get(name)
        return None if value is None else self._at(name, value)

    def items(self, name: str) -> tuple[Node, ...]:
        """The members of a list; none where it is absent."""
        found = self.maybe(name)
        return tuple(found.each()) if found else ()

    def each(self) -> Iterator[Node]:
        if not isinstance(self.value, list):
            raise self.error("must be a list")
        for index, value in enumerate(self.value):
            yield Node(self.file, f"{self.path}[{index}]", value)

    def members(self, name: str) -> tuple[tuple[str, Node], ...]:
        """Names and values of a mapping; none where it is absent."""
        found = self.maybe(name)
        return tuple((key, found._at(key, value)) for key, value in found._mapping().items()) if found else ()

    def text(self, name: str, default: str | None = None) -> str:
        return str(self._typed(name, str, "a text (quote numbers)", default))

    def number(self, name: str, default: float | None = None) -> float:
        value = self._typed(name, (int, float), "a number", default)
        return float(value)

    def integer(self, name: str, default: int | None = None) -> int:
        return int(self._typed(name, int, "a whole number", default))

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._mapping().get(name, default)
        if not isinstance(value, bool):
            raise self._at(name, value).error("must be true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(item.as_text() for item in self.items(name))

    def labels(self, name: str) -> dict[str, str]:
        return {key: node.as_text() for key, node in self.members(name)}

    def seconds(self, name: str, default: str | None = None) -> float:
        """A duration such as "-7m", "1h30m" or "90s"."""
        text = self.text(name, default)
        return self._at(name, text).as_seconds()

    def as_seconds(self) -> float:
        match = _DURATION.fullmatch(self.as_text())
        if match is None:
            raise self.error(f"{self.value!r} is no duration; write it like -7m, 1h30m or 90s")
        total = sum(float(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)([dhms])", match[2]))
        return -total if match[1] == "-" else total

    def as_text(self) -> str:
        if not isinstance(self.value, str):
            raise self.error(f"must be a text, not {self.value!r}; quote it")
        return self.value

    def _at(self, name: str, value: Any) -> Node:
        return Node(self.file, f"{self.path}.{name}" if self.path else name, value)

    def _mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.error("must be a mapping")
        return self.value

    def _typed(self, name: str, kind: type | tuple[type, ...], words: str, default: T | None) -> Any:
        value = self._mapping().get(name)
        if value is None:
            if default is None:
                raise self.error(f"{name!r} is missing; add {words}")
            return default
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._at(name, value).error(f"must be {words}, not {value!r}")
        return value


def read(file: Path) -> Node:
    """Raises ScenarioError where the file is missing or no YAML mapping."""
    try:
        value = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        raise ScenarioError(f"{file}: the file is missing; a scenario needs it") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{file}: is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise ScenarioError(f"{file}: the file must be a mapping")
    return Node(file, "", value)
