"""From what a runbook says to exactly what is asked of an action."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.action import ActionCall, ActionRefused, Refusal, Value
from bot.domain.condition import ConditionError
from bot.domain.runbook import conform
from bot.domain.runbook.conform import Misfit, Schema
from bot.domain.runbook.declaration import TIMEOUT, ActionUse, Foreach, RunbookStep
from bot.domain.runbook.template import TemplateError
from bot.domain.runbook.template import render as fill
from bot.domain.runbook.values import RunValues

_ANYTHING: Schema = {}


def render(
    step: RunbookStep | ActionUse, values: RunValues, *, schema: Schema | None = None, timeout: float | None = None
) -> ActionCall:
    """Each text of the parameters is filled in by itself, once: what a value holds is never read as a template, and
    stays one element. Raises ActionRefused (BAD_PARAMETER) where anything is not known or not as `schema` wants it.

    `schema`: the action's own; with it texts become the kinds that it asks for. `timeout`: seconds; by default the
    step's.
    """
    use = step if isinstance(step, ActionUse) else step.use
    if use is None:
        raise ActionRefused(Refusal.UNKNOWN_ACTION, "It is text for people: it names no action.")
    try:
        parameters = _mapping(use.parameters, values.as_mapping(), schema or _ANYTHING, "")
        if schema is not None:
            conform.check(parameters, schema)
    except Misfit as misfit:
        place = f"{misfit.place} of {use.action}" if misfit.place else use.action
        raise ActionRefused(Refusal.BAD_PARAMETER, f"{place}: {misfit.sentence}.", parameter=misfit.place) from None
    own = step.timeout if isinstance(step, RunbookStep) else TIMEOUT
    return ActionCall(
        action=use.action,
        parameters=parameters,
        environment=values.environment,
        service=values.service,
        timeout=own if timeout is None else timeout,
    )


def elements(foreach: Foreach, values: RunValues) -> tuple[Value, ...]:
    """What the step is done for. Raises ActionRefused where it is no list, or has more elements than allowed."""
    try:
        found = foreach.items.evaluate(values.as_mapping())
    except ConditionError as error:
        raise ActionRefused(Refusal.BAD_PARAMETER, f"{error}.", parameter="foreach") from None
    if not isinstance(found, tuple):
        raise ActionRefused(
            Refusal.BAD_PARAMETER, f"{foreach.items.source} gives no list to go through.", parameter="foreach"
        )
    if len(found) > foreach.most:
        sentence = f"{foreach.items.source} gives {len(found)} elements; the runbook allows {foreach.most}."
        raise ActionRefused(Refusal.NOT_ALLOWED, sentence, parameter="foreach")
    return found


def _mapping(written: Mapping[str, Value], values: Mapping[str, Value], schema: Schema, place: str) -> dict[str, Value]:
    return {
        name: _value(item, values, conform.member(schema, name), f"{place}.{name}" if place else name)
        for name, item in written.items()
    }


def _value(written: Value, values: Mapping[str, Value], schema: Schema, place: str) -> Value:
    if isinstance(written, Mapping):
        return _mapping(written, values, schema, place)
    if isinstance(written, tuple | list):
        inner = conform.element(schema)
        return tuple(_value(item, values, inner, f"{place}[{at}]") for at, item in enumerate(written))
    if not isinstance(written, str):
        return written
    try:
        found = fill(written, values)
    except TemplateError as error:
        raise Misfit(place, str(error)) from None
    if isinstance(found, str):
        _refuse_unwritable(found, place)
    return conform.typed(found, schema, place)


def _refuse_unwritable(text: str, place: str) -> None:
    """NUL ends an argument early, and a lone surrogate is no text at all."""
    if "\0" in text:
        raise Misfit(place, "holds a NUL character, which no argument can")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Misfit(place, "holds half a character (a lone surrogate)")
