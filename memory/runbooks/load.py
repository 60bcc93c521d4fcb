"""Reads runbooks: what simply tells people what to do, and what can be carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.domain.alert import Severity
from bot.domain.errors import ConfigFileError
from bot.domain.runbook import Runbook, Trigger
from bot.domain.runbook.fit import FACTS
from bot.domain.runbook.names import OPEN, Names, singles
from memory.operator_file import Entry, files_in, read
from memory.runbooks.expressions import Place, read_condition
from memory.runbooks.parameters import read_parameters
from memory.runbooks.problems import Problems
from memory.runbooks.steps import read_steps
from memory.runbooks.uses import Actions, DeclaredAction
from memory.runbooks.values import refuse_endless, runbook_id

_KNOWN = ("id", "title", "owner", "summary", "link", "trigger", "parameters", "steps")
_SEVERITIES = tuple(severity.value for severity in Severity)


@dataclass(frozen=True, kw_only=True)
class Lint:
    """What was read, and all that is wrong."""

    runbooks: tuple[Runbook, ...]  # those without a problem
    problems: tuple[ConfigFileError, ...]
    files: Mapping[str, Path]  # by id of the runbook


def load_runbooks(folder: Path, actions: Iterable[DeclaredAction] | None = None) -> tuple[Runbook, ...]:
    """Every *.yaml in `folder`. Raises ConfigFileError naming file, line, field and remedy.

    `actions`: those that there are; None: names and parameters of actions are not checked yet.
    """
    found = lint_runbooks(files_in(folder), actions)
    if found.problems:
        further = len(found.problems) - 1
        more = f" ({further} more: `first-responder runbook lint` tells them all)" if further else ""
        raise ConfigFileError(f"{found.problems[0]}{more}")
    return found.runbooks


def lint_runbooks(files: Iterable[Path], actions: Iterable[DeclaredAction] | None = None) -> Lint:
    by_name: Actions = None if actions is None else {action.name: action for action in actions}
    runbooks: dict[str, Runbook] = {}
    where: dict[str, Path] = {}
    problems: list[ConfigFileError] = []
    for path in files:
        here = Problems()
        runbook = here.take(partial(_read, path, here, by_name, where), None)
        problems.extend(here.found)
        if runbook is not None:
            where[runbook.id] = path
            if not here.found:
                runbooks[runbook.id] = runbook
    return Lint(runbooks=tuple(runbooks.values()), problems=tuple(problems), files=where)


def _read(path: Path, problems: Problems, actions: Actions, where: Mapping[str, Path]) -> Runbook:
    entry = read(path)
    refuse_endless(entry)
    take = problems.take
    take(lambda: entry.only(*_KNOWN), entry)
    parameters = take(lambda: read_parameters(entry.child("parameters"), problems), ())
    return Runbook(
        id=take(lambda: _id(entry, where), ""),
        title=take(lambda: entry.text("title"), ""),
        owner=take(lambda: entry.text("owner", ""), ""),
        trigger=take(lambda: _trigger(entry.child("trigger"), problems), Trigger()),
        steps=take(lambda: read_steps(entry, _declared(entry), problems, actions), ()),
        summary=take(lambda: entry.text("summary", ""), ""),
        link=take(lambda: _link(entry), None),
        parameters=parameters,
    )


def _declared(entry: Entry) -> Names:
    """Also parameters whose declaration is wrong: that is told once, not wherever they are used."""
    stated = entry.members().get("parameters")
    if stated is None:
        return Names()
    return singles(*map(str, stated.value)) if isinstance(stated.value, dict) else OPEN


def _id(entry: Entry, where: Mapping[str, Path]) -> str:
    found = runbook_id(entry.need("id"))
    if found in where:
        raise entry.need("id").error(f"{found} is also the id of {where[found]}; give it another one")
    return found


def _link(entry: Entry) -> str | None:
    stated = entry.child("link")
    return stated.as_address() if stated else None


def _trigger(entry: Entry | None, problems: Problems) -> Trigger:
    """Without one it is found only where the catalog lists it."""
    if entry is None:
        return Trigger()
    entry.only("alerts", "services", "words", "labels", "severities", "when")
    when = entry.child("when")
    severities = problems.take(lambda: tuple(item.as_one_of(_SEVERITIES) for item in entry.items("severities")), ())
    return Trigger(
        alerts=entry.texts("alerts"),
        services=entry.texts("services"),
        words=entry.texts("words"),
        labels=problems.take(lambda: _labels(entry.child("labels")), {}),
        severities=severities,
        when=problems.take(lambda: read_condition(when, Place(names=FACTS)), None) if when else None,
    )


def _labels(entry: Entry | None) -> Mapping[str, tuple[str, ...]]:
    """Each with one pattern or several."""
    if entry is None:
        return {}
    return {
        name: entry.texts(name) if isinstance(item.value, list) else (item.as_text(),)
        for name, item in entry.members().items()
    }
