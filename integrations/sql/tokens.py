"""A statement's words, as far as they are needed to tell what it may do. What could hide a word is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    WORD = "word"  # in small letters; quoted ones as they are written
    NAME = "name"  # "quoted"
    TEXT = "text"  # 'quoted'
    NUMBER = "number"
    VALUE = "value"  # :name
    SIGN = "sign"


@dataclass(frozen=True, kw_only=True)
class Token:
    kind: Kind
    text: str
    place: int  # where it begins in the statement
    end: int


class BadStatement(Exception):
    """The text says what is wrong with it, as part of a sentence."""


_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<comment>--|/\*)
    | (?P<dollar>\$)
    | (?P<escape>[eEbBxXnN]'|[uU]&['"])
    | (?P<text>'(?:[^'\\]|'')*')
    | (?P<name>"(?:[^"]|"")+")
    | (?P<value>(?<![:\w]):[a-z][a-z0-9_]{0,62}\b)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<sign>::|<=|>=|<>|!=|\|\||->>|->|[-+*/%<>=(),.;\[\]:])
    """,
    re.VERBOSE,
)
_REFUSED = {
    "comment": "it has a comment, which could hide a part of it; write it into the runbook instead",
    "dollar": "$ is not allowed in it; texts are in single quotes, and values are :name",
    "escape": "texts with a letter or U& before the quote are not allowed in it",
}


def tokens(statement: str) -> tuple[Token, ...]:
    """Raises BadStatement."""
    return tuple(_tokens(statement))


def _tokens(statement: str) -> Iterator[Token]:
    place = 0
    while place < len(statement):
        found = _TOKEN.match(statement, place)
        if found is None:
            raise BadStatement(f"{statement[place]!a} at {place + 1} is not allowed in it, or a quote has no end")
        kind = str(found.lastgroup)
        if kind in _REFUSED:
            raise BadStatement(_REFUSED[kind])
        if kind != "space":
            text = found[0].lower() if kind == "word" else found[0]
            yield Token(kind=Kind(kind), text=text, place=place, end=found.end())
        place = found.end()
