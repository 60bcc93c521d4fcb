"""Values against the JSON Schema by which an action declares its parameters.

The part of JSON Schema that says what a single parameter is; the action itself checks all the rest when it plans.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.domain.action import Value
from bot.domain.runbook.template import Single, text_of

Schema = Mapping[str, Value]
LITERAL = "x-literal"  # true: the value must stand in the runbook as it is, without templates: a statement in SQL
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?", re.ASCII)
_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", operator.ge, "at least"),
    ("maximum", operator.le, "at most"),
    ("exclusiveMinimum", operator.gt, "more than"),
    ("exclusiveMaximum", operator.lt, "less than"),
)
_KINDS = ("string", "integer", "number", "boolean", "null", "array", "object")


class Misfit(Exception):
    """The text is one sentence for people, `place` the parameter: "argv[2]"."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(sentence)
        self.place, self.sentence = place, sentence


def kinds_of(schema: Schema) -> tuple[str, ...]:
    """All of them where the schema does not say."""
    stated = schema.get("type")
    if isinstance(stated, str):
        return (stated,)
    return tuple(str(kind) for kind in stated) if isinstance(stated, tuple | list) else _KINDS


def member(schema: Schema, name: str) -> Schema:
    """The schema of one member; one that says nothing where it is not described."""
    known = _mapping(schema.get("properties"))
    return _schema(known[name] if name in known else schema.get("additionalProperties"))


def element(schema: Schema) -> Schema:
    return _schema(schema.get("items"))


def missing(schema: Schema, given: Mapping[str, object]) -> tuple[str, ...]:
    required = schema.get("required")
    return tuple(str(name) for name in required if name not in given) if isinstance(required, tuple | list) else ()


def strange(schema: Schema, name: str) -> str:
    """What is wrong with a member of this name, and what to write instead; "" where nothing is."""
    known = _mapping(schema.get("properties"))
    if name in known or schema.get("additionalProperties", True) is not False:
        return ""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"is not known; did you mean {near[0]}?"
    return f"is not known; there are {', '.join(sorted(known))}" if known else "is not known; there are none"


def typed(value: Single, schema: Schema, place: str = "") -> Single:
    """The value as the kind that the schema asks for, where it can be nothing else. Raises Misfit."""
    kinds = kinds_of(schema)
    if _kind(value) in kinds or (_kind(value) == "integer" and "number" in kinds):
        return value
    if not isinstance(value, str):
        if isinstance(value, float) and value.is_integer() and "integer" in kinds:
            return int(value)
        if "string" in kinds:
            return text_of(value)
    elif "integer" in kinds and _WHOLE.fullmatch(value):
        return int(value)
    elif "number" in kinds and _NUMBER.fullmatch(value):
        return float(value)
    elif "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    raise Misfit(place, f"must be {_one_of(kinds)}, not {_shown(value)}")


def check(value: Value, schema: Schema, place: str = "") -> None:
    """Raises Misfit."""
    for problem in _problems(value, schema):
        raise Misfit(place, problem)
    if isinstance(value, tuple | list):
        for at, item in enumerate(value):
            check(item, element(schema), f"{place}[{at}]")
    elif isinstance(value, Mapping):
        absent = missing(schema, value)
        if absent:
            raise Misfit(place, f"{absent[0]} is missing")
        for name, item in value.items():
            here = f"{place}.{name}" if place else name
            if wrong := strange(schema, name):
                raise Misfit(here, wrong)
            check(item, member(schema, name), here)


def _problems(value: Value, schema: Schema) -> Iterator[str]:
    kind = _kind(value)
    if kind not in (kinds := kinds_of(schema)) and not (kind == "integer" and "number" in kinds):
        yield f"must be {_one_of(kinds)}, not {_shown(value)}"
        return
    allowed = schema.get("enum")
    if isinstance(allowed, tuple | list) and not any(item == value and _kind(item) == kind for item in allowed):
        yield f"must be one of {', '.join(map(str, allowed))}, not {_shown(value)}"
    if "const" in schema and schema["const"] != value:
        yield f"must be {_shown(schema['const'])}, not {_shown(value)}"
    if isinstance(value, str):
        yield from _of_text(value, schema)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(value, schema)
    elif isinstance(value, tuple | list):
        yield from _of_size(len(value), schema, "Items", "elements")


def _of_text(value: str, schema: Schema) -> Iterator[str]:
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not re.search(_strict(pattern), value, re.ASCII):
        yield f"must look like {pattern}, and {_shown(value)} does not"
    yield from _of_size(len(value), schema, "Length", "characters")


def _of_number(value: float, schema: Schema) -> Iterator[str]:
    for bound, is_within, said in _BOUNDS:
        limit = schema.get(bound)
        if isinstance(limit, int | float) and not is_within(value, limit):
            yield f"must be {said} {limit}, not {value}"


def _of_size(size: int, schema: Schema, what: str, unit: str) -> Iterator[str]:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if isinstance(least, int) and size < least:
        yield f"must have {least} {unit} at least, not {size}"
    if isinstance(most, int) and size > most:
        yield f"must have {most} {unit} at most, not {size}"


def _strict(pattern: str) -> str:
    """`$` of JSON Schema is the end; Python's also fits before a line break there."""
    return f"{pattern[:-1]}\\Z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number" if math.isfinite(value) else "no number"
    return "array" if isinstance(value, tuple | list) else "object"


_SAID = {"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
         "null": "empty", "array": "a list", "object": "a mapping"}  # fmt: skip


def _one_of(kinds: tuple[str, ...]) -> str:
    return " or ".join(_SAID.get(kind, kind) for kind in kinds)


def _shown(value: object) -> str:
    return repr(value)[:80]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _schema(value: Value) -> Schema:
    return value if isinstance(value, Mapping) else {}
