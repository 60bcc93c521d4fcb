"""Runbooks: what operators declare, and how a step of it becomes exactly one thing to be done."""

from __future__ import annotations

from bot.domain.runbook.declaration import (
    ActionUse,
    Check,
    Foreach,
    Rollback,
    Runbook,
    RunbookStep,
    Trigger,
    Verify,
)
from bot.domain.runbook.fit import Fit, evidence_values, fit
from bot.domain.runbook.output import Output, OutputError, parse_output
from bot.domain.runbook.parameter import (
    CatalogKind,
    CatalogNames,
    Parameter,
    ParameterProblem,
    ParametersRefused,
    ParameterType,
    resolve_parameters,
)
from bot.domain.runbook.render import elements, render
from bot.domain.runbook.values import (
    RunValues,
    alert_values,
    change_values,
    incident_values,
    many,
    outcome,
    run_values,
    skipped,
)

__all__ = [
    "ActionUse",
    "CatalogKind",
    "CatalogNames",
    "Check",
    "Fit",
    "Foreach",
    "Output",
    "OutputError",
    "Parameter",
    "ParameterProblem",
    "ParameterType",
    "ParametersRefused",
    "Rollback",
    "RunValues",
    "Runbook",
    "RunbookStep",
    "Trigger",
    "Verify",
    "alert_values",
    "change_values",
    "elements",
    "evidence_values",
    "fit",
    "incident_values",
    "many",
    "outcome",
    "parse_output",
    "render",
    "resolve_parameters",
    "run_values",
    "skipped",
]
