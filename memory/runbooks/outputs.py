"""How the output of a step is read, as its file says."""

from __future__ import annotations

import re

from bot.domain.runbook import Output
from bot.domain.runbook.pattern import PatternError, compiled
from memory.operator_file import Entry
from memory.runbooks.values import elements, own_name

_WAYS = ("json", "lines", "regex", "number", "values")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
MOST_NAMES = 20


def read_output(entry: Entry | None) -> Output | None:
    if entry is None:
        return None
    entry.only(*_WAYS, "numbers")
    ways = [way for way in _WAYS if entry.child(way)]
    if len(ways) != 1 and ways != ["lines", "regex"]:
        raise entry.error(f"one of {', '.join(_WAYS)} is expected, not {' and '.join(ways) or 'none'}")
    lines, number = entry.child("lines"), entry.child("number")
    output = Output(
        json=_pointers(entry.child("json")),
        lines=own_name(lines, lines.as_text()) if lines else "",
        number=own_name(number, number.as_text()) if number else "",
        regex=_regex(entry.child("regex")),
        values=_names(entry.child("values")),
        numbers=_names(entry.child("numbers")),
    )
    _check_numbers(entry, output)
    if output.lines and output.regex and compiled(output.regex).groups != 1:
        raise entry.need("regex").error(
            "must have one group beside `lines`: what is taken of each line; use (?:...) else"
        )
    return output


def _pointers(entry: Entry | None) -> dict[str, str]:
    if entry is None:
        return {}
    found = {own_name(item, name): item.as_text() for name, item in entry.members().items()}
    if not 0 < len(found) <= MOST_NAMES:
        raise entry.error(f"1 to {MOST_NAMES} names are expected, each with where it is, as in `ready: /status/ready`")
    for name, item in entry.members().items():
        if not _POINTER.fullmatch(found[name]):
            raise item.error(f"{found[name]!r} is no JSON pointer; write it as /items/0/name")
    return found


def _regex(entry: Entry | None) -> str:
    if entry is None:
        return ""
    text = entry.as_text()
    try:
        groups = compiled(text).groupindex
    except PatternError as error:
        raise entry.error(f"{error}; write a simpler one") from None
    if not groups:
        raise entry.error("has no named group; write (?P<name>...) around what is meant")
    for name in groups:
        own_name(entry, name)
    return text


def _names(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    found = tuple(own_name(item, item.as_text()) for item in elements(entry))
    if not 0 < len(found) <= MOST_NAMES or len(set(found)) != len(found):
        raise entry.error(f"1 to {MOST_NAMES} different names are expected, as in `[value]`")
    return found


def _check_numbers(entry: Entry, output: Output) -> None:
    stated = entry.child("numbers")
    if stated is None:
        return
    if output.lines or output.number:
        raise stated.error("goes with json, regex or values alone; remove it")
    for item in elements(stated):
        if item.as_text() not in output.names:
            raise item.error(f"is none of the names here: {', '.join(output.names)}; write one of them")
