"""Conditions in CEL, the Common Expression Language: https://github.com/google/cel-spec.

Evaluated in Rust, without input or output, and ending for sure. Differences to know: `1 + 2.5` mixes kinds and is an
error while `1 < 2.5` is not; `size("ä")` counts bytes; a name that is absent is an error unless asked with `has()`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from bot.domain.action import Value

if TYPE_CHECKING:
    from cel import Program

Path = tuple[str, ...]  # ("steps", "count", "open"); ELEMENT stands for any member of a list
ELEMENT = "*"
SOURCE_LIMIT = 2_000  # characters: more is a program, not a condition
NESTING_LIMIT = 2  # loops within loops: over lists of 100, two take 0.1 s and three 19 s (measured)
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_FUNCTIONS = frozenset({
    "size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string", "timestamp", "duration", "has",
    "getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes", "getSeconds",
}) | _MACROS  # fmt: skip
_WORDS = frozenset({"true", "false", "null", "in"})
_FAILURES = (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError)  # what `cel` raises
_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)
      | (?P<text>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
                              |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<number>\d[\w]*(?:\.\d\w*)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTES = re.compile(r"""^[rRbB]*(\"{3}|'{3}|"|')|(\"{3}|'{3}|"|')$""")


class ConditionError(Exception):
    """It is no CEL, or it could not be decided. The text is one sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    source: str

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Raises ConditionError where it cannot be told: a name is absent, kinds do not go together."""
        found = self.evaluate(values)
        if not isinstance(found, bool):
            raise ConditionError(f"{self.source} gives {_short(found)}, and a condition must be true or false")
        return found

    def evaluate(self, values: Mapping[str, Value]) -> Value:
        """Raises ConditionError."""
        try:
            return _value(_program(self.source).execute({name: _given(value) for name, value in values.items()}))
        except KeyError as error:
            name = str(error.args[0]) if error.args else "a name"
            raise ConditionError(f"{self.source} cannot be decided: there is no {name} this time") from None
        except _FAILURES as error:
            raise ConditionError(f"{self.source} cannot be decided: {_reason(error)}") from None


def parse(source: str) -> Condition:
    """Raises ConditionError for what is no CEL, or too much of it."""
    if len(source) > SOURCE_LIMIT:
        raise ConditionError(f"is {len(source)} characters long; {SOURCE_LIMIT} are allowed: split the step")
    program = _program(source)
    strange = sorted(
        name for name in program.functions() if name not in _FUNCTIONS and not name.startswith(("_", "-", "!", "@"))
    )
    if strange:
        raise ConditionError(f"{strange[0]}() is not known; the functions are {', '.join(sorted(_FUNCTIONS))}")
    if _Scan(source).deepest > NESTING_LIMIT:
        raise ConditionError(f"has loops within loops within loops; {NESTING_LIMIT} levels are allowed")
    return Condition(source=source)


def paths(source: str) -> tuple[Path, ...]:
    """Every name that it looks up, with the parts that stand there as they are: `a.b["c"].d` is (a, b, c, d).

    The variable of a loop stands for the elements of what is looped over: `x` of `a.b.exists(x, x.c)` is (a, b, *, c).
    """
    return tuple(dict.fromkeys(_Scan(source).found))


def guarded(source: str) -> tuple[Path, ...]:
    """What it asks with `has()` whether it is there."""
    return tuple(dict.fromkeys(_Scan(source).asked))


@lru_cache(maxsize=1_024)
def _program(source: str) -> Program:
    _without_command_line()
    from cel import compile

    try:
        return compile(source)
    except _FAILURES as error:
        raise ConditionError(f"is no CEL: {_reason(error)}") from None


def _without_command_line() -> None:
    """The package imports its own command line, and 9 MB and 0.3 s of terminal libraries with it, for nothing here."""
    if "cel" not in sys.modules:
        sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))


def _reason(error: Exception) -> str:
    text = str(error).partition("ERROR: <input>:")[2] or str(error)
    text = re.sub(r"^(\d+):(\d+): (Syntax error: )?", r"at character \2, ", text.splitlines()[0] if text else "")
    return text.partition(" expecting {")[0].partition(". CEL does not")[0][:200].rstrip(". ")


def _given(value: Value) -> object:
    if isinstance(value, Mapping):
        return {name: _given(item) for name, item in value.items()}
    return [_given(item) for item in value] if isinstance(value, tuple | list) else value


def _value(found: object) -> Value:
    if isinstance(found, dict):
        return {str(name): _value(item) for name, item in found.items()}
    if isinstance(found, list | tuple):
        return tuple(_value(item) for item in found)
    if found is None or isinstance(found, str | bool | int) or (isinstance(found, float) and math.isfinite(found)):
        return found
    raise ValueError(f"a {type(found).__name__} is no value that a step can use")


def _short(found: Value) -> str:
    return f"{found!r}"[:60]


class _Scan:
    """Reads tokens, not a tree, which the library does not give: what is compiled already has a known shape."""

    def __init__(self, source: str) -> None:
        self._tokens = tuple(_tokens(source))
        self._scopes: list[dict[str, Path | None]] = []  # one for each open bracket; None: elements of who knows what
        self._loops = 0
        self.found: list[Path] = []
        self.asked: list[Path] = []
        self.deepest = 0
        at = 0
        while at < len(self._tokens):
            at = self._step(at)

    def _step(self, at: int) -> int:
        kind, text = self._tokens[at]
        if text in ("(", "[", "{"):
            self._scopes.append({})
        elif text in (")", "]", "}") and self._scopes:
            if self._scopes.pop():
                self._loops -= 1
        elif text == "." and self._kind(at + 1) == "name":
            return self._after_dot(at + 1, None)
        elif kind == "name" and text not in _WORDS and self._text(at + 1) != "(":
            return self._chain(at)
        return at + 1

    def _chain(self, at: int) -> int:
        path: list[str] = [self._text(at)]
        is_asked = self._text(at - 1) == "(" and self._text(at - 2) == "has"
        at += 1
        while True:
            if self._text(at) == "." and self._kind(at + 1) == "name" and self._text(at + 2) != "(":
                path.append(self._text(at + 1))
                at += 2
            elif self._text(at) == "[" and self._kind(at + 1) in ("text", "number") and self._text(at + 2) == "]":
                path.append(_QUOTES.sub("", self._text(at + 1)))
                at += 3
            else:
                break
        full = self._looked_up(tuple(path))
        if full is not None:
            self.found.append(full)
            if is_asked:
                self.asked.append(full)
        if self._text(at) == "." and self._kind(at + 1) == "name":
            return self._after_dot(at + 1, full)
        return at

    def _after_dot(self, at: int, receiver: Path | None) -> int:
        """`at` is the name after the dot: a method or, after something that is computed, a member."""
        if self._text(at + 1) != "(":
            return at + 1
        scope: dict[str, Path | None] = {}
        if self._text(at) in _MACROS and self._kind(at + 2) == "name" and self._text(at + 3) == ",":
            scope[self._text(at + 2)] = (*receiver, ELEMENT) if receiver else None
            self._loops += 1
            self.deepest = max(self.deepest, self._loops)
            self._scopes.append(scope)
            return at + 4
        self._scopes.append(scope)
        return at + 2

    def _looked_up(self, path: Path) -> Path | None:
        for scope in reversed(self._scopes):
            if path[0] in scope:
                base = scope[path[0]]
                return (*base, *path[1:]) if base else None
        return path

    def _text(self, at: int) -> str:
        return self._tokens[at][1] if 0 <= at < len(self._tokens) else ""

    def _kind(self, at: int) -> str:
        return self._tokens[at][0] if 0 <= at < len(self._tokens) else ""


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(source):
        if found.lastgroup and found.lastgroup != "skip":
            yield found.lastgroup, found[0]
