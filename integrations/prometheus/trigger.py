"""The alert's own expression: found, split, measured."""

from __future__ import annotations

import asyncio

from bot.domain.context import ContextRequest
from bot.domain.plaintext import plain
from integrations.prometheus.budget import Rank
from integrations.prometheus.expression import Expression, read_expression
from integrations.prometheus.questions import Subject, usual_query
from integrations.prometheus.rules import rule_of
from integrations.prometheus.told import Told
from integrations.prometheus.wording import NAME_LIMIT, measured

ABOUT = "the alert's own expression"


async def look_at_trigger(request: ContextRequest, told: Told, service_label: str) -> None:
    expression, name = await _expression(request, told, service_label)
    if expression is None:
        return
    told.sides.expressions = (expression, *expression.others)
    jobs = [_usual(expression, told)]
    for index, side in enumerate(told.sides.expressions):
        jobs += [_measure(request, told, index, side, name), _threshold(told, index, side)]
    await asyncio.gather(*jobs)


async def _expression(request: ContextRequest, told: Told, service_label: str) -> tuple[Expression | None, str]:
    """The expression, and a name of it for people."""
    alert = request.alert
    name = alert.labels.get("alertname") or alert.title
    for said in request.alerts:
        if said.query and (expression := read_expression(said.query)):
            return expression, plain(name, NAME_LIMIT)
    rules = await told.asking.ask(told.asking.client.rules, Rank.TRIGGER, "the alerting rules")
    rule = rule_of(request, rules or (), service_label)
    if rule is None:
        return None, ""
    told.sides.rule = plain(rule.name, NAME_LIMIT)
    return read_expression(rule.query), told.sides.rule


async def _measure(request: ContextRequest, told: Told, index: int, side: Expression, name: str) -> None:
    subject = Subject(
        service=request.service_name or "",
        metric=name,
        kind=side.kind,
        unit=side.unit,
        query=side.measured,
        worse=side.worse,
        onset=request.onset,
        now=request.now,
        is_trigger=True,
    )
    series = await told.asking.range(side.measured, told.span, Rank.TRIGGER, ABOUT)
    if series is None:
        return
    if found := measured(subject, series, request.alert.labels):
        told.sides.measured[index] = found
    else:
        told.sides.empty += 1


async def _threshold(told: Told, index: int, side: Expression) -> None:
    if side.threshold_query:
        values = await told.asking.instant(side.threshold_query, told.span, Rank.TRIGGER, "the alert's threshold")
        told.sides.thresholds[index] = values or ()


async def _usual(side: Expression, told: Told) -> None:
    query = usual_query(side.measured)
    told.sides.usual = await told.asking.instant(query, told.span, Rank.USUAL, "what is usual at this hour") or ()
