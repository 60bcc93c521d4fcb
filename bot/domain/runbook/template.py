"""Templates in the parameters of a step: `{{ parameters.namespace }}`.

A sandbox that can look values up, choose between them and little else: no calls, no loops, no attributes of Python's
objects. What a value holds is never read as a template again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from bot.domain.action import Value
from bot.domain.condition import Path
from bot.domain.runbook.names import spelt

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

SOURCE_LIMIT = 4_000  # characters
RESULT_LIMIT = 16_000  # characters of one rendered value; Linux takes 131,072 bytes as one argument (MAX_ARG_STRLEN)
FILTERS = ("abs", "default", "first", "float", "int", "join", "last", "length", "lower", "round", "trim", "upper")
TESTS = ("defined", "none")
_SIGNS = ("{{", "{%", "{#")
_ALLOWED = frozenset({
    "Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Getitem", "Filter", "Keyword", "Test", "If",
    "CondExpr", "Compare", "Operand", "And", "Or", "Not", "Neg", "Add", "Sub", "Div", "Concat",
})  # fmt: skip
_TAKE_LISTS = frozenset({"first", "join", "last", "length"})
Single = str | int | float | bool


class TemplateError(Exception):
    """The text is one sentence for people."""


def is_template(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


def check(source: str) -> None:
    """Raises TemplateError for what is no template, or does what templates may not do."""
    if len(source) > SOURCE_LIMIT:
        raise TemplateError(f"is {len(source)} characters long; {SOURCE_LIMIT} are allowed")
    for node in _every(_tree(source)):
        kind = type(node).__name__
        if kind == "Filter" and _name(node) not in FILTERS:
            raise TemplateError(f"{_name(node)} is not a filter of runbooks; there are {', '.join(FILTERS)}")
        if kind == "Test" and _name(node) not in TESTS:
            raise TemplateError(f"`is {_name(node)}` is not known; there are {', '.join(TESTS)}")
        if kind not in _ALLOWED:
            raise TemplateError(f"{_SAID.get(kind, kind)} is not allowed in a template; compute it in a step before")
        if kind in ("Getattr", "Name") and _name(node).startswith("_"):
            raise TemplateError(f"{_name(node)} begins with an underscore, which no name of a runbook does")
    _compiled(source)


_SAID = {"Call": "a call", "For": "a loop", "Mul": "multiplication", "Pow": "a power", "Assign": "`set`"}


def paths(source: str) -> tuple[Path, ...]:
    """Every name that it looks up, as far as it stands there: `a.b["c"]` is (a, b, c)."""
    from jinja2 import meta

    tree = _tree(source)
    found = dict.fromkeys(path for node in _every(tree) if (path := _path(node)))
    longest = [path for path in found if not any(other[: len(path)] == path and other != path for other in found)]
    rest = meta.find_undeclared_variables(tree) - {path[0] for path in longest}
    return (*longest, *((name,) for name in sorted(rest)))


def printed(source: str) -> tuple[Path, ...]:
    """Those that are put in as they are, and so must be single values."""
    from jinja2 import nodes

    outputs = (part for node in _every(_tree(source)) if isinstance(node, nodes.Output) for part in node.nodes)
    return tuple(path for part in outputs if (path := _path(part)))


def defaulted(source: str) -> tuple[Path, ...]:
    """Those that may be absent: `default` stands in for them."""
    from jinja2 import nodes

    filters = (node for node in _every(_tree(source)) if isinstance(node, nodes.Filter) and node.name == "default")
    return tuple(path for node in filters if node.node is not None and (path := _path(node.node)))


def render(source: str, values: Mapping[str, Value]) -> Single:
    """A template that is one expression alone keeps its kind: a number stays one. Raises TemplateError."""
    if not is_template(source):
        return source
    from jinja2 import TemplateError as Refused

    make, is_single = _compiled(source)
    try:
        found = make(**values) if is_single else make.render(**values)
    except (Refused, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise TemplateError(_why(source, values, error)) from None
    if not is_single:
        return _bounded(source, str(found))
    try:
        return _bounded(source, single(found))
    except (Refused, TypeError) as error:
        raise TemplateError(_why(source, values, error)) from None


def single(value: object) -> Single:
    """Raises TypeError for what is no text, number or truth value."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    kinds = {"tuple": "a list", "list": "a list", "dict": "a mapping", "float": "no finite number"}
    raise TypeError(
        f"gives {kinds.get(type(value).__name__, 'nothing')}, where one text, number or truth value is needed"
    )


def text_of(value: Single) -> str:
    """As it is written in a command: true, 5, 0.5."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _bounded(source: str, found: Single) -> Single:
    if isinstance(found, str) and len(found) > RESULT_LIMIT:
        raise TemplateError(f"{source} gives {len(found):,} characters; {RESULT_LIMIT:,} are allowed")
    return found


def _why(source: str, values: Mapping[str, Value], error: Exception) -> str:
    absent = next((path for path in paths(source) if not _is_there(values, path)), None)
    if absent:
        return f"{source} cannot be filled in: there is no {spelt(absent)} this time"
    return f"{source} cannot be filled in: {str(error)[:200]}"


def _is_there(values: Value, path: Path) -> bool:
    for part in path:
        if isinstance(values, Mapping) and part in values:
            values = values[part]
        elif isinstance(values, tuple | list) and part.isdecimal() and int(part) < len(values):
            values = values[int(part)]
        else:
            return False
    return values is not None


# --- Jinja -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1_024)
def _compiled(source: str) -> tuple[Any, bool]:
    """What makes the value, and whether it is one expression alone. Raises TemplateError."""
    from jinja2 import nodes

    body = _tree(source).body
    only = body[0].nodes if len(body) == 1 and isinstance(body[0], nodes.Output) else []
    if len(only) == 1 and not isinstance(only[0], nodes.TemplateData) and source.startswith("{{"):
        inner = source[2:-2].strip("-+") if source.endswith("}}") else None
        if inner is not None:
            return _environment().compile_expression(inner, undefined_to_none=False), True
    return _environment().from_string(source), False


def _tree(source: str) -> nodes.Template:
    from jinja2 import TemplateSyntaxError

    try:
        return _environment().parse(source)
    except TemplateSyntaxError as error:
        raise TemplateError(f"is no template: {error.message}") from None
    except RecursionError:
        raise TemplateError("is no template: it is nested too deep") from None


def _every(tree: nodes.Node) -> Iterator[nodes.Node]:
    from jinja2 import nodes

    yield tree
    yield from tree.find_all(nodes.Node)


def _name(node: nodes.Node) -> str:
    return str(getattr(node, "name", "") or getattr(node, "attr", ""))


def _path(node: nodes.Node) -> Path:
    """() for what is no chain of names."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr) and (parent := _path(node.node)):
        return (*parent, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and (parent := _path(node.node)):
        return (*parent, str(node.arg.value))
    return ()


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Lookups(ImmutableSandboxedEnvironment):
        """A dot looks into mappings and lists alone, and never at what Python's objects have."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            return self.getitem(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
                return obj[argument]
            if isinstance(obj, tuple | list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
                return obj[argument]
            return self.undefined(f"there is no {argument}", name=str(argument))

    environment = Lookups(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=lambda v: text_of(single(v))
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment
