"""Which runbooks fit an incident: a source of the briefing like any other."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, RunbookFact
from bot.domain.incident import IncidentStatus
from bot.domain.runbook import Runbook, RunbookStep, alert_values, fit
from bot.domain.runbook_match import RunbookMatch, match_runbooks


class RunbookSource:
    """The `ContextSource` of the runbooks."""

    name = "runbooks"

    def __init__(self, runbooks: Sequence[Runbook]) -> None:
        self._runbooks = tuple(runbooks)

    async def look(self, request: ContextRequest) -> Answer:
        if not self._runbooks:
            return Answer(skipped="there are no runbooks")
        matches = match_runbooks(_fitting(self._runbooks, request), request.alerts, request.service)
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
            can_run=runbook.can_run,
        )
        text = f"Runbook {runbook.title} fits: {'; '.join(match.why)}."
        return Evidence(source=self.name, text=text, fact=fact, link=runbook.link)


def _fitting(runbooks: Sequence[Runbook], request: ContextRequest) -> Sequence[Runbook]:
    """Without those whose labels, severities or condition say no; what asks for evidence is not decided yet."""
    values = alert_values(
        request.alerts,
        id=request.incident_id,
        title=request.alert.title,
        severity=min((alert.severity for alert in request.alerts), key=lambda severity: severity.rank).value,
        status=IncidentStatus.TRIAGE.value,
        service=request.service_name,
        environment=request.service.environment if request.service else "",
        started_at=request.onset.isoformat(),
    )
    return [runbook for runbook in runbooks if fit(runbook.trigger, values).is_open]


def _line(step: RunbookStep) -> str:
    if not step.command:
        return step.title
    return f"{step.title}: {step.command}" if "`" in step.command else f"{step.title}: `{step.command}`"
