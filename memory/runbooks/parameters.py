"""Parameters of a runbook as they are declared in its file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bot.domain.runbook import CatalogKind, Parameter, ParameterType
from bot.domain.runbook.names import singles
from bot.domain.runbook.parameter import problem_of
from bot.domain.runbook.pattern import PatternError, compiled
from bot.domain.runbook.template import Single
from bot.domain.runbook.values import CHANGE, INCIDENT
from memory.operator_file import Entry
from memory.runbooks.expressions import Place, check_template
from memory.runbooks.problems import Problems
from memory.runbooks.values import checked_name, elements

MOST_PARAMETERS = 20  # a form in Slack with more is not filled in at night
MOST_VALUES = 100  # of an enum: what a menu in Slack can offer
_TYPES = tuple(kind.value for kind in ParameterType)
_ALWAYS = ("type", "description", "default")
_FURTHER: Mapping[ParameterType, tuple[str, ...]] = {
    ParameterType.STRING: ("matches",),
    ParameterType.ENUM: ("values",),
    ParameterType.INTEGER: ("min", "max"),
    ParameterType.NUMBER: ("min", "max"),
    ParameterType.BOOLEAN: (),
    ParameterType.CATALOG: ("from",),
}


def read_parameters(entry: Entry | None, problems: Problems) -> tuple[Parameter, ...]:
    members = entry.members() if entry else {}
    if entry and len(members) > MOST_PARAMETERS:
        raise entry.error(f"has {len(members)} parameters; {MOST_PARAMETERS} are allowed: split the runbook")
    found = [problems.take(partial(_parameter, name, item), None) for name, item in members.items()]
    return tuple(parameter for parameter in found if parameter is not None)


def _parameter(name: str, entry: Entry) -> Parameter:
    checked_name(entry, name)
    kind = ParameterType(entry.need("type").as_one_of(_TYPES))
    entry.only(*_ALWAYS, *_FURTHER[kind])
    parameter = Parameter(
        name=name,
        type=kind,
        description=entry.text("description", ""),
        default=_default(entry.child("default"), kind),
        matches=_matches(entry) if kind is ParameterType.STRING else "",
        values=_values(entry) if kind is ParameterType.ENUM else (),
        source=_source(entry) if kind is ParameterType.CATALOG else None,
        least=entry.number("min") if "min" in _FURTHER[kind] else None,
        most=entry.number("max") if "max" in _FURTHER[kind] else None,
    )
    if parameter.least is not None and parameter.most is not None and parameter.least > parameter.most:
        raise entry.need("min").error("is above `max`, so no value would do; change one of them")
    _check_default(entry, parameter)
    return parameter


def _default(entry: Entry | None, kind: ParameterType) -> Single | None:
    if entry is None:
        return None
    if kind in (ParameterType.STRING, ParameterType.ENUM, ParameterType.CATALOG):
        return entry.as_text()
    if not isinstance(entry.value, str | int | float | bool):
        raise entry.error(f"{entry.value!r} is no default of a parameter; write one value")
    return entry.value


def _check_default(entry: Entry, parameter: Parameter) -> None:
    if parameter.default is None:
        return
    stated = entry.need("default")
    if isinstance(parameter.default, str):
        check_template(stated, parameter.default, Place(names=singles(incident=INCIDENT, change=CHANGE)))
    if wrong := problem_of(parameter, parameter.default):
        raise stated.error(f"{wrong}; write a default that the parameter itself allows")


def _matches(entry: Entry) -> str:
    """Of a text that goes into commands it must be said what it can be."""
    stated = entry.child("matches")
    if stated is None:
        raise entry.error("matches is missing; say what the text can be, as in `matches: '[a-z0-9-]{1,63}'`")
    try:
        compiled(stated.as_text())
    except PatternError as error:
        raise stated.error(f"{error}; write a simpler one") from None
    return stated.as_text()


def _values(entry: Entry) -> tuple[str, ...]:
    items = tuple(elements(entry.need("values")))
    if not items or len(items) > MOST_VALUES:
        raise entry.need("values").error(f"1 to {MOST_VALUES} values are expected, not {len(items)}")
    found = tuple(item.as_text() for item in items)
    for at, item in enumerate(items):
        if not found[at] or found[at] in found[:at]:
            raise item.error("is empty or there twice; remove it")
    return found


def _source(entry: Entry) -> CatalogKind:
    return CatalogKind(entry.need("from").as_one_of(tuple(kind.value for kind in CatalogKind)))
