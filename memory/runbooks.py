"""Runbooks of the operators: one YAML file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, RunbookFact
from bot.domain.runbook import Runbook, RunbookStep, Trigger
from bot.domain.runbook_match import RunbookMatch, match_runbooks
from memory.operator_file import Entry, files_in, read


def load_runbooks(folder: Path) -> tuple[Runbook, ...]:
    """Every *.yaml in `folder`. Raises ConfigFileError naming file, line, field and remedy."""
    found: dict[str, tuple[Runbook, Path]] = {}
    for path in files_in(folder):
        entry = read(path)
        runbook = _runbook(entry)
        if runbook.id in found:
            raise entry.need("id").error(f"{runbook.id} is also the id of {found[runbook.id][1]}; give it another one")
        found[runbook.id] = (runbook, path)
    return tuple(runbook for runbook, _ in found.values())


class RunbookSource:
    """The `ContextSource` of the runbooks."""

    name = "runbooks"

    def __init__(self, runbooks: Sequence[Runbook]) -> None:
        self._runbooks = tuple(runbooks)

    async def look(self, request: ContextRequest) -> Answer:
        if not self._runbooks:
            return Answer(skipped="there are no runbooks")
        matches = match_runbooks(self._runbooks, request.alerts, request.service)
        checked = f"{len(self._runbooks)} {'runbook' if len(self._runbooks) == 1 else 'runbooks'}"
        return Answer(evidence=tuple(self._evidence(match) for match in matches), checked=checked)

    def _evidence(self, match: RunbookMatch) -> Evidence:
        runbook = match.runbook
        fact = RunbookFact(
            runbook=runbook.id,
            title=runbook.title,
            why=match.why,
            steps=tuple(_line(step) for step in runbook.steps),
            score=match.score,
            owner=runbook.owner,
        )
        text = f"Runbook {runbook.title} fits: {'; '.join(match.why)}."
        return Evidence(source=self.name, text=text, fact=fact, link=runbook.link)


def _line(step: RunbookStep) -> str:
    if not step.command:
        return step.title
    return f"{step.title}: {step.command}" if "`" in step.command else f"{step.title}: `{step.command}`"


def _runbook(entry: Entry) -> Runbook:
    entry.only("id", "title", "owner", "summary", "link", "trigger", "steps")
    steps = tuple(_step(item) for item in entry.items("steps"))
    if not steps:
        raise entry.error("steps are missing; add `steps:` with at least one `- title: ...`")
    link = entry.child("link")
    return Runbook(
        id=entry.text("id"),
        title=entry.text("title"),
        owner=entry.text("owner", ""),
        trigger=_trigger(entry.child("trigger")),
        steps=steps,
        summary=entry.text("summary", ""),
        link=link.as_address() if link else None,
    )


def _trigger(entry: Entry | None) -> Trigger:
    """Without one it is found only where the catalog lists it."""
    if entry is None:
        return Trigger()
    entry.only("alerts", "services", "words")
    return Trigger(alerts=entry.texts("alerts"), services=entry.texts("services"), words=entry.texts("words"))


def _step(entry: Entry) -> RunbookStep:
    entry.only("title", "command")
    return RunbookStep(title=entry.text("title"), command=entry.text("command", ""))
