"""All that is wrong with a file, not only what is met first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from bot.domain.errors import ConfigFileError

T = TypeVar("T")
U = TypeVar("U")
_LINE = re.compile(r", line (\d+): ")


class Problems:
    def __init__(self) -> None:
        self._found: list[ConfigFileError] = []

    def take(self, read: Callable[[], T], otherwise: U) -> T | U:
        """What is read; where it is wrong that is kept, and `otherwise` stands in so that the rest can be looked at."""
        try:
            return read()
        except ConfigFileError as error:
            self.add(error)
            return otherwise

    def add(self, error: ConfigFileError) -> None:
        if str(error) not in map(str, self._found):
            self._found.append(error)

    @property
    def found(self) -> tuple[ConfigFileError, ...]:
        """By line."""
        return tuple(sorted(self._found, key=_line))


def _line(error: ConfigFileError) -> int:
    found = _LINE.search(str(error))
    return int(found[1]) if found else 0
