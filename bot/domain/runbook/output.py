"""What a step said, as named values that later steps may use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.action import ActionResult, Value
from bot.domain.runbook.pattern import compiled

MOST_ELEMENTS = 200  # of a list: two nested loops of a condition over it then take half a second at most
LINE_LIMIT = 500  # characters of a line that a regular expression is tried on; see pattern.py for what that takes
MOST_LINES = 2_000  # that it is tried on
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,15})?([eE][+-]?\d{1,2})?", re.ASCII)


class OutputError(Exception):
    """The output is not as the runbook expects it. The text is one sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """How it is read; one way is set, or `lines` with `regex`."""

    json: Mapping[str, str] = field(default_factory=dict)  # name -> JSON pointer (RFC 6901): "/items/0/name"
    lines: str = ""  # the name of the list of lines that are not empty; with `regex` of what its group is in each line
    regex: str = ""  # the first line that it fits gives the values of its named groups
    number: str = ""  # the name of the number that the whole output is
    values: tuple[str, ...] = ()  # of those that the action itself gives, the ones that must be there
    numbers: tuple[str, ...] = ()  # of the names of `json` and `regex`, those that must be numbers

    @property
    def names(self) -> tuple[str, ...]:
        groups = tuple(re.compile(self.regex).groupindex) if self.regex and not self.lines else ()
        single = tuple(name for name in (self.lines, self.number) if name)
        return (*self.json, *single, *groups, *self.values)


def parse_output(output: Output, result: ActionResult) -> Mapping[str, Value]:
    """The values by name: all of them. Raises OutputError."""
    found = _read(output, result)
    for name in output.numbers:
        found[name] = _number(name, found[name])
    return found


def _read(output: Output, result: ActionResult) -> dict[str, Value]:
    if output.values:
        return {name: _given(name, result.values) for name in output.values}
    if output.json:
        document = _document(result)
        return {name: _at(document, pointer) for name, pointer in output.json.items()}
    if output.lines:
        return {output.lines: _bounded(_lines(output.regex, result))}
    if output.number:
        return {output.number: _number(output.number, result.output.strip())}
    return _groups(output.regex, result)


def _given(name: str, values: Mapping[str, Value]) -> Value:
    if name not in values:
        known = ", ".join(sorted(values)) or "nothing"
        raise OutputError(f"The action gave no {name}; it gave {known}.")
    return _bounded(values[name])


def _document(result: ActionResult) -> Value:
    try:
        found: Value = json.loads(result.output, parse_constant=_refused)
    except (ValueError, RecursionError):
        why = "it was cut because it is too long" if result.is_cut else "it begins with " + repr(result.output[:40])
        raise OutputError(f"The output is no JSON: {why}.") from None
    return found


def _refused(constant: str) -> Value:
    raise ValueError(constant)


def _at(document: Value, pointer: str) -> Value:
    found = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, tuple | list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise OutputError(f"The output has nothing at {pointer}.")
    return _bounded(found)


def _lines(regex: str, result: ActionResult) -> tuple[str, ...]:
    if result.is_cut:
        raise OutputError("The output was cut because it is too long, so lines are missing. Ask for fewer.")
    lines = [line for line in result.output.splitlines() if line.strip()]
    if not regex:
        return tuple(lines)
    if len(lines) > MOST_LINES:
        raise OutputError(f"The output has {len(lines)} lines; {MOST_LINES} at most can be read. Ask for fewer.")
    pattern = compiled(regex)
    found = (pattern.search(line) for line in lines if len(line) <= LINE_LIMIT)
    return tuple(fitting[1] or "" for fitting in found if fitting)


def _groups(regex: str, result: ActionResult) -> dict[str, Value]:
    pattern = compiled(regex)
    for line in result.output.splitlines()[:MOST_LINES]:
        found = pattern.search(line[:LINE_LIMIT])
        if found:
            return {name: text or "" for name, text in found.groupdict().items()}
    raise OutputError(f"No line of the output fits {regex}.")


def _number(name: str, value: Value) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not _NUMBER.fullmatch(text):
        raise OutputError(f"{name} should be a number; it is {str(value)[:40]!r}.")
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _bounded(value: Value) -> Value:
    if isinstance(value, list | tuple):
        if len(value) > MOST_ELEMENTS:
            raise OutputError(
                f"The output is a list of {len(value)}; {MOST_ELEMENTS} at most can be used. Ask for fewer."
            )
        return tuple(_bounded(item) for item in value)
    if isinstance(value, Mapping):
        return {str(name): _bounded(item) for name, item in value.items()}
    return value
