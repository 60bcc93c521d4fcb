"""Starts and ends runs as people ask for it. Implements `RunDesk`."""

from __future__ import annotations

import base64
import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.domain.action import Value
from bot.domain.catalog import Service
from bot.domain.compose import compose
from bot.domain.evidence import Finding
from bot.domain.incident import Incident
from bot.domain.kill_switch import Stopped, bites
from bot.domain.plaintext import plain
from bot.domain.ports.deciding import Offer, Order, OrderAnswer
from bot.domain.redact import redact
from bot.domain.run import Run, StepKey
from bot.domain.runbook import (
    CatalogNames,
    Fit,
    Parameter,
    ParametersRefused,
    Runbook,
    change_values,
    fit,
    incident_values,
    resolve_parameters,
)
from bot.domain.runbook.template import TemplateError, render, text_of
from bot.domain.runbook_match import match_runbooks
from bot.flows.acting import notes
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.settling import Settling, is_member
from bot.flows.acting.turn import MANUAL
from bot.flows.investigate import request_for

ID_LENGTH = 8  # of 32 signs: 40 bits, so that ten thousand runs collide with a probability of 5 in 100,000
REASON_LIMIT = 500  # characters


def run_id(order: str) -> str:
    """The same for the same order, so that one that is delivered again starts nothing."""
    return f"R-{base64.b32encode(hashlib.sha256(order.encode()).digest()).decode()[:ID_LENGTH]}"


class Ordering:
    def __init__(self, outside: Outside, names: CatalogNames, wake: Callable[[str], None]) -> None:
        """`names`: what parameters of the catalog may be; `wake`: the engine's."""
        self._outside, self._names, self._wake = outside, names, wake
        self._keeping = Keeping(outside)
        self._settling = Settling(outside, wake)

    # --- what could be run -------------------------------------------------------------------------------------------

    async def offers(self, incident: Incident) -> Sequence[Offer]:
        values = self._values(incident)
        findings = await self._findings(incident)
        evidence = None if findings is None else [item for finding in findings for item in finding.evidence]
        change = self._change(incident, findings or ())
        runnable = [runbook for runbook in self._outside.runbooks().values() if runbook.can_run]
        fits = {runbook.id: fit(runbook.trigger, values, evidence) for runbook in runnable}
        alerts = [grouped.alert for grouped in incident.alerts]
        matching = {m.runbook.id: m for m in match_runbooks(runnable, alerts, self._service(incident))}

        def order(runbook: Runbook) -> tuple[bool, bool, float, str]:
            found = matching.get(runbook.id)
            cannot = bool(self._missing(runbook))
            return cannot, not fits[runbook.id].is_open, -(found.score if found else 0.0), runbook.title

        def why(runbook: Runbook) -> str:
            if missing := self._missing(runbook):
                return f"cannot run here: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set up"
            if not fits[runbook.id].is_open:
                return fits[runbook.id].value
            found = matching.get(runbook.id)
            undecided = (fits[runbook.id].value,) if fits[runbook.id] is Fit.UNDECIDED else ()
            return "; ".join((*(found.why if found else ()), *undecided))

        return [
            Offer(runbook=runbook, why=why(runbook), defaults=_defaults(runbook.parameters, values, change))
            for runbook in sorted(runnable, key=order)
        ]

    def _missing(self, runbook: Runbook) -> Sequence[str]:
        """Actions that it names and that nothing here offers."""
        named = {use.action for step in runbook.steps for use in step.uses}
        return sorted(named - self._outside.actions.keys() - {MANUAL})

    def _service(self, incident: Incident) -> Service | None:
        labels = incident.first_alert.labels if incident.alerts else None
        return self._outside.catalog().resolve(incident.service, labels).service

    def _values(self, incident: Incident) -> Mapping[str, Value]:
        service = self._service(incident)
        return incident_values(incident, service.environment if service else "")

    async def _findings(self, incident: Incident) -> Sequence[Finding] | None:
        briefings = self._outside.briefings
        return await briefings.findings(incident.id) if briefings else None

    def _change(self, incident: Incident, findings: Sequence[Finding]) -> Mapping[str, Value]:
        if not findings or not incident.alerts:
            return {}
        clock, catalog = self._outside.clock, self._outside.catalog()
        briefing = compose(request_for(incident, catalog, clock), findings, clock.now())

        def repository(name: str) -> str | None:
            service = catalog.find(name)
            return service.repository if service else None

        return change_values(briefing.hypotheses, briefing.evidence, repository)

    # --- starting and ending -----------------------------------------------------------------------------------------

    async def start(self, order: Order) -> OrderAnswer:
        id = run_id(order.id)
        if (known := await self._outside.runs.get(id)) is not None:
            return OrderAnswer(sentence=f"{known.runbook} was started already ({id}).", run=known)
        runbooks = self._outside.runbooks()
        runbook = runbooks.get(order.runbook)
        if runbook is None or not runbook.can_run:
            return OrderAnswer(sentence=_no_such(order.runbook, runbooks))
        if missing := self._missing(runbook):
            named = ", ".join(missing)
            return OrderAnswer(sentence=f"{runbook.title} cannot run here: it needs {named}; see docs/actions.")
        incident = await self._outside.incidents.get(order.incident)
        if incident is None or not incident.status.is_open:
            return OrderAnswer(sentence="The incident is over: runbooks are run while it is open.")
        if refusal := await self._refusal(order, incident):
            return OrderAnswer(sentence=refusal)
        change = self._change(incident, await self._findings(incident) or ())
        try:
            parameters = resolve_parameters(
                runbook.parameters, order.parameters, self._values(incident), self._names, change
            )
        except ParametersRefused as refused:
            return OrderAnswer(sentence=str(refused), problems=refused.problems)
        return await self._open(order, runbook, dict(parameters), id)

    async def _refusal(self, order: Order, incident: Incident) -> str:
        switches = await self._outside.switching.all()
        if switch := bites(switches, Stopped.ACTIONS, incident.service, incident.id):
            return switch.sentence
        if order.requester and not await is_member(self._outside, order.requester):
            return "Only full members of this workspace can start runbooks."
        return ""

    async def _open(self, order: Order, runbook: Runbook, parameters: dict[str, Value], id: str) -> OrderAnswer:
        run = Run(
            id=id,
            incident=order.incident,
            runbook=runbook.id,
            runbook_digest=runbook.digest,
            parameters=parameters,
            requester=order.requester,
            author=order.author,
            reason=plain(redact(order.reason), REASON_LIMIT),
            is_dry=order.is_dry,
            created_at=self._outside.clock.now(),
        )
        is_new = await self._keeping.open(run, (notes.proposed(run),))
        kept = run if is_new else await self._outside.runs.get(id)
        self._wake(id)
        how = "A dry run of " if order.is_dry else ""
        return OrderAnswer(sentence=f"{how}{runbook.title} has begun ({id}).", run=kept)

    async def cancel(self, run_id: str, person: str) -> str:
        """Also by people who may not start any: to stop something must be easy."""
        while True:
            run = await self._outside.runs.get(run_id)
            if run is None:
                return "There is no such run."
            if run.state.is_over:
                return f"It is over already: {run.state}."
            if run.cancelled_by:
                return f"It is being cancelled already, by {run.cancelled_by}."
            if await self._keeping.run(replace(run, cancelled_by=person)) is not None:
                self._wake(run_id)
                return "It ends before its next step; what is being done at this moment ends by itself."

    # --- single steps ------------------------------------------------------------------------------------------------

    async def settle(self, key: StepKey, person: str, *, happened: bool, word: str = "") -> str:
        return await self._settling.settle(key, person, happened=happened, word=word)

    async def undo(self, key: StepKey, person: str, *, id: str) -> str:
        return await self._settling.undo(key, person, id=id)


def _no_such(name: str, runbooks: Mapping[str, Runbook]) -> str:
    if name in runbooks:
        return f"{runbooks[name].title} is text for people: it has no steps that can be run."
    runnable = [runbook.id for runbook in runbooks.values() if runbook.can_run]
    near = difflib.get_close_matches(name, runnable, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(runnable)) or 'none'}."
    return f"There is no runbook {plain(name, 60)}; {hint}"


def _defaults(
    parameters: Sequence[Parameter], values: Mapping[str, Value], change: Mapping[str, Value]
) -> Mapping[str, str]:
    seen: Mapping[str, Value] = {"incident": values, "change": change}
    return {parameter.name: _default(parameter, seen) for parameter in parameters}


def _default(parameter: Parameter, seen: Mapping[str, Value]) -> str:
    if parameter.default is None:
        return ""
    if not isinstance(parameter.default, str):
        return text_of(parameter.default)
    try:
        return text_of(render(parameter.default, seen))
    except TemplateError:
        return ""
