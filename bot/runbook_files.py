"""`first-responder runbook`: mistakes in the operators' files, and what a runbook would do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import typer

from bot.domain.action import Value
from bot.domain.errors import ConfigFileError
from bot.domain.runbook import ActionUse, Check, Parameter, Runbook, RunbookStep, Trigger
from bot.domain.setting import read
from bot.settings import BotSettings
from memory.operator_file import files_in
from memory.runbooks import DeclaredAction, file_schema, lint_runbooks, load_runbooks


def lint(environ: Mapping[str, str], path: Path | None, actions: Iterable[DeclaredAction] | None = None) -> int:
    """The exit code: 1 where anything is wrong. `path`: a folder or one file; None: the folder of the settings."""
    place = path or Path(read(BotSettings, environ).runbooks)
    try:
        files = [place] if place.is_file() else list(files_in(place))
    except ConfigFileError as error:
        typer.echo(str(error), err=True)
        return 1
    found = lint_runbooks(files, actions)
    for problem in found.problems:
        typer.echo(str(problem), err=True)
    if found.problems:
        typer.echo(f"{_count(len(found.problems), 'problem')} in {_count(len(files), 'file')}", err=True)
        return 1
    if not files:
        typer.echo(f"there are no runbooks in {place}; a runbook is a file that ends in .yaml", err=True)
        return 1
    typer.echo(f"{_count(len(files), 'runbook')} {'is' if len(files) == 1 else 'are'} fine")
    return 0


def show(environ: Mapping[str, str], id: str) -> int:
    """The exit code. Raises ConfigFileError."""
    runbooks = {runbook.id: runbook for runbook in load_runbooks(Path(read(BotSettings, environ).runbooks))}
    if id not in runbooks:
        near = difflib.get_close_matches(id, runbooks, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(runbooks) or 'none'}"
        typer.echo(f"there is no runbook {id}; {hint}", err=True)
        return 1
    for line in described(runbooks[id]):
        typer.echo(line)
    return 0


def schema() -> int:
    typer.echo(json.dumps(file_schema(), indent=2))
    return 0


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


# --- what a runbook would do -----------------------------------------------------------------------------------------


def described(runbook: Runbook) -> Iterator[str]:
    """Lines for people; templates and conditions as they stand in the file."""
    yield f"{runbook.title} ({runbook.id})"
    yield from (f"  {name}: {text}" for name, text in _about(runbook) if text)
    if runbook.parameters:
        yield "\nParameters"
        yield from (f"  {parameter.name}: {_allowed(parameter)}" for parameter in runbook.parameters)
    yield "\nSteps" if runbook.can_run else "\nSteps, as text: nothing of it can be run"
    for at, step in enumerate(runbook.steps, start=1):
        yield f"  {at}. {step.title}"
        yield from (f"     {line}" for line in _step(step))


def _about(runbook: Runbook) -> Iterator[tuple[str, str]]:
    yield "owner", runbook.owner
    yield "about", runbook.summary
    yield "link", runbook.link or ""
    yield "version", runbook.digest[:12]
    yield from _trigger(runbook.trigger)


def _trigger(trigger: Trigger) -> Iterator[tuple[str, str]]:
    yield "alerts", ", ".join(trigger.alerts)
    yield "services", ", ".join(trigger.services)
    yield "words", ", ".join(trigger.words)
    yield "labels", ", ".join(f"{name}={' or '.join(patterns)}" for name, patterns in trigger.labels.items())
    yield "severities", ", ".join(trigger.severities)
    yield "only when", trigger.when.source if trigger.when else ""


def _allowed(parameter: Parameter) -> str:
    words = [parameter.type.value]
    words += [f"matches {parameter.matches}"] if parameter.matches else []
    words += [f"one of {', '.join(parameter.values)}"] if parameter.values else []
    words += [f"one of the catalog's {parameter.source.value}"] if parameter.source else []
    words += [f"from {parameter.least:g}"] if parameter.least is not None else []
    words += [f"to {parameter.most:g}"] if parameter.most is not None else []
    words += ["must be told"] if parameter.default is None else [f"by default {parameter.default}"]
    return "; ".join([*words, *([parameter.description] if parameter.description else [])])


def _step(step: RunbookStep) -> Iterator[str]:
    if step.use is None:
        yield from ([step.command] if step.command else [])
        return
    yield from ([f"if {step.only_if.source}"] if step.only_if else [])
    yield from ([f"for each of {step.foreach.items.source}, {step.foreach.most} at most"] if step.foreach else [])
    yield from _checked("before", step.precheck)
    yield from ([f"preview {_use(step.preview)}"] if step.preview else [])
    yield f"does {_use(step.use)}"
    yield from ([f"names {', '.join(step.output.names)}"] if step.output else [])
    if step.verify:
        yield from _checked(f"within {step.verify.within:g} s, every {step.verify.every:g} s,", step.verify.check)
    if step.rollback:
        manner = "else rolls back" if step.rollback.is_automatic else "can be rolled back"
        yield f"{manner} by {_use(step.rollback.use)}"
    yield ", ".join(_limits(step))


def _limits(step: RunbookStep) -> Iterator[str]:
    yield f"{step.timeout:g} s at most"
    yield from ([f"tried {step.retries + 1} times"] if step.retries else [])
    yield from (["goes on where it fails"] if step.continue_on_failure else [])
    yield from ([f"counts as {step.raise_risk}"] if step.raise_risk else [])


def _checked(when: str, check: Check | None) -> Iterator[str]:
    if check is not None:
        looked = f" of {_use(check.use)}" if check.use else ""
        yield f"{when} must hold: {check.holds.source}{looked}{f' ({check.says})' if check.says else ''}"


def _use(use: ActionUse) -> str:
    return " ".join([use.action, *(f"{name}={_shown(value)}" for name, value in use.parameters.items())])


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
