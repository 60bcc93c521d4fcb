"""Synthesises log lines from templates with rates."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sandbox.scenario.metrics import generator
from sandbox.scenario.model import LogLine
from sandbox.scenario.reading import Node
from sandbox.scenario.remedy import Relief, Versions

LEVELS = ("debug", "info", "warn", "error", "fatal")
_PLACEHOLDER = re.compile(r"\{([a-z]+)(?::([^{}]*))?\}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """A kind of line; `at`, `until` and `over` are seconds after the onset: the rate grows linearly over `over`."""

    service: str
    level: str
    text: str  # with placeholders: {int:1-9} {float:0-1} {hex:8} {ip} {uuid} {trace} {pick:a|b}
    per_minute: float
    at: float | None
    until: float | None
    over: float
    logger: str
    fields: Mapping[str, str]

    @property
    def is_symptom(self) -> bool:
        """It began, and goes on until something is done."""
        return self.at is not None and self.until is None


def read_template(service: str, node: Node) -> Template:
    node.only("level", "text", "per_minute", "from", "until", "over", "logger", "fields")
    level = node.text("level")
    if level not in LEVELS:
        raise node.child("level").error(f"must be one of {', '.join(LEVELS)}")
    for word, argument in _PLACEHOLDER.findall(node.text("text")):
        if word not in _FILLERS or (argument == "") == (word in _WITH_ARGUMENT):
            raise node.child("text").error(f"{{{word}:{argument}}} is no placeholder; there are {', '.join(_FILLERS)}")
    return Template(
        service=service,
        level=level,
        text=node.text("text"),
        per_minute=node.number("per_minute"),
        at=node.seconds("from") if node.maybe("from") else None,
        until=node.seconds("until") if node.maybe("until") else None,
        over=node.seconds("over", "0s"),
        logger=node.text("logger", ""),
        fields=node.labels("fields"),
    )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all lines share. Times in seconds: `onset` unix, `first` and `last` after the onset."""

    seed: int
    onset: float
    first: float
    last: float
    hosts: Mapping[str, Sequence[str]]
    versions: Versions
    relief: Relief | None = None  # of the trouble whose symptoms some templates are


def write_lines(templates: Sequence[Template], stage: Stage) -> tuple[LogLine, ...]:
    """Ascending by time."""
    lines = [line for number, item in enumerate(templates) for line in _lines(item, number, stage)]
    lines.sort(key=lambda line: line.at)
    return tuple(lines)


def _lines(template: Template, number: int, stage: Stage) -> list[LogLine]:
    rng = generator(stage.seed, f"log {template.service} {number}")
    times = _times(template, stage, rng)
    messages, traces = _messages(template.text, len(times), rng)
    hosts = stage.hosts.get(template.service, (f"{template.service}-0",))
    chosen = rng.integers(0, len(hosts), len(times)).tolist()
    steady = {"service.environment": "production", **template.fields}
    if template.logger:
        steady["log.logger"] = template.logger
    version = _version_at(stage.versions.get(template.service, ()))
    return [
        LogLine(
            at=stage.onset + offset,
            service=template.service,
            level=template.level,
            message=message,
            host=hosts[host],
            fields={**steady, "trace.id": trace, **version(offset)},
        )
        for offset, message, host, trace in zip(times, messages, chosen, traces, strict=True)
    ]


def _times(template: Template, stage: Stage, rng: np.random.Generator) -> list[float]:
    first = stage.first if template.at is None else template.at
    last = stage.last if template.until is None else template.until
    drawn = rng.uniform(first, last, rng.poisson(template.per_minute * max(last - first, 0) / 60))
    if template.over > 0:  # thinned while the rate still grows
        drawn = drawn[rng.random(len(drawn)) < np.clip((drawn - first) / template.over, 0, 1)]
    if stage.relief is not None and template.is_symptom:
        drawn = drawn[rng.random(len(drawn)) < stage.relief.left(drawn)]
    return sorted(np.round(drawn, 3).tolist())


def _messages(text: str, count: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """The filled-in texts, and the trace id of each."""
    traces = _hex(rng, count, 32)
    columns: list[list[str]] = []
    form = ""
    rest = 0
    for match in _PLACEHOLDER.finditer(text):
        form += text[rest : match.start()].replace("%", "%%") + "%s"
        rest = match.end()
        word, argument = match[1], match[2] or ""
        columns.append(traces if word == "trace" else _FILLERS[word](rng, count, argument))
    form += text[rest:].replace("%", "%%")
    rows = zip(*columns, strict=True) if columns else [()] * count
    return [form % row for row in rows], traces


def _version_at(versions: Sequence[tuple[float, str]]) -> Callable[[float], dict[str, str]]:
    starts = [at for at, _ in versions]

    def of(offset: float) -> dict[str, str]:
        index = bisect_right(starts, offset) - 1
        return {"service.version": versions[index][1]} if index >= 0 else {}

    return of


def _hex(rng: np.random.Generator, count: int, digits: int) -> list[str]:
    width = digits + digits % 2
    blob = rng.bytes(count * width // 2).hex()
    return [blob[i * width : i * width + digits] for i in range(count)]


def _bounds(argument: str) -> tuple[float, float]:
    low, _, high = argument.partition("-")
    return float(low), float(high)


def _ints(rng: np.random.Generator, count: int, argument: str) -> list[str]:
    low, high = _bounds(argument)
    return [str(n) for n in rng.integers(int(low), int(high) + 1, count).tolist()]


def _floats(rng: np.random.Generator, count: int, argument: str) -> list[str]:
    return [f"{x:.2f}" for x in rng.uniform(*_bounds(argument), count).tolist()]


def _ips(rng: np.random.Generator, count: int, _: str) -> list[str]:
    return [f"10.{a}.{b}.{c}" for a, b, c in rng.integers(1, 250, (count, 3)).tolist()]


def _uuids(rng: np.random.Generator, count: int, _: str) -> list[str]:
    return [f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}" for h in _hex(rng, count, 32)]


def _picks(rng: np.random.Generator, count: int, argument: str) -> list[str]:
    choices = argument.split("|")
    return [choices[n] for n in rng.integers(0, len(choices), count).tolist()]


_FILLERS: Mapping[str, Callable[[np.random.Generator, int, str], list[str]]] = {
    "int": _ints,
    "float": _floats,
    "hex": lambda rng, count, argument: _hex(rng, count, int(argument)),
    "pick": _picks,
    "ip": _ips,
    "uuid": _uuids,
    "trace": lambda rng, count, _: _hex(rng, count, 32),
}
_WITH_ARGUMENT = frozenset({"int", "float", "hex", "pick"})
