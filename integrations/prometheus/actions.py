"""`prometheus.query`: what an expression is now, or what it was over a time, as one number where it is one."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.action import Action, ActionCall, ActionResult, Ending, Value
from bot.domain.plaintext import plain
from integrations.descriptor import ActionTools
from integrations.drafted import Draft, DraftedAction, cut, schema
from integrations.programs.argument import bad
from integrations.prometheus.budget import AT_ONCE
from integrations.prometheus.client import PrometheusClient
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.wire import LabelledValue

LONGEST_QUERY = 4000  # characters
LONGEST_RANGE = 24 * 60  # minutes
POINTS = 120  # of a range
LEAST_STEP = 5.0  # seconds between them
SHOWN = 20  # series
_LABEL_LIMIT = 120  # characters of a label's value
_REDUCERS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "last": lambda points: points[-1],
    "first": lambda points: points[0],
    "min": min,
    "max": max,
    "mean": statistics.fmean,
    "sum": sum,
}


@dataclass(frozen=True, kw_only=True)
class _Asked:
    query: str
    minutes: int  # 0: now
    reduce: str


class Query(DraftedAction[_Asked]):
    name = "prometheus.query"

    def __init__(self, settings: PrometheusSettings, tools: ActionTools) -> None:
        self._settings, self._tools = settings, tools
        self._lane = asyncio.Semaphore(AT_ONCE)  # of all runs together: people look at dashboards meanwhile

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(
            ("query",),
            query={"type": "string", "minLength": 1, "maxLength": LONGEST_QUERY, "description": "PromQL"},
            minutes={
                "type": "integer", "minimum": 1, "maximum": LONGEST_RANGE,
                "description": "Over so many minutes until now, made one number by `reduce`; without it now",
            },
            reduce={"enum": tuple(_REDUCERS), "default": "last"},
        )  # fmt: skip

    async def _draft(self, call: ActionCall) -> Draft[_Asked]:
        given = call.parameters
        minutes = given.get("minutes", 0)
        asked = _Asked(query=str(given["query"]), minutes=int(str(minutes)), reduce=str(given.get("reduce", "last")))
        if "reduce" in given and not asked.minutes:
            raise bad("reduce", "it makes one number of a time: say `minutes` too.")
        if not asked.query.strip():
            raise bad("query", "there is nothing to ask.")
        over = f"{asked.reduce} over {asked.minutes} minutes of " if asked.minutes else ""
        return Draft(target=f"Prometheus at {self._settings.url}", lines=(f"{over}{asked.query}",), work=asked)

    async def _do(self, work: _Asked, call: ActionCall, key: str) -> ActionResult:
        async with self._lane:
            found, gap = await self._tools.threads.run(lambda: self._ask(work, call.timeout))
        return _result(found, gap)

    def _ask(self, asked: _Asked, timeout: float) -> tuple[tuple[LabelledValue, ...], str]:
        now = self._tools.clock.now()
        with PrometheusClient(self._settings, deadline=timeout) as client:
            if not asked.minutes:
                return client.instant(asked.query, at=now), ""
            length = timedelta(minutes=asked.minutes)
            step = max(LEAST_STEP, length.total_seconds() / POINTS)
            series, gap = client.range(asked.query, start=now - length, end=now, step=step)
        reduce = _REDUCERS[asked.reduce]
        values = [
            LabelledValue(labels=one.labels, value=reduce([value for _, value in one.points]))
            for one in series
            if one.points
        ]
        return tuple(values), gap


def _result(found: tuple[LabelledValue, ...], gap: str) -> ActionResult:
    """`value` is there only where it is one number: of many it would be anybody's guess which is meant."""
    values: dict[str, Value] = {
        "count": len(found),
        "series": tuple({"labels": _labels(one), "value": one.value} for one in found[:SHOWN]),
    }
    if found:
        numbers = [one.value for one in found]
        values |= {"min": min(numbers), "max": max(numbers)}
    if len(found) == 1:
        values["value"] = found[0].value
    lines = [f"{_worded(one)} {one.value:g}".strip() for one in found[:SHOWN]]
    more = [f"... and {len(found) - SHOWN} more series"] if len(found) > SHOWN else []
    output, is_cut = cut("\n".join([*lines, *more, *([gap] if gap else [])]))
    ending = Ending.FAILED if gap else Ending.SUCCEEDED
    return ActionResult(
        ending=ending, summary=_summary(found, gap), output=output, is_cut=is_cut or bool(more), values=values
    )


def _summary(found: tuple[LabelledValue, ...], gap: str) -> str:
    if gap:
        return f"Prometheus did not answer in full: {gap}."
    if not found:
        return "Prometheus has no data for it."
    return f"It is {found[0].value:g}." if len(found) == 1 else f"There are {len(found)} series."


def _labels(one: LabelledValue) -> Mapping[str, Value]:
    return {name: plain(value, _LABEL_LIMIT) for name, value in one.labels.items()}


def _worded(one: LabelledValue) -> str:
    inside = ", ".join(f"{name}={plain(value, _LABEL_LIMIT)}" for name, value in sorted(one.labels.items()))
    return f"{{{inside}}}" if inside else ""


def actions(settings: PrometheusSettings, tools: ActionTools) -> tuple[Action, ...]:
    return (Query(settings, tools),) if settings.url else ()
