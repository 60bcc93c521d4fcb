"""What a person does first: undo or look, with the exact command or query."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from bot.domain.briefing import CauseKind, Hypothesis, Step
from bot.domain.catalog import Service
from bot.domain.causes.case import got_worse, is_notable, moved_at
from bot.domain.causes.words import names_service
from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    ChangeFact,
    ChangeKind,
    Evidence,
    LogFact,
    MetricFact,
    RunbookFact,
    SignalKind,
)
from bot.domain.foresight import forecast_of, make_room, running_out_soon
from bot.domain.merging import merged_changes
from bot.domain.terms import terms

MOST_STEPS = 8
MOST_RUNBOOK_STEPS = 4
ENOUGH_WORDS = 2  # that a runbook's title and the culprit's log lines share
SHORT_SHA = 12  # digits: enough to be exact, few enough to read out
RIVAL = 1.5  # a second cause this close to the first gets a step of its own
_UNDO = re.compile(
    r"\broll(ing)?[ -]?back|\bundo\b|\brevert|\bgo back\b|version before|previous version", re.IGNORECASE
)
_MIGRATION = re.compile(r"\bmigration|\bschema", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{40}")
_IN_TICKS = re.compile(r"`([^`]+)`")


def first_steps(
    request: ContextRequest, evidence: Sequence[Evidence], causes: Sequence[Hypothesis]
) -> tuple[Step, ...]:
    """For the likeliest causes, then the best runbook's, then the queries that show whether it gets better."""
    steps: list[Step] = []
    for cause in causes[:2]:
        if causes[0].score - cause.score < RIVAL:
            steps += _for_cause(request, evidence, cause)
    steps += running_out_soon(request, evidence)
    steps += _from_runbook(evidence, causes)
    steps += _watch(evidence, steps)
    unique = {step.command or step.text: step for step in reversed(steps)}
    return tuple(step for step in steps if unique.get(step.command or step.text) is step)[:MOST_STEPS]


def _for_cause(request: ContextRequest, evidence: Sequence[Evidence], cause: Hypothesis) -> Iterator[Step]:
    cited = {i for r in cause.reasons_for for i in r.evidence}
    if cause.kind is CauseKind.DEPLOYMENT:
        yield from _undo(evidence, cause)
    elif cause.kind is CauseKind.EXHAUSTION:
        if forecast := forecast_of(evidence, cited, cause):
            yield make_room(request, *forecast)
            return
        text = f"Find what holds the {cause.subject} of {cause.service}; free them or raise the limit"
        yield _with_query(text, evidence, cited, cause.service, SignalKind.SATURATION)
    elif cause.kind is CauseKind.DEPENDENCY:
        yield _with_query(f"Look at {cause.service}{_owned(request, cause.service)}", evidence, cited, cause.service)
    elif cause.kind is CauseKind.TRAFFIC:
        text = f"Find who sends the load on {cause.service}; scale out or shed it"
        yield _with_query(text, evidence, cited, cause.service, SignalKind.TRAFFIC)
    elif cause.kind is CauseKind.CONFIGURATION:
        yield Step(text=f"Correct {cause.subject} of {cause.service}", evidence=_first(cause))
    elif cause.kind is CauseKind.INFRASTRUCTURE:
        text = f"Look at {cause.subject}, which {cause.service} runs on{_owned(request, cause.service)}"
        yield Step(text=text, evidence=_first(cause))
    elif cause.kind is CauseKind.HEALTHY:
        yield Step(text="Watch whether it stays normal, then resolve", evidence=_first(cause))


def _first(cause: Hypothesis) -> tuple[str, ...]:
    """What the strongest reason rests on."""
    return cause.reasons_for[0].evidence if cause.reasons_for else ()


def _undo(evidence: Sequence[Evidence], cause: Hypothesis) -> Iterator[Step]:
    for change in merged_changes(evidence):
        fact = change.fact
        if (fact.service, fact.version) != (cause.service, cause.subject):
            continue
        if fact.is_rollback:  # what it left was worse, or thought to be
            text = f"{fact.service} went back to {fact.version}: find out why before it is moved again"
            yield Step(text=text, evidence=change.ids)
        elif fact.kind is ChangeKind.DEPLOYMENT:
            command, source = _undo_command(evidence, fact.service)
            text = f"Roll back {fact.service} from {fact.version} to {_before(fact)}{_careful(fact)}"
            yield Step(text=text, command=command, evidence=(*change.ids, *source))
        else:
            yield Step(text=f"Find out whether {fact.version} of {fact.service} is deployed", evidence=change.ids)
        return


def _before(fact: ChangeFact) -> str:
    """The version, and the exact ref where that is another."""
    version = fact.previous or fact.rollback
    if not version:
        return "the version before (not known to us)"
    ref = fact.rollback[:SHORT_SHA] if _SHA.fullmatch(fact.rollback) else fact.rollback
    return f"{version} ({ref})" if ref and not version.startswith(ref) else version


def _careful(fact: ChangeFact) -> str:
    """A migrated database does not go back with the code."""
    return "; check first that its migration allows it" if any(_MIGRATION.search(flag) for flag in fact.flags) else ""


def _undo_command(evidence: Sequence[Evidence], service: str) -> tuple[str, tuple[str, ...]]:
    """What a runbook says about going back, if it says so for this very service; commands are never made up."""
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, RunbookFact)]
    for item, runbook in sorted(found, key=lambda pair: -pair[1].score):
        for line in runbook.steps:
            command = _IN_TICKS.search(line)
            if command and _UNDO.search(line) and names_service(command[1], service):
                return command[1], (item.id,)
    return "", ()


def _owned(request: ContextRequest, name: str) -> str:
    service: Service | None = next((s for s in request.services if s.name == name), None)
    return f", owned by {service.owner}: bring them in" if service and service.owner else ""


def _with_query(
    text: str, evidence: Sequence[Evidence], cited: set[str], service: str, kind: SignalKind | None = None
) -> Step:
    """The query of the cited metric of that service, the first that moved; else of its cited log pattern."""
    metrics = [
        (item, item.fact)
        for item in evidence
        if isinstance(item.fact, MetricFact) and item.fact.service == service and item.fact.query
    ]
    fitting = [(i, f) for i, f in metrics if i.id in cited and (kind is None or f.kind is kind)]
    if fitting:
        item, fact = min(fitting, key=_earliest)
        return Step(text=text, command=fact.query, evidence=(item.id,))
    logs = [(i, i.fact) for i in evidence if isinstance(i.fact, LogFact) and i.id in cited and i.fact.query]
    if logs:
        return Step(text=text, command=logs[0][1].query, evidence=(logs[0][0].id,))
    return Step(text=text, evidence=tuple(sorted(cited))[:1])


def _earliest(pair: tuple[Evidence, MetricFact]) -> tuple[float, int, str]:
    item, fact = pair
    return moved_at(fact).timestamp() if got_worse(fact) else math.inf, len(item.id), item.id


def _from_runbook(evidence: Sequence[Evidence], causes: Sequence[Hypothesis]) -> Iterator[Step]:
    """The one that speaks of where the cause sits, else the one that fits the alert best.

    Its way back is left out where no deployment is suspected: an innocent version would be undone.
    """
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, RunbookFact)]
    if not found:
        return
    culprit = causes[0].service if causes else ""
    told = _words_of(evidence, culprit)
    item, best = max(found, key=lambda pair: (_speaks_of(pair[1], culprit), _about(pair[1], told), pair[1].score))
    suspected = any(cause.kind is CauseKind.DEPLOYMENT for cause in causes)
    lines = [line for line in best.steps if suspected or not _UNDO.search(line)]
    for line in lines[:MOST_RUNBOOK_STEPS]:
        command = _IN_TICKS.search(line)
        if command:
            text = _IN_TICKS.sub("", line).strip(" :") or best.title
            yield Step(text=text, command=command[1], evidence=(item.id,))
        else:
            yield Step(text=line, evidence=(item.id,))


def _speaks_of(runbook: RunbookFact, service: str) -> bool:
    return bool(service) and any(names_service(text, service) for text in (runbook.title, *runbook.why))


def _words_of(evidence: Sequence[Evidence], service: str) -> set[str]:
    """What the notable log lines of a service say."""
    facts = (item.fact for item in evidence)
    return {
        word
        for fact in facts
        if isinstance(fact, LogFact) and fact.service == service and is_notable(fact)
        for word in terms(fact.pattern)
    }


def _about(runbook: RunbookFact, told: set[str]) -> int:
    """How many words of its title the culprit's own log lines say; one alone is chance."""
    common = len(told & set(terms(runbook.title)))
    return common if common >= ENOUGH_WORDS else 0


def _watch(evidence: Sequence[Evidence], before: Sequence[Step]) -> Iterator[Step]:
    """The alert's own expression, unless a step before says how to watch that number; the error that grew most."""
    said = [step.text.lower() for step in before if step.command]
    for item in evidence:
        if isinstance(item.fact, MetricFact) and item.fact.is_trigger and item.fact.query:
            if any("watch" in text and item.fact.metric.lower() in text for text in said):
                break
            yield Step(text=f"Watch {item.fact.metric}", command=item.fact.query, evidence=(item.id,))
            break
    logs = [
        (item, item.fact)
        for item in evidence
        if isinstance(item.fact, LogFact) and item.fact.query and is_notable(item.fact)
    ]
    if logs:
        item, fact = max(logs, key=lambda pair: pair[1].count)
        yield Step(text=f"Read the new errors of {fact.service}", command=fact.query, evidence=(item.id,))
