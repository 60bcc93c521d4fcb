"""What a runbook must be told before it can run, and what may be said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.action import Value
from bot.domain.runbook import conform
from bot.domain.runbook.pattern import compiled
from bot.domain.runbook.template import Single, TemplateError, is_template, render

VALUE_LIMIT = 512  # characters of a text


class ParameterType(StrEnum):
    STRING = "string"
    ENUM = "enum"
    INTEGER = "int"
    NUMBER = "float"
    BOOLEAN = "bool"
    CATALOG = "catalog"  # a name that the service catalog has


class CatalogKind(StrEnum):
    SERVICES = "services"
    NAMESPACES = "namespaces"
    ENVIRONMENTS = "environments"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    type: ParameterType
    description: str = ""
    default: Single | None = None  # may be a template over the incident; None: it must be told
    matches: str = ""  # a regular expression for the whole of a STRING
    values: tuple[str, ...] = ()  # of an ENUM
    source: CatalogKind | None = None  # of a CATALOG
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, kw_only=True)
class ParameterProblem:
    name: str
    sentence: str


class ParametersRefused(Exception):
    """All that is wrong with what was told; the text is all of it."""

    def __init__(self, problems: tuple[ParameterProblem, ...]) -> None:
        super().__init__(" ".join(f"{problem.name} {problem.sentence}." for problem in problems))
        self.problems = problems


class CatalogNames(Protocol):
    """What the catalog knows; asked for every value that must be one of its names."""

    def __call__(self, kind: CatalogKind) -> Collection[str]: ...


def resolve_parameters(
    parameters: Collection[Parameter],
    given: Mapping[str, Single],
    incident: Mapping[str, Value],
    catalog: CatalogNames,
    change: Mapping[str, Value] | None = None,
) -> Mapping[str, Single]:
    """A value for every parameter, in the order of the runbook. Raises ParametersRefused.

    `given`: texts as people typed them, or typed values; an empty text counts as not told. `change`: the deployment
    that is held the likeliest cause, where one is, as `change_values` gives it.
    """
    seen: Mapping[str, Value] = {"incident": incident, "change": change or {}}
    found: dict[str, Single] = {}
    problems = [ParameterProblem(name=name, sentence="is no parameter of this runbook") for name in given]
    problems = [problem for problem in problems if problem.name not in {p.name for p in parameters}]
    for parameter in parameters:
        try:
            found[parameter.name] = checked(parameter, _told(parameter, given, seen), catalog)
        except _Wrong as wrong:
            problems.append(ParameterProblem(name=parameter.name, sentence=str(wrong)))
    if problems:
        raise ParametersRefused(tuple(problems))
    return found


class _Wrong(Exception):
    pass


def _told(parameter: Parameter, given: Mapping[str, Single], seen: Mapping[str, Value]) -> Single:
    told = given.get(parameter.name, "")
    if told != "":
        return told
    if parameter.default is None:
        raise _Wrong("must be told")
    if not isinstance(parameter.default, str):
        return parameter.default
    try:
        return render(parameter.default, seen)
    except TemplateError as error:
        raise _Wrong(f"must be told: its default {error}") from None


def checked(parameter: Parameter, value: Single, catalog: CatalogNames | None = None) -> Single:
    """The value in its own type; without a catalog its names are not looked up."""
    if isinstance(value, str):
        _refuse_odd(value)
    try:
        typed = conform.typed(value, {"type": _KINDS[parameter.type]})
    except conform.Misfit as misfit:
        raise _Wrong(misfit.sentence) from None
    if isinstance(typed, str):
        _check_text(parameter, typed, catalog)
    elif not isinstance(typed, bool):
        _check_number(parameter, typed)
    return typed


def problem_of(parameter: Parameter, value: Single) -> str:
    """What is wrong with a value, as far as it can be told without the catalog; "" where nothing is."""
    if isinstance(value, str) and is_template(value):
        return ""
    try:
        checked(parameter, value)
    except _Wrong as wrong:
        return str(wrong)
    return ""


_KINDS = {
    ParameterType.STRING: "string",
    ParameterType.ENUM: "string",
    ParameterType.CATALOG: "string",
    ParameterType.INTEGER: "integer",
    ParameterType.NUMBER: "number",
    ParameterType.BOOLEAN: "boolean",
}


def _refuse_odd(value: str) -> None:
    """One line of characters that people can see: nothing else is what somebody typed."""
    if len(value) > VALUE_LIMIT:
        raise _Wrong(f"has {len(value)} characters; {VALUE_LIMIT} are allowed")
    if not value.isprintable():
        odd = next(sign for sign in value if not sign.isprintable())
        raise _Wrong(f"holds a character that cannot be seen (U+{ord(odd):04X})")


def _check_text(parameter: Parameter, value: str, catalog: CatalogNames | None) -> None:
    if value.startswith("-") and value not in parameter.values:
        raise _Wrong(f"begins with -, which programs take for an option: {value[:80]!r}")
    if parameter.matches and not compiled(parameter.matches).fullmatch(value):
        raise _Wrong(f"must look like {parameter.matches}, and {value[:80]!r} does not")
    if parameter.values and value not in parameter.values:
        raise _Wrong(f"must be one of {', '.join(parameter.values)}, not {value[:80]!r}")
    if parameter.source is not None and catalog is not None and value not in catalog(parameter.source):
        raise _Wrong(f"must be one of the catalog's {parameter.source}, and {value[:80]!r} is none")


def _check_number(parameter: Parameter, value: float) -> None:
    if parameter.least is not None and value < parameter.least:
        raise _Wrong(f"must be at least {parameter.least:g}, not {value}")
    if parameter.most is not None and value > parameter.most:
        raise _Wrong(f"must be at most {parameter.most:g}, not {value}")
