"""The HTTP API of Prometheus over a scenario: https://prometheus.io/docs/prometheus/latest/querying/api/

Behaves as version 3 does (ranges are open on the left). It never shows a sample that lies after its clock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import promql_parser as syntax
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.prometheus import rules, wire
from sandbox.prometheus.parameters import BadParameter, Parameters, invalid, parameters_of
from sandbox.prometheus.promql.engine import LOOKBACK, Evaluation, is_ordered, parse
from sandbox.prometheus.promql.errors import CannotExecute
from sandbox.prometheus.promql.frame import NAME, Floats, Labels, Text, Value
from sandbox.prometheus.promql.store import Block, Store, select
from sandbox.scenario.model import Scenario

VERSION = "3.5.0"
MAX_POINTS = 11_000  # of one series; the real server's own limit
_KINDS = {"_total": "counter", "_bucket": "histogram", "_sum": "histogram", "_count": "histogram"}
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Handler = Callable[[Parameters], Response]


def create_app(scenario: Scenario, *, clock: Callable[[], float] = time.time) -> Starlette:
    api = Api(scenario=scenario, store=Store(scenario.series), clock=clock)
    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/api/v1/query", _answered(api.query), methods=both),
            Route("/api/v1/query_range", _answered(api.query_range), methods=both),
            Route("/api/v1/series", _answered(api.series), methods=both),
            Route("/api/v1/labels", _answered(api.labels), methods=both),
            Route("/api/v1/label/{name}/values", _answered(api.label_values)),
            Route("/api/v1/metadata", _answered(api.metadata)),
            Route("/api/v1/rules", _answered(api.rules)),
            Route("/api/v1/alerts", _answered(api.alerts)),
            Route("/api/v1/targets", _answered(api.targets)),
            Route("/api/v1/status/buildinfo", _answered(api.buildinfo)),
            Route("/-/ready", _plain("Prometheus Server is Ready.\n")),
            Route("/-/healthy", _plain("Prometheus Server is Healthy.\n")),
            Route("/", _to_the_page),
            Route("/query", _plain("The sandbox's Prometheus has no page of its own; ask its API.\n")),
        ]
    )


def _answered(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        parameters = await parameters_of(request)
        path = tuple(("path", str(value)) for value in request.path_params.values())
        try:
            return handler(Parameters(parameters.pairs + path))
        except BadParameter as error:
            return wire.failure(400, "bad_data", str(error))
        except CannotExecute as error:
            return wire.failure(422, "execution", str(error))

    return endpoint


def _plain(text: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return PlainTextResponse(text)

    return endpoint


async def _to_the_page(_: Request) -> Response:
    return RedirectResponse("/query", 302)


@dataclass(frozen=True, kw_only=True)
class Api:
    scenario: Scenario
    store: Store
    clock: Callable[[], float]

    def query(self, given: Parameters) -> Response:
        at = given.time("time", self.clock())
        limit = given.limit()
        tree = given.expression()
        if isinstance(tree, syntax.MatrixSelector):
            data = wire.raw(self._evaluation(np.array([at]), given).samples(tree))
        elif isinstance(tree, syntax.SubqueryExpr):
            raise CannotExecute("a subquery alone is not part of this replay server; put a function around it")
        else:
            value = self._evaluation(np.array([at]), given).evaluate(tree)
            data = wire.instant(value, at, ordered=is_ordered(tree))
        return _limited(data, limit)

    def query_range(self, given: Parameters) -> Response:
        start, end, step = given.time("start"), given.time("end"), given.seconds("step")
        limit = given.limit()
        if end < start:
            raise invalid("end", "end timestamp must not be before start time")
        if step <= 0:
            raise invalid(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        if (end - start) / step > MAX_POINTS:
            raise BadParameter(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        tree = given.expression()
        at: Floats = start + np.arange(int((end - start) / step + 1e-9) + 1, dtype=float) * step
        value = None if _is_range(tree) else self._evaluation(at, given, end).evaluate(tree)
        if value is None or isinstance(value, Text):
            kind = "range vector" if value is None else "string"
            raise invalid(
                "query", f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
            )
        return _limited(wire.over_range(value, at), limit)

    def series(self, given: Parameters) -> Response:
        if not given.texts("match[]"):
            raise BadParameter("no match[] parameter provided")
        found = list({id(labels): labels for labels in self._matching(given)}.values())
        data, warnings = wire.cut([dict(labels) for labels in found], given.limit())
        return wire.success(data, warnings=warnings)

    def labels(self, given: Parameters) -> Response:
        names = sorted({name for labels in self._matching(given) for name in labels})
        data, warnings = wire.cut(names, given.limit())
        return wire.success(data, warnings=warnings)

    def label_values(self, given: Parameters) -> Response:
        name = given.text("path")
        if not _LABEL_NAME.fullmatch(name):
            raise BadParameter(f'invalid label name: "{name}"')
        values = sorted({labels[name] for labels in self._matching(given) if name in labels})
        data, warnings = wire.cut(values, given.limit())
        return wire.success(data, warnings=warnings)

    def metadata(self, given: Parameters) -> Response:
        wanted = given.text("metric")
        families = {_family(series.labels[NAME]) for series in self.scenario.series}
        kept, _ = wire.cut(sorted(family for family in families if wanted in ("", family[0])), given.limit())
        return wire.success({name: [{"type": kind, "help": "", "unit": ""}] for name, kind in kept})

    def rules(self, given: Parameters) -> Response:
        kind, wanted = given.text("type"), given.texts("rule_name[]")
        if kind not in ("", "alert", "record"):
            raise invalid("type", f'not supported value "{kind}"')
        chosen = [rule for rule in self.scenario.rules if not wanted or rule.name in wanted]
        now = self.clock()
        described = rules.describe([] if kind == "record" else chosen, self._now, now)
        return wire.success(described)

    def alerts(self, given: Parameters) -> Response:
        return wire.success({"alerts": rules.alerts(self.scenario.rules, self._now, self.clock())})

    def targets(self, given: Parameters) -> Response:
        now = rules.rfc3339(self.clock())
        active = [_target(s.labels, now) for s in self.scenario.series if s.labels[NAME] == "up"]
        return wire.success({"activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {}})

    def buildinfo(self, given: Parameters) -> Response:
        names = ("revision", "branch", "buildUser", "buildDate", "goVersion")
        return wire.success({"version": VERSION, **dict.fromkeys(names, "sandbox")})

    def _evaluation(self, at: Floats, given: Parameters, end: float | None = None) -> Evaluation:
        lookback = given.seconds("lookback_delta") if given.text("lookback_delta") else LOOKBACK
        blocks = self.store.until(self.clock())
        last = float(at[-1]) if end is None else end
        return Evaluation(blocks=blocks, at=at, start=float(at[0]), end=last, lookback=lookback)

    def _now(self, query: str) -> Value:
        return self._evaluation(np.array([self.clock()]), Parameters(())).evaluate(parse(query))

    def _matching(self, given: Parameters) -> Iterator[Labels]:
        """Label sets of the series with samples between `start` and `end` that match any selector, or of all."""
        start, end = given.time("start", -np.finfo(float).max), given.time("end", np.finfo(float).max)
        blocks = [block for block in self.store.until(self.clock()) if _within(block, start, end)]
        selectors = given.selectors()
        if not selectors:
            return (labels for block in blocks for labels in block.labels)
        return (labels for one in selectors for block in select(blocks, one) for labels in block.labels)


def _within(block: Block, start: float, end: float) -> bool:
    return bool(((block.times >= start) & (block.times <= end)).any())


def _limited(data: dict[str, Any], limit: int) -> Response:
    if data["resultType"] not in ("vector", "matrix"):
        return wire.success(data)
    kept, warnings = wire.cut(data["result"], limit)
    return wire.success({**data, "result": kept}, warnings=warnings)


def _is_range(tree: object) -> bool:
    while isinstance(tree, syntax.ParenExpr):
        tree = tree.expr
    return isinstance(tree, syntax.MatrixSelector | syntax.SubqueryExpr)


def _family(name: str) -> tuple[str, str]:
    """Name and type of the metric a series belongs to, told by its name as the naming rules want it."""
    for suffix, kind in _KINDS.items():
        if name.endswith(suffix):
            return (name.removesuffix(suffix) if kind == "histogram" else name), kind
    return name, "gauge"


def _target(labels: Labels, now: str) -> dict[str, Any]:
    instance, job = labels.get("instance", ""), labels.get("job", "")
    return {
        "discoveredLabels": {"__address__": instance, "job": job},
        "labels": {"instance": instance, "job": job},
        "scrapePool": job,
        "scrapeUrl": f"http://{instance}/metrics",
        "globalUrl": f"http://{instance}/metrics",
        "lastError": "",
        "lastScrape": now,
        "lastScrapeDuration": 0.004,
        "health": "up",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }


__all__: Sequence[str] = ("create_app",)
