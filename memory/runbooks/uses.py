"""Uses of actions: that there is such an action, and that it takes what it is given."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Protocol

import yaml

from bot.domain.action import Risk, Value
from bot.domain.runbook import ActionUse, conform
from bot.domain.runbook.conform import Misfit, Schema
from bot.domain.runbook.template import is_template
from memory.operator_file import Entry
from memory.runbooks.expressions import Place, check_template
from memory.runbooks.values import elements, written


class DeclaredAction(Protocol):
    """What a runbook must know of an action; `bot.domain.action.Action` is one."""

    @property
    def name(self) -> str: ...

    @property
    def risk(self) -> Risk: ...

    @property
    def parameters(self) -> Mapping[str, Value]: ...


Actions = Mapping[str, DeclaredAction] | None  # by name; None: they are not known, so not checked


def read_use(entry: Entry, place: Place, actions: Actions, *, must_read: str = "") -> ActionUse:
    """`entry`: what has `action` and `parameters`. `must_read`: what it is, where only reads may be that."""
    named = entry.need("action")
    action = _action(named, actions)
    if action is not None and must_read and action.risk is not Risk.READ:
        raise named.error(
            f"{must_read} only looks, and {action.name} can {_does(action.risk)}; use an action that reads"
        )
    return use_of(entry, named.as_text(), entry.child("parameters"), place, action.parameters if action else None)


def use_of(
    entry: Entry, action: str, parameters: Entry | None, place: Place, schema: Schema | None, *, given: str = ""
) -> ActionUse:
    """`entry`: where something that is missing would have to be added. `given`: a parameter that stands elsewhere."""
    members = parameters.members() if parameters else {}
    for name, member in members.items():
        if is_template(name):
            raise member.error("a name cannot be a template; only values can")
    for name, member in members.items():
        if schema is not None and (wrong := conform.strange(schema, name)):
            raise member.error(f"{wrong} ({action})")
        _check(member, place, conform.member(schema, name) if schema is not None else None)
    if schema is not None:
        for absent in conform.missing(schema, {**members, given: None}):
            raise (parameters or entry).error(f"{absent} is missing, which {action} needs; add `{absent}: ...`")
    return ActionUse(action=action, parameters={name: written(member) for name, member in members.items()})


def risk_of(name: str, actions: Actions) -> Risk | None:
    found = (actions or {}).get(name)
    return found.risk if found else None


def _action(named: Entry, actions: Actions) -> DeclaredAction | None:
    text = named.as_text()
    if is_template(text):
        raise named.error("the action cannot be a template; write its name, and use `if` to choose between steps")
    if actions is None:
        return None
    if text not in actions:
        near = difflib.get_close_matches(text, actions, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(actions)) or 'none'}"
        raise named.error(f"there is no action {text!r}; {hint}")
    return actions[text]


def _does(risk: Risk) -> str:
    return "destroy things" if risk is Risk.DESTROY else "change things"


def _check(entry: Entry, place: Place, schema: Schema | None) -> None:
    if isinstance(entry.node, yaml.MappingNode):
        _of_kind(entry, schema, "object")
        for name, child in entry.members().items():
            if schema is not None and (wrong := conform.strange(schema, name)):
                raise child.error(wrong)
            _check(child, place, conform.member(schema, name) if schema is not None else None)
        if schema is not None:
            for absent in conform.missing(schema, entry.members()):
                raise entry.error(f"{absent} is missing; add `{absent}: ...`")
        return
    if isinstance(entry.node, yaml.SequenceNode):
        _of_kind(entry, schema, "array")
        for child in elements(entry):
            _check(child, place, conform.element(schema) if schema is not None else None)
        return
    _check_single(entry, place, schema)


def _check_single(entry: Entry, place: Place, schema: Schema | None) -> None:
    value = written(entry)
    if isinstance(value, str) and is_template(value):
        if schema is not None and schema.get(conform.LITERAL) is True:
            raise entry.error("must stand here as it is, without templates; give what differs as values of their own")
        check_template(entry, value, place)
        if schema is not None and not {"string", "integer", "number", "boolean"} & set(conform.kinds_of(schema)):
            raise entry.error("a template gives one value, and a list or mapping is needed; write out its members")
        return
    if schema is None or not isinstance(value, str | int | float | bool):
        return
    try:
        conform.check(conform.typed(value, schema), schema)
    except Misfit as misfit:
        raise entry.error(misfit.sentence) from None


def _of_kind(entry: Entry, schema: Schema | None, kind: str) -> None:
    if schema is not None and kind not in (kinds := conform.kinds_of(schema)):
        wanted = "a list" if "array" in kinds else "a mapping" if "object" in kinds else "one value"
        raise entry.error(f"{wanted} is expected here, not a {'mapping' if kind == 'object' else 'list'}")


def short_use(entry: Entry, line: Entry, use: tuple[str, str], place: Place, actions: Actions) -> ActionUse:
    """Of an action one of whose parameters is a line of its own. `use`: the action, and that parameter."""
    action, parameter = use
    if actions is not None and action not in actions:
        raise line.error(f"needs the action {action}, which is not set up; set it up, or use another check")
    check_template(line, line.as_text(), place)
    schema = actions[action].parameters if actions is not None else None
    rest = use_of(entry, action, entry.child("parameters"), place, schema, given=parameter)
    if parameter in rest.parameters:
        raise entry.need("parameters").error(
            f"{parameter} is what `{line.place.split('.')[-1]}` says already; remove it"
        )
    return ActionUse(action=action, parameters={parameter: line.as_text(), **rest.parameters})
